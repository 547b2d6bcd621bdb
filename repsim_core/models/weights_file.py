"""Weights from a file for a known architecture: checked, compared name by name, and only then loaded."""

from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any, NamedTuple, cast

import safetensors.torch
import torch
from torch import Tensor

from repsim_core import formats
from repsim_core.errors import FormatError, InputError, UnknownNameError
from repsim_core.models.architectures import seeded
from repsim_core.models.dry_run import layers as dry_run
from repsim_core.models.fit import Fit, explained, fit
from repsim_core.models.known import architecture as known_architecture
from repsim_core.models.model import Model, weights_digest
from repsim_core.models.named_tensors import NamedTensors, check_bytes, opened
from repsim_core.models.nearest import nearest, recognised
from repsim_core.types import ModelCard
from repsim_core.uploads import CANONICAL

_LARGEST_SIDE = 1024


class Stimuli(NamedTuple):
    """The stimuli that brought weights take, in the fields of :class:`repsim_core.models.Model`."""

    shape: tuple[int, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    resize: int


def weights_from_file(
    path: str | Path,
    architecture: str | None = None,
    *,
    side: int | None = None,
    mean: tuple[float, ...] | None = None,
    std: tuple[float, ...] | None = None,
    name: str | None = None,
) -> Model:
    """A network with the weights of a file; see :func:`repsim_core.models.from_file`."""
    tensors = opened(path)
    one, notes = _fitted(tensors, architecture)
    inputs, more = stimuli(one, side, mean, std)
    module = _module(one, tensors)
    title = name or formats.shown_name(Path(path).stem)
    return _model(title, module, one, inputs, [*tensors.notes, *notes, *one.notes, *more])


def imported(
    path: str | Path,
    folder: str | Path,
    *,
    architecture: str | None = None,
    side: int | None = None,
    mean: tuple[float, ...] | None = None,
    std: tuple[float, ...] | None = None,
    title: str = "",
    **_: Any,
) -> dict[str, Any]:
    """Check a file of weights and write its canonical form, ``weights.safetensors``, into ``folder``.

    Returns
    -------
    dict
        What :func:`canonical` needs, in JSON's types: kind, title, architecture, arguments, inputs, card, notes,
        layers and sizes.
    """
    model = weights_from_file(path, architecture, side=side, mean=mean, std=std, name=title or None)
    card = cast(ModelCard, model.card)
    state = {name: value.detach().contiguous().clone() for name, value in model.module.state_dict().items()}
    target = Path(folder) / CANONICAL["weights"]
    safetensors.torch.save_file(state, target, metadata={"architecture": card.architecture})
    infos = dry_run(model, torch.zeros(2, *model.input_shape))
    return {
        "kind": "weights",
        "title": model.name,
        "architecture": card.architecture,
        "arguments": dict(card.details["arguments"]),
        "inputs": {"shape": list(model.input_shape), "mean": list(model.mean), "std": list(model.std)},
        "card": {"parameters": card.parameters, "description": card.description, "dataset": card.dataset},
        "notes": list(card.details["notes"]),
        "layers": [
            {"name": one.name, "kind": one.kind, "shape": list(one.shape), "parameters": one.parameters}
            for one in infos
        ],
        "sizes": {"bytes": target.stat().st_size, "tensors": len(state)},
    }


def canonical(path: str | Path, facts: Mapping[str, Any], name: str) -> Model:
    """The network that :func:`imported` wrote, its file checked again.

    Raises
    ------
    FormatError
        If the file or the facts beside it are not what an import leaves.
    """
    try:
        chosen, arguments, given = str(facts["architecture"]), dict(facts["arguments"]), facts["inputs"]
        shape = tuple(int(one) for one in given["shape"])
        side = shape[1] if len(shape) == 3 else None
        mean, std = (tuple(float(one) for one in given[key]) for key in ("mean", "std"))
        notes = [formats.shown_name(str(one), 400) for one in facts.get("notes", [])]
        tensors = opened(path)
        known = known_architecture(chosen)
        known.checked(arguments)
        one = fit(tensors.shapes, known)
        if not one.is_exact or dict(one.arguments) != arguments:
            raise FormatError(explained(tensors.file, one))
        inputs, _ = stimuli(one, side, mean, std)
    except (KeyError, TypeError, ValueError) as error:  # InputError is a ValueError
        raise FormatError(f"{name} is not as its import left it ({error}); bring the file again.") from error
    return _model(name, _module(one, tensors), one, inputs, notes)


def _fitted(tensors: NamedTensors, chosen: str | None) -> tuple[Fit, list[str]]:
    """The architecture that was chosen, or that the file names, or the only one that it fits."""
    notes: list[str] = []
    if chosen is None and tensors.hint:
        try:
            one = fit(tensors.shapes, known_architecture(tensors.hint))
        except UnknownNameError:
            notes.append(f"The file names the architecture {formats.shown_name(tensors.hint)!r}, which is not known.")
        else:
            if one.is_exact:
                return one, [f"The file itself names its architecture, {one.architecture.name}."]
            notes.append(f"The file names the architecture {one.architecture.name}, which it does not fit.")
    if chosen is None:
        one = recognised(tensors.shapes, tensors.file)
        return one, [*notes, f"Recognised by its names and shapes as the architecture of {one.architecture.name}."]
    one = fit(tensors.shapes, known_architecture(chosen))
    if one.is_exact:
        return one, notes
    better = next((other for other in nearest(tensors.shapes, 1) if other.share > one.share), None)
    if better is None:
        way = "choose another architecture, or bring the whole graph (.pt2)"
    elif better.is_exact:
        way = f"it fits {better.architecture.name}; choose that"
    else:
        way = f"the nearest is {better.architecture.name} ({better.share:.0%} of the tensors)"
    raise FormatError(f"{explained(tensors.file, one)}; {way}.")


def stimuli(
    one: Fit, side: int | None, mean: tuple[float, ...] | None, std: tuple[float, ...] | None
) -> tuple[Stimuli, list[str]]:
    """The stimuli that the weights take, as chosen or as the architecture has them."""
    known, notes = one.architecture, []
    shape, resize = known.input_shape, known.resize
    fixed = one.arguments.get("image_size")
    if fixed:
        shape, resize = (shape[0], fixed, fixed), fixed
    if side is not None and len(shape) == 3 and side != shape[1]:
        if not 1 <= side <= _LARGEST_SIDE:
            raise InputError(f"Pictures of {side} pixels a side cannot be taken (1 to {_LARGEST_SIDE}).")
        shape, resize = (shape[0], side, side), 0
    if mean is None and std is None:
        mean, std = known.mean, known.std
        if known.mean and known.name.startswith(("torchvision/", "timm/")):
            notes.append("Pictures are resized and normalised as for the published weights of this architecture.")
    mean, std = tuple(mean or ()), tuple(std or ())
    channels = shape[0] if len(shape) == 3 else 0
    if len(mean) != len(std) or (mean and len(mean) != channels) or any(not value > 0 for value in std):
        raise InputError(
            f"The mean {mean} and deviation {std} have to be {channels} numbers each, one a channel, the deviations "
            "above 0; or leave both empty."
        )
    if one.architecture.family in ("googlenet", "inception_v3"):
        notes.append("Its published weights also rescale their inputs inside the network; weights of a file do not.")
    return Stimuli(shape, mean, std, resize), notes


def _module(one: Fit, tensors: NamedTensors) -> torch.nn.Module:
    """The network with the numbers of the file, in its own precision."""
    check_bytes(tensors.file, 4 * sum(prod(shape) for shape in one.wanted.values()))
    numbers = tensors.finite()
    module = seeded(lambda: one.architecture.build(one.arguments), 0)
    state: dict[str, Tensor] = module.state_dict()
    for name, old in one.names.items():
        state[name] = numbers[old].to(state[name].dtype)
    module.load_state_dict(state)
    return module.eval()


def _model(name: str, module: torch.nn.Module, one: Fit, inputs: Stimuli, notes: list[str]) -> Model:
    known = one.architecture
    card = ModelCard(
        name=name,
        family=known.family,
        architecture=known.name,
        dataset=known.dataset,
        input_shape=inputs.shape,
        parameters=sum(value.numel() for value in module.parameters()),
        description=f"weights from a file for the architecture of {known.name}",
        details={"notes": tuple(notes), "arguments": dict(one.arguments)},
    )
    return Model(name, module, card, inputs.shape, weights_digest(module), *inputs[1:], known.interpolation)
