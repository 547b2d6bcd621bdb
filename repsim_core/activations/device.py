"""Where networks and Gram matrices run, and products there in full precision."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from repsim_core.compute.memory import free_bytes
from repsim_core.errors import InputError

Features = Tensor  # responses to a batch, (stimuli, units), where the network runs
_UNITS = 256  # float32 products of so many units, their sum in float64: as fast, and 1e-8 becomes 5e-9
_WIDE, _ROWS = 1024, 128  # units and rows of a product of a triangle: narrower ones wait for their sum
_NUMBERS = 2**18  # widened to float64 at a time
_CUDNN: Any = torch.backends.cudnn


def device(name: str | None = None) -> torch.device | None:
    """The device of that name, or of ``REPSIM_DEVICE``; None where neither is set: networks stay where they are.

    Parameters
    ----------
    name
        ``"cpu"``, ``"cuda"`` or ``"cuda:1"``.

    Raises
    ------
    InputError
        If there is no such device here, with what there is.
    """
    source, wanted = ("device", name) if name else ("REPSIM_DEVICE", os.environ.get("REPSIM_DEVICE", ""))
    wanted = (wanted or "").strip().lower()
    if not wanted:
        return None
    found = re.fullmatch(r"(cpu|cuda)(?::(\d+))?", wanted)
    if found is None or (found[1] == "cpu" and found[2]):
        raise InputError(f"{source}={wanted!r} is no device; take 'cpu', 'cuda' or, of several GPUs, 'cuda:1'.")
    if found[1] == "cpu":
        return torch.device("cpu")
    if not torch.cuda.is_available():
        why = "has no CUDA in it" if torch.version.cuda is None else "sees no GPU (is its driver installed?)"
        raise InputError(f"{source}={wanted!r}, but torch {torch.__version__} {why}; take 'cpu' or leave it unset.")
    if int(found[2] or 0) >= torch.cuda.device_count():
        count = torch.cuda.device_count()
        raise InputError(f"{source}={wanted!r}, but torch sees {count} GPU{'s' * (count > 1)}, numbered from 0.")
    return torch.device(wanted)


def free_device_bytes(place: torch.device | None) -> int:
    """Bytes free where responses are computed: of the GPU, or of the machine."""
    if place is None or place.type == "cpu":
        return free_bytes()
    return int(torch.cuda.mem_get_info(place)[0])


@contextmanager
def full_precision() -> Iterator[None]:
    """TF32 off for products and convolutions of a GPU: it keeps 11 bits of each factor, and cells move by 1e-3.

    The settings come back on the way out.
    """
    # All three by their own names: with one alone, torch refuses to read its older, common flag.
    places: tuple[Any, ...] = (torch.backends.cuda.matmul, _CUDNN.conv, _CUDNN.rnn)
    before = [place.fp32_precision for place in places]
    try:
        for place in places:
            place.fp32_precision = "ieee"
        yield
    finally:
        for place, setting in zip(places, before, strict=True):
            place.fp32_precision = setting


def gram_block(x: Tensor, y: Tensor) -> NDArray[np.float64]:
    """``X Yᵀ (rows of x, rows of y)``: products in the dtype that came, their sum over blocks of units in float64.

    Call it within :func:`full_precision`.
    """
    total = torch.zeros((len(x), len(y)), dtype=torch.float64, device=x.device)
    for start in range(0, x.shape[1], _UNITS):
        total += x[:, start : start + _UNITS] @ y[:, start : start + _UNITS].T
    return np.asarray(total.cpu().numpy())


def own_gram(x: Tensor) -> NDArray[np.float64]:
    """``X Xᵀ (rows, rows)`` as :func:`gram_block`, one triangle computed and the other its mirror image."""
    total = torch.zeros((len(x), len(x)), dtype=torch.float64, device=x.device)
    for start in range(0, x.shape[1], _WIDE):
        block = x[:, start : start + _WIDE]
        for row in range(0, len(x), _ROWS):
            stop = row + _ROWS
            total[row:stop, :stop] += block[row:stop] @ block[:stop].T
    lower = total.tril()
    return np.asarray((lower + lower.tril(-1).T).cpu().numpy())


def cross_products(x: Tensor, y: Tensor) -> NDArray[np.float64]:
    """``Xᵀ Y (units of x, units of y)`` in float64."""
    return np.asarray((x.double().T @ y.double()).cpu().numpy())


def weighted_sums(weights: NDArray[np.float64], x: Tensor) -> NDArray[np.float64]:
    """``W X (weights, units)`` in float64, for weights ``(count, rows of x)``."""
    step = max(1, _NUMBERS // max(1, len(x)))
    left = torch.from_numpy(weights).to(x.device)
    parts = [left @ x[:, start : start + step].double() for start in range(0, x.shape[1], step)]
    return np.asarray(torch.cat(parts, dim=1).cpu().numpy())
