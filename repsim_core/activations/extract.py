"""Responses of chosen layers to a dataset, in one pass, batch by batch, into memory that was counted beforehand."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from repsim_core.activations.device import device as device_named
from repsim_core.activations.device import full_precision
from repsim_core.activations.pooling import POOLINGS, applied, pooled_shape
from repsim_core.activations.stream import rows_of
from repsim_core.compute.memory import budget_bytes, readable_bytes
from repsim_core.compute.pages import uninitialised
from repsim_core.compute.progress import Progress, no_progress
from repsim_core.errors import BudgetError, CaptureError, InputError, unknown_name
from repsim_core.models import Model
from repsim_core.models.dry_run import default_layers, forward, prepared
from repsim_core.models.dry_run import layers as dry_run
from repsim_core.models.hooks import evaluation_mode, recording, unwrapped
from repsim_core.models.recorded import Recorded
from repsim_core.types import Dataset, LayerActivations, LayerInfo, Representation


def extract(
    model: Model | torch.nn.Module,
    dataset: Dataset,
    layers: Sequence[str] | None = None,
    *,
    pooling: str = "flatten",
    batch_size: int = 128,
    memory_bytes: int | None = None,
    device: str | None = None,
    progress: Progress | None = None,
) -> LayerActivations:
    """Responses of several layers to every stimulus of a dataset.

    Parameters
    ----------
    model
        A loaded model, or a bare ``nn.Module`` that takes the dataset's inputs as they are. Of recorded responses the
        rows of these stimuli are taken.
    dataset
        Stimuli in order; their ids are kept with the rows.
    layers
        Names as :func:`repsim_core.models.layers` lists them; ``None`` takes one a block.
    pooling
        A key of :data:`POOLINGS`. What it cannot apply to is listed in ``notes``.
    batch_size
        Stimuli a forward pass.
    memory_bytes
        Limit for the stored responses, float32; by default :func:`repsim_core.compute.memory.budget_bytes`.
    device
        ``"cpu"``, ``"cuda"`` or ``"cuda:1"``; by default that of ``REPSIM_DEVICE``, else where the model is.
    progress
        Called as ``progress(done, total)`` with counts of stimuli; raising :class:`Cancelled` stops the run.

    Returns
    -------
    LayerActivations
        Layers in execution order, float32 (float64 if the layer gives it).

    Raises
    ------
    UnknownNameError, BudgetError, ShapeError, StimulusMismatchError, InputError, CaptureError
        Each before the long part begins.

    Notes
    -----
    The model leaves as it came: hooks, training flags and device. On a GPU TF32 is off.
    One forward pass plus one copy of what is kept; n · units · 4 bytes a layer.
    """
    infos, shapes = requested(model, dataset, layers, pooling, memory_bytes)
    if isinstance(model, Recorded):
        values = _recorded(model, dataset, list(shapes), pooling)
        return assembled(model, dataset, infos, shapes, values, pooling, more_notes=model.responses.notes)
    chosen, count, place = list(shapes), len(dataset), device_named(device)

    module = unwrapped(model.module if isinstance(model, Model) else model)
    progress = progress or no_progress
    store: dict[str, NDArray[Any]] = {}
    recorded = dict.fromkeys(chosen, 0)
    position = 0

    def keep(name: str, output: Any) -> None:
        rows = rows_of(name, output, pooling)
        wide = np.float64 if rows.dtype == torch.float64 else np.float32
        if name not in store:
            store[name] = uninitialised((count, rows.shape[1]), wide)
        # The copy into our own buffer is the clone: a later in-place layer cannot reach it.
        torch.from_numpy(store[name][position : position + len(rows)]).copy_(rows)
        recorded[name] += len(rows)

    with full_precision(), evaluation_mode(module, place), recording(module, chosen, keep):
        place = next((one.device for one in module.parameters()), torch.device("cpu"))
        progress(0, count)
        while position < count:
            batch = prepared(model, dataset.inputs[position : position + batch_size], batch_size)
            forward(module, batch.to(place))
            position += len(batch)
            progress(position, count)

    for layer, rows in recorded.items():
        if rows != count:
            raise CaptureError(f"{layer} ran on {rows} of {count} stimuli; choose another layer.")
    return assembled(model, dataset, infos, shapes, store, pooling)


def _recorded(model: Recorded, dataset: Dataset, layers: Sequence[str], pooling: str) -> dict[str, NDArray[Any]]:
    """Responses in the order of the dataset, pooled; no copy where the file has them so already."""
    rows = model.rows_of(dataset)
    in_order = np.array_equal(rows, np.arange(len(model.responses.stimuli)))
    found: dict[str, NDArray[Any]] = {}
    for name in layers:
        values = model.responses.layers[name]
        if pooling == "flatten" and in_order:
            found[name] = values.reshape(len(values), -1)
        else:
            found[name] = rows_of(name, torch.from_numpy(values[rows]), pooling).contiguous().numpy()
    return found


def requested(
    model: Any, dataset: Dataset, layers: Sequence[str] | None, pooling: str, memory_bytes: int | None
) -> tuple[dict[str, LayerInfo], dict[str, tuple[int, ...]]]:
    """All layers that ran on two stimuli, and the pooled shape of each chosen one in execution order; or a refusal."""
    if pooling not in POOLINGS:
        raise unknown_name("pooling", pooling, POOLINGS)
    infos = {one.name: one for one in dry_run(model, dataset)}
    shapes = {name: pooled_shape(infos[name].shape, pooling) for name in ordered(infos, layers)}
    _check_budget(infos, shapes, len(dataset), pooling, budget_bytes() if memory_bytes is None else memory_bytes)
    return infos, shapes


def assembled(
    model: Any,
    dataset: Dataset,
    infos: dict[str, LayerInfo],
    shapes: dict[str, tuple[int, ...]],
    values: Mapping[str, NDArray[Any]],
    pooling: str,
    more: Mapping[str, Any] = MappingProxyType({}),
    more_notes: Sequence[str] = (),
) -> LayerActivations:
    """Numbers with their labels; the arrays are given up by the caller."""
    name = model.name if isinstance(model, Model) else type(unwrapped(model)).__name__
    representations = {
        one: Representation(values[one], dataset.stimuli, name, one, shape, owned=True) for one, shape in shapes.items()
    }
    notes = (*_notes(model, dataset, infos, list(shapes), pooling), *more_notes)
    recipe = recipe_of(model, dataset, pooling) | dict(more)
    return LayerActivations(name, dataset.name, dataset.stimuli, representations, pooling, recipe, notes)


def recipe_of(model: Any, dataset: Dataset, pooling: str) -> dict[str, Any]:
    """What the numbers depend on, in strings and numbers."""
    return {
        "model": model.name if isinstance(model, Model) else type(unwrapped(model)).__name__,
        "weights": model.weights_digest if isinstance(model, Model) else "",
        "dataset": dataset.name,
        "split": dataset.split,
        "n": len(dataset),
        "seed": dataset.seed,
        "stimuli": dataset.digest,
        "pooling": pooling,
        "torch": torch.__version__,
    }


def needed_bytes(infos: Sequence[LayerInfo], n: int, pooling: str = "flatten") -> int:
    """Bytes of the stored responses of these layers to n stimuli, float32, after pooling."""
    return sum(4 * n * int(np.prod(pooled_shape(one.shape, pooling), dtype=np.int64)) for one in infos)


def ordered(infos: dict[str, LayerInfo], names: Sequence[str] | None) -> list[str]:
    """The chosen names in execution order, each once."""
    if names is None:
        return default_layers(list(infos.values()))
    for name in names:
        if name not in infos:
            raise unknown_name("layer", name, infos)
    if not names:
        raise InputError(f"No layer was chosen; take one or more of the {len(infos)} that ran.")
    wanted = set(names)
    return [name for name in infos if name in wanted]


def _check_budget(
    infos: dict[str, LayerInfo], shapes: dict[str, tuple[int, ...]], n: int, pooling: str, limit: int
) -> None:
    per_stimulus = sum(4 * int(np.prod(shape, dtype=np.int64)) for shape in shapes.values())
    if n * per_stimulus <= limit:
        return
    smaller = needed_bytes([infos[name] for name in shapes], n, "mean")
    fits = limit // per_stimulus
    ways = [f"Take {fits} stimuli or fewer"] if fits >= 4 else ["Choose fewer layers"]
    if pooling == "flatten" and smaller <= limit:
        ways.append(f"pool with 'mean' ({readable_bytes(smaller)})")
    raise BudgetError(
        f"{len(shapes)} layers × {n} stimuli need {readable_bytes(n * per_stimulus)} "
        f"(limit {readable_bytes(limit)}). {', or '.join(ways)}."
    )


def _notes(
    model: Any, dataset: Dataset, infos: dict[str, LayerInfo], chosen: Sequence[str], pooling: str
) -> tuple[str, ...]:
    conversions = model.conversions(dataset.card.input_shape) if hasattr(model, "conversions") else ()
    outputs = [f"{name}: {infos[name].note}." for name in chosen if infos[name].note]
    rules = {name: applied(infos[name].shape, pooling) for name in chosen}
    others = sorted({rule for rule in rules.values() if rule != pooling and rule != "flatten"})
    kin = [
        f"Pooling {rule!r} instead of {pooling!r} on: {', '.join(n for n in chosen if rules[n] == rule)}."
        for rule in others
    ]
    return (*conversions, *outputs, *kin)
