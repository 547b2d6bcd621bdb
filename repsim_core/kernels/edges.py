"""The 2-skeleton of a Vietoris–Rips filtration, thinned to one triangle an edge and a few more, with the same H₁.

Edges enter one after the other. The triangles that enter with ij stand over its *lens*, the points already joined to
both ends. If two points of the lens are joined themselves, the tetrahedron over them makes one of the two triangles
redundant for H₁, so one triangle for each connected component of the lens will do. Sets of points are bits of words,
so an edge costs a few times n / 64 operations, as long as few points span its lens, and the filtration n³ / 128.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from repsim_core.kernels import inlined, njit
from repsim_core.kernels.bits import contains, flip, highest_in, lowest_bit
from repsim_core.kernels.radix import sorted_with

LARGEST_N = 46_340  # i * n + j has to fit 32 bits


class Edges(NamedTuple):
    """Edges in one fixed total order, equal ones by their ends; the position in it is the rank.

    ``witness`` names a point of the lens, −1 where it is empty and the edge starts a class. ``extra`` lists an edge
    and a point for every further component.
    """

    values: NDArray[np.float64]  # (edges,) ascending
    ends: NDArray[np.int32]  # (edges,) i * n + j with i < j
    rank: NDArray[np.int32]  # (n, n); −1 on the diagonal and for edges that were left out
    witness: NDArray[np.int32]  # (edges,)
    extra: NDArray[np.int32]  # (components, 2) in order of the edges


def sorted_edges(distances: NDArray[np.float64], radius: float) -> Edges:
    """Edges of a symmetric matrix ``(n, n)`` up to ``radius``, included; O(n² + n³ / 128), 18 n² bytes."""
    values, ends = sorted_with(*_gathered(distances, radius))
    return Edges(values, ends, *_thinned(ends, len(distances)))


@njit
def _gathered(distances: Any, radius: float) -> Any:
    n = len(distances)
    count = 0
    for i in range(n):
        for j in range(i + 1, n):
            count += distances[i, j] <= radius
    values, ends = np.empty(count, np.float64), np.empty(count, np.int32)
    at = 0
    for i in range(n):
        for j in range(i + 1, n):
            if distances[i, j] <= radius:
                values[at], ends[at] = distances[i, j] + 0.0, i * n + j  # no −0
                at += 1
    return values, ends


@njit
def _thinned(ends: Any, n: int) -> Any:
    rank, witness = np.full((n, n), -1, np.int32), np.full(len(ends), -1, np.int32)
    words = (n + 63) >> 6
    joined = np.zeros((n, words), np.uint64)  # bit k of row i: the edge ik is there
    lens, reached = np.empty(words, np.uint64), np.empty(words, np.uint64)
    extra, found = np.empty((1024, 2), np.int32), 0
    last = np.zeros(n, np.int64)  # point → its last witness, likely joined to most of the next lens as well
    for position in range(len(ends)):
        i, j = ends[position] // n, ends[position] % n
        some = np.uint64(0)
        for q in range(words):
            lens[q] = joined[i, q] & joined[j, q]
            some |= lens[q]
        if some:
            k = last[i] if contains(lens, last[i]) else last[j]
            if not contains(lens, k):
                k = lowest_bit(lens)
            last[i] = last[j] = witness[position] = k
            _take_component(k, lens, reached, joined)
            while True:
                k = lowest_bit(lens)
                if k < 0:
                    break
                if found == len(extra):
                    larger = np.empty((2 * found, 2), np.int32)
                    larger[:found] = extra
                    extra = larger
                extra[found, 0], extra[found, 1] = position, k
                found += 1
                _take_component(k, lens, reached, joined)
        rank[i, j] = rank[j, i] = position
        joined[i, j >> 6] |= np.uint64(1) << np.uint64(j & 63)
        joined[j, i >> 6] |= np.uint64(1) << np.uint64(i & 63)
    return rank, witness, extra[:found].copy()


@njit
def _take_component(start: int, lens: Any, reached: Any, joined: Any) -> None:
    """Take the component of a point out of the lens.

    The first point reaches most of it, and most of what it leaves is one step from what it reached: look at that once,
    and only then at every point in turn.
    """
    flip(lens, start)
    left = np.uint64(0)
    for q in range(len(lens)):
        reached[q] = lens[q] & joined[start, q]
        lens[q] &= ~reached[q]
        left |= lens[q]
    if not left:
        return
    for word in range(len(lens)):
        todo = lens[word]
        while todo:
            bit = todo & (~todo + np.uint64(1))
            todo ^= bit
            k = (word << 6) + highest_in(bit)
            if _meets(k, reached, joined):
                lens[word] ^= bit
                if not _spread(k, lens, reached, joined):
                    return
                todo &= lens[word]
    k = lowest_bit(reached)
    while k >= 0:
        flip(reached, k)
        if not _spread(k, lens, reached, joined):
            return
        k = lowest_bit(reached)


@inlined
def _spread(k: int, lens: Any, reached: Any, joined: Any) -> bool:
    """Move what is joined to a point from the lens to what is reached; whether the lens has any left."""
    left = np.uint64(0)
    for q in range(len(lens)):
        new = lens[q] & joined[k, q]
        reached[q] |= new
        lens[q] &= ~new
        left |= lens[q]
    return bool(left)


@inlined
def _meets(k: int, reached: Any, joined: Any) -> bool:
    """Whether a point is joined to one that is reached."""
    for q in range(len(reached)):  # noqa: SIM110 (numba has no any of a generator)
        if reached[q] & joined[k, q]:
            return True
    return False
