"""Memory for large arrays in huge pages: the first touch of a gigabyte takes 0.1 s in place of seconds."""

import mmap
from contextlib import suppress
from math import prod

import numpy as np
from numpy.typing import DTypeLike, NDArray

SMALLEST = 2**22  # bytes; below, rounding up to whole huge pages would waste a third and more
_WAY = getattr(mmap, "MADV_HUGEPAGE", None)  # Linux alone


def uninitialised(shape: tuple[int, ...], dtype: DTypeLike) -> NDArray:  # type: ignore[type-arg]
    """An array as by ``np.empty``, in memory of its own that goes back to the system with the last view of it.

    What the allocator of C takes it shares out in pages of 4 KB, whose first touch costs more than what is written.
    """
    size = prod(shape) * np.dtype(dtype).itemsize
    if _WAY is None or size < SMALLEST:
        return np.empty(shape, dtype)
    pages = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    with suppress(OSError):  # a kernel without huge pages
        pages.madvise(_WAY)
    return np.frombuffer(pages, dtype).reshape(shape)
