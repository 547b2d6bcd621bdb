"""Procrustes: by hand, against SciPy, full precision near 0, and chance that moves with n."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import orthogonal_procrustes
from scipy.spatial import procrustes

from repsim_core.similarity import score
from tests.similarity.cases import rotation

DISTANCES = ["procrustes_angle", "procrustes_size"]


def test_by_hand():
    # Centred X = (1, −1, 0, 0) on one axis and Y = (0, 0, 1, −1) on another: nothing in common, a right angle.
    x, y = np.array([[1.0], [-1], [0], [0]]), np.array([[0.0], [0], [1], [-1]])
    assert score(x, y, "procrustes") == pytest.approx(0, abs=1e-15)
    assert score(x, y, "procrustes_angle") == pytest.approx(np.pi / 2)
    assert score(x, y, "procrustes_size") == pytest.approx(2)  # √(2 + 2)
    # Both side by side against X: √2 · √2 over √2 · √4
    both = np.hstack([x, y])
    assert score(both, x, "procrustes") == pytest.approx(1 / np.sqrt(2))
    assert score(both, x, "procrustes_angle") == pytest.approx(np.pi / 4)
    assert score(x, 3 * x + 5, "procrustes_size") == pytest.approx(2 * np.sqrt(2))


@pytest.mark.parametrize("shape", [(40, 6), (12, 12), (10, 60)])
def test_scipy_finds_the_same(rng, shape):
    x, y = rng.normal(size=(2, *shape))
    a, b = (one - one.mean(0) for one in (x, y))
    q, total = orthogonal_procrustes(b, a)
    assert score(x, y, "procrustes") == pytest.approx(total / np.linalg.norm(a) / np.linalg.norm(b), abs=1e-12)
    assert score(x, y, "procrustes_size") == pytest.approx(np.linalg.norm(a - b @ q), rel=1e-12)
    assert score(x, y, "procrustes_angle") == pytest.approx(np.arccos(score(x, y, "procrustes")), abs=1e-12)
    # SciPy's disparity is 1 − s², both sides of norm 1 and the second scaled besides.
    assert procrustes(x, y)[2] == pytest.approx(1 - score(x, y, "procrustes") ** 2, abs=1e-12)


@pytest.mark.parametrize("shape", [(40, 6), (12, 12), (10, 60)])
def test_a_rotated_copy_is_at_zero_to_the_last_digit(rng, shape):
    # arccos of 1 − 1e-16 would be 1.5e-8, and √(2 − 2 s) as well.
    x = rng.normal(size=shape)
    turned = x @ rotation(rng, shape[1]) + rng.normal(size=shape[1])
    assert score(x, turned, "procrustes_angle") < 1e-13
    assert score(x, turned, "procrustes_size") < 1e-12
    assert score(x, -3 * turned, "procrustes_angle") < 1e-13
    wider = np.hstack([turned, np.zeros((shape[0], 4))])
    assert score(x, wider, "procrustes_angle") < 1e-13


@pytest.mark.parametrize("apart", [1e-9, 1e-6, 1e-4, 3e-3, 4e-3, 0.1])
def test_small_distances_keep_their_digits(apart):
    # A unit vector moved by a known angle within the plane of two orthogonal shapes.
    x, y = np.array([[1.0], [-1], [0], [0]]), np.array([[0.0], [0], [1], [-1]])
    near = np.cos(apart) * x + np.sin(apart) * y
    assert score(x, near, "procrustes_angle") == pytest.approx(apart, rel=1e-6)
    assert score(x, near, "procrustes_size") == pytest.approx(2 * np.sqrt(2) * np.sin(apart / 2), rel=1e-6)


def test_a_small_part_that_one_side_lacks_is_seen_from_both_sides(rng):
    # Y is X and beside it a column at right angles to X, of length 1e-4: all that is left after the best rotation.
    basis = rng.normal(size=(30, 4))
    basis = np.linalg.qr(basis - basis.mean(0))[0]
    x, y = basis[:, :3], np.hstack([basis[:, :3], 1e-4 * basis[:, 3:]])
    for pair in ((x, y), (y, x)):
        assert score(*pair, "procrustes_size") == pytest.approx(1e-4, rel=1e-6)


@pytest.mark.parametrize("measure", DISTANCES)
@settings(max_examples=40)
@given(seed=st.integers(0, 2**16), n=st.integers(3, 12))
def test_both_distances_are_metrics_on_random_triples(measure, seed, n):
    rng = np.random.default_rng(seed)
    x, y, z = (rng.normal(size=(n, p)) * rng.uniform(0.1, 9) for p in (2, 5, 14))
    y[:, :2] += x
    xy, yz, xz = (score(*pair, measure) for pair in ((x, y), (y, z), (x, z)))
    assert xz <= xy + yz + 1e-12 * (xy + yz)
    assert min(xy, yz, xz) > 0


def test_sizes_of_any_scale(rng):
    x, y = rng.normal(size=(2, 20, 4))
    plain = score(x, y, "procrustes_size")
    for factor in (1e-200, 1e-30, 1e30, 1e200):
        assert score(factor * x, factor * y, "procrustes_size") == pytest.approx(factor * plain, rel=1e-9)
        assert score(factor * x, y, "procrustes") == pytest.approx(score(x, y, "procrustes"), abs=1e-12)


def test_chance_falls_with_more_stimuli_so_it_is_never_compared_across_n():
    # 0.816, 0.298, 0.095 at n = 50, 500, 5000 for independent layers of 64 units
    rng = np.random.default_rng(0)
    seen = [score(*rng.normal(size=(2, n, 64)), "procrustes") for n in (50, 500, 5000)]
    assert seen == pytest.approx([0.816, 0.298, 0.095], abs=0.02)  # spread of single draws 0.006 at n = 50
