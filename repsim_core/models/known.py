"""The architectures that a file of weights may belong to: of the zoo, of torchvision and, if installed, of timm."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

from torch import nn

from repsim_core.errors import InputError, unknown_name
from repsim_core.models import timm_names, torchvision_names, zoo
from repsim_core.models.architectures import build
from repsim_core.models.skeleton import Skeleton, skeleton, torchvision_network

CLASSES = ("outputs", "num_classes")
_LARGEST = {"outputs": 1_000_000, "num_classes": 1_000_000, "image_size": 1024}
_SKELETONS: dict[tuple[Any, ...], Skeleton] = {}  # of what was asked for in this process; a few hundred names each
_TRANSFORMER_SIDE = 224  # pixels, unless the argument image_size says otherwise
_AUXILIARY = {"googlenet": "aux1.", "inception_v3": "AuxLogits."}


@dataclass(frozen=True, eq=False)
class Architecture:
    """A network without weights, and the stimuli it takes.

    ``make`` builds it from keyword arguments, of which ``fixed`` are those that belong to the name; ``classes`` is the
    size of its head unless the argument ``classes_argument`` says otherwise.
    """

    name: str
    make: Callable[..., nn.Module]
    fixed: Mapping[str, Any]
    classes: int
    classes_argument: str
    input_shape: tuple[int, ...]
    dataset: str = ""
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    resize: int = 0
    interpolation: Literal["bilinear", "bicubic"] = "bilinear"
    family: str = ""
    renamed: Callable[[str], str] = field(default=str)

    def skeleton(self, arguments: Mapping[str, Any]) -> Skeleton:
        """Names and shapes with these arguments."""
        key = self.identity(arguments)
        if key not in _SKELETONS:
            _SKELETONS[key] = skeleton(lambda: self.build(arguments))
        return _SKELETONS[key]

    def build(self, arguments: Mapping[str, Any]) -> nn.Module:
        """The network with these arguments, random weights."""
        return self.make(**(dict(self.fixed) | dict(arguments)))

    def identity(self, arguments: Mapping[str, Any]) -> tuple[Any, ...]:
        """What makes two architectures the same: network, arguments, stimuli."""
        merged = sorted((dict(self.fixed) | dict(arguments)).items())
        return (self.family, repr(merged), self.input_shape, self.mean, self.std)

    def arguments_in(self, shapes: Skeleton, usual: Skeleton) -> dict[str, Any]:
        """Arguments that the names and shapes of a file betray, apart from the number of classes."""
        if self.family in _AUXILIARY and not any(name.startswith(_AUXILIARY[self.family]) for name in shapes):
            return {"aux_logits": False}
        patches = "conv_proj.weight"
        if self.family.startswith("vit_") and shapes.get(patches) == usual[patches]:
            return _picture_side(shapes, self.input_shape[-1])
        return {}

    def checked(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Arguments from a description that may have been tampered with.

        Raises
        ------
        InputError
            If they are no arguments that :func:`repsim_core.models.fit.fit` finds.
        """
        for name, value in arguments.items():
            counts = type(value) is int and name in _LARGEST and 1 <= value <= _LARGEST[name]
            if not counts and not (name == "aux_logits" and isinstance(value, bool)):
                raise InputError(f"{self.name} takes no argument {name!r} of {value!r:.40}; bring the file again.")
        return dict(arguments)


def architecture(name: str) -> Architecture:
    """The architecture of a network by the network's name.

    Parameters
    ----------
    name : str
        "zoo/digits-cnn-s10", "torchvision/resnet18" (or "resnet18"), "timm/vit_tiny_patch16_224".

    Raises
    ------
    UnknownNameError
        If there is no such network.
    """
    members, networks = zoo.entries(), torchvision_names.networks()
    if name in members:
        return of_zoo(members[name])
    if name.removeprefix(torchvision_names.PREFIX) in networks:
        return of_torchvision(name.removeprefix(torchvision_names.PREFIX))
    if name.startswith(timm_names.PREFIX):
        return of_timm(name)
    raise unknown_name("architecture", name, [*members, *(torchvision_names.PREFIX + one for one in networks)])


def of_zoo(entry: zoo.Entry) -> Architecture:
    """The architecture of a member of the zoo."""
    fields = entry.fields
    return Architecture(
        entry.card.name,
        partial(build, fields["architecture"]),
        fields["arguments"],
        fields["arguments"]["outputs"],
        "outputs",
        entry.card.input_shape,
        fields["dataset"],
        tuple(fields["mean"]),
        tuple(fields["std"]),
        family=fields["architecture"],
    )


def of_torchvision(short: str) -> Architecture:
    """The architecture of a classification network of torchvision, with the stimuli of its default weights."""
    best = torchvision_names.published(torchvision_names.PREFIX + short)[0]
    # Vision transformers are made for one size, which need not be that of their best weights (vit_h_14: 518).
    side = _TRANSFORMER_SIDE if short.startswith("vit_") else best.side

    def make(**arguments: Any) -> nn.Module:
        return torchvision_network(short, arguments, initialised=False)

    return Architecture(
        torchvision_names.PREFIX + short,
        make,
        {},
        best.classes,
        "num_classes",
        (3, side, side),
        "",
        best.mean,
        best.std,
        best.resize if side == best.side else side,
        "bicubic" if best.interpolation == "bicubic" else "bilinear",
        short,
        _old_densenet if short.startswith("densenet") else str,
    )


def of_timm(name: str) -> Architecture:
    """The architecture of a network of timm."""
    inputs = timm_names.inputs_of(name)
    return Architecture(
        name,
        partial(timm_names.network, name),
        {},
        inputs.classes,
        "num_classes",
        inputs.shape,
        "",
        inputs.mean,
        inputs.std,
        inputs.resize,
        inputs.interpolation,
        name,
    )


def _old_densenet(name: str) -> str:
    """Torchvision's published DenseNets still have ``norm.1`` where its code has ``norm1``."""
    return re.sub(r"(denselayer\d+\.(?:norm|relu|conv))\.([12])\.", r"\1\2.", name)


def _picture_side(shapes: Skeleton, usual: int) -> dict[str, Any]:
    """The side of the pictures that the position codes of a vision transformer belong to, where it is not the usual."""
    codes, patches = shapes.get("encoder.pos_embedding", ()), shapes["conv_proj.weight"]
    if len(codes) != 3:
        return {}
    tokens = math.isqrt(max(codes[1] - 1, 0))
    side = tokens * patches[-1]
    known = tokens > 0 and tokens * tokens == codes[1] - 1 and side <= _LARGEST["image_size"] and side != usual
    return {"image_size": side} if known else {}
