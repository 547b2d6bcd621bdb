"""Bias of biased CKA: the published table, all orders, effective units, the warning."""

import itertools

import numpy as np
import pytest

from repsim_core.errors import DegenerateError, InputError
from repsim_core.inference import (
    bias_warning,
    chance_of_biased_cka,
    effective_units,
    independent_cka,
    stimuli_for_bias,
)
from tests.inference.twins import cosine, embedded, h_centred

# measures.md, section 3: n, p, q, the formula
TABLE = [
    (32, 8, 8, 0.200),
    (64, 512, 512, 0.889),
    (256, 512, 2048, 0.7698),
    (256, 10_000, 10_000, 0.9750),
    (1000, 64, 512, 0.1427),
    (128, 28.28, 28.28, 0.1810),
]


@pytest.mark.parametrize(("n", "p", "q", "value"), TABLE)
def test_the_table_of_the_formula(n, p, q, value):
    assert independent_cka(n, p, q) == pytest.approx(value, abs=6e-4)
    assert independent_cka(n, q, p) == independent_cka(n, p, q)


@pytest.mark.parametrize("decay", [0, 0.5, 1])
def test_unrelated_layers_score_what_their_effective_units_say(decay):
    # 40 draws within 3 standard errors and 0.006 for the approximation, from estimated and from true effective units.
    n, variances = 64, np.arange(1, 257.0) ** -decay
    true = variances.sum() ** 2 / np.sum(variances**2)
    rngs = [np.random.default_rng(seed) for seed in range(40)]
    pairs = [[r.normal(size=(n, 256)) * np.sqrt(variances) for _ in range(2)] for r in rngs]
    values = np.array([cosine(embedded(x, h_centred), embedded(y, h_centred)) for x, y in pairs])
    allowed = 3 * values.std(ddof=1) / np.sqrt(40) + 0.006
    estimated = np.mean([[effective_units(one) for one in pair] for pair in pairs])
    assert estimated == pytest.approx(true, rel=0.1)
    assert abs(values.mean() - independent_cka(n, true, true)) < allowed
    chances = [chance_of_biased_cka(embedded(x, h_centred), embedded(y, h_centred)) for x, y in pairs]
    assert abs(values.mean() - np.mean(chances)) < allowed


def test_chance_is_the_mean_over_all_orders_of_seven_stimuli(rng):
    k, other = (embedded(rng.normal(size=(7, p)), h_centred) for p in (2, 9))
    orders = itertools.permutations(range(7))
    mean = np.mean([cosine(k, other[np.ix_(order, order)]) for order in orders])
    assert chance_of_biased_cka(k, other) == pytest.approx(mean, abs=1e-12)
    assert chance_of_biased_cka(5 * k, other / 3) == pytest.approx(mean, abs=1e-12)


def test_effective_units_by_hand_and_their_invariances(rng):
    # One unit over n stimuli is one direction, though the estimate wobbles; a copy of a unit adds none.
    x = rng.normal(size=(1000, 1))
    assert effective_units(x) == pytest.approx(1, abs=0.2)
    assert effective_units(np.hstack([x, x])) == pytest.approx(effective_units(x), abs=1e-9)
    y = rng.normal(size=(50, 6))
    turned = y @ np.linalg.qr(rng.normal(size=(6, 6)))[0] * 3 + 7
    assert effective_units(turned) == pytest.approx(effective_units(y), abs=1e-9)


def test_effective_units_equal_the_u_statistic_in_loops(rng):
    # tr Σ² = E⟨x − x′, x″ − x‴⟩²/4 over distinct stimuli; tr Σ is the sum of the sample variances.
    x = rng.normal(size=(7, 3))
    found = [np.dot(x[i] - x[j], x[k] - x[m]) ** 2 / 4 for i, j, k, m in itertools.permutations(range(7), 4)]
    assert effective_units(x) == pytest.approx(x.var(axis=0, ddof=1).sum() ** 2 / np.mean(found), abs=1e-9)


def test_the_stimuli_for_a_bias_are_the_fewest():
    for bias, p, q in ((0.05, 512, 512), (0.05, 64, 2048), (0.3, 8, 100)):
        n = stimuli_for_bias(bias, p, q)
        assert independent_cka(n, p, q) <= bias < independent_cka(n - 1, p, q)


def test_the_warning_names_its_size_and_the_way_out():
    words = bias_warning(64, 512, 512)
    assert "at n = 64 gives unrelated layers of 512 and 512 effective units about 0.89, not 0" in words
    assert "9728 stimuli would bring that to 0.05" in words  # √(512²/(n + 512)²) = 0.05 at n = 512 · 19
    assert bias_warning(9728, 512, 512) == ""


REFUSED = [
    (lambda: independent_cka(1, 5, 5), InputError, "n must be 2 or more, got 1"),
    (lambda: independent_cka(10, 0, 5), InputError, "p must be a number above 0, got 0"),
    (lambda: independent_cka(10, 5, np.nan), InputError, "q must be a number above 0, got nan"),
    (lambda: stimuli_for_bias(1.0, 5, 5), InputError, "The bias must lie between 0 and 1, got 1.0"),
    (lambda: effective_units(np.ones((9, 2))), DegenerateError, "x does not vary over its 9 stimuli"),
    (lambda: effective_units(np.eye(9), label="fc"), DegenerateError, "fc: all pairs of its 9 stimuli are equally"),
    (lambda: effective_units(np.eye(3)), DegenerateError, "The participation ratio needs at least 4 stimuli, got 3"),
    (lambda: chance_of_biased_cka(np.zeros((4, 4)), np.eye(4)), DegenerateError, "One of both Gram matrices is 0"),
    (lambda: chance_of_biased_cka(np.eye(1), np.eye(1)), DegenerateError, "CKA needs at least 2 stimuli, got 1"),
]


@pytest.mark.parametrize(("call", "kind", "message"), REFUSED)
def test_refusals_say_what_came_and_what_to_do(call, kind, message):
    with pytest.raises(kind, match=message):
        call()
