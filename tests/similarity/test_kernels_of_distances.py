"""Measures on kernels of distances and on batches: RBF CKA, distance correlation, minibatch CKA."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from repsim_core.errors import DegenerateError
from repsim_core.linalg import u_centred
from repsim_core.similarity import compare_layers, score
from repsim_core.similarity.minibatch import batches
from tests.similarity.cases import activations


def cosine(a, b):
    return np.sum(a * b) / np.sqrt(np.sum(a * a) * np.sum(b * b))


def double_centred(d):
    return d - d.mean(0) - d.mean(1)[:, None] + d.mean()


@pytest.mark.parametrize("shape", [(30, 4), (12, 12), (9, 40)])
def test_distance_correlation_equals_its_definition(rng, shape):
    # Székely and Rizzo 2013, section 3: U-centred distances, and the older double centring
    x, y = rng.normal(size=shape), rng.normal(size=(shape[0], 5))
    y[:, 0] += x[:, 0]
    a, b = cdist(x, x), cdist(y, y)
    n = len(a)
    unbiased = []
    for d in (a, b):
        u = d - d.sum(0) / (n - 2) - d.sum(1)[:, None] / (n - 2) + d.sum() / ((n - 1) * (n - 2))
        np.fill_diagonal(u, 0)
        unbiased.append(u)
    assert score(x, y, "dcor") == pytest.approx(cosine(*unbiased), abs=1e-12)
    assert score(x, y, "dcor", debiased=False) == pytest.approx(cosine(double_centred(a), double_centred(b)), abs=1e-12)


def test_distance_correlation_of_three_points_on_a_line_by_hand():
    # Distances of 0, 1, 3 and of 0, 1, 2, double centred and times 9:
    # (−12, 0, 12; 0, −6, 6; 12, 6, −18) and (−10, 2, 8; 2, −4, 2; 8, 2, −10), so 540 / √(864 · 360)
    x, y = np.array([[0.0], [1], [3]]), np.arange(3.0)[:, None]
    assert score(x, y, "dcor", debiased=False) == pytest.approx(540 / np.sqrt(864 * 360), abs=1e-12)


@pytest.mark.parametrize(("n", "copies"), [(8, 0), (9, 0), (9, 4)])
def test_the_bandwidth_is_the_median_of_all_squared_distances(rng, n, copies):
    x, y = rng.normal(size=(2, n, 3))
    x[:copies] = x[0]
    kernels = []
    for one in (x, y):
        d = cdist(one, one, "sqeuclidean")
        kernels.append(np.exp(-d / (2 * 0.7**2 * np.median(d))))
    assert score(x, y, "cka_rbf", scale=0.7) == pytest.approx(cosine(*map(u_centred, kernels)), abs=1e-12)
    biased = cosine(*map(double_centred, kernels))
    assert score(x, y, "cka_rbf", scale=0.7, debiased=False) == pytest.approx(biased, abs=1e-12)


def test_a_kernel_that_is_the_identity_is_refused_not_one():
    # Far from each other at this bandwidth every layer is the identity: biased CKA would be exactly 1 for any two.
    x, y = np.random.default_rng(0).normal(size=(2, 40, 500))
    for debiased in (False, True):
        with pytest.raises(
            DegenerateError, match=r"x: at scale 0.05 the RBF kernel is the identity \(largest"
        ) as caught:
            score(x, y, "cka_rbf", scale=0.05, debiased=debiased)
        assert caught.value.reason == "identity_kernel"
    matrix = compare_layers(activations({"x": x}), activations({"y": y}), "cka_rbf", scale=0.05)
    assert matrix.reasons[0, 0] == "identity_kernel"
    assert (
        "so every layer looks alike; take a larger scale, such as 0.5. So it is for 2 of 2 layers."
        in matrix.warnings[0]
    )
    # The median rule: 0.0005 debiased, 0.892 biased in 500 dimensions
    assert abs(score(x, y, "cka_rbf")) < 0.1


# minibatches --------------------------------------------------------------------------------------------------------


def clustered(rng, n=1200):
    """Twenty-four classes of fifty in class order, two layers that share them and nothing else."""
    labels = np.repeat(np.arange(n // 50), 50)
    centres = rng.normal(size=(n // 50, 20)) * 2
    x = centres[labels] + rng.normal(size=(n, 20))
    return x, (centres @ rng.normal(size=(20, 12)))[labels] + 3 * rng.normal(size=(n, 12))


def test_the_estimate_is_near_the_whole_and_order_does_not_matter_to_it(rng):
    x, y = clustered(rng)
    whole = score(x, y)
    assert score(x, y, "cka_minibatch", batch=128) == pytest.approx(whole, abs=0.01)
    shuffled = rng.permutation(len(x))
    assert score(x[shuffled], y[shuffled], "cka_minibatch", batch=128) == pytest.approx(whole, abs=0.01)
    # In class order without the permutation a batch would hold one class, and little is shared within it.
    parts = [slice(start, start + 50) for start in range(0, 1200, 50)]
    grams = [[u_centred(one[part] @ one[part].T).ravel() for part in parts] for one in (x, y)]
    assert cosine(*map(np.concatenate, grams)) < whole - 0.2


def test_it_is_a_ratio_of_sums_over_the_batches(rng):
    x, y = rng.normal(size=(2, 23, 4))
    y += x
    sums = np.zeros(3)
    for rows in batches(23, 6, seed=2):
        k, l = (u_centred(one[rows] @ one[rows].T) for one in (x, y))  # noqa: E741
        sums += np.sum(k * l), np.sum(k * k), np.sum(l * l)
    found = score(x, y, "cka_minibatch", batch=6, seed=2)
    assert found == pytest.approx(sums[0] / np.sqrt(sums[1] * sums[2]), abs=1e-12)


@pytest.mark.parametrize(("n", "sizes"), [(12, [4, 4, 4]), (13, [4, 4, 5]), (14, [4, 4, 6]), (15, [4, 4, 7]), (3, [3])])
def test_the_tail_joins_the_batch_before(n, sizes):
    found = batches(n, 4, seed=0)
    assert [len(one) for one in found] == sizes
    assert sorted(np.concatenate(found).tolist()) == list(range(n))


def test_one_batch_of_all_is_cka_itself(rng):
    x, y = rng.normal(size=(2, 30, 4)) + 100
    for batch in (30, 500):
        assert score(x, y, "cka_minibatch", batch=batch) == pytest.approx(score(x, y), abs=1e-12)


@pytest.mark.parametrize("offset", [0, 100, 10_000])
def test_a_large_mean_in_float32_costs_no_digits_in_batches(rng, offset):
    x = (rng.normal(size=(200, 30)) + offset).astype(np.float32)
    assert score(x, x[:, ::-1], "cka_minibatch", batch=32) == pytest.approx(1, abs=1e-6)
    assert score(x, x[:, :15], "cka_minibatch", batch=32) == pytest.approx(
        score(x.astype(np.float64), x[:, :15].astype(np.float64), "cka_minibatch", batch=32), abs=1e-5
    )


def test_layers_without_structure_in_batches_are_refused(rng):
    y = rng.normal(size=(20, 3))
    for x, reason in ((np.full((20, 2), 0.1), "zero_variance"), (np.eye(20), "no_structure")):
        with pytest.raises(DegenerateError) as caught:
            score(x, y, "cka_minibatch", batch=5)
        assert caught.value.reason == reason
    matrix = compare_layers(activations({"x": y}), activations({"y": y * 2}), "cka_minibatch", batch=5)
    assert matrix.warnings == ("An estimate from batches: cells differ from cka by about 0.01.",)
