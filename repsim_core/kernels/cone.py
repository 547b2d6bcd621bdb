"""Degree-1 persistence of the mapping cone VR(w) → VR(min(w, w~)): homology on n + 1 points.

Cells: an edge ij enters at ``m_ij``, a triangle ijk with its longest edge, the triangle c·ij over the apex c at
``w_ij``; the vertices, c and the edges c·i at 0. So every edge starts a class, and c·ij ends it at the latest. Over
the thinned triangles of :mod:`repsim_core.kernels.edges`, an edge with a witness k is the sum of the shorter ik and jk;
only edges without one start a class that lives. They die of few relations: one for every further component of a lens,
and of the triangles c·ij those without a point k such that c·ik and c·jk came before.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from repsim_core.kernels import njit
from repsim_core.kernels.bits import flip, highest_bit
from repsim_core.kernels.edges import Edges


def cone_bars(
    edges: Edges, w: NDArray[np.float64], radius: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int32], NDArray[np.int32]]:
    """Bars of positive length up to ``radius``, beyond which the cone has no homology.

    ``edges`` are those of the smaller distances m, ``w ≥ m`` the distances ``(n, n)`` of the space coned off. Returns
    births and deaths ``(bars,)``, the points of each birth edge ``(bars, 2)`` and of each death triangle ``(bars, 3)``,
    the last of them −1 for the apex.
    """
    count = int(np.searchsorted(edges.values, radius, "right"))
    extra = edges.extra[: int(np.searchsorted(edges.extra[:, 0], count))]
    apex = _apex_relations(edges.ends[:count], w, radius)
    apex = apex[np.argsort(w.ravel()[edges.ends[apex]], kind="stable")]
    births, deaths, born, died = _reduced(edges.values[:count], edges.ends, edges.rank, edges.witness, extra, apex, w)
    return births, deaths, born, died


@njit
def _apex_relations(ends: Any, w: Any, radius: float) -> Any:
    """Edges ij up to the radius without a point k such that c·ik and c·jk enter before c·ij, ties by position in w."""
    n = len(w)
    kept, found = np.empty(len(ends), np.int32), 0
    last = np.zeros(n, np.int64)  # point → the k of its last edge, likely one for the next as well
    for edge in range(len(ends)):
        i, j = ends[edge] // n, ends[edge] % n
        if w[i, j] > radius or _before(last[i], i, j, w) or _before(last[j], i, j, w):
            continue
        for k in range(n):
            if _before(k, i, j, w):
                last[i] = last[j] = k
                break
        else:
            kept[found] = edge
            found += 1
    return kept[:found].copy()


@njit
def _before(k: int, i: int, j: int, w: Any) -> bool:
    """Whether c·ik and c·jk enter before c·ij, where i < j."""
    length = w[i, j]
    if w[i, k] > length or w[j, k] > length or k in (i, j):
        return False
    own = i * len(w) + j
    before_i = w[i, k] < length or min(i, k) * len(w) + max(i, k) < own
    return before_i and (w[j, k] < length or min(j, k) * len(w) + max(j, k) < own)


@njit
def _reduced(values: Any, ends: Any, rank: Any, witness: Any, extra: Any, apex: Any, w: Any) -> Any:
    """Relations in order of entry, each a sum of edges; the youngest class in it dies."""
    n = len(rank)
    most = 0
    for edge in range(len(values)):
        most += witness[edge] < 0
    births, deaths = np.empty(most), np.empty(most)
    born, died = np.empty((most, 2), np.int32), np.empty((most, 3), np.int32)
    bars = 0

    owner = np.full(len(values), -1, np.int32)  # edge → the relation it died of
    starts, relations = np.zeros(most + 1, np.int64), 0
    stored = np.empty(1024, np.int32)
    column = np.zeros((len(values) >> 6) + 1, np.uint64)
    first, second = 0, 0
    while relations < most and (first < len(extra) or second < len(apex)):
        if second == len(apex) or (
            first < len(extra) and values[extra[first, 0]] <= w[ends[apex[second]] // n, ends[apex[second]] % n]
        ):
            edge, third = extra[first, 0], extra[first, 1]
            i, j = ends[edge] // n, ends[edge] % n
            death, top = values[edge], edge
            flip(column, edge)
            flip(column, rank[i, third])
            flip(column, rank[j, third])
            first += 1
        else:
            edge, third = apex[second], -1
            i, j = ends[edge] // n, ends[edge] % n
            death, top = w[i, j], edge
            flip(column, edge)
            second += 1
        while True:
            top = highest_bit(column, top >> 6)
            if top < 0:
                break
            k = witness[top]
            if k >= 0:
                a, b = ends[top] // n, ends[top] % n
                flip(column, top)
                flip(column, rank[a, k])
                flip(column, rank[b, k])
            elif owner[top] >= 0:
                for at in range(starts[owner[top]], starts[owner[top] + 1]):
                    flip(column, stored[at])
            else:
                break
        if top < 0:
            continue
        owner[top] = relations
        if death > values[top]:
            births[bars], deaths[bars] = values[top], death
            born[bars, 0], born[bars, 1] = ends[top] // n, ends[top] % n
            died[bars, 0], died[bars, 1], died[bars, 2] = i, j, third
            bars += 1
        stop, item = starts[relations], top
        while item >= 0:
            if stop == len(stored):
                larger = np.empty(2 * stop, np.int32)
                larger[:stop] = stored
                stored = larger
            stored[stop] = item
            stop += 1
            flip(column, item)
            item = highest_bit(column, item >> 6)
        relations += 1
        starts[relations] = stop
    return births[:bars], deaths[:bars], born[:bars], died[:bars]
