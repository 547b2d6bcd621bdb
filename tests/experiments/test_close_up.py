"""Bars with the stimuli behind them, and RTD against the batch."""

import numpy as np
import pytest

from repsim_core.experiments import one_subset, rtd_of_batches, sensible_batches
from repsim_core.topology import chosen_subsets, normalised_distances, rtd
from repsim_core.types import Representation


@pytest.fixture
def pair(rng):
    ids = tuple(f"s{k}" for k in range(60))
    x = rng.normal(size=(60, 3))
    y = x + rng.normal(size=(60, 3))
    return Representation(x, ids, "A", "x", (3,)), Representation(y, ids, "B", "y", (3,))


def test_a_bar_is_born_at_the_smaller_distance_and_lives_until_the_first_space_at_most(pair):
    found, (forward, backward) = one_subset(*pair, 2, trials=4, batch=40)
    for own, diagram, distances in ((0, found.forward[0], forward), (1, found.backward[0], backward)):
        np.testing.assert_array_equal(distances.min(axis=1), diagram.births)
        assert (diagram.deaths <= distances[:, own]).all()
        assert (distances[:, own] > distances[:, 1 - own]).all()  # only what the other space brings nearer makes a bar


def test_it_is_the_trial_of_the_map(pair):
    whole = rtd(*pair, trials=4, batch=40, seed=3, metric="cosine")
    found, (forward, _) = one_subset(*pair, 1, trials=4, batch=40, seed=3, metric="cosine")
    np.testing.assert_array_equal(found.subsets[0], chosen_subsets(60, 4, 40, 3)[1])
    assert found.value == whole.values[1]
    rows = found.subsets[0]
    edge = found.forward[0].birth_simplices[0]
    w = normalised_distances(pair[0].values[rows], metric="cosine")
    assert forward[0, 0] == w[edge[0], edge[1]]


def test_values_of_several_batches_are_those_of_rtd(pair):
    table = rtd_of_batches(*pair, [20, 60], trials=3, scale="median")
    assert table["batch"].tolist() == [20, 60]
    assert table["subsets"].tolist() == [3, 1]
    assert table["rtd"][0] == rtd(*pair, trials=3, batch=20, scale="median").value
    assert np.isnan(table["standard_error"][1])


def test_batches_end_at_n_and_hold_the_chosen_one():
    assert sensible_batches(600, 150) == [100, 150, 200, 300, 400, 500, 600]
    assert sensible_batches(3, 3) == [2, 3]
    assert sensible_batches(50_000, 500)[-1] == 1000
