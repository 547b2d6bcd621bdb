"""RSA: by hand, against SciPy on the same dissimilarities, ties that stay ties, rows that have no correlation."""

import itertools

import numpy as np
import pytest
from scipy.spatial.distance import pdist
from scipy.stats import kendalltau, spearmanr

from repsim_core.errors import DegenerateError
from repsim_core.similarity import score
from repsim_core.similarity.rsa import dissimilarities, midranks

KINDS = ["correlation", "euclidean", "sqeuclidean", "cosine"]


def tau_a_by_loops(u, v):
    pairs = list(itertools.combinations(range(len(u)), 2))
    return sum(np.sign(u[i] - u[j]) * np.sign(v[i] - v[j]) for i, j in pairs) / len(pairs)


def test_dissimilarities_by_hand():
    # Three points of a right triangle with legs 3 and 4: distances 3, 4 and 5.
    x = np.array([[0.0, 0], [3, 0], [0, 4]])
    assert dissimilarities(x, "euclidean")[0] == pytest.approx([3, 4, 5])
    # The same order of the three pairs in a flatter triangle: ranks agree, lengths do not.
    y = np.array([[0.0, 0], [1, 0], [0, 9]])
    options = {"dissimilarity": "euclidean"}
    assert score(x, y, "rsa", **options) == pytest.approx(1)
    assert score(x, y, "rsa", compare="kendall", **options) == pytest.approx(1)
    u, v = np.array([3.0, 4, 5]), np.array([1, 9, np.sqrt(82)])
    assert score(x, y, "rsa", compare="pearson", **options) == pytest.approx(np.corrcoef(u, v)[0, 1])
    assert score(x, y, "rsa", compare="cosine", **options) == pytest.approx(u @ v / np.sqrt(u @ u * (v @ v)))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(30, 5), (12, 12), (9, 40)])
def test_every_combination_equals_scipy(rng, kind, shape):
    x, y = rng.normal(size=shape) + 1, rng.normal(size=(shape[0], 7))
    u, v = pdist(x, kind), pdist(y, kind)
    expected = {
        "spearman": spearmanr(u, v).statistic,
        "pearson": np.corrcoef(u, v)[0, 1],
        "cosine": u @ v / np.sqrt(u @ u * (v @ v)),
        "kendall": tau_a_by_loops(u, v),
    }
    for compare, value in expected.items():
        assert score(x, y, "rsa", dissimilarity=kind, compare=compare) == pytest.approx(value, abs=1e-12)


@pytest.mark.parametrize("kind", ["euclidean", "sqeuclidean"])
def test_exact_ties_stay_ties(rng, kind):
    # One-hot rows of three classes: dissimilarities take two values, which products return an ulp apart.
    labels = np.repeat([0, 1, 2], 7)
    x, y = np.eye(3)[labels] + 0.1, 7 * np.eye(3)[labels] + rng.normal(size=3)
    found, noise = dissimilarities(x, kind)
    ranks, tied = midranks(found, noise)
    # 3 · 21 pairs within classes share rank 32, 147 across classes share rank 63 + 74
    assert sorted(set(ranks)) == [32, 137]
    assert tied == 63 * 62 // 2 + 147 * 146 // 2
    assert score(x, y, "rsa", dissimilarity=kind) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_repeated_rows_tie_exactly(rng, kind, dtype):
    once = rng.normal(size=(9, 300)).astype(dtype)
    rows = np.array([0, 1, 2, 3, 4, 5, 6, 7, 8, 3, 3])
    found, noise = dissimilarities(once[rows], kind)
    square = np.full((11, 11), np.nan)
    square[np.triu_indices(11, 1)] = midranks(found, noise)[0]
    square = np.where(np.isnan(square), square.T, square)
    for other in (0, 1, 2, 4, 5, 6, 7, 8):
        assert square[3, other] == square[9, other] == square[10, other]
    assert square[3, 9] == square[3, 10] == square[9, 10] == 2  # the three smallest, zero


def test_midranks_by_hand():
    ranks, tied = midranks(np.array([5.0, 1, 1 + 1e-15, 0, 7]), np.full(1, 1e-12))
    assert ranks.tolist() == [4, 2.5, 2.5, 1, 5]
    assert tied == 1


def test_tau_a_counts_ties_against_itself_as_nothing():
    # One pair of the three is tied on one side: one concordant pair of pairs less.
    x, y = np.array([[0.0], [1], [3]]), np.array([[0.0], [1], [-1]])
    u, v = pdist(x), pdist(y)  # 1, 3, 2 and 1, 1, 2
    assert score(x, y, "rsa", dissimilarity="euclidean", compare="kendall") == pytest.approx(tau_a_by_loops(u, v))
    assert tau_a_by_loops(u, v) == 0
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 3, size=(9, 2)) + 0.0, rng.integers(0, 4, size=(9, 1)) + 0.0
    y += x[:, :1]
    u, v = pdist(x, "sqeuclidean").round(9), pdist(y, "sqeuclidean").round(9)
    assert len(set(u)) < len(u) > len(set(v))  # many ties on both sides, where tau-b would be another number
    found = score(x, y, "rsa", dissimilarity="sqeuclidean", compare="kendall")
    assert found == pytest.approx(tau_a_by_loops(u, v), abs=1e-12)
    assert found != pytest.approx(kendalltau(u, v).statistic, abs=1e-2)


def test_ranks_hardly_see_one_row_far_away(rng):
    x = rng.normal(size=(200, 20))
    y = x + 0.1 * rng.normal(size=x.shape)
    y[7] += 1000
    assert score(x, y) < 0.1
    assert score(x, y, "rsa", dissimilarity="euclidean") > 0.9


@pytest.mark.parametrize(
    ("spoil", "options", "reason", "message"),
    [
        (3, {}, "constant_row", r"x: row 3 is constant over its units, so its correlation is 0/0 \(1 such of 8\)"),
        (0, {"dissimilarity": "cosine"}, "zero_vector", r"x: row 3 is all zero, so its cosine is 0/0 \(1 such of 8\)"),
    ],
)
def test_a_row_without_a_dissimilarity_is_named(rng, spoil, options, reason, message):
    x = rng.normal(size=(8, 5))
    x[3] = spoil
    with pytest.raises(DegenerateError, match=message) as caught:
        score(x, rng.normal(size=(8, 4)), "rsa", **options)
    assert caught.value.reason == reason
    assert np.isfinite(score(x, rng.normal(size=(8, 4)), "rsa", dissimilarity="euclidean"))


@pytest.mark.parametrize(
    ("x", "options", "reason", "message"),
    [
        (np.eye(6), {}, "no_structure", "all pairs of its 6 stimuli are equally alike.*take another dissimilarity"),
        (np.full((6, 3), [0.1, 0.2, 0.7]), {}, "zero_variance", "x does not vary over its 6 stimuli"),
        (np.full((6, 3), 0.1), {"dissimilarity": "cosine"}, "zero_variance", "x does not vary over its 6 stimuli"),
        (np.full((6, 3), 0.1), {"dissimilarity": "euclidean"}, "zero_variance", "x does not vary over its 6 stimuli"),
        (np.outer(np.arange(1.0, 7), [1, 2, 5]), {}, "no_structure", "all pairs of its 6 stimuli are equally alike"),
    ],
)
def test_layers_without_differences_are_refused(rng, x, options, reason, message):
    with pytest.raises(DegenerateError, match=message) as caught:
        score(x, rng.normal(size=(6, 4)), "rsa", **options)
    assert caught.value.reason == reason
