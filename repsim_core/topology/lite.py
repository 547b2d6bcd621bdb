"""What spanning trees say of a divergence in O(n²): RTD-Lite, SRTD-lite, and the cluster part of RTD."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from repsim_core.errors import ShapeError
from repsim_core.topology.cross import cone_diagram, enclosing_radius, ordered
from repsim_core.topology.distances import checked
from repsim_core.types import PersistenceDiagram

LITE_WARNING = (
    "RTD-Lite sees only how clusters merge, and is no estimate of RTD: on the clusters experiment it orders the spaces "
    "backwards (tau −1), where RTD and SRTD-lite order them right (tau 1)."
)


def tree_weight(d: NDArray[np.float64]) -> float:
    """Total length of a minimum spanning tree."""
    from repsim_core.kernels.trees import spanning_tree

    return float(spanning_tree(d)[0].sum())


def cluster_part(dx: NDArray[np.float64], dy: NDArray[np.float64]) -> float:
    """``MST(w) − MST(min(w, w~))``: the part of RTD₁ in one direction that comes from H₀; a lower bound of it."""
    return tree_weight(dx) - tree_weight(np.minimum(dx, dy))


def rtd_lite(dx: ArrayLike, dy: ArrayLike) -> float:
    """Mean of both cluster parts of two normalised distance matrices ``(n, n)``; at least 0, no upper bound; O(n²).

    References
    ----------
    Tulchinskii et al. (2025), AISTATS.
    """
    w, other = _pair(dx, dy)
    return (cluster_part(w, other) + cluster_part(other, w)) / 2


def rtd_lite_barcode(dx: ArrayLike, dy: ArrayLike) -> PersistenceDiagram:
    """Bars of RTD-Lite from x to y: when an edge of the tree of the minimum is also bridged in x; O(n²).

    The lengths add up to :func:`cluster_part`. The death of a bar is an edge of no single triangle, so its points
    are −1.
    """
    w, other = _pair(dx, dy)
    from repsim_core.kernels.trees import merge_bars, spanning_tree

    (small, small_ends), (large, large_ends) = (_sorted(spanning_tree(one)) for one in (np.minimum(w, other), w))
    births, deaths = merge_bars(small, small_ends, large, large_ends)
    kept = deaths > births
    nobody = np.full((int(kept.sum()), 3), -1, np.int32)
    return PersistenceDiagram(births[kept], deaths[kept], 1, small_ends[kept], nobody, {"of": "RTD-Lite", "n": len(w)})


def srtd_lite(dx: ArrayLike, dy: ArrayLike) -> float:
    """``MST(max(w, w~)) − MST(min(w, w~))``, symmetric; O(n²).

    References
    ----------
    Wang and Hu (2026), TMLR. arXiv:2606.06342
    """
    w, other = _pair(dx, dy)
    return tree_weight(np.maximum(w, other)) - tree_weight(np.minimum(w, other))


def srtd_barcode(dx: ArrayLike, dy: ArrayLike) -> PersistenceDiagram:
    """Bars of the cone of VR(max(w, w~)) → VR(min(w, w~)) in degree 1, symmetric; cost as the cross-barcode.

    References
    ----------
    Wang and Hu (2026), TMLR. arXiv:2606.06342
    """
    w, other = _pair(dx, dy)
    larger = np.maximum(w, other)
    radius = enclosing_radius(larger)
    return cone_diagram(ordered(np.minimum(w, other), radius), larger, radius)


def _pair(dx: ArrayLike, dy: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    w, other = checked(dx, "dx"), checked(dy, "dy")
    if len(w) != len(other):
        raise ShapeError(f"dx has {len(w)} points and dy {len(other)}; compare the same points in both.")
    return w, other


def _sorted(tree: tuple[NDArray[np.float64], NDArray[np.int32]]) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    order = np.argsort(tree[0], kind="stable")
    return tree[0][order], tree[1][order]
