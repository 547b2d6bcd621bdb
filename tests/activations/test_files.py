"""Responses to and from files: what was written is read, and what cannot be read is not written."""

import importlib
import json

import numpy as np
import pytest

from repsim_core import activations, similarity
from repsim_core.errors import BudgetError, FormatError, InputError
from repsim_core.formats import recorded_responses, safetensors_header
from repsim_core.types import LayerActivations, Representation
from tests.corpus.written import claims, npy_claiming

IDS = tuple(f"picture {i}" for i in range(12))


@pytest.fixture
def layers(rng):
    """Three layers whose order is neither that of the alphabet nor of their types."""
    shapes = {"conv": (2, 3, 4), "body.0": (7,), "a": (1,)}
    made = {}
    for name, shape in shapes.items():
        values = rng.normal(size=(12, int(np.prod(shape))))
        made[name] = Representation(values if name == "a" else values.astype(np.float32), IDS, "net", name, shape)
    return LayerActivations("net", "data", IDS, made)


@pytest.mark.parametrize("ending", activations.ENDINGS)
def test_what_is_written_is_read_to_the_bit(layers, tmp_path, ending):
    path = tmp_path / f"net{ending}"
    activations.to_file(layers, path, labels=np.arange(12) % 3, classes=["cat", "dog", "cow"])
    found = activations.from_file(path)
    assert found.layers == layers.layers
    assert found.stimuli == IDS
    assert found.model == "net"
    assert found.notes == ()
    for name, one in layers.items():
        assert found[name].values.dtype == one.values.dtype
        assert np.array_equal(found[name].values, one.values)
        assert found[name].unit_shape == one.unit_shape
        assert not found[name].values.flags.writeable


@pytest.mark.parametrize("ending", activations.ENDINGS)
@pytest.mark.parametrize(
    ("labels", "read", "classes"),
    [
        (["dog", "cat"] * 6, [1, 0] * 6, ("cat", "dog")),
        ([True, False] * 6, [1, 0] * 6, ("False", "True")),
        ([0.5, -1.0] * 6, [0.5, -1.0] * 6, ()),
        ([7, 3] * 6, [1, 0] * 6, ("3", "7")),
    ],
)
def test_labels_of_every_kind_come_back(layers, tmp_path, ending, labels, read, classes):
    path = tmp_path / f"net{ending}"
    activations.to_file(layers, path, labels=np.array(labels))
    found = recorded_responses(path)
    assert found.labels.tolist() == read
    assert found.classes == classes


@pytest.mark.parametrize("ending", activations.ENDINGS)
def test_equal_content_gives_equal_bytes(layers, tmp_path, ending):
    first, second = tmp_path / f"a{ending}", tmp_path / f"b{ending}"
    activations.to_file(layers, first)
    activations.to_file(layers, second)
    assert first.read_bytes() == second.read_bytes()


def test_a_unit_of_more_axes_than_a_file_may_have_is_flattened(tmp_path, rng):
    values = rng.normal(size=(12, 32))
    one = Representation(values, IDS, "net", "deep", (2, 2, 2, 2, 2))
    path = tmp_path / "net.npz"
    activations.to_file(LayerActivations("net", "data", IDS, {"deep": one}), path)
    found = activations.from_file(path)["deep"]
    assert found.unit_shape == (32,)
    assert np.array_equal(found.values, values)


def test_files_of_numpy_and_of_torch_compare_as_the_arrays_do(tmp_path, rng):
    """The recipes of the README: numpy.savez, and safetensors with ids as numbers."""
    from safetensors.numpy import save_file

    x, y = rng.normal(size=(20, 6)).astype(np.float32), rng.normal(size=(20, 3, 2)).astype(np.float32)
    np.savez(tmp_path / "a.npz", **{"conv": x}, ids=np.arange(20), labels=np.arange(20) % 2)
    save_file({"block.0": y, "ids": np.arange(20)}, tmp_path / "b.safetensors")
    a, b = activations.from_file(tmp_path / "a.npz"), activations.from_file(tmp_path / "b.safetensors")
    assert a.stimuli == b.stimuli == tuple(map(str, range(20)))
    matrix = similarity.compare_layers(a, b)
    assert matrix.values[0, 0] == pytest.approx(similarity.score(x, y.reshape(20, -1)), rel=1e-6)  # float32 products


def test_files_without_ids_only_compare_with_as_many_rows(tmp_path, rng):
    """Ids made of row numbers name the number of rows too, so 99 rows never pass for the first 99 of 100."""
    for n in (99, 100):
        np.savez(tmp_path / f"{n}.npz", layer=rng.normal(size=(n, 4)))
    one, other = (activations.from_file(tmp_path / f"{n}.npz") for n in (99, 100))
    assert not set(one.stimuli) & set(other.stimuli)
    assert any("has no ids" in note for note in one.notes)
    with pytest.raises(InputError, match="stimuli"):
        similarity.compare_layers(one, other)


def damaged(rng):
    values = {name: rng.normal(size=(12, 5)) for name in ("a", "b", "c")}
    values["b"][3, 1], values["b"][7, 4], values["c"][7, 0] = np.nan, np.inf, -np.inf
    return values


def test_a_layer_with_nan_stays_with_a_note_and_the_others_are_as_without_it(tmp_path, rng):
    values = damaged(rng)
    path = tmp_path / "net.npz"
    np.savez(path, **values, ids=np.array(IDS))
    found = activations.from_file(path)
    assert found.layers == ("a", "b", "c")
    assert found.notes == (
        "b: 2 of 60 responses are not finite, the first in row 3, unit 1.",
        "c: 1 of 60 responses are not finite, the first in row 7, unit 0.",
        "2 of 12 stimuli have such responses; drop_rows leaves them out in all layers.",
    )
    matrix = similarity.compare_layers(found, found)
    assert matrix.defined.tolist() == [[True, False, False], [False] * 3, [False] * 3]


def test_dropped_rows_are_gone_in_all_layers(tmp_path, rng):
    values = damaged(rng)
    path = tmp_path / "net.npz"
    np.savez(path, **values, ids=np.array(IDS), labels=np.arange(12))
    found = activations.from_file(path, drop_rows=True)
    left = [row for row in range(12) if row not in (3, 7)]
    assert found.stimuli == tuple(IDS[row] for row in left)
    for name in values:
        assert np.array_equal(found[name].values, values[name][left])
    assert found.notes[-1] == "Left out in all layers, for responses that are not finite: 2 of 12 stimuli."


def test_notes_on_many_layers_are_cut_and_counted(tmp_path, rng):
    dead = {f"dead{i}": np.full((12, 2), float(i)) for i in range(50)}
    np.savez(tmp_path / "net.npz", a=rng.normal(size=(12, 5)), **dead, ids=np.array(IDS))
    notes = activations.from_file(tmp_path / "net.npz").notes
    assert len(notes) == 21
    assert notes[-1] == "30 more layers have such a note."


def test_dropping_must_leave_four_stimuli(tmp_path, rng):
    values = rng.normal(size=(6, 5))
    values[:3, 0] = np.nan
    np.savez(tmp_path / "net.npz", a=values, ids=np.arange(6))
    with pytest.raises(FormatError, match=r"net\.npz: 3 of 6 stimuli have responses that are not finite; record them"):
        activations.from_file(tmp_path / "net.npz", drop_rows=True)


def test_the_size_of_all_layers_is_refused_before_any_is_read(tmp_path):
    """A file of holes: a quarter of a gigabyte of int8 on the disk would become more than one in float32."""
    path = tmp_path / "net.npy"
    head = npy_claiming(claims("'|i1'", "(1300, 200000)"))
    with path.open("wb") as stream:
        stream.write(head)
        stream.truncate(len(head) + 1300 * 200_000)
    with pytest.raises(BudgetError, match=r"its 1 layers take 1,040,000,000 bytes \(limit 1,000,000,000\); save fewer"):
        activations.from_file(path)


@pytest.mark.parametrize(
    ("ending", "more", "message"),
    [
        (".pkl", {}, r"net\.pkl must end in \.npz or \.safetensors"),
        (".npz", {"labels": np.arange(3)}, "3 labels for 12 stimuli; give one for each"),
    ],
)
def test_what_cannot_be_written_is_refused(layers, tmp_path, ending, more, message):
    path = tmp_path / f"net{ending}"
    with pytest.raises(InputError, match=message):
        activations.to_file(layers, path, **more)
    assert not path.exists()


def test_a_layer_cannot_take_the_name_of_a_list(tmp_path, rng):
    one = Representation(rng.normal(size=(12, 3)), IDS, "net", "labels")
    with pytest.raises(InputError, match="No layer can be named 'labels' in a file: ids, labels, classes stand beside"):
        activations.to_file(LayerActivations("net", "data", IDS, {"labels": one}), tmp_path / "a.npz")


def test_what_could_not_be_read_back_is_not_written(tmp_path):
    one = Representation(np.zeros((3, 2)), IDS[:3], "net", "a")
    with pytest.raises(BudgetError, match=r"a\.npz holds responses to 3 stimuli \(4 to 20,000 are read\)"):
        activations.to_file(LayerActivations("net", "data", IDS[:3], {"a": one}), tmp_path / "a.npz")
    assert not (tmp_path / "a.npz").exists()


@pytest.mark.parametrize("drop", [False, True])
def test_an_import_writes_what_reads_the_same_and_tells_it_in_json(tmp_path, rng, drop):
    imported = importlib.import_module("repsim_core.activations.from_file").imported
    np.savez(tmp_path / "net.npz", **damaged(rng), labels=np.array(["dog", "cat"] * 6))
    facts = imported(tmp_path / "net.npz", tmp_path, drop_rows=drop)
    n = 10 if drop else 12
    assert json.loads(json.dumps(facts, allow_nan=False)) == facts
    assert facts["kind"] == "activations"
    assert facts["title"] == "net"
    assert facts["layers"][0] == {"name": "a", "shape": [5], "dtype_bytes": 8}
    described = "3 layers recorded on 12 stimuli".replace("12", str(n))
    expected = {
        "description": described,
        "size": n,
        "task": "classification",
        "classes": ["cat", "dog"],
        "has_ids": False,
    }
    assert facts["card"] == expected
    before = activations.from_file(tmp_path / "net.npz", drop_rows=drop)
    after = activations.from_file(tmp_path / "activations.npz")
    assert after.stimuli == before.stimuli
    assert all(np.array_equal(after[name].values, before[name].values, equal_nan=True) for name in "abc")
    assert facts["notes"] == list(before.notes)


def test_safetensors_written_here_pass_their_own_check(layers, tmp_path):
    activations.to_file(layers, tmp_path / "a.safetensors", labels=np.arange(12))
    assert set(safetensors_header(tmp_path / "a.safetensors")) == {"conv", "body.0", "a", "labels"}
