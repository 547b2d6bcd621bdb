"""The jackknife of debiased CKA: equal to deletion, right in its coverage, and what it refuses."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from repsim_core.errors import DegenerateError, InputError, ShapeError
from repsim_core.inference import cka_standard_error, cka_standard_errors, cka_without_each
from tests.inference.twins import cosine, d1, embedded, h_centred, related, stack, u_centred


def by_deletion(x, y):
    rows = [np.delete(np.arange(len(x)), i) for i in range(len(x))]
    return np.array([cosine(embedded(x[one]), embedded(y[one])) for one in rows])


def error_by_deletion(x, y):
    found = by_deletion(x, y)
    return np.sqrt((len(x) - 1) * found.var())


# oracles and references ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "p", "q"), [(5, 3, 4), (6, 1, 20), (60, 5, 9), (40, 80, 3)])
def test_leaving_out_equals_deleting_and_computing_again(rng, n, p, q):
    x, y = rng.normal(size=(n, p)), rng.normal(size=(n, q))
    y[:, 0] += 2 * x[:, 0]
    found = cka_without_each(embedded(x), embedded(y))
    assert found == pytest.approx(by_deletion(x, y), abs=1e-12)
    assert cka_standard_error(embedded(x), embedded(y)) == pytest.approx(error_by_deletion(x, y), abs=1e-12)


def test_every_pair_of_layers_gets_the_error_of_the_pair_alone(rng):
    first = [rng.normal(size=(150, p)) for p in (2, 10, 40)]
    second = [first[0] + rng.normal(size=(150, 2)), rng.normal(size=(150, 7))]
    expected = [[error_by_deletion(x, y) for y in second] for x in first]
    a, b = stack(*first), stack(*second)
    assert cka_standard_errors(a, b) == pytest.approx(np.array(expected), abs=1e-12)
    assert cka_standard_errors(7 * a, b) == pytest.approx(np.array(expected), abs=1e-12)


def test_blocks_threads_and_little_memory_change_nothing(rng):
    a = stack(*(rng.normal(size=(150, 4)) for _ in range(5)))
    seen = []
    whole = cka_standard_errors(a, a)
    with ThreadPoolExecutor(2) as pool:
        parts = cka_standard_errors(
            a, a, executor=pool, memory_bytes=1, progress=lambda done, total: seen.append((done, total))
        )
    assert parts == pytest.approx(whole, abs=1e-13)
    assert seen == [(k, 15) for k in range(16)]  # a layer at a time, 150 stimuli in 3 blocks


def test_the_published_standard_error_of_d1():
    x, y = d1()
    assert cka_standard_error(embedded(x), embedded(y)) == pytest.approx(0.02515948608, abs=1e-10)


def test_distance_correlation_and_a_fixed_rbf_bandwidth_have_the_same_jackknife(rng):
    x, y = rng.normal(size=(25, 3)), rng.normal(size=(25, 2))
    for shape in (lambda d: d, lambda d: np.exp(-(d**2) / 5)):
        kernels = [shape(np.linalg.norm(one[:, None] - one[None], axis=2)) for one in (x, y)]
        rows = [np.delete(np.arange(25), i) for i in range(25)]
        expected = [cosine(*(u_centred(k[np.ix_(one, one)]) for k in kernels)) for one in rows]
        assert cka_without_each(*map(u_centred, kernels)) == pytest.approx(np.array(expected), abs=1e-12)


# theorems -----------------------------------------------------------------------------------------------------------


def test_a_layer_with_a_scaled_copy_has_no_error(rng):
    k = embedded(rng.normal(size=(30, 4)))
    assert cka_standard_error(k, 3 * k) == pytest.approx(0, abs=1e-14)


@pytest.mark.parametrize(("truth", "low", "high"), [(0.69, 0.925, 0.99), (0.0, 0.95, 1.0)])
def test_intervals_cover_the_truth(truth, low, high):
    # 93 to 98 % at 0.69; near independence they are too wide, never too narrow. Binomial SD over 400 draws: 0.011.
    covered = 0
    for seed in range(400):
        x, y = related(np.random.default_rng(seed), 100, 10, truth)
        k, other = embedded(x), embedded(y)
        covered += abs(cosine(k, other) - truth) <= 1.96 * cka_standard_error(k, other)
    assert low <= covered / 400 <= high


def test_the_error_shrinks_with_the_root_of_n():
    errors = []
    for n in (150, 600):
        pairs = [related(np.random.default_rng(seed), n, 10, 0.69) for seed in range(10)]
        errors.append(np.mean([cka_standard_error(embedded(x), embedded(y)) for x, y in pairs]))
    assert errors[0] / errors[1] == pytest.approx(2, rel=0.15)


# undefined and refused ----------------------------------------------------------------------------------------------


def test_an_undefined_layer_leaves_the_other_cells_alone(rng):
    a = stack(*(rng.normal(size=(20, 3)) for _ in range(3)))
    whole = cka_standard_errors(a, a)
    for nothing in (0.0, np.nan, np.inf):
        broken = a.copy()
        broken[1] = nothing
        found = cka_standard_errors(broken, a)
        assert np.isnan(found[1]).all()
        assert found[[0, 2]] == pytest.approx(whole[[0, 2]], abs=1e-13)


def test_structure_that_rests_on_one_stimulus_has_no_jackknife(rng):
    # Two rows differ from the rest and are alike. Without either, a single row differs, which U-centring takes out.
    x, y = np.zeros((12, 1)), rng.normal(size=(12, 2))
    x[[4, 7]] = 1
    assert np.isnan(cka_standard_errors(stack(x), stack(y))).all()
    with pytest.raises(DegenerateError, match="Without stimulus 4 of 12 nothing is left that varies") as caught:
        cka_standard_error(embedded(x), embedded(y))
    assert caught.value.reason == "one_stimulus"


REFUSED = [
    (lambda k: (k[:4, :4], k[:4, :4]), DegenerateError, "The jackknife needs at least 5 stimuli, got 4"),
    (lambda k: (k, h_centred(np.eye(9))), InputError, "b: matrix 0 is not U-centred"),
    (lambda k: (k + 1e-6, k), InputError, "a: matrix 0 is not U-centred"),
    (lambda k: (k, k[:8, :8]), ShapeError, "a has 9 stimuli in float64, b 8 in float64"),
    (lambda k: (k, k.astype(np.float32)), ShapeError, "a has 9 stimuli in float64, b 9 in float32"),
    (lambda k: (k.astype(np.float32),) * 2, ShapeError, "differences of close sums, so float64 matrices, got float32"),
    (lambda k: (k[:, :5], k), ShapeError, r"a: expected \(layers, n, n\), got shape \(1, 9, 5\)"),
    (lambda k: (k, k.astype(int)), ShapeError, "b: expected float32 or float64, got int64"),
    (lambda k: (k, 0 * k), DegenerateError, "One of both matrices is 0 or not finite"),
]


@pytest.mark.parametrize(("arguments", "kind", "message"), REFUSED)
def test_refusals_say_what_came_and_what_to_do(rng, arguments, kind, message):
    with pytest.raises(kind, match=message):
        cka_standard_error(*arguments(embedded(rng.normal(size=(9, 3)))))
