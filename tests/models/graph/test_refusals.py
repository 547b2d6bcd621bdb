"""Archives that must be refused in one line, and never through torch's own loader."""

import json
import re
import zipfile

import pytest
import torch

from repsim_core.errors import BudgetError, FormatError, InputError
from repsim_core.limits import LIMITS
from repsim_core.models import from_file
from repsim_core.models.graph import from_graph_file
from tests.corpus.exported import (
    MODEL,
    WEIGHTS,
    argument,
    doctored,
    members,
    node,
    nodes,
    program,
    write,
)
from tests.corpus.graphs import BAD


@pytest.mark.parametrize("bad", BAD, ids=lambda one: one.id)
def test_bad_archives_are_refused_in_one_line(bad, tmp_path):
    path = tmp_path / bad.name
    bad.make(path)
    with pytest.raises((FormatError, BudgetError), match=bad.expected) as refusal:
        from_graph_file(path)
    text = str(refusal.value)
    assert text.startswith("net.pt2: ")
    assert text.endswith(".")
    assert "\n" not in text
    assert len(text) < 500


def _objects(value, path=()):
    """Every object of a document, one of each kind of place."""
    if isinstance(value, dict):
        yield path
        for key, one in value.items():
            yield from _objects(one, (*path, key))
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from _objects(one, (*path, number))


def _levels():
    places = {}
    for member, document in ((MODEL, program()), (WEIGHTS, json.loads(members()[WEIGHTS]))):
        free = {"tensor_values", "sym_int_values", "config", "range_constraints"}
        for path in _objects(document):
            general = tuple(
                "*" if isinstance(one, int) or (at and path[at - 1] in free) else one for at, one in enumerate(path)
            )
            places.setdefault((member, general), path)
    return places


@pytest.mark.parametrize("level", _levels(), ids=lambda one: ".".join(map(str, one[1])) or "top")
def test_an_unknown_entry_is_refused_at_every_level(level, tmp_path):
    member, _ = level
    place = _levels()[level]

    def edit(document):
        found = document
        for step in place:
            found = found[step]
        found["surprise"] = None

    path = tmp_path / "net.pt2"
    doctored(edit, member=member)(path)
    with pytest.raises(FormatError, match=r"surprise|has 2 entries, wanted exactly one"):
        from_graph_file(path)


def test_another_major_version_is_refused_with_the_torch_to_use(tmp_path):
    path = tmp_path / "net.pt2"
    doctored(lambda one: one["schema_version"].update(major=9))(path)
    wanted = rf"it is of version 9 of the export format \(torch {re.escape(torch.__version__)}\), wanted 8; "
    with pytest.raises(FormatError, match=wanted + r"export it with torch 2\.10 to 2\.\d+\.\d+: torch\.export\.save"):
        from_graph_file(path)
    doctored(lambda one: one["schema_version"].update(minor=99))(path)
    assert from_graph_file(path).input_shape == (1, 8, 8)
    doctored(lambda one: one.update(torch_version="2.9.1"))(path)
    with pytest.raises(FormatError, match=r"it was exported by torch 2\.9\.1, wanted 2\.10 or later \(this is 2\."):
        from_graph_file(path)


def _set(document, path, value):
    for step in path[:-1]:
        document = document[step]
    document[path[-1]] = value


GRAPH = ("graph_module", "graph")
ROOT = ("graph_module", "module_call_graph", 0, "signature")


def _twice(document):
    nodes(document).insert(1, nodes(document)[0])


def _early(document):
    found = nodes(document)
    found.insert(0, found.pop())


def _without_meta(document):
    document["graph_module"]["graph"]["tensor_values"].pop("conv2d")


def _without_size(document):
    document["graph_module"]["graph"]["sym_int_values"].clear()


def _wrong_shape(document):
    document["graph_module"]["graph"]["tensor_values"]["conv2d"]["sizes"][1] = {"as_int": 5}


def _wrong_size(document):
    size = next(iter(document["graph_module"]["graph"]["sym_int_values"].values()))
    size["as_expr"]["expr_str"] = "s77 + 1"


def _lying_rows(document):
    """Two rows are joined into one where the graph declares a row each."""
    found = node(document, "linear")["outputs"][0]["as_tensor"]["name"]
    document["graph_module"]["graph"]["tensor_values"][found]["sizes"][0] = {"as_int": 2}


def _weight_in_place(document):
    node(document, "relu_")["inputs"][0]["arg"] = {"as_tensor": {"name": "p_norm_weight"}}


def _joined(document):
    """The batch of an output declared as twice what it is."""
    for one in document["graph_module"]["signature"]["output_specs"]:
        meta = document["graph_module"]["graph"]["tensor_values"][one["user_output"]["arg"]["as_tensor"]["name"]]
        meta["sizes"][0]["as_expr"]["expr_str"] = "s77 * 2"


def _named(name):
    def edit(document):
        for one in nodes(document):
            if stack := one["metadata"].get("nn_module_stack"):
                one["metadata"]["nn_module_stack"] = stack.replace(",conv,", f",{name},")

    return edit


def _argument(target, name, value):
    def edit(document):
        argument(document, target, name)["arg"] = value

    return edit


def _new_argument(name):
    def edit(document):
        node(document, "relu_")["inputs"].append({"name": name, "arg": {"as_int": 1}, "kind": 1})

    return edit


def _without_argument(document):
    node(document, "conv2d")["inputs"].pop(1)


def _at(*path, value):
    return lambda document: _set(document, path, value)


ODD = [
    (_at("guards_code", value=3), r"model\.guards_code is 3, wanted a list"),
    (_at("opset_version", value=[]), r"model\.opset_version is \[\], wanted an object"),
    (_at("schema_version", "minor", value=True), r"model\.schema_version\.minor is True, wanted int"),
    (
        _at("schema_version", "minor", value=2**70),
        r"schema_version\.minor is 1180591620717411303424, wanted a number of",
    ),
    (_at("graph_module", value=[]), r"model\.graph_module is \[\], wanted an object \(GraphModule\)"),
    (_argument("batch_norm", "eps", {"as_float": "big"}), r"as_float is 'big', wanted a number"),
    (lambda one: one.pop("range_constraints") and None, r"model lacks the entry 'range_constraints'"),
    (_twice, r"the graph makes 'sym_size_int_\d+' twice; export again"),
    (_early, r"the graph uses 'linear' before it is made; export again"),
    (_without_meta, r"the graph does not say what conv2d is; export again"),
    (_without_size, r"the graph does not say what the size 'sym_size_int_\d+' is; export again"),
    (
        _wrong_shape,
        r"conv2d is float32 of shape \(2, 4, 8, 8\) where the graph declares \(2, 5, 8, 8\) for a batch of 2",
    ),
    (_lying_rows, r"linear is float32 of shape \(3, 3\) where the graph declares \(2, 3\) for a batch of 3"),
    (_weight_in_place, r"it changes its own weights as it runs: it was exported in training mode"),
    (_argument("batch_norm", "training", {"as_bool": True}), r"batch_norm\.default has training=True: it was exported"),
    (_joined, r"its output has shape \(batch, 3\) without a row for each stimulus; export the network"),
    (_wrong_size, r"the graph (cannot run|declares another size)"),
    (_named("a\u202eb"), r"the graph names a module or weight 'a\\\\u202eb', which is no name that can be shown"),
    (_named("a..b"), r"the graph names a module or weight 'a\.\.b', which is no name that can be shown"),
    (_named("a,b"), r"the graph places a node in 'L__self__conv,a,b,.*', which is no module"),
    (_argument("conv2d", "stride", {"as_string": "$(ls)"}), r"an argument that is not taken: string '\$\(ls\)'"),
    (_argument("conv2d", "stride", {"as_sym_int": {"as_name": "s"}}), r"the graph uses the size 's' before it is made"),
    (_argument("conv2d", "stride", {"as_ints": [0, 0]}), r"the graph cannot run \(.*\); export again"),
    (_argument("conv2d", "stride", {"as_bool": True}), r"the graph cannot run \(.*\); export again"),
    (_new_argument("self"), r"relu_\.default has the argument 'self' twice"),
    (_new_argument("other"), r"relu_\.default has no argument 'other'"),
    (_without_argument, r"conv2d\.default lacks its argument 'weight'"),
    (_at(*ROOT, "out_spec", value="[2, null]"), r"the structure of the output is written in version 2, wanted 1"),
    (_at(*ROOT, "out_spec", value="[[["), r"the structure of the output cannot be read"),
    (_at(*ROOT, "out_spec", value="[1, {}]"), r"the structure of the output cannot be read"),
    (
        _at(*ROOT, "out_spec", value='[1, {"type": "builtins.tuple", "context": "null", "children_spec": []}]'),
        r"it returns 1 values in a structure for 0; export again",
    ),
    (
        _at(*ROOT, "in_spec", value='[1, {"type": "builtins.tuple", "context": "null", "children_spec": []}]'),
        r"its input is no single tensor; wrap the network so that it takes one",
    ),
    (_at("graph_module", "module_call_graph", value=[]), r"it does not say how the network is called; export again"),
    (_at(*GRAPH, "inputs", value=[]), r"its list of inputs does not agree with its signature; export again"),
]


@pytest.mark.parametrize(("edit", "expected"), ODD, ids=lambda one: one[:40] if isinstance(one, str) else "")
def test_odd_descriptions_are_refused(edit, expected, tmp_path):
    path = tmp_path / "net.pt2"
    doctored(lambda document: edit(document) and None)(path)
    with pytest.raises(FormatError, match=expected):
        from_graph_file(path)


def _without(name):
    return {one: raw for one, raw in members().items() if one != name}


def _with_text(text):
    return dict(members()) | {MODEL: text}


OTHER = [
    (lambda: _without(MODEL), r"the archive holds 0 networks, wanted one"),
    (lambda: dict(members()) | {"small/models/b.json": b"{}"}, r"the archive holds 2 networks, wanted one"),
    (lambda: dict(members()) | {"other/a": b""}, r"the archive has 2 folders at its root where torch writes one"),
    (lambda: dict(members()) | {"small/byteorder": b"big"}, r"byteorder is 'big', wanted 'little'"),
    (lambda: dict(members()) | {"small/archive_format": b"pt3"}, r"archive_format is 'pt3', wanted 'pt2'"),
    (lambda: _without("small/byteorder"), r"byteorder is missing"),
    (lambda: _without(WEIGHTS), r"data/weights/model_weights_config\.json is missing"),
    (lambda: _without("small/data/weights/weight_0"), r"the numbers 'weight_0' are not in data/weights"),
    (
        lambda: _with_text(b"{"),
        r"models/model\.json is no JSON that torch writes \(it is damaged, or nested too deep\)",
    ),
    (lambda: _with_text(b"[" * 100_000), r"models/model\.json is no JSON that torch writes \(it is damaged, or nested"),
    (lambda: _with_text(b'{"a": 1, "a": 2}'), r"is no JSON that torch writes \(a key stands twice\)"),
    (lambda: _with_text(b'{"a": NaN}'), r"is no JSON that torch writes \(it holds NaN\)"),
    (lambda: _with_text(b'{"a": ' + b"9" * 5000 + b"}"), r"is no JSON that torch writes"),
    (lambda: _with_text(b"[]"), r"it is of version None of the export format \(torch unknown\), wanted 8"),
]


@pytest.mark.parametrize(("content", "expected"), OTHER, ids=lambda one: one[:40] if isinstance(one, str) else "")
def test_odd_archives_are_refused(content, expected, tmp_path):
    path = tmp_path / "net.pt2"
    write(path, content())
    with pytest.raises(FormatError, match=r"^net\.pt2: .*" + expected):
        from_graph_file(path)


WEIGHT = [
    ({"sizes": [{"as_int": -1}]}, r"conv\.weight has sizes that are no plain numbers from 0 to 2\^31"),
    ({"storage_offset": {"as_int": 2**40}}, r"conv\.weight has sizes that are no plain numbers"),
    ({"storage_offset": {"as_int": 1}}, r"conv\.weight claims 148 bytes and has 144; export again"),
    ({"strides": []}, r"conv\.weight has 4 axes and 0 strides \(limit 8\)"),
    ({"strides": [{"as_int": one} for one in (9, 9, 1, 1)]}, r"conv\.weight is expanded"),
    ({"layout": 1}, r"conv\.weight is no dense tensor of a common type"),
    ({"device": {"type": "meta", "index": None}}, r"conv\.weight is no dense tensor of a common type"),
    ({"dtype": 8}, r"conv\.weight claims 288 bytes and has 144"),
]


@pytest.mark.parametrize(("meta", "expected"), WEIGHT)
def test_what_a_weight_claims_is_held_against_its_bytes(meta, expected, tmp_path):
    path = tmp_path / "net.pt2"
    doctored(lambda one: one["config"]["conv.weight"]["tensor_meta"].update(meta), member=WEIGHTS)(path)
    with pytest.raises(FormatError, match=expected):
        from_graph_file(path)


def test_weights_that_are_not_finite_are_named(tmp_path):
    path = tmp_path / "net.pt2"
    write(path, dict(members()) | {"small/data/weights/weight_0": b"\xff" * 144})
    with pytest.raises(FormatError, match=r"data/weights: conv\.weight holds NaN or infinity; train and export again"):
        from_graph_file(path)


def test_a_weight_the_file_lacks_is_named(tmp_path):
    path = tmp_path / "net.pt2"
    doctored(lambda one: one["config"].pop("norm.bias") and None, member=WEIGHTS)(path)
    with pytest.raises(FormatError, match=r"the graph uses the weight 'norm\.bias', which the file does not hold"):
        from_graph_file(path)


def test_limits_on_weights_are_kept_before_a_byte_is_read(tmp_path, monkeypatch):
    path = tmp_path / "net.pt2"
    doctored()(path)
    monkeypatch.setattr("repsim_core.models.graph.weights.LIMITS", type(LIMITS)(parameter_bytes=1000))
    with pytest.raises(BudgetError, match=r"net\.pt2: its weights take 1,604 bytes \(limit 1,000\)"):
        from_graph_file(path)
    monkeypatch.setattr("repsim_core.models.graph.weights.LIMITS", type(LIMITS)(tensors=3))
    with pytest.raises(BudgetError, match=r"net\.pt2: it has 11 tensors \(limit 3\)"):
        from_graph_file(path)


def test_other_files_and_no_file_are_refused(tmp_path):
    text = tmp_path / "table.pt2"
    text.write_text("a,b\n1,2\n")
    with pytest.raises(
        FormatError, match=r"table\.pt2: it is a csv file, wanted an exported graph: torch\.export\.save"
    ):
        from_graph_file(text)
    with pytest.raises(InputError, match=r"^none\.pt2 cannot be read \(No such file or directory\)\.$"):
        from_graph_file(tmp_path / "none.pt2")


def test_a_refused_graph_does_not_spoil_the_next(tmp_path, small_file):
    for bad in BAD[:5]:
        bad.make(tmp_path / "net.pt2")
        with pytest.raises(InputError):
            from_file(tmp_path / "net.pt2")
    assert from_file(small_file[1]).input_shape == (1, 8, 8)


def test_compressed_members_are_read_as_well(tmp_path, small_file):
    path = tmp_path / "net.pt2"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, raw in members().items():
            archive.writestr(name, raw)
    assert from_graph_file(path).weights_digest == from_graph_file(small_file[1]).weights_digest
