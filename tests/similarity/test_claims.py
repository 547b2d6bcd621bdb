"""Every claim of the registry, under every choice of options: it holds where declared and fails where not."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repsim_core.errors import DegenerateError, InputError, UnknownNameError
from repsim_core.similarity import MEASURES, score
from repsim_core.similarity.measure import CHANGES, Work
from tests.similarity.cases import CANONICAL, CHANGED, NAMES, VARIANTS

SHAPES = [(40, 6), (12, 12), (10, 30)]
every_variant = pytest.mark.parametrize(("measure", "options"), VARIANTS, ids=NAMES)


def related(rng, shape):
    x = rng.normal(size=shape)
    return x, x[:, :4] + 0.5 * rng.normal(size=(shape[0], 4))


@pytest.mark.parametrize("shape", SHAPES, ids=["n>p", "n=p", "n<p"])
@every_variant
def test_declared_invariances_hold_and_the_others_fail(measure, options, shape):
    claims = MEASURES[measure].claims_of(options)
    declared = claims.x_invariant_to, claims.x_invariant_to if claims.y_invariant_to is None else claims.y_invariant_to
    assert claims.invariant_to == declared[0] & declared[1]
    draws = [np.random.default_rng(seed) for seed in range(2)]
    pairs = [related(rng, shape) for rng in draws]
    if measure in CANONICAL and shape[0] < 5 * min(shape):
        with pytest.raises(DegenerateError, match=r"kept directions need n = \d+ stimuli \(5 each\)"):
            score(*pairs[0], measure, **options)
        return
    before = [score(x, y, measure, **options) for x, y in pairs]
    if (measure, options) == ("linear_regression", {"predicted": "y"}) and shape[0] <= shape[1]:
        assert before == pytest.approx([1, 1])  # as many directions as stimuli explain anything; so says its chance
        return
    for kind, side in itertools.product(CHANGES, (0, 1)):
        moved = []
        for rng, pair, value in zip(draws, pairs, before, strict=True):
            changed = [CHANGED[kind](rng, one) if k == side else one for k, one in enumerate(pair)]
            moved.append(abs(score(*changed, measure, **options) - value))
        if kind in declared[side]:
            assert max(moved) < 1e-9 * max(1, *map(abs, before)), (kind, side)
        else:
            assert max(moved) > 1e-4, (kind, side)


@every_variant
@settings(max_examples=12)
@given(n=st.integers(5, 12), p=st.integers(4, 15), q=st.integers(4, 15), seed=st.integers(0, 2**16))
def test_scores_stay_within_their_bounds_and_are_symmetric_if_declared(measure, options, n, p, q, seed):
    entry, rng = MEASURES[measure], np.random.default_rng(seed)
    if measure in CANONICAL:
        p, q = 1 + p % 2, 1 + q % 2
    n = max(n, 10 if p + q > 2 else 5) if measure in (*CANONICAL, "ridge") else n
    x, y = rng.normal(size=(n, p)), rng.normal(size=(n, q))
    value, back = score(x, y, measure, **options), score(y, x, measure, **options)
    low, high = entry.claims_of(options).bounds
    assert low <= value <= high
    if entry.symmetric:
        assert value == pytest.approx(back, abs=1e-12)
    if measure != "ridge":  # out of sample nothing is predicted perfectly
        best = high if entry.larger_is_more_similar else low
        assert score(x, x, measure, **options) == pytest.approx(best, abs=1e-9)


@every_variant
def test_what_is_not_declared_symmetric_is_not(rng, measure, options):
    if MEASURES[measure].symmetric:
        return
    x, y = related(rng, (60, 8))
    there, back = score(x, y, measure, **options), score(y, x, measure, **options)
    assert abs(there - back) > 1e-3
    (name,) = [one for one in ("side", "predicted") if one in options]
    other = options | {name: {"x": "y", "y": "x"}[options[name]]}
    assert score(y, x, measure, **other) == pytest.approx(there, abs=1e-12)
    assert MEASURES[measure].claims_of(options).direction


@every_variant
def test_only_declared_metrics_obey_the_triangle_inequality(measure, options):
    # Two unrelated layers and both side by side: a similarity turned into 1 − s is a shorter way round.
    entry, metric = MEASURES[measure], MEASURES[measure].claims_of(options).metric
    if measure == "cknna":
        options = options | {"k": 30}  # fewer neighbours see fewer ways round
    worst = -np.inf
    for seed in range(20 if metric else 3):
        rng = np.random.default_rng(seed)
        x, z = rng.normal(size=(40, 3)), rng.normal(size=(40, 3))
        if metric and seed % 2:
            x, z = np.exp(x), x[:, :2] * rng.uniform(0, 9)
        triple = x, np.hstack([x, z]), z
        xy, yz, xz = (score(*pair, measure, **options) for pair in itertools.combinations(triple, 2))
        xy, xz, yz = xy, yz, xz  # combinations come as (x, y), (x, z), (y, z)
        xy, yz, xz = (1 - one if entry.larger_is_more_similar else one for one in (xy, yz, xz))
        worst = max(worst, xz - xy - yz)
    if metric:
        assert worst <= 1e-12
    elif entry.method is not None:
        assert worst > 1e-3


ENUMERATED = [
    (name, options)
    for name, options in VARIANTS
    if MEASURES[name].method is not None
    and name not in (*CANONICAL, "ridge", "cka_minibatch")
    # What is done with dissimilarities does not depend on which they are.
    and (name != "rsa" or options["compare"] == "spearman" or options["dissimilarity"] == "euclidean")
]


@pytest.mark.parametrize(("measure", "options"), ENUMERATED)
def test_chance_is_the_mean_over_all_pairings(rng, measure, options):
    # All 7! pairings of seven rows, so no sampling error is left.
    method, options = MEASURES[measure].method, MEASURES[measure].checked_options(options)
    x, y = np.exp(rng.normal(size=(7, 3))), np.exp(rng.normal(size=(7, 2)))
    if options.get("dissimilarity") == "correlation":
        y = np.exp(rng.normal(size=(7, 5)))  # two units leave correlations of 1 and −1 alone
    one = [method.layer(x, label="x", **options)]
    shuffled = [method.layer(y[list(order)], label="y", **options) for order in itertools.permutations(range(7))]
    values, chance = method.cells(one, shuffled, options, Work())
    if measure.startswith("procrustes"):
        assert np.isnan(chance).all()
        return
    assert np.ptp(chance) < 1e-12
    assert values.mean() == pytest.approx(chance[0, 0], abs=1e-12)


@every_variant
def test_a_summary_moves_with_its_stimuli_or_does_not_offer_to(rng, measure, options):
    entry, options = MEASURES[measure], MEASURES[measure].checked_options(options)
    if entry.method is None:
        return
    x, y = rng.normal(size=(2, 30, 4))
    order = rng.permutation(30)
    kept, other = (entry.method.layer(one, label="x", **options) for one in (x, y))
    assert hasattr(kept, "reordered") == (measure not in ("ridge", "cka_minibatch"))
    if hasattr(kept, "reordered"):
        values, _ = entry.method.cells([kept.reordered(order)], [other], options, Work())
        assert values[0, 0] == pytest.approx(score(x[order], y, measure, **options), abs=1e-12)


def test_chance_of_minibatches_is_the_mean_over_pairings_within_them(rng):
    from repsim_core.similarity.minibatch import batches

    x, y = rng.normal(size=(8, 3)), rng.normal(size=(8, 2))
    first, second = batches(8, 4, 0)
    total = 0.0
    for left, right in itertools.product(itertools.permutations(first), itertools.permutations(second)):
        order = np.empty(8, int)
        order[first], order[second] = left, right
        total += score(x, y[order], "cka_minibatch", batch=4)
    assert total / 24**2 == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("name", MEASURES)
def test_an_entry_has_all_that_a_page_draws(name):
    entry = MEASURES[name]
    assert entry.name == name
    assert entry.title
    assert entry.description.endswith((".", "?"))
    assert entry.reference
    assert entry.cost
    assert set(entry.choices) <= set(entry.options)
    assert set(entry.ranges) <= set(entry.options)
    assert set(entry.help) <= set(entry.options)
    assert all(entry.options[option] == values[0] for option, values in entry.choices.items())
    assert entry.invariant_to <= set(CHANGES)
    assert entry.minimum_stimuli == entry.claims_of({}).minimum_stimuli


@every_variant
def test_one_stimulus_fewer_than_the_minimum_is_refused(rng, measure, options):
    n = MEASURES[measure].claims_of(options).minimum_stimuli
    x, y = rng.normal(size=(2, n, 1 if measure in CANONICAL else 4))
    assert np.isfinite(score(x, y, measure, **options))
    with pytest.raises(
        DegenerateError, match=rf"need.* {n}( stimuli|.* got {n - 1}|, got)|take k = {n - 3} or fewer"
    ) as caught:
        score(x[:-1], y[:-1], measure, **options)
    assert caught.value.reason in ("too_few_stimuli", "too_few_for_directions")


@pytest.mark.parametrize(
    ("measure", "options", "error", "message"),
    [
        ("rsa", {"dissimilarity": "l1"}, UnknownNameError, "No dissimilarity named 'l1'. Choose one of: correlation"),
        ("rsa", {"compare": "spearmen"}, UnknownNameError, "Did you mean 'spearman'"),
        ("mutual_knn", {"k": 0}, InputError, "k must be a whole number of 1 or more, got 0"),
        ("mutual_knn", {"k": 2.5}, InputError, "mutual_knn: k must be a whole number, got 2.5"),
        ("mutual_knn", {"k": True}, InputError, "mutual_knn: k must be a whole number, got True"),
        ("cka_rbf", {"scale": "wide"}, InputError, "cka_rbf: scale must be a number, got 'wide'"),
        ("dcor", {"debiased": 1}, InputError, "dcor: debiased must be true or false, got 1"),
        ("svcca", {"share": 0.0}, InputError, "share must be above 0 and at most 1, got 0.0"),
        ("cka_minibatch", {"batch": 3}, InputError, "batch must be a whole number of 4 or more, got 3"),
        ("ridge", {"folds": 1}, InputError, "folds must be a whole number of 2 or more, got 1"),
        ("cka_minibatch", {"batches": 3}, UnknownNameError, "No option of cka_minibatch named 'batches'"),
        ("procrustes", {"angle": True}, InputError, "procrustes takes no options, got 'angle'; leave it out"),
    ],
)
def test_options_that_make_no_sense_are_refused(rng, measure, options, error, message):
    x = rng.normal(size=(30, 3))
    with pytest.raises(error, match=message):
        score(x, x, measure, **options)
