"""Responses to a few stimuli at a time, on the device, for sums over more stimuli than fit."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from repsim_core.activations.device import device as device_named
from repsim_core.activations.device import full_precision
from repsim_core.activations.pooling import pooled
from repsim_core.compute.pages import uninitialised
from repsim_core.errors import CaptureError
from repsim_core.models import Model
from repsim_core.models.dry_run import forward, prepared
from repsim_core.models.hooks import chosen_tensor, evaluation_mode, recording, unwrapped
from repsim_core.types import Dataset

Responses = Callable[[NDArray[np.intp]], list[Tensor]]


def rows_of(layer: str, output: Any, pooling: str) -> Tensor:
    """The output of a layer as one row a stimulus, float32 or float64; it may share memory with the live output."""
    tensor, _ = chosen_tensor(layer, output)
    rows = pooled(tensor, pooling).reshape(len(tensor), -1)
    return rows if rows.dtype in (torch.float32, torch.float64) else rows.float()


@contextmanager
def streaming(
    model: Model | torch.nn.Module,
    dataset: Dataset,
    layers: Sequence[str],
    *,
    pooling: str = "flatten",
    device: str | None = None,
) -> Iterator[Responses]:
    """A function from row numbers of the dataset to the responses of the layers, ``(rows, units)`` each.

    They lie where the network runs and belong to the caller. The model leaves as it came when the context closes.
    """
    kept: dict[str, Tensor] = {}

    def keep(name: str, output: Any) -> None:
        rows = rows_of(name, output, pooling)
        kept[name] = rows.clone()  # a later in-place layer would reach the live one

    with _running(model, dataset, layers, keep, device) as run:

        def responses(rows: NDArray[np.intp]) -> list[Tensor]:
            kept.clear()
            run(rows)
            for name in layers:
                if name not in kept or len(kept[name]) != len(rows):
                    raise _skipped(name, len(rows))
            return [kept.pop(name) for name in layers]

        yield responses


def each_response(
    model: Model | torch.nn.Module,
    dataset: Dataset,
    layers: Sequence[str],
    take: Callable[[int, Tensor], None],
    *,
    pooling: str = "flatten",
    device: str | None = None,
) -> None:
    """All stimuli in one batch: ``take(place in layers, responses)`` as soon as a layer has run.

    The responses ``(rows, units)`` lie in a buffer that the next layer fills again: ``take`` may change them and must
    not keep them. The model leaves as it came.
    """
    places, count = {name: place for place, name in enumerate(layers)}, len(dataset)
    buffers: dict[torch.dtype, Tensor] = {}
    seen: set[str] = set()

    def keep(name: str, output: Any) -> None:
        rows = rows_of(name, output, pooling)
        if len(rows) != count:
            raise _skipped(name, count)
        if rows.dtype not in buffers or buffers[rows.dtype].numel() < rows.numel():
            buffers[rows.dtype] = _buffer(rows)
        seen.add(name)
        take(places[name], buffers[rows.dtype][: rows.numel()].view(rows.shape).copy_(rows))

    with _running(model, dataset, layers, keep, device) as run:
        run(np.arange(count))
    for name in layers:
        if name not in seen:
            raise _skipped(name, count)


def _buffer(rows: Tensor) -> Tensor:
    if rows.device.type != "cpu":
        return rows.new_empty(rows.numel())
    return torch.from_numpy(uninitialised((rows.numel(),), str(rows.dtype).removeprefix("torch.")))


def _skipped(layer: str, count: int) -> CaptureError:
    return CaptureError(f"{layer} did not run on all of {count} stimuli; choose another layer.")


@contextmanager
def _running(
    model: Model | torch.nn.Module,
    dataset: Dataset,
    layers: Sequence[str],
    keep: Callable[[str, Any], None],
    device: str | None,
) -> Iterator[Callable[[NDArray[np.intp]], None]]:
    """A forward pass over some rows of the dataset, recorded."""
    module = unwrapped(model.module if isinstance(model, Model) else model)
    with full_precision(), evaluation_mode(module, device_named(device)), recording(module, layers, keep):
        place = next((one.device for one in module.parameters()), torch.device("cpu"))

        def run(rows: NDArray[np.intp]) -> None:
            forward(module, prepared(model, dataset.inputs[rows], len(rows)).to(place))

        yield run
