"""The ways to code of ``torch.export.load``, numbered as the safety design numbers them: none is taken."""

import builtins
import importlib
import json
import pickle
from contextlib import contextmanager

import pytest
import sympy
import torch
import torch.export.pt2_archive._package

from repsim_core.errors import FormatError
from repsim_core.models.graph import from_graph_file
from tests.corpus.exported import CONSTANTS, WEIGHTS, doctored, node, small, write
from tests.corpus.graphs import PICKLE


@pytest.fixture(autouse=True)
def _imported_before(small_file):
    """All imports of the honest way are done, which would go through exec."""
    from_graph_file(small_file[1])


@contextmanager
def no_way_to_code():
    """Whatever torch's loader would reach code by fails loudly."""

    def forbidden(*arguments, **named):
        raise AssertionError(f"reached {arguments[:1]}")

    places = (
        *((pickle, one) for one in ("load", "loads", "Unpickler")),
        *((builtins, one) for one in ("eval", "exec", "compile")),
        *((torch, one) for one in ("load", "jit")),
        (torch.export, "load"),
        (torch.export.pt2_archive._package, "load_pt2"),
        (torch._C, "_pickle_load_obj"),
        (torch._C, "PyTorchFileReader"),
        (torch.ops, "load_library"),
        (importlib, "import_module"),
        (sympy, "sympify"),
    )
    with pytest.MonkeyPatch.context() as patch:
        for module, name in places:
            patch.setattr(module, name, forbidden)
        yield


def _renamed_everywhere(name):
    def edit(document):
        return json.loads(json.dumps(document).replace('"name": "conv2d"', f'"name": "{name}"'))

    return edit


def _sympy(document):
    next(iter(document["graph_module"]["graph"]["sym_int_values"].values()))["as_expr"]["expr_str"] = "len([1, 2, 3])"


def _resolved(document):
    node(document, "relu_")["target"] = "torch.os.getpid"


def _guarded(document):
    document["guards_code"] = ["ring()"]


def _enum(document):
    leaf = {"type": None, "context": None, "children_spec": []}
    entry = {"type": "enum", "context": '["tests.corpus.tripwire", "A"]', "children_spec": [leaf]}
    document["graph_module"]["module_call_graph"][0]["signature"]["in_spec"] = json.dumps([1, entry])


def _from_file(document):
    found = node(document, "relu_")
    found["target"] = "torch.ops.aten.from_file.default"
    found["inputs"] = [{"name": "filename", "arg": {"as_string": "/etc/hostname"}, "kind": 1}]


def _pickled(document):
    next(iter(document["config"].values()))["use_pickle"] = True


def _object(path):
    def edit(document):
        document["config"]["thing"] = {"path_name": path, "is_param": False, "use_pickle": False, "tensor_meta": None}

    return edit


def _legacy(path):
    write(path, {"serialized_exported_program.json": b"{}", "serialized_state_dict.pt": PICKLE, "version": b"8.20"})


NINE = {
    "1-legacy-weights": doctored(add={"data/weights/model.pt": PICKLE}),
    "1-legacy-constants": doctored(add={"data/constants/model.pt": PICKLE}),
    "2-pickled-weight": doctored(_pickled, member=WEIGHTS),
    "2-pickled-constant": doctored(_pickled, member=CONSTANTS),
    "3-opaque": doctored(_object("opaque_obj_0"), member=CONSTANTS, add={"data/constants/opaque_obj_0": PICKLE}),
    "4-custom": doctored(_object("custom_obj_0"), member=CONSTANTS, add={"data/constants/custom_obj_0": PICKLE}),
    "5-library": doctored(add={"data/aotinductor/model/wrapper.so": b"\x7fELF"}),
    "6-sympify": doctored(_sympy),
    "7-target": doctored(_resolved),
    "8-guards": doctored(_guarded),
    "9-source": doctored(_renamed_everywhere("x; ring()")),
    "also-treespec": doctored(_enum),
    "also-from-file": doctored(_from_file),
    "also-old-form": _legacy,
}


@pytest.mark.parametrize("way", NINE)
def test_no_way_to_code_of_torchs_loader_is_taken(way, tmp_path):
    path = tmp_path / "net.pt2"
    NINE[way](path)
    with no_way_to_code(), pytest.raises(FormatError, match=r"^net\.pt2: "):
        from_graph_file(path)


def test_sample_inputs_are_never_opened(tmp_path):
    path = tmp_path / "net.pt2"
    doctored(add={"data/sample_inputs/model.pt": PICKLE, "extra/notes.txt": PICKLE})(path)
    with no_way_to_code():
        model = from_graph_file(path)
    batch = torch.rand(4, 1, 8, 8)
    assert torch.equal(model.module(batch), small()(batch))


def test_an_operator_that_opens_files_leaves_none_behind(tmp_path):
    target = tmp_path / "made"

    def edit(document):
        _from_file(document)
        found = node(document, "from_file")
        found["inputs"] = [
            {"name": "filename", "arg": {"as_string": str(target)}, "kind": 1},
            {"name": "shared", "arg": {"as_bool": True}, "kind": 1},
            {"name": "size", "arg": {"as_int": 4}, "kind": 1},
        ]

    path = tmp_path / "net.pt2"
    doctored(edit)(path)
    with (
        no_way_to_code(),
        pytest.raises(FormatError, match=r"aten\.from_file\.default, which is not among"),
    ):
        from_graph_file(path)
    assert not target.exists()
