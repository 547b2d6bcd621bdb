"""Compiled inner loops on raw arrays: serial, without the interpreter's lock, IEEE arithmetic, cached on disk."""

from functools import partial

import numba

# Serial: numba's `workqueue` layer aborts when two threads enter one parallel kernel, and every visitor is a thread.
# No fastmath: it deletes checks for NaN.
njit = partial(numba.njit, nogil=True, cache=True, error_model="numpy")
