"""Memory in huge pages is memory like any other."""

import gc
import mmap

import numpy as np
import pytest

from repsim_core.compute import pages
from repsim_core.compute.pages import SMALLEST, uninitialised


@pytest.mark.parametrize("shape", [(3, 5), (0, 4), (1, SMALLEST // 4 - 1), (1, SMALLEST // 4), (7, 400_001)])
@pytest.mark.parametrize("dtype", [np.float32, "float64"])
def test_it_holds_what_is_written_through_a_view(shape, dtype):
    array = uninitialised(shape, dtype)
    assert (array.shape, array.dtype, array.flags.c_contiguous) == (shape, np.dtype(dtype), True)
    view = array[-1:]
    array[...] = np.arange(array.size, dtype=dtype).reshape(shape)
    last = array[-1:].copy()
    del array
    gc.collect()
    assert np.array_equal(view, last)


def test_large_arrays_have_a_mapping_of_their_own():
    def owner(array):
        while isinstance(array, np.ndarray):
            array = array.base
        return array.obj if isinstance(array, memoryview) else array

    assert isinstance(owner(uninitialised((SMALLEST,), np.uint8)), mmap.mmap)
    assert owner(uninitialised((SMALLEST - 1,), np.uint8)) is None


def test_a_system_without_huge_pages_gives_plain_memory(monkeypatch):
    monkeypatch.setattr(pages, "_WAY", None)
    assert uninitialised((SMALLEST,), np.uint8).flags.owndata


def test_a_kernel_that_refuses_huge_pages_is_no_failure(monkeypatch):
    monkeypatch.setattr(pages, "_WAY", 10_000)  # no such advice: EINVAL
    assert uninitialised((SMALLEST,), np.uint8).shape == (SMALLEST,)
