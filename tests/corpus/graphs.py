"""Exported graphs that must be refused: numbers 56 to 63 of the list, and the ways to code of torch's own loader."""

import json
from collections import defaultdict

import torch
from torch import nn

from tests.corpus import Bad
from tests.corpus.exported import CONSTANTS, OPEN, WEIGHTS, argument, doctored, export, node, nodes

PICKLE = b"ctests.corpus.tripwire\nring\n(tR."


def _entry(**changes):
    """Change the first entry of a list of weights."""

    def edit(document):
        next(iter(document["config"].values())).update(changes)

    return edit


def _meta(**changes):
    def edit(document):
        next(iter(document["config"].values()))["tensor_meta"].update(changes)

    return edit


def _whole(*numbers):
    return [{"as_int": one} for one in numbers]


def _constant(name, path):
    """A constant that is an object in a member of its own."""

    def edit(document):
        document["config"][name] = {"path_name": path, "is_param": False, "use_pickle": True, "tensor_meta": None}

    return doctored(edit, member=CONSTANTS, add={f"data/constants/{path}": PICKLE})


def _target(target):
    def edit(document):
        node(document, "relu_")["target"] = target

    return doctored(edit)


def _size(text):
    def edit(document):
        values = document["graph_module"]["graph"]["sym_int_values"]
        next(iter(values.values()))["as_expr"]["expr_str"] = text

    return doctored(edit)


def _renamed(name):
    """The input of the network under another name, wherever it stands."""

    def edit(document):
        text = (
            json.dumps(document)
            .replace('"name": "x"', f'"name": {json.dumps(name)}')
            .replace('"x": {', f"{json.dumps(name)}: {{")
        )
        return json.loads(text)

    return doctored(edit)


def _structure(kind, context, key="out_spec"):
    def edit(document):
        leaf = {"type": None, "context": None, "children_spec": []}
        spec = json.dumps([1, {"type": kind, "context": context, "children_spec": [leaf]}])
        document["graph_module"]["module_call_graph"][0]["signature"][key] = spec

    return doctored(edit)


def _guards(document):
    document["guards_code"] = ["__import__('tests.corpus.tripwire').ring()"]


def _training(document):
    argument(document, "dropout", "train")["arg"] = {"as_bool": True}


def _mutation(document):
    specs = document["graph_module"]["signature"]["output_specs"]
    specs.insert(0, {"buffer_mutation": {"arg": {"name": "linear"}, "buffer_name": "norm.running_mean"}})


def _many(document):
    graph = nodes(document)
    graph += graph[:1] * 5001


def _too_wide(document):
    """A convolution padded to a picture of 10 gigabytes."""
    argument(document, "conv2d", "padding")["arg"] = {"as_ints": [12_500, 12_500]}


def _exported(network, example, dynamic_shapes=OPEN, *, training=False):
    def make(path):
        torch.manual_seed(0)
        export(network().train(training), example, path, dynamic_shapes)

    return make


class _Two(nn.Module):
    def forward(self, x, y):
        return x + y


class _Counting(nn.Module):
    """Keeps a sum of what it saw, in evaluation mode too."""

    def __init__(self):
        super().__init__()
        self.register_buffer("seen", torch.zeros(4))

    def forward(self, x):
        self.seen.view(2, 2).view(4).add_(1.0)
        return x + self.seen


class _Table(nn.Module):
    def forward(self, x):
        out = defaultdict(list)
        out["logits"] = x * 2
        return out


class _Sum(nn.Module):
    def forward(self, x):
        return x.sum(dim=0)


_IMAGES = (torch.zeros(3, 1, 8, 8),)
_PLAIN = (torch.zeros(3, 4),)


def _norm():
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))


def _bad(number, what, make, expected):
    return Bad(f"{number}-{what}", "net.pt2", make, expected)


_PICKLED = r"is a pickled object; only weights as raw numbers are taken\."
_OBJECT = r"holds a pickled object; only weights and operators are taken: export again: torch\.export\.save"
_LISTED = r"which is not among the \d+ operators that are taken; save the weights of a known architecture"
_SIZE = r"is not made of whole numbers, one symbol and \+ - \* // alone\."
_WRAP = r"wrap the network so that it returns a tensor, or a plain tuple, list or dict of tensors\."
_EVAL = r"it was exported in training mode, .*; call model\.eval\(\) first: torch\.export\.save"
_DIM = r'torch\.export\.Dim\("batch"\)'

BAD = [
    _bad(
        56, "use-pickle", doctored(_entry(use_pickle=True), member=WEIGHTS), r"data/weights: conv\.weight " + _PICKLED
    ),
    _bad(56, "custom-object", _constant("thing", "custom_obj_0"), r"data/constants/custom_obj_0 " + _OBJECT),
    _bad(56, "opaque-object", _constant("thing", "opaque_obj_0"), r"data/constants/opaque_obj_0 " + _OBJECT),
    _bad(
        56,
        "pickled-constant",
        doctored(_entry(use_pickle=True), member=CONSTANTS),
        r"data/constants: .* " + _PICKLED,
    ),
    _bad(
        56,
        "legacy-weights",
        doctored(add={"data/weights/model.pt": PICKLE}),
        r"data/weights/model\.pt holds pickled tensors \(an export by torch before 2\.10\)",
    ),
    _bad(
        57,
        "compiled",
        doctored(add={"data/aotinductor/model/model.so": b"\x7fELF"}),
        r"data/aotinductor/model/model\.so holds compiled code, which would run as it is",
    ),
    _bad(57, "another-runtime", doctored(add={"executorch/model.pte": b"0"}), r"is made for another runtime"),
    _bad(57, "another-member", doctored(add={"run.sh": b"#!/bin/sh"}), r"run\.sh is no part of an exported network"),
    _bad(58, "target-math", _target("torch.math.sqrt"), r"the graph calls torch\.math\.sqrt, " + _LISTED),
    _bad(58, "target-os", _target("torch.os.getpid"), r"the graph calls torch\.os\.getpid, " + _LISTED),
    _bad(58, "target-from-file", _target("torch.ops.aten.from_file.default"), r"aten\.from_file\.default, " + _LISTED),
    _bad(58, "target-save", _target("torch.ops.aten.save.default"), r"aten\.save\.default, " + _LISTED),
    _bad(
        58, "target-unknown", _target("torch.ops.mine.spell.default"), r"torch\.ops\.mine\.spell\.default, " + _LISTED
    ),
    _bad(58, "target-random", _target("torch.ops.aten.rand_like.default"), r"aten\.rand_like\.default, " + _LISTED),
    _bad(58, "target-empty", _target("torch.ops.aten.empty_like.default"), r"aten\.empty_like\.default, " + _LISTED),
    _bad(59, "size-call", _size("len([1])"), r"the size expression 'len\(\[1\]\)' " + _SIZE),
    _bad(59, "size-power", _size("9**9**9"), r"the size expression '9\*\*9\*\*9' " + _SIZE),
    _bad(59, "size-attribute", _size("s77.__class__"), r"the size expression 's77\.__class__' " + _SIZE),
    _bad(59, "size-long", _size("+".join(["1"] * 10_000)), r"a size expression has 19,999 characters \(limit 300\)"),
    _bad(59, "size-other-symbol", _size("s1"), r"depends on something besides the batch; leave the batch alone open"),
    _bad(
        60, "guards", doctored(_guards), r"it carries guards, which are lines of Python to be executed; export it with"
    ),
    _bad(60, "name-with-space", _renamed("x y"), r"the graph names a value 'x y', which is no identifier\."),
    _bad(60, "name-is-keyword", _renamed("lambda"), r"the graph names a value 'lambda', which is no identifier\."),
    _bad(
        61,
        "structure-enum",
        _structure("enum", '["tests.corpus.tripwire", "Kind", "A"]'),
        r"the output of the network is a enum; " + _WRAP,
    ),
    _bad(
        61,
        "structure-defaultdict",
        _structure("collections.defaultdict", '["list", []]'),
        r"the output of the network is a collections\.defaultdict; " + _WRAP,
    ),
    _bad(
        61,
        "structure-namedtuple",
        _structure("tests.corpus.tripwire.Pair", "null", "in_spec"),
        r"the input of the network is a tests\.corpus\.tripwire\.Pair; " + _WRAP,
    ),
    _bad(
        62,
        "stride-beyond",
        doctored(_meta(strides=_whole(900, 9, 3, 1)), member=WEIGHTS),
        r"data/weights: conv\.weight claims 10,836 bytes and has 144; export again\.",
    ),
    _bad(
        62,
        "expanded",
        doctored(_meta(sizes=_whole(10**9), strides=_whole(0)), member=WEIGHTS),
        r"conv\.weight is expanded: \(1000000000,\) with strides \(0,\) uses bytes more than once\.",
    ),
    _bad(
        62,
        "path-out",
        doctored(_entry(path_name="../models/model.json"), member=WEIGHTS),
        r"the numbers '\.\./models/model\.json' are not in data/weights; export again",
    ),
    _bad(62, "dtype", doctored(_meta(dtype=9), member=WEIGHTS), r"conv\.weight is no dense tensor of a common type"),
    _bad(
        63,
        "training",
        _exported(_norm, _IMAGES, training=True),
        r"it changes its own weights as it runs: " + _EVAL,
    ),
    _bad(63, "training-dropout", doctored(_training), r"dropout\.default has train=True: " + _EVAL),
    _bad(63, "training-mutation", doctored(_mutation), r"its outputs include a buffer mutation: " + _EVAL),
    _bad(63, "training-buffer", _exported(_Counting, _PLAIN), r"it changes its own weights as it runs: " + _EVAL),
    _bad(
        63,
        "fixed-batch",
        _exported(lambda: nn.Linear(4, 2), _PLAIN, None),
        r"it was exported for batches of 3 and nothing else; leave the batch open: .*" + _DIM,
    ),
    _bad(
        63,
        "small-batch",
        _exported(lambda: nn.Linear(4, 2), _PLAIN, ({0: torch.export.Dim("batch", min=2, max=16)},)),
        r"it was exported for batches of 2 to 16 \(2 to 128 are needed\); leave the batch open: .*" + _DIM,
    ),
    _bad(
        63,
        "open-size",
        _exported(
            lambda: nn.Conv2d(1, 2, 3),
            _IMAGES,
            ({0: torch.export.Dim("batch"), 2: torch.export.Dim("height", min=4)},),
        ),
        r"its input has more than one open size; leave the batch alone open: .*" + _DIM,
    ),
    _bad(
        63,
        "two-inputs",
        _exported(_Two, _PLAIN * 2, OPEN * 2),
        r"it takes 2 inputs, wanted one; wrap the network so that it takes one tensor\.",
    ),
    _bad(
        63,
        "integer-input",
        _exported(lambda: nn.Embedding(5, 3), (torch.zeros(3, 4, dtype=torch.int64),)),
        r"its input is int64, wanted float32: pixels in \[0, 1\] or measurements",
    ),
    _bad(
        63,
        "input-axes",
        _exported(lambda: nn.Linear(4, 2), (torch.zeros(3, 5, 4),)),
        r"its input has shape \(5, 4\) without the batch, wanted \(channels, height, width\) with 1 or 3 channels",
    ),
    _bad(
        63,
        "output-class",
        _exported(_Table, _PLAIN),
        r"the output of the network is a collections\.defaultdict; " + _WRAP,
    ),
    _bad(
        63,
        "output-without-rows",
        _exported(_Sum, _PLAIN),
        r"its output has shape \(4\) without a row for each stimulus; export the network without what sums over",
    ),
    _bad("63b", "nodes", doctored(_many), r"the graph has 5,0\d\d nodes \(limit 5,000\); export a smaller network\."),
    _bad(
        "63b",
        "node-output",
        doctored(_too_wide),
        r"conv2d takes 10,00\d,\d{3},\d{3} bytes a stimulus \(limit 1,000,000,000\); export a smaller network",
    ),
]
