"""Stacks of n × n matrices, one a layer, as the tests and error bars take them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from repsim_core.errors import ShapeError

Stack = NDArray[np.floating[Any]]


def stacked_stimuli(a: Stack, b: Stack) -> int:
    """The n of two stacks ``(layers, n, n)`` of one dtype; anything else is a :class:`ShapeError`."""
    for name, one in (("a", a), ("b", b)):
        if np.ndim(one) != 3 or one.shape[1] != one.shape[2] or not len(one):
            raise ShapeError(f"{name}: expected (layers, n, n), got shape {np.shape(one)}.")
        if one.dtype not in (np.float32, np.float64):
            raise ShapeError(f"{name}: expected float32 or float64, got {one.dtype}.")
    if a.shape[1] != b.shape[1] or a.dtype != b.dtype:
        raise ShapeError(
            f"a has {a.shape[1]} stimuli in {a.dtype}, b {b.shape[1]} in {b.dtype}; "
            "embed both on the same stimuli in one dtype."
        )
    return int(a.shape[1])


def norms(stack: Stack) -> NDArray[np.float64]:
    """Frobenius norm of each matrix ``(layers,)``, NaN where it is 0 or not finite: an undefined layer."""
    found = np.array([np.linalg.norm(one) for one in stack], np.float64)
    return np.where(np.isfinite(found) & (found > 0), found, np.nan)
