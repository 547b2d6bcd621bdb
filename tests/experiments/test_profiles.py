"""Profiles of layers in one table: the numbers of the core, depth, and reasons where there is no number."""

import numpy as np
import pytest

from repsim_core.experiments import PROFILES, layer_profiles
from repsim_core.similarity import layer_profile
from tests.experiments.test_twins import network


def test_every_layer_of_every_network_has_its_line(rng):
    one = network("a", {f"l{k}": rng.normal(size=(40, 5 + k)) for k in range(3)})
    other = network("b", {"x": rng.normal(size=(40, 4))})
    steps = []
    table = layer_profiles([one, other], progress=lambda *step: steps.append(step)).to_frame()
    assert table["layer"].tolist() == ["l0", "l1", "l2", "x"]
    assert table["depth"].tolist() == [0, 0.5, 1, 0]
    assert table["units"].tolist() == [5, 6, 7, 4]
    expected = layer_profile(one["l1"])
    for name in PROFILES:
        assert table[name][1] == pytest.approx(getattr(expected, name))
    assert steps[-1] == (4, 4)


def test_a_dead_layer_has_reasons_for_its_missing_numbers_and_the_others_theirs(rng):
    found = layer_profiles([network("a", {"dead": np.zeros((40, 3)), "live": rng.normal(size=(40, 3))})]).to_frame()
    assert np.isnan(found["effective_rank"][0])
    assert "zero_variance" in found["reason"][0]
    assert np.isfinite(found["effective_rank"][1])
