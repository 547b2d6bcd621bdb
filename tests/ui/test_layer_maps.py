"""The child's work for a layer map: from memory, and streamed where the responses are more than it may hold."""

import numpy as np
import pytest

from repsim_core import activations, datasets, models, similarity
from repsim_ui.layer_maps import work
from repsim_ui.recipes import Recipe
from repsim_ui.streamed_maps import streams

A, B = "zoo/digits-cnn-s10", "zoo/digits-cnn-s11"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("REPSIM_CACHE", str(tmp_path))


def expected(n):
    data = datasets.load("digits", n=n, seed=0)
    return similarity.compare_layers(*(activations.extract(models.load(name), data) for name in (A, B)))


def test_what_fits_is_compared_in_memory_and_what_does_not_is_streamed_and_says_so(monkeypatch):
    asked = Recipe(A, B, "digits", 600, 0)
    steps = []
    assert not streams(asked)
    found = work(asked.to_json(), lambda *step: steps.append(step), lambda _: None)
    np.testing.assert_allclose(found.values, expected(600).values, rtol=1e-9)
    assert {stage for stage, _, _ in steps} >= {"layers compared"}
    monkeypatch.setenv("REPSIM_MEMORY_GB", "0.0115")
    assert streams(asked)
    streamed = work(asked.to_json(), lambda *step: steps.append(step), lambda _: None)
    estimates = np.array(streamed.recipe["estimators"])
    assert streamed.rows == found.rows
    exact = estimates == "exact"
    np.testing.assert_allclose(streamed.values[exact], found.values[exact], atol=1e-6)
    np.testing.assert_allclose(streamed.values, found.values, atol=0.05)
    assert "stimuli, over all passes" in {stage for stage, _, _ in steps}


def test_other_measures_and_preprocessed_responses_are_not_streamed(monkeypatch):
    monkeypatch.setenv("REPSIM_MEMORY_GB", "0.0115")
    assert not streams(Recipe(A, B, "digits", 600, 0, measure="cka_rbf"))
    assert not streams(Recipe(A, B, "digits", 600, 0, scaling="zscore"))


def test_a_layer_chosen_by_name_decides_what_is_held(monkeypatch):
    monkeypatch.setenv("REPSIM_MEMORY_GB", "0.0115")
    assert not streams(Recipe(A, B, "digits", 600, 0, layers="chosen", rows=("head",), columns=("head",)))
