"""One layer of one network made ready: intact responses and outputs once, then any number of ablations."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from repsim_core.ablation.grams import Cloud
from repsim_core.ablation.tail import Tail
from repsim_core.compute.memory import budget_bytes, readable_bytes
from repsim_core.errors import BudgetError, InputError, unknown_name
from repsim_core.models import Model
from repsim_core.models.dry_run import layers as dry_run
from repsim_core.models.dry_run import prepared
from repsim_core.models.hooks import chosen_tensor, unwrapped
from repsim_core.types import Dataset, LayerInfo, Representation

REPLACEMENTS = {
    "zero": "set to zero, as in the paper",
    "mean": "held at the mean over the dataset",
    "permute": "given the values of another image: each keeps its distribution, not its meaning",
}
BATCH = 128


@dataclass(frozen=True, eq=False)
class ReadyLayer:
    """Intact responses ``values (n, units)``, outputs, layers downstream, and the tail that takes ablated ones."""

    info: LayerInfo
    name: str
    dataset: Dataset
    tail: Tail
    values: NDArray[Any]
    outputs: NDArray[Any]  # (n, ...)
    downstream: dict[str, NDArray[Any]]  # layer → (n, units)
    device: torch.device
    _kept: dict[str, Any] = field(repr=False)

    @property
    def representation(self) -> Representation:
        """The intact layer."""
        return Representation(self.values, self.dataset.stimuli, self.name, self.info.name, self.info.shape, owned=True)

    def cloud(self) -> Cloud:
        """The intact layer by its Gram matrix; refuses a constant one."""
        return Cloud.of(self.values, f"{self.name}/{self.info.name}")

    def ablated(
        self, cells: Sequence[NDArray[np.intp]], replacement: str, *, seed: int = 0, batch_size: int = BATCH
    ) -> Iterator[tuple[NDArray[Any], dict[str, NDArray[Any]]]]:
        """Outputs and layers downstream without each cell of scalars, in order.

        Cells are stacked along the batch: every pass takes ``batch_size`` rows, wherever one cell ends and the next
        begins.
        """
        n = len(self.values)
        filled = self._replaced(replacement, seed)
        rows_of_all = np.arange(n * len(cells))
        collected: list[tuple[NDArray[Any], dict[str, NDArray[Any]]]] = []
        have = 0
        for start in range(0, len(rows_of_all), batch_size):
            chunk = rows_of_all[start : start + batch_size]
            owner, rows = chunk // n, chunk % n
            changed = self.values[rows]
            for number in np.unique(owner):
                inside = np.flatnonzero(owner == number)
                where = np.ix_(inside, cells[number])
                changed[where] = (
                    filled[np.ix_(rows[inside], cells[number])] if replacement == "permute" else (filled[cells[number]])
                )
            tensor = torch.from_numpy(changed).reshape(len(rows), *self.info.shape).to(self.device)
            output, down = self._run(tensor, self.tail.rows(self._kept, torch.from_numpy(rows).to(self.device)))
            collected.append((_array(chosen_tensor("output", output)[0]), {k: _flat(v) for k, v in down.items()}))
            have += len(chunk)
            while have >= n:
                whole = _joined(collected)
                yield whole[0][:n], {name: one[:n] for name, one in whole[1].items()}
                have -= n
                rest = {name: one[n:] for name, one in whole[1].items()}
                collected = [(whole[0][n:], rest)] if have else []

    def order(self, seed: int) -> NDArray[np.intp]:
        """Whose values an image gets when they are permuted over images."""
        return np.random.default_rng(seed).permutation(len(self.values))

    def _run(self, tensor: Tensor, kept: Any) -> tuple[Any, dict[str, Tensor]]:
        """The tail on channels last, where convolutions on a CPU are faster and no digit changes, if it takes them."""
        if tensor.ndim == 4:
            try:
                return self.tail(tensor.contiguous(memory_format=torch.channels_last), kept)
            except RuntimeError as error:
                if "view" not in str(error):  # x.view(n, -1) wants the rows as they were
                    raise
        return self.tail(tensor, kept)

    def _replaced(self, replacement: str, seed: int) -> NDArray[Any]:
        if replacement == "permute":
            return np.asarray(self.values[self.order(seed)])
        if replacement == "mean":
            return np.asarray(self.values.mean(axis=0, dtype=np.float64).astype(self.values.dtype))
        return np.zeros(self.values.shape[1], dtype=self.values.dtype)


def ready_layer(
    model: Model | torch.nn.Module,
    layer: str,
    dataset: Dataset,
    *,
    downstream: Sequence[str] = (),
    batch_size: int = BATCH,
    memory_bytes: int | None = None,
) -> ReadyLayer:
    """Run the intact network over the dataset and keep what ablations of one layer need.

    Raises
    ------
    UnknownNameError, BudgetError, InputError, CaptureError
    """
    infos = {one.name: one for one in dry_run(model, dataset, unusable=True)}
    order = list(infos)
    for name in (layer, *downstream):
        if name not in infos:
            raise unknown_name("layer", name, [one for one in infos if infos[one].usable])
        if not infos[name].usable:
            raise InputError(f"{name} cannot be ablated or read: {infos[name].note}.")
    for name in downstream:
        if order.index(name) <= order.index(layer) or layer.startswith(f"{name}."):
            raise InputError(f"{name} does not come after {layer}; choose a layer downstream of it.")
    n, info = len(dataset), infos[layer]
    _check_budget(info, [infos[name] for name in downstream], n, memory_bytes)
    module = unwrapped(model.module if isinstance(model, Model) else model)
    device = os.environ.get("REPSIM_DEVICE")
    example = prepared(model, dataset.inputs[np.arange(3) % n], 3)
    tail = Tail(module, layer, example, downstream=downstream, device=device)
    place = tail.device
    values: NDArray[Any] = np.empty(0)
    outputs: list[NDArray[Any]] = []
    down: dict[str, list[NDArray[Any]]] = {name: [] for name in downstream}
    kept = []
    for start in range(0, n, batch_size):
        batch = prepared(model, dataset.inputs[start : start + batch_size], batch_size).to(place)
        found = tail.record(batch)
        if not found.layer.is_floating_point():
            raise InputError(f"{layer} gives whole numbers, and zero is just another of them; choose another layer.")
        rows = _flat(found.layer)
        if not len(values):
            values = np.empty((n, rows.shape[1]), dtype=rows.dtype)
        values[start : start + len(rows)] = rows
        kept.append(found.kept)
        outputs.append(_array(chosen_tensor("output", found.output)[0]))
        for name in downstream:
            down[name].append(_flat(found.downstream[name]))
    name = model.name if isinstance(model, Model) else type(module).__name__
    joined = {one: np.concatenate(parts) for one, parts in down.items()}
    return ReadyLayer(info, name, dataset, tail, values, np.concatenate(outputs), joined, place, tail.joined(kept))


def needed_bytes(info: LayerInfo, downstream: Sequence[LayerInfo], n: int) -> int:
    """Responses kept twice over (the layer, and what its tail needs besides) and the n × n matrices of two threads."""
    units = 2 * info.units + sum(2 * one.units for one in downstream)
    return 4 * n * units + 8 * 12 * n * n


def _check_budget(info: LayerInfo, downstream: Sequence[LayerInfo], n: int, limit: int | None) -> None:
    allowed = budget_bytes() if limit is None else limit
    needed = needed_bytes(info, downstream, n)
    if needed <= allowed:
        return
    fits = n
    while fits > 1 and needed_bytes(info, downstream, fits) > allowed:
        fits = int(fits * 0.9)
    raise BudgetError(
        f"Ablating {info.name} ({info.units} units) on {n} stimuli needs {readable_bytes(needed)} "
        f"(limit {readable_bytes(allowed)}). Take {fits} stimuli or fewer, or a smaller layer."
    )


def _array(tensor: Tensor) -> NDArray[Any]:
    """In memory of our own, float32 unless it is wider."""
    wide = tensor if tensor.dtype == torch.float64 else tensor.float()
    return np.array(wide.detach().cpu().numpy())


def _flat(tensor: Tensor) -> NDArray[Any]:
    return _array(tensor.reshape(len(tensor), -1))


def _joined(
    parts: list[tuple[NDArray[Any], dict[str, NDArray[Any]]]],
) -> tuple[NDArray[Any], dict[str, NDArray[Any]]]:
    if len(parts) == 1:
        return parts[0]
    names = parts[0][1]
    return (
        np.concatenate([one[0] for one in parts]),
        {name: np.concatenate([one[1][name] for one in parts]) for name in names},
    )
