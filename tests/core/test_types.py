"""Types: private read-only copies, fingerprints, files without pickle, and their refusals."""

import json

import numpy as np
import pytest

from repsim_core.errors import FormatError, InputError, ShapeError, UnknownNameError, unknown_name
from repsim_core.types import (
    Dataset,
    DatasetCard,
    LayerActivations,
    LayerInfo,
    Representation,
    SimilarityMatrix,
    digest,
)


def representation(values, layer="layer", ids=None):
    return Representation(values, ids or tuple(map(str, range(len(values)))), "toy", layer)


def matrix(**changes):
    content = {
        "values": np.array([[0.5, np.nan], [0.25, 1.0]]),
        "rows": ("=a", "b"),
        "columns": ("c", "d"),
        "measure": "cka",
        "bounds": (-1.0, 1.0),
        "larger_is_more_similar": True,
        "reasons": np.array([["", "zero_variance"], ["", ""]]),
        "chance": np.zeros((2, 2)),
        "n_stimuli": 10,
        "model_a": "A",
        "model_b": "B",
        "dataset": "digits",
        "row_shapes": ((16, 8, 8), (10,)),
        "column_shapes": ((4,), (2,)),
        "recipe": {"seed": 0},
    }
    return SimilarityMatrix(**content | changes)


def test_a_representation_is_a_private_read_only_copy():
    values = np.zeros((3, 2))
    one = representation(values)
    values[:] = 7
    assert (one.values == 0).all()
    with pytest.raises(ValueError, match="read-only"):
        one.values[0, 0] = 1
    assert one.unit_shape == (2,)


def test_the_fingerprint_sees_one_entry_of_a_million_and_every_label(rng):
    values = rng.normal(size=(1000, 600))
    changed = values.copy()
    changed[503, 77] += 1e-9
    prints = {
        representation(values).fingerprint,
        representation(changed).fingerprint,
        representation(values, "other").fingerprint,
        representation(values.astype(np.float32)).fingerprint,
        representation(values, ids=tuple(f"x{i}" for i in range(1000))).fingerprint,
    }
    assert len(prints) == 5
    assert representation(values).fingerprint == representation(np.asfortranarray(values)).fingerprint


def test_digests_do_not_run_parts_together():
    assert digest("ab", "c") != digest("a", "bc")


def test_a_matrix_survives_its_file_to_the_bit(tmp_path):
    one = matrix()
    one.save(tmp_path / "m.npz")
    other = SimilarityMatrix.load(tmp_path / "m.npz")
    assert np.array_equal(one.values, other.values, equal_nan=True)
    assert other._labels() == one._labels()
    assert other.reasons.tolist() == one.reasons.tolist()
    assert other.to_bytes() == one.to_bytes()


def test_json_is_strict_and_undefined_is_null():
    assert json.loads(matrix().to_json())["values"] == [[0.5, None], [0.25, 1.0]]


def test_the_table_has_a_line_per_cell():
    frame = matrix().to_frame()
    assert frame["layer_a"].tolist() == ["=a", "=a", "b", "b"]
    assert frame["cka"].tolist()[2:] == [0.25, 1.0]
    assert frame["reason"].tolist() == ["", "zero_variance", "", ""]


def test_best_matches_skip_what_is_undefined_and_turn_with_the_direction():
    rows, columns = matrix().best_match()
    assert (rows.tolist(), columns.tolist()) == ([0, 1], [0, 1])
    rows, columns = matrix(larger_is_more_similar=False).best_match()
    assert (rows.tolist(), columns.tolist()) == ([0, 0], [1, 1])
    empty = matrix(values=np.full((2, 2), np.nan)).best_match()
    assert [one.tolist() for one in empty] == [[-1, -1], [-1, -1]]


@pytest.mark.parametrize("damage", ["empty", "text", "cut", "pickle", "format"])
def test_a_damaged_file_is_named_and_refused(tmp_path, damage):
    raw = matrix().to_bytes()
    if damage == "format":
        np.savez(
            tmp_path / "m.npz", values=np.zeros(1), chance=np.zeros(1), reasons=np.zeros(1), labels='{"format": "x"}'
        )
        raw = (tmp_path / "m.npz").read_bytes()
    if damage == "pickle":
        np.savez(tmp_path / "m.npz", values=np.array([{}], dtype=object))
        raw = (tmp_path / "m.npz").read_bytes()
    (tmp_path / "m.npz").write_bytes({"empty": b"", "text": b"hello", "cut": raw[: len(raw) // 2]}.get(damage, raw))
    with pytest.raises(FormatError, match=r"m.npz is not a RepSim similarity matrix"):
        SimilarityMatrix.load(tmp_path / "m.npz")


def card(**changes):
    content = {
        "name": "set", "kind": "tabular", "task": "none", "input_shape": (2,), "sizes": {}, "classes": (),
        "description": "", "source": "",
    }  # fmt: skip
    return DatasetCard(**content | changes)


def test_shape_refusals():
    with pytest.raises(ShapeError, match=r"toy/layer: expected \(n_stimuli, n_units\), got shape \(3,\)"):
        representation(np.zeros(3))
    with pytest.raises(ShapeError, match="toy/layer: 2 stimulus ids for 3 rows"):
        representation(np.zeros((3, 1)), ids=("a", "b"))
    with pytest.raises(ShapeError, match=r"chance has shape \(3, 2\), but 2 rows and 2 columns are named"):
        matrix(chance=np.zeros((3, 2)))
    with pytest.raises(ShapeError, match="toy/layer has other stimuli than its siblings"):
        LayerActivations("toy", "set", ("x",), {"layer": representation(np.zeros((1, 1)))})
    with pytest.raises(ShapeError, match="set: 2 inputs, 3 stimulus ids and no labels"):
        Dataset(card(), "test", np.zeros((2, 2)), None, ("a", "b", "c"))
    with pytest.raises(InputError, match="set: stimulus ids repeat"):
        Dataset(card(), "test", np.zeros((2, 2)), None, ("a", "a"))


def test_unknown_names_offer_the_nearest_or_the_list_or_the_count():
    with pytest.raises(UnknownNameError, match=r"No layer named 'laier'\. Did you mean 'layer'"):
        LayerActivations("toy", "set", ("0",), {"layer": representation(np.zeros((1, 1)))})["laier"]
    with pytest.raises(UnknownNameError, match=r"No layer named 'zzz'\. Choose one of: c, d"):
        matrix().value("b", "zzz")
    assert str(unknown_name("thing", "zzz", map(str, range(40)))).endswith("There are 40, from '0' to '39'.")


def test_layer_sizes():
    info = LayerInfo("conv", "Conv2d", (16, 8, 8), 100)
    assert info.units == 1024
    assert info.bytes_for(1000) == 4_096_000
