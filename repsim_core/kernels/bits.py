"""Sets of small integers as the bits of 64-bit words."""

from typing import Any

import numpy as np

from repsim_core.kernels import njit


@njit
def flip(words: Any, item: int) -> None:
    """Put an item in, or take it out if it is there."""
    words[item >> 6] ^= np.uint64(1) << np.uint64(item & 63)


@njit
def contains(words: Any, item: int) -> bool:
    """Whether an item is in the set."""
    return bool((words[item >> 6] >> np.uint64(item & 63)) & np.uint64(1))


@njit
def highest_in(word: Any) -> int:
    """The largest item of one word that is not empty."""
    at = 0
    for shift in (32, 16, 8, 4, 2, 1):
        if word >> np.uint64(shift):
            word >>= np.uint64(shift)
            at += shift
    return at


@njit
def lowest_bit(words: Any) -> int:
    """The smallest item of a set, −1 if it is empty."""
    for q in range(len(words)):
        if words[q]:
            return (q << 6) + highest_in(words[q] & (~words[q] + np.uint64(1)))
    return -1


@njit
def highest_bit(words: Any, top: int) -> int:
    """The largest item of a set that has none above word ``top``, −1 if it is empty."""
    for q in range(top, -1, -1):
        if words[q]:
            return (q << 6) + highest_in(words[q])
    return -1
