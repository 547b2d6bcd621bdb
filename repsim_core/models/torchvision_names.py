"""What torchvision publishes: its classification networks and their weights, known without importing it.

The table beside this module is written from an installed torchvision by ``scripts/list_torchvision.py``; a test
compares the two.
"""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from repsim_core.errors import unknown_name
from repsim_core.types import ModelCard

PREFIX = "torchvision/"
TABLE = Path(__file__).parent / "torchvision.json"


@dataclass(frozen=True)
class PublishedWeights:
    """One set of published weights of a network, with the pictures it expects.

    ``bytes`` is the size of the file, ``accuracy`` and ``top5`` are fractions of ImageNet's validation set. Pictures
    are resized so that their shorter side is ``resize``, cropped to ``side`` in the middle and normalised.
    """

    name: str
    default: bool
    file: str
    url: str
    bytes: int
    parameters: int
    classes: int
    accuracy: float
    top5: float
    side: int
    resize: int
    interpolation: str
    mean: tuple[float, ...]
    std: tuple[float, ...]
    licence: str
    about: str

    @property
    def on_disk(self) -> bool:
        """Whether a file of that name lies in torch.hub's folder; its hash is checked when it is loaded."""
        return (hub_folder() / self.file).is_file()


def hub_folder() -> Path:
    """Where torch.hub keeps what it has downloaded."""
    if "torch" in sys.modules:  # whose folder may have been changed by torch.hub.set_dir
        return Path(sys.modules["torch"].hub.get_dir()) / "checkpoints"
    cache = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    return Path(os.environ.get("TORCH_HOME", os.path.join(cache, "torch"))).expanduser() / "hub" / "checkpoints"


@lru_cache
def networks() -> Mapping[str, Mapping[str, Any]]:
    """Every classification network of torchvision by its short name: parameters, tensors, weights."""
    found: dict[str, Mapping[str, Any]] = json.loads(TABLE.read_text(encoding="utf-8"))["networks"]
    return MappingProxyType(found)


def published(name: str) -> tuple[PublishedWeights, ...]:
    """The sets of weights that torchvision publishes for a network, the default first.

    Parameters
    ----------
    name : str
        "torchvision/resnet18", or any other of ``available("torchvision")``.

    Raises
    ------
    UnknownNameError
        If torchvision has no such classification network.

    Notes
    -----
    Nothing is downloaded and torch is not imported.

    Examples
    --------
    >>> [(one.name, f"{one.accuracy:.3f}", one.bytes // 10**6) for one in published("torchvision/resnet18")]
    [('IMAGENET1K_V1', '0.698', 46)]
    """
    known = networks()
    short = name.removeprefix(PREFIX)
    if not name.startswith(PREFIX) or short not in known:
        raise unknown_name("torchvision network", name, [PREFIX + one for one in known])
    sets = [
        PublishedWeights(**(one | {"mean": tuple(one["mean"]), "std": tuple(one["std"])}))
        for one in known[short]["weights"]
    ]
    return tuple(sorted(sets, key=lambda one: not one.default))


def cards() -> list[ModelCard]:
    """A card for every classification network of torchvision, with the accuracy of its default weights."""
    found = []
    for short, network in networks().items():
        best, *others = published(PREFIX + short)
        found.append(
            ModelCard(
                name=PREFIX + short,
                family="torchvision",
                architecture=short,
                dataset="ImageNet",
                input_shape=(3, best.side, best.side),
                parameters=network["parameters"],
                description=f"{short} of torchvision; published weights: "
                + ", ".join(f"{one.name} ({one.accuracy:.1%}, {one.bytes / 1e6:.0f} MB)" for one in (best, *others)),
                test_score=best.accuracy,
                details={"weights": (best, *others)},
            )
        )
    return found
