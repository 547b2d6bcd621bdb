"""A dry run on two stimuli: which layers there are, in execution order, with their shapes."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from repsim_core.errors import CaptureError, InputError
from repsim_core.models.hooks import base_name, chosen_tensor, evaluation_mode, named_layers, recording, unwrapped
from repsim_core.models.recorded import KIND, Recorded
from repsim_core.types import Dataset, LayerInfo


def layers(model: Any, example: Dataset | NDArray[Any] | Tensor, *, unusable: bool = False) -> list[LayerInfo]:
    """Layers that ran on the first two stimuli of ``example``, in execution order.

    Parameters
    ----------
    model
        A :class:`repsim_core.models.Model` or a bare ``nn.Module``.
    example
        A dataset or a batch; two stimuli of it are run.
    unusable
        Also list, at the end, the modules that never ran or gave no tensor with one row a stimulus; their ``usable``
        is False and ``note`` says why.

    Returns
    -------
    list of LayerInfo
        A module that runs twice is listed twice, the second time as ``name#2``. Recorded responses are listed as they
        are, whatever the example.

    Raises
    ------
    InputError
        If the forward pass fails on these stimuli, with the network's own words.
    """
    if isinstance(model, Recorded):
        return model.layers()
    module, batch = unwrapped(getattr(model, "module", model)), prepared(model, example)
    named = named_layers(module)
    found: dict[str, LayerInfo] = {}
    refused: dict[str, LayerInfo] = {}

    def keep(name: str, output: Any) -> None:
        one = named[base_name(name) if name not in named else name]
        kind, parameters = type(one).__name__, sum(value.numel() for value in one.parameters())
        try:
            tensor, note = chosen_tensor(name, output)
            if tensor.ndim < 2 or len(tensor) != len(batch):
                raise CaptureError(f"its output {tuple(tensor.shape)} has no row per stimulus (batch of {len(batch)})")
        except CaptureError as error:
            refused[name] = LayerInfo(name, kind, (), parameters, 4, str(error), usable=False)
        else:
            found[name] = LayerInfo(name, kind, tuple(tensor.shape[1:]), parameters, 4, note)

    with evaluation_mode(module), recording(module, None, keep):
        forward(module, batch)
    silent = {
        name: LayerInfo(name, type(one).__name__, (), 0, 4, "it never ran on this input", usable=False)
        for name, one in named.items()
        if name not in found and name not in refused
    }
    listed = _parents_first(found)
    return [*listed, *(refused | silent).values()] if unusable else listed


def _parents_first(found: dict[str, LayerInfo]) -> list[LayerInfo]:
    """Hooks fire when a module has finished, containers last: put each before the first of its children."""
    first: dict[str, int] = {}
    for position, name in enumerate(found):
        parts = name.split(".")
        for depth in range(1, len(parts) + 1):
            first.setdefault(".".join(parts[:depth]), position)
    return sorted(found.values(), key=lambda one: (first[one.name], one.name.count(".")))


def prepared(model: Any, example: Dataset | NDArray[Any] | Tensor, count: int = 2) -> Tensor:
    """The first stimuli as the network wants them."""
    inputs = example.inputs if isinstance(example, Dataset) else example
    if len(inputs) == 0:
        raise InputError("The example has no stimuli; give at least one.")
    if isinstance(example, Dataset) and inputs.shape[1:] == (0,):
        raise InputError(
            f"{example.name} comes from recorded responses, which hold no stimuli to show to a network; "
            "choose the dataset that they were recorded on."
        )
    batch = inputs[:count]
    if hasattr(model, "prepare"):
        return model.prepare(batch)  # type: ignore[no-any-return]
    return batch if isinstance(batch, Tensor) else torch.from_numpy(np.array(batch))


def forward(module: nn.Module, batch: Tensor) -> Any:
    """Output of the network; a failure inside it is an :class:`InputError` with the network's own words."""
    try:
        return module(batch)
    except (RuntimeError, ValueError, TypeError, IndexError, NotImplementedError) as error:
        if isinstance(error, CaptureError):
            raise
        words = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        raise InputError(
            f"{type(module).__name__} cannot run on inputs of shape {tuple(batch.shape[1:])}: {words}. "
            "Choose a dataset with the input shape of the model."
        ) from error


def default_layers(infos: list[LayerInfo]) -> list[str]:
    """One layer per block: the names to compare when nobody chose.

    Stages (``Sequential``, lists, and modules that hold a series of blocks) are opened; a module with children that is
    not a stage is a block; bare layers between blocks are cut into groups before each layer with parameters that is no
    normalisation, and a group stands for its last layer. Weightless layers before the first weights are left out,
    unless there is nothing else. Of recorded responses all: somebody chose them already.
    """
    if all(one.kind == KIND for one in infos):
        return [one.name for one in infos]
    names = [one.name for one in infos if one.usable and base_name(one.name) == one.name]
    kinds = {one.name: one.kind for one in infos}
    weights = {one.name: one.parameters for one in infos}
    tree: dict[str, list[str]] = {}  # parent → children in execution order, parents that never ran included
    for name in names:
        parts = name.split(".")
        for depth in range(1, len(parts) + 1):
            child, parent = ".".join(parts[:depth]), ".".join(parts[: depth - 1])
            if child not in tree.setdefault(parent, []):
                tree[parent].append(child)
    first_run = {name: position for position, name in enumerate(names)}

    def order(name: str) -> int:
        inside = [position for one, position in first_run.items() if one == name or one.startswith(f"{name}.")]
        return min(inside)

    def is_container(name: str) -> bool:
        return kinds.get(name, "ModuleList") in ("Sequential", "ModuleList", "ModuleDict")

    def holds_series(name: str) -> bool:
        children = tree.get(name, [])
        nested = [kinds[one] for one in children if one in tree and one in kinds and not is_container(one)]
        repeated = is_container(name) and any(nested.count(kind) > 1 for kind in nested)
        return repeated or any(holds_series(one) for one in children)

    chosen: list[str] = []
    group: list[str] = []

    def close() -> None:
        if group and (chosen or any(weights[one] for one in group)):
            chosen.append(group[-1])
        group.clear()

    def walk(name: str) -> None:
        children = sorted(tree.get(name, []), key=order)
        siblings = [kinds.get(one, "") for one in children if one in tree]
        for child in children:
            if child not in tree:
                if weights[child] and "Norm" not in kinds[child]:
                    close()
                group.append(child)
                continue
            unique = siblings.count(kinds.get(child, "")) == 1
            if is_container(child) or (unique and holds_series(child)):
                walk(child)
            else:
                close()
                chosen.append(child)

    walk("")
    close()
    return chosen or [name for name in names if name not in tree]
