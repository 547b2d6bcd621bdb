"""Nearest neighbours: by hand, against a naive twin, ties by row order, and layers without neighbours."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from repsim_core.errors import DegenerateError
from repsim_core.similarity import score
from repsim_core.similarity.neighbours import jaccard_chance, nearest
from tests.similarity.cases import d1


def neighbours_by_sorting(distances, k):
    """Sets of the k nearest, earlier rows first where distances are equal."""
    found = []
    for i, row in enumerate(np.round(distances, 10)):
        others = [j for j in np.argsort(row, kind="stable") if j != i]
        found.append(set(others[:k]))
    return found


def test_by_hand():
    # On a line: 0 and 1 are each other's nearest, 3 has 1, 7 has 3. Mirrored and stretched it is the same.
    x = np.array([[0.0], [1], [3], [7]])
    mask, tied = nearest(x, 1, "euclidean")
    assert np.argwhere(mask).tolist() == [[0, 1], [1, 0], [2, 1], [3, 2]]
    assert tied == 0
    # Of y the nearest are 1, 2, 1, 2: rows 0, 2 and 3 agree with x.
    y = np.array([[0.0], [3], [4], [9]])
    options = {"k": 1, "metric": "euclidean"}
    assert score(x, y, "mutual_knn", **options) == pytest.approx(3 / 4)
    assert score(x, y, "mutual_knn", form="jaccard", **options) == pytest.approx(3 / 4)
    assert score(x, y, "mutual_knn", form="adjusted", **options) == pytest.approx((3 / 4 - 1 / 3) / (1 - 1 / 3))


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@settings(max_examples=25)
@given(n=st.integers(4, 20), p=st.integers(2, 6), k=st.integers(1, 12), seed=st.integers(0, 999), whole=st.booleans())
def test_neighbours_equal_those_by_sorting(metric, n, p, k, seed, whole):
    rng, k = np.random.default_rng(seed), min(k, n - 1)
    # Small whole numbers: many exact ties, which the products return an ulp apart.
    x, y = (rng.integers(0, 3, size=(n, p)) + 1.0 if whole else rng.normal(size=(n, p)) for _ in range(2))
    try:
        masks = [nearest(one, k, metric)[0] for one in (x, y)]
    except DegenerateError:
        return
    sets = [neighbours_by_sorting(cdist(one, one, metric), k) for one in (x, y)]
    for mask, found in zip(masks, sets, strict=True):
        assert [set(np.flatnonzero(row)) for row in mask] == found
    shared = [len(a & b) for a, b in zip(*sets, strict=True)]
    options = {"k": k, "metric": metric}
    assert score(x, y, "mutual_knn", **options) == pytest.approx(np.mean(shared) / k)
    union = [len(a | b) for a, b in zip(*sets, strict=True)]
    assert score(x, y, "mutual_knn", form="jaccard", **options) == pytest.approx(np.mean(np.divide(shared, union)))


def test_ties_go_to_the_earlier_row_and_are_counted():
    # A square: each corner has two equally near ones.
    x = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]) + 0.3
    mask, tied = nearest(x, 1, "euclidean")
    assert [int(np.flatnonzero(row)[0]) for row in mask] == [1, 0, 0, 1]
    assert tied == 4


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_copies_of_a_row_are_its_neighbours(rng, dtype):
    x = rng.normal(size=(15, 400)).astype(dtype)
    x[[4, 9]] = x[0]
    for metric in ("cosine", "euclidean"):
        mask, _ = nearest(x, 2, metric)
        assert np.flatnonzero(mask[0]).tolist() == [4, 9]
        assert np.flatnonzero(mask[9]).tolist() == [0, 4]


def test_three_distances_are_three_measures_so_the_distance_is_an_option():
    x, y = d1()
    product = [one @ one.T for one in (x, y)]
    for one in product:
        np.fill_diagonal(one, -np.inf)
    inner = [np.argsort(-one, axis=1)[:, :10] for one in product]
    by_inner_product = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(*inner, strict=True)])
    assert by_inner_product == pytest.approx(0.307)  # platonic-rep's, which is neither of ours
    assert score(x, y, "mutual_knn") == pytest.approx(0.279)
    assert score(x, y, "mutual_knn", metric="euclidean") == pytest.approx(0.289)


def test_with_all_neighbours_cknna_is_cka(rng):
    x, y = rng.normal(size=(2, 25, 6))
    y[:, 0] += x[:, 0]
    for metric in ("cosine", "euclidean"):
        assert score(x, y, "cknna", k=24, metric=metric) == pytest.approx(score(x, y), abs=1e-12)


def test_cknna_equals_its_definition_in_loops(rng):
    x, y = rng.normal(size=(2, 12, 4))
    total = np.zeros(3)
    masks = [nearest(one, 3)[0] for one in (x, y)]
    kernels = []
    for one in (x, y):
        k = (one - one.mean(0)) @ (one - one.mean(0)).T
        np.fill_diagonal(k, 0)
        s, t = k.sum(1), k.sum()
        kernels.append(k - s[:, None] / 10 - s[None] / 10 + t / (11 * 10))
    for i, j in [*combinations(range(12), 2), *((b, a) for a, b in combinations(range(12), 2))]:
        g, h = (kernel[i, j] * mask[i, j] for kernel, mask in zip(kernels, masks, strict=True))
        total += g * h, g * g, h * h
    assert score(x, y, "cknna", k=3) == pytest.approx(total[0] / np.sqrt(total[1] * total[2]), abs=1e-12)


def test_chance_of_jaccard_by_hand():
    # n = 4, k = 1: one of three others, shared with probability 1/3 and then 1 of 1.
    assert jaccard_chance(4, 1) == pytest.approx(1 / 3)
    # n = 4, k = 2: of three others two; two pairs of neighbours share both (1/3) or one (2/3, 1 of 3).
    assert jaccard_chance(4, 2) == pytest.approx(1 / 3 + 2 / 3 / 3)
    assert jaccard_chance(1000, 10) == pytest.approx(0.1 / 19, rel=0.06)  # hardly more than one is ever shared


@pytest.mark.parametrize("measure", ["mutual_knn", "cknna"])
def test_what_has_no_neighbours_is_refused(rng, measure):
    y = rng.normal(size=(8, 3))
    relu = np.maximum(rng.normal(size=(8, 3)), 0)
    relu[[2, 5]] = 0
    cases = [
        (
            {"k": 8},
            y,
            "too_few_stimuli",
            "8 nearest neighbours need at least 9 stimuli, got 8; take n = 9 or more",
        ),
        ({"k": 3}, relu, "zero_vector", r"x: row 2 is all zero, so its cosine is 0/0 \(2 such of 8\)"),
        ({"k": 3}, np.full((8, 2), 0.1), "zero_variance", "x does not vary over its 8 stimuli"),
        ({"k": 3}, np.eye(8), "no_structure", "all pairs of its 8 stimuli are equally alike"),
        ({"k": 3, "metric": "euclidean"}, np.eye(8), "no_structure", "all pairs of its 8 stimuli are equally alike"),
    ]
    for options, x, reason, message in cases:
        with pytest.raises(DegenerateError, match=message) as caught:
            score(x, y, measure, **options)
        assert caught.value.reason == reason
    assert np.isfinite(score(relu, y, measure, k=3, metric="euclidean"))


def test_the_adjusted_form_with_all_neighbours_is_refused(rng):
    x = rng.normal(size=(6, 2))
    with pytest.raises(DegenerateError, match=r"with k = 5 of 6 stimuli all are neighbours.*take k = 4 or fewer"):
        score(x, x, "mutual_knn", k=5, form="adjusted")


def test_cknna_of_equidistant_stimuli_is_refused_wherever_the_origin_is(rng):
    # Cosines differ because of the shift, so there are neighbours; the centred Gram matrix has no structure.
    x = np.eye(6) + np.array([3, 1, 0, 0, 0, 0])
    with pytest.raises(DegenerateError, match="all pairs of its 6 stimuli are equally alike"):
        score(x, rng.normal(size=(6, 3)), "cknna", k=2)


def test_cknna_without_structure_at_the_neighbours_is_refused(rng):
    # Found by search over small whole numbers: U(K) has its zeros where the nearest neighbours are.
    x = np.array([[0.0, 1], [1, 0], [1, 1], [2, 1], [1, 2]])
    with pytest.raises(DegenerateError, match="x: the U-centred Gram matrix is 0 at the 1 nearest neighbours"):
        score(x, rng.normal(size=(5, 3)), "cknna", k=1, metric="euclidean")
