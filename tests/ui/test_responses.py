"""Responses are kept beside results: the same numbers from the disk, nothing damaged, nothing too large."""

from importlib import import_module

import pytest

from repsim_core.compute.store import Label, Store
from repsim_ui import responses
from repsim_ui.recipes import Recipe

store_of_layers = import_module("repsim_core.activations.store")
RECIPE = Recipe("zoo/digits-cnn-s10", "zoo/digits-cnn-s11", "digits", 40, 1)


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "results", 10**8)


@pytest.fixture
def no_models(monkeypatch):
    def forbidden(*arguments, **options):
        raise AssertionError("a forward pass was not needed")

    monkeypatch.setattr(store_of_layers, "extract", forbidden)


def same(one, other):
    assert (one.model, one.dataset, one.stimuli, one.layers) == (
        other.model,
        other.dataset,
        other.stimuli,
        other.layers,
    )
    assert (one.pooling, one.recipe, one.notes) == (other.pooling, other.recipe, other.notes)
    for layer in one:
        assert one[layer].fingerprint == other[layer].fingerprint


def test_they_come_back_bit_for_bit(store, request):
    first = responses.kept_or_extracted(store, RECIPE, "a")
    request.getfixturevalue("no_models")
    same(responses.kept_or_extracted(store, RECIPE, "a"), first)
    another_measure = Recipe(**{**RECIPE.__dict__, "measure": "cka_rbf"})
    same(responses.kept(store, another_measure, "a"), first)


@pytest.mark.parametrize(
    "changed", [{"n": 41}, {"seed": 2}, {"pooling": "mean"}, {"layers": "all"}, {"a": "zoo/digits-cnn-s12"}]
)
def test_another_request_is_another_file(store, changed):
    responses.kept_or_extracted(store, RECIPE, "a")
    assert responses.kept(store, Recipe(**{**RECIPE.__dict__, **changed}), "a") is None


def test_a_damaged_file_is_extracted_again(store):
    first = responses.kept_or_extracted(store, RECIPE, "b")
    path = max(store.folder.glob("beside-*.result"), key=lambda one: one.stat().st_size)
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)
    same(responses.kept_or_extracted(store, RECIPE, "b"), first)


def test_what_is_too_large_is_not_kept(tmp_path):
    store = Store(tmp_path / "results", 10**6)
    assert len(responses.kept_or_extracted(store, RECIPE, "a")) == 7
    assert list(store.folder.glob("beside-*")) == []


def test_some_layers_are_read_alone_and_another_selection_runs_only_what_is_missing(store, monkeypatch):
    first = responses.kept_or_extracted(store, RECIPE, "a")
    some = list(first)[1:3]
    assert list(responses.kept(store, RECIPE, "a", some)) == some
    assert responses.kept(store, RECIPE, "a", ["no such layer"]) is None

    run = []
    extract = store_of_layers.extract

    def counted(model, data, layers, **options):
        run.append(layers)
        return extract(model, data, layers, **options)

    monkeypatch.setattr(store_of_layers, "extract", counted)
    every = responses.kept_or_extracted(store, Recipe(**{**RECIPE.__dict__, "layers": "all"}), "a")
    assert run == [[name for name in every if name not in first.layers]]
    for name in first:
        assert every[name].fingerprint == first[name].fingerprint


def test_they_are_evicted_before_results(tmp_path):
    store = Store(tmp_path / "results", 1200)
    store.put(b"0" * 300, Label("result", "layer_map", "", 0.0))
    store.put(b"0" * 300, Label("beside-x", "responses", "", 0.0))
    store.put(b"0" * 300, Label("newer", "layer_map", "", 0.0))
    assert [key for key in ("result", "beside-x", "newer") if store.label(key)] == ["result", "newer"]


def test_a_recipe_survives_json():
    asked = Recipe("a", "b", "d", 5, 0, layers="chosen", rows=("x",), columns=("y", "z"), options=(("scale", 0.5),))
    assert Recipe.from_json(asked.to_json()) == asked
    assert asked.to_json()["columns"] == ["y", "z"]
