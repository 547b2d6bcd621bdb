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
    module = unwrapped(model.module if isinstance(model, Model) else model)
    kept: dict[str, Tensor] = {}

    def keep(name: str, output: Any) -> None:
        rows = rows_of(name, output, pooling)
        kept[name] = rows.clone()  # a later in-place layer would reach the live one

    with full_precision(), evaluation_mode(module, device_named(device)), recording(module, layers, keep):
        place = next((one.device for one in module.parameters()), torch.device("cpu"))

        def responses(rows: NDArray[np.intp]) -> list[Tensor]:
            kept.clear()
            forward(module, prepared(model, dataset.inputs[rows], len(rows)).to(place))
            for name in layers:
                if name not in kept or len(kept[name]) != len(rows):
                    raise CaptureError(f"{name} did not run on all of {len(rows)} stimuli; choose another layer.")
            return [kept.pop(name) for name in layers]

        yield responses
