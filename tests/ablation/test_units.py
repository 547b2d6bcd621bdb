"""Scores by hand, and cells that partition the units."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from repsim_core.ablation import channel_of, equal_count_grid, unit_scores
from repsim_core.errors import DegenerateError, InputError, ShapeError, UnknownNameError
from repsim_core.types import Representation


def test_scores_by_hand():
    # unit 0: mean 3 on the class, 1 on the others; unit 1: 0 and 2
    x = np.array([[2.0, 0], [4, 0], [1, 2], [1, 2]])
    found = unit_scores(x, [1, 1, 0, 2], 1)
    np.testing.assert_allclose(found.selectivity, np.array([2, -2]) / np.sqrt(2))
    np.testing.assert_allclose(found.magnitude, np.array([4, 2]) / np.sqrt(2))
    assert found.images == (2, 2)
    assert found.to_frame()["selectivity"].tolist() == found.selectivity.tolist()


def test_scores_are_a_rotation_of_the_means(rng):
    x, labels = rng.normal(size=(30, 7)), np.arange(30) % 3
    found = unit_scores(x, labels, 2)
    own, other = x[labels == 2].mean(axis=0), x[labels != 2].mean(axis=0)
    np.testing.assert_allclose(np.hypot(found.selectivity, found.magnitude), np.hypot(own, other))
    np.testing.assert_allclose((found.magnitude + found.selectivity) / np.sqrt(2), own)


def test_a_channel_is_scored_by_its_mean_over_positions(rng):
    x = rng.normal(size=(12, 3 * 2 * 2))
    maps = Representation(x, tuple(map(str, range(12))), "toy", "conv", (3, 2, 2))
    labels = np.arange(12) % 2
    by_hand = unit_scores(x.reshape(12, 3, 4).mean(axis=2), labels, 0)
    found = unit_scores(maps, labels, 0, unit="channel")
    np.testing.assert_allclose(found.selectivity, by_hand.selectivity)
    tokens = Representation(x, maps.stimuli, "toy", "block", (4, 3))
    by_hand = unit_scores(x.reshape(12, 4, 3).mean(axis=1), labels, 0)
    np.testing.assert_allclose(unit_scores(tokens, labels, 0, unit="channel").magnitude, by_hand.magnitude)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((3,), [0, 1, 2]), ((2, 3), [0, 1, 2, 0, 1, 2]), ((2, 1, 2), [0, 0, 1, 1]), ((2, 1, 1, 2), [0, 0, 1, 1])],
)
def test_channels_of_scalars(shape, expected):
    assert channel_of(shape).tolist() == expected


def test_the_grid_cuts_selectivity_first():
    selectivity = [0.0, 1, 2, 3, 4, 5, 6, 7]
    magnitude = [7.0, 6, 5, 4, 3, 2, 1, 0]
    grid = equal_count_grid(selectivity, magnitude, 2)
    assert [[one.tolist() for one in row] for row in grid] == [[[2, 3], [0, 1]], [[6, 7], [4, 5]]]


def test_ties_keep_the_order_of_the_units():
    grid = equal_count_grid(np.zeros(9), np.zeros(9), 3)
    assert [one.tolist() for one in grid.ravel()] == [[k] for k in range(9)]


@given(st.integers(4, 400), st.integers(2, 12), st.integers(0, 3), st.integers(0, 99))
def test_cells_partition_the_units_in_equal_counts_and_order(units, bins, digits, seed):
    if units < bins**2:
        units = bins**2 + units % 7
    rng = np.random.default_rng(seed)
    selectivity, magnitude = (np.round(rng.normal(size=units), digits) for _ in range(2))
    grid = equal_count_grid(selectivity, magnitude, bins)
    everything = np.concatenate(list(grid.ravel()))
    assert sorted(everything) == list(range(units))
    counts = np.array([len(one) for one in grid.ravel()])
    assert np.ptp([sum(map(len, row)) for row in grid]) <= 1
    assert all(np.ptp([len(one) for one in row]) <= 1 for row in grid)
    assert np.ptp(counts) <= 2
    for k in range(bins - 1):
        below, above = np.concatenate(list(grid[k])), np.concatenate(list(grid[k + 1]))
        assert selectivity[below].max() <= selectivity[above].min()
        for row in grid:
            assert magnitude[row[k]].max() <= magnitude[row[k + 1]].min()


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: unit_scores(np.ones((4, 2)), [0, 1], 0), ShapeError, "4 rows of activations but labels of shape"),
        (lambda: unit_scores(np.ones((4, 2)), [0, 1, 1, 1], 3), InputError, "Class 3 has no image among the 4"),
        (lambda: unit_scores(np.ones((4, 2)), [1, 1, 1, 1], 1), InputError, "Class 1 holds every image"),
        (lambda: unit_scores(np.array([[1.0], [np.nan]]), [0, 1], 1), DegenerateError, "NaN or infinity in 1 of 2"),
        (lambda: unit_scores(np.ones((2, 2)), [0, 1], 0, unit="neuron"), UnknownNameError, "No kind of unit"),
        (lambda: equal_count_grid([1, 2], [1, 2, 3], 2), ShapeError, "give one of each per unit"),
        (lambda: equal_count_grid([1, 2, 3], [1, 2, 3], 2), InputError, "has 3 units, fewer than the 4 cells"),
        (lambda: equal_count_grid(range(9), range(9), 4), InputError, "take 3 bins or fewer, or another layer"),
    ],
)
def test_bad_input_is_refused(call, kind, message):
    with pytest.raises(kind, match=message):
        call()
