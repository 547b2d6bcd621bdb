"""Distance matrices and their scales: against scipy, at extreme sizes, and what has none."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from repsim_core.errors import DegenerateError, ShapeError, UnknownNameError
from repsim_core.topology import METRICS, distances, normalised_distances
from repsim_core.types import Representation


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_distances_equal_those_of_scipy(rng, metric, dtype):
    x = (rng.normal(size=(40, 7)) + 3).astype(dtype)
    found = distances(x, metric)
    # Gram form: n eps in the squares, so its root in the Euclidean distances of points that are close.
    assert found == pytest.approx(cdist(x.astype(float), x.astype(float), metric), abs=1e-6)
    assert np.array_equal(found, found.T)
    assert not np.diag(found).any()


@pytest.mark.parametrize(("scale", "value"), [("quantile", 4.0), ("median", 1.0), ("mean", 16 / 9)])
def test_scales_count_all_entries_with_the_zeros_of_the_diagonal(scale, value):
    # Points 0, 1, 4: distances 1, 4, 3 twice and three zeros. Sorted 0 0 0 1 1 3 3 4 4, whose 0.9 quantile is at 7.2.
    x = np.array([[0.0], [1.0], [4.0]])
    raw = np.array([[0, 1, 4], [1, 0, 3], [4, 3, 0]])
    assert normalised_distances(x, scale=scale) == pytest.approx(raw / value, abs=1e-12)


def test_distances_below_a_millionth_of_the_mean_are_zero():
    x = np.array([[0.0], [1e-8], [1.0], [2.0]])
    found = normalised_distances(x)
    assert found[0, 1] == 0
    assert found[0, 2] > 0


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("factor", [1e-200, 1e-30, 1e30, 1e200])
def test_extreme_scales_change_nothing(rng, metric, factor):
    x = rng.normal(size=(20, 5))
    expected = normalised_distances(x, metric=metric)
    assert normalised_distances(factor * x, metric=metric) == pytest.approx(expected, abs=1e-7)


def test_a_short_row_has_a_direction_as_any_other(rng):
    x = rng.normal(size=(20, 5))
    short = x.copy()
    short[3] *= 1e-20
    assert distances(short, "cosine") == pytest.approx(distances(x, "cosine"), abs=1e-12)


@pytest.mark.parametrize("value", [0.0, 0.1, 1 / 3, 1e5])
def test_constant_rows_have_no_correlation(value):
    with pytest.raises(
        DegenerateError, match="x: row 0 has no direction, so its correlation distance is 0/0"
    ) as caught:
        distances(np.full((5, 3), value), "correlation")
    assert caught.value.reason == "zero_vector"


def test_the_row_without_a_direction_is_named(rng):
    x = rng.normal(size=(6, 3))
    x[4] = 0
    with pytest.raises(
        DegenerateError, match=r"a: row 4 has no direction, so its cosine distance .* Euclidean"
    ) as caught:
        distances(x, "cosine", label="a")
    assert caught.value.reason == "zero_vector"


@pytest.mark.parametrize(
    ("x", "options", "kind", "message"),
    [
        (np.zeros(3), {}, ShapeError, r"x: expected \(n_stimuli, n_units\), got shape \(3,\)"),
        (np.eye(3), {"metric": "cosin"}, UnknownNameError, "No metric named 'cosin'. Did you mean 'cosine'"),
        (np.eye(3), {"scale": "maximum"}, UnknownNameError, "No scale named 'maximum'"),
        (np.full((3, 2), np.nan), {}, DegenerateError, "x has NaN or infinity"),
        (np.full((3, 2), np.inf), {"metric": "cosine"}, DegenerateError, "has NaN or infinity"),
        (np.ones((1, 2)), {}, DegenerateError, "The quantile of distances needs at least 2 stimuli, got 1"),
        (np.ones((4, 2)), {}, DegenerateError, "x: the 0.9 quantile of all .* is 0, .* most of its 4 points are equal"),
        (np.ones((4, 0)), {}, DegenerateError, "x: the 0.9 quantile of all .* is 0"),
        (np.eye(4)[[0, 0, 0, 1]], {"scale": "median"}, DegenerateError, "x: the median of all n² distances is 0"),
    ],
)
def test_what_has_no_scale_is_refused(x, options, kind, message):
    with pytest.raises(kind, match=message) as caught:
        normalised_distances(x, **options)
    if message.startswith("x: the"):
        assert caught.value.reason == "zero_scale"


def test_a_representation_is_named_in_the_refusal():
    with pytest.raises(DegenerateError, match=r"toy/body: the 0\.9 quantile"):
        normalised_distances(Representation(np.ones((2, 2)), ("a", "b"), "toy", "body"))
