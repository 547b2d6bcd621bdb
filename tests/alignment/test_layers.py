"""All layers of a model: the same numbers as one by one, reasons for layers without one, threads, files."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from repsim_core.alignment import align_layers, label_alignment
from repsim_core.errors import DegenerateError, FormatError, InputError, UnknownNameError
from repsim_core.types import LayerActivations, LayerAlignments, Representation

STIMULI = tuple(f"s{k}" for k in range(20))
Y = np.arange(20) % 2


def activations(rng, **more):
    values = {"a": rng.normal(size=(20, 3)), "dead": np.full((20, 2), 0.5), "b": rng.normal(size=(20, 40))} | more
    layers = {name: Representation(one, STIMULI, "net", name) for name, one in values.items()}
    return LayerActivations("net", "data", STIMULI, layers, recipe={"n": 20})


def test_every_layer_is_what_it_is_alone_and_a_dead_one_has_its_reason(rng):
    layers = activations(rng)
    seen = []
    found = align_layers(layers, Y, progress=lambda done, total: seen.append((done, total)))
    assert list(found) == ["a", "b"]
    assert "b" in found
    assert "dead" not in found
    assert found.reasons == {"dead": "zero_variance"}
    assert found.depths == {"a": 1 / 3, "dead": 2 / 3, "b": 1.0}
    for name in found:
        assert found[name].energies.tolist() == label_alignment(layers[name], Y).energies.tolist()
    assert seen == [(0, 3), (1, 3), (2, 3), (3, 3)]
    assert found.notes == (
        "1 of 2 layers have at least as many directions as stimuli less one (n = 20), first b: all targets lie in "
        "their span, so only the order of the directions says something.",
    )
    parts = []
    align_layers(layers, Y, on_partial=parts.append)
    assert [(list(one), list(one.depths)) for one in parts] == [(["a"], ["a"]), (["a"], ["a", "dead"])]
    with ThreadPoolExecutor(2) as pool:
        assert align_layers(layers, Y, executor=pool).to_bytes() == found.to_bytes()


def test_the_stimuli_themselves_come_first(rng):
    inputs = Representation(rng.normal(size=(20, 4)), STIMULI, "data", "input")
    found = align_layers(activations(rng), Y, inputs=inputs)
    assert list(found) == ["input", "a", "b"]
    assert found.depths["input"] == 0
    assert next(iter(align_layers(activations(rng, input=np.eye(20)), Y, inputs=inputs))) == "(input)"


def test_the_table_has_a_line_a_layer_and_the_reason(rng):
    frame = align_layers(activations(rng), Y, permutations=19).to_frame().set_index("layer")
    assert frame.index.tolist() == ["a", "dead", "b"]
    assert np.isnan(frame.loc["dead", "area"])
    assert frame.loc["dead", "reason"] == "zero_variance"
    assert frame.loc["a", "area"] == pytest.approx(label_alignment(activations(np.random.default_rng(0))["a"], Y).area)
    assert 0 < frame.loc["a", "p"] <= 1


def test_a_result_comes_back_from_its_file(rng, tmp_path):
    found = align_layers(activations(rng), Y, target="parity")
    found.save(tmp_path / "one.npz")
    again = LayerAlignments.load(tmp_path / "one.npz")
    assert again.to_bytes() == found.to_bytes()
    assert again["b"].area == found["b"].area
    assert (again.target, again.recipe, again.notes) == (found.target, found.recipe, found.notes)
    (tmp_path / "no.npz").write_bytes(b"no")
    with pytest.raises(FormatError, match="not a set of RepSim layer alignments"):
        LayerAlignments.load(tmp_path / "no.npz")


def test_what_is_wrong_with_all_layers_is_an_error(rng):
    with pytest.raises(InputError, match="There are no layers to align"):
        align_layers(LayerActivations("net", "data", STIMULI, {}), Y)
    with pytest.raises(DegenerateError, match="The target 'target' is NaN"):
        align_layers(activations(rng), np.full(20, np.nan))
    with pytest.raises(DegenerateError, match="of one class"):
        align_layers(activations(rng), np.zeros(20, int))
    with pytest.raises(UnknownNameError, match="No layer named 'c'"):
        align_layers(activations(rng), Y)["c"]
