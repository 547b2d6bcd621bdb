"""A small network exported for the tests, and copies of its archive with one thing changed."""

import copy
import json
import warnings
import zipfile
from functools import lru_cache
from pathlib import Path

import torch
from torch import nn

OPEN = ({0: torch.export.Dim("batch")},)


class Small(nn.Module):
    """Convolution, norm, an in-place ReLU used twice, dropout, a buffer, a constant, a size, and a linear layer."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.relu = nn.ReLU(inplace=True)
        self.block = nn.Sequential(nn.Conv2d(4, 4, 3, padding=1), nn.ReLU(), nn.Dropout(0.5))
        self.head = nn.Linear(4 * 16, 3)
        self.register_buffer("scale", torch.tensor([0.5]), persistent=False)

    def forward(self, x):
        out = self.relu(self.norm(self.conv(x)))
        out = self.relu(self.block(out) - out * self.scale)
        out = nn.functional.max_pool2d(out, 2)
        return self.head(out.view(out.shape[0], -1)) + torch.tensor([1.0, 2.0, 3.0])


def small():
    """The network in evaluation mode, with statistics that are not the initial ones."""
    torch.manual_seed(0)
    network = Small()
    with torch.no_grad():
        network(torch.rand(16, 1, 8, 8))
    return network.eval()


def export(network, example, path, dynamic_shapes=OPEN, **options):
    """Write a network as torch writes it; its warnings are torch's own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.export.save(torch.export.export(network, example, dynamic_shapes=dynamic_shapes, **options), path)


@lru_cache
def members(maker=small, shape=(3, 1, 8, 8), dynamic_shapes=OPEN):
    """Members of the exported archive by name; JSON stays text."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "small.pt2"
        example = shape if isinstance(shape[0], torch.Tensor) else (torch.rand(*shape),)
        export(maker(), example, path, dynamic_shapes)
        with zipfile.ZipFile(path) as archive:
            return {name: archive.read(name) for name in archive.namelist()}


MODEL, WEIGHTS = "small/models/model.json", "small/data/weights/model_weights_config.json"
CONSTANTS = "small/data/constants/model_constants_config.json"


def write(path, content):
    """A plain stored zip."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, raw in content.items():
            archive.writestr(name, raw)


def doctored(edit=None, *, member=MODEL, rename=None, **more):
    """Maker of a copy of which one JSON member was changed in place, members renamed, or members added."""

    def make(path):
        content = dict(members())
        document = json.loads(content[member])
        if edit is not None:
            document = edit(document) or document
        content[member] = json.dumps(document).encode()
        for old, new in (rename or {}).items():
            content[f"small/{new}"] = content.pop(f"small/{old}")
        content |= {f"small/{name}": raw for name, raw in more.get("add", {}).items()}
        write(path, content)

    return make


def program():
    """The description of the small network, to look things up in."""
    return copy.deepcopy(json.loads(members()[MODEL]))


def nodes(document):
    return document["graph_module"]["graph"]["nodes"]


def node(document, target):
    """The first node of an operator."""
    return next(one for one in nodes(document) if one["target"].startswith(f"torch.ops.aten.{target}"))


def argument(document, target, name):
    return next(one for one in node(document, target)["inputs"] if one["name"] == name)
