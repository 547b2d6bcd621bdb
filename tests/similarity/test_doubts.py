"""Sentences about stimuli: repeats in every layer, rows that decide a layer, and silence otherwise."""

import numpy as np
import pytest

from repsim_core.similarity import doubts_about_stimuli
from tests.similarity.test_significance import side


def moved(layers, **values):
    from dataclasses import replace

    from repsim_core.types import Representation

    made = {name: Representation(one, layers.stimuli, layers.model, name) for name, one in values.items()}
    return replace(layers, representations=dict(layers) | made)


@pytest.fixture
def pair(rng):
    return side(rng, "a", (8, 9)), side(rng, "b", (10,))


def test_ordinary_stimuli_raise_no_doubt(pair):
    assert doubts_about_stimuli(*pair) == ()


def test_a_planted_row_is_named_with_its_share_and_layer(pair):
    a, b = pair
    values = np.array(a["l1"].values)
    values[7] += 1000
    (said,) = doubts_about_stimuli(moved(a, l1=values), b)
    assert said.startswith("Few stimuli decide a/l1 (7 holds 97% of its variance)")  # (n − 1) / n of it
    both = moved(a, l0=values[:, :8], l1=values)
    assert "and 1 other layers" in doubts_about_stimuli(both, b)[0]


def test_stimuli_that_came_twice_in_every_layer_are_counted(pair):
    a, b = (moved(one, **{name: np.array(x.values)[np.r_[0:39, 0]] for name, x in one.items()}) for one in pair)
    assert "1 of 40 stimuli repeat an earlier one in every layer" in doubts_about_stimuli(a, b)[0]
    assert doubts_about_stimuli(a, pair[1]) == ()  # twice in one network alone: a coarse network


def test_a_dead_layer_is_passed_over(pair):
    a, b = pair
    assert doubts_about_stimuli(moved(a, l0=np.ones((40, 8))), b) == ()
