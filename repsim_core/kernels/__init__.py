"""Compiled inner loops on raw arrays: serial, without the interpreter's lock, IEEE arithmetic, cached on disk."""

from collections.abc import Callable
from typing import Any, TypeVar

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


def njit(function: Function) -> Function:
    """Compile on the first call.

    Serial: numba's ``workqueue`` layer aborts when two threads enter one parallel kernel, and every visitor is a
    thread. No fastmath: it deletes checks for NaN.
    """
    compiled: Any = numba.njit(nogil=True, cache=True, error_model="numpy")(function)
    return compiled  # type: ignore[no-any-return]


def inlined(function: Function) -> Function:
    """Compile into every caller, for a few lines inside a hot loop: a call there costs a third of its time."""
    compiled: Any = numba.njit(nogil=True, error_model="numpy", inline="always")(function)
    return compiled  # type: ignore[no-any-return]
