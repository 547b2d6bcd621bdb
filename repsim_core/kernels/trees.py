"""Minimum spanning trees of dense distance matrices (Prim), zeros and ties included."""

from typing import Any

import numpy as np

from repsim_core.kernels import njit


@njit
def spanning_tree(distances: Any) -> tuple[Any, Any]:
    """Lengths ``(n − 1,)`` and ends ``(n − 1, 2)`` of a minimum spanning tree of ``(n, n)``; O(n²)."""
    n = len(distances)
    lengths, ends = np.empty(max(n - 1, 0)), np.empty((max(n - 1, 0), 2), np.int32)
    nearest, via = np.full(n, np.inf), np.zeros(n, np.int32)
    outside = np.ones(n, np.bool_)
    last = 0
    for taken in range(n - 1):
        outside[last] = False
        best = -1
        for k in range(n):
            if outside[k]:
                if distances[last, k] < nearest[k]:
                    nearest[k], via[k] = distances[last, k], last
                if best < 0 or nearest[k] < nearest[best]:
                    best = k
        lengths[taken] = nearest[best]
        ends[taken, 0], ends[taken, 1] = via[best], best
        last = best
    return lengths, ends


@njit
def merge_bars(tree: Any, tree_ends: Any, other: Any, other_ends: Any) -> tuple[Any, Any]:
    """Birth and death of every edge of ``tree`` against ``other``, both in ascending order; O(n²).

    The edge is born at its length; it dies when the edges of the other tree up to there, with those of its own tree
    that came before it, join its ends.
    """
    count = len(tree)
    births, deaths = tree.copy(), np.empty(count)
    parent = np.arange(count + 1)
    for edge in range(count):
        own = parent.copy()  # joined by the edges of the tree so far
        i, j = tree_ends[edge]
        deaths[edge] = tree[edge]
        for k in range(count):
            if _root(own, i) == _root(own, j):
                break
            deaths[edge] = other[k]
            own[_root(own, other_ends[k, 0])] = _root(own, other_ends[k, 1])
        parent[_root(parent, i)] = _root(parent, j)
    return births, deaths


@njit
def _root(parent: Any, item: int) -> int:
    while parent[item] != item:
        parent[item] = parent[parent[item]]
        item = parent[item]
    return item
