"""R-Cross-Barcode: what the union of two neighbourhood graphs closes up that the first one alone does not."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from repsim_core.compute.memory import budget_bytes, readable_bytes
from repsim_core.errors import BudgetError, InputError, ShapeError
from repsim_core.topology.distances import checked
from repsim_core.types import PersistenceDiagram

if TYPE_CHECKING:  # the kernels import numba, a sixth of a second that no page should wait for
    from repsim_core.kernels.edges import Edges

BYTES_A_SIMPLEX = 70  # of GUDHI's simplex tree, measured
BYTES_A_PAIR = 28  # of the kernel, of n² pairs: sorted edges, ranks and bits, measured


def cross_barcode(dx: ArrayLike, dy: ArrayLike, *, dimension: int = 1) -> PersistenceDiagram:
    r"""R-Cross-Barcode of two normalised distance matrices.

    The persistent homology of the mapping cone of :math:`VR_\alpha(w) \to VR_\alpha(\min(w, \tilde w))`, exact in
    float64 with coefficients mod 2.

    Parameters
    ----------
    dx, dy
        Distances ``(n, n)`` of the same points in the same order, each over its own scale
        (:func:`repsim_core.topology.normalised_distances`).
    dimension
        1 by our own kernel, O(n² + n³ / 128) and what its few relations need; 0 and 2 by GUDHI, where 2 builds all
        n⁴ / 24 tetrahedra.

    Returns
    -------
    PersistenceDiagram
        Bars of positive length. Points are numbered as in the matrices; −1 stands for the apex of the cone, where a
        bar ends because the edge is now in both spaces.

    Raises
    ------
    ShapeError, InputError
        For what is not a distance matrix, or two of different n.
    BudgetError
        Where dimension 2 needs more memory than it may take; the message has the number.

    References
    ----------
    Barannikov et al. (2022), ICML, definition 1.

    Examples
    --------
    Two points that the second space brings together at 1 and the first at 3:

    >>> bars = cross_barcode([[0, 3], [3, 0]], [[0, 1], [1, 0]])
    >>> bars.births.tolist(), bars.deaths.tolist()
    ([1.0], [3.0])
    """
    w, other = checked(dx, "dx"), checked(dy, "dy")
    if len(w) != len(other):
        raise ShapeError(f"dx has {len(w)} points and dy {len(other)}; compare the same points in both.")
    if dimension not in (0, 1, 2):
        raise InputError(f"The cross-barcode is computed in dimension 0, 1 or 2, not {dimension!r}.")
    if dimension != 1:
        return _by_gudhi(w, np.minimum(w, other), dimension)
    radius = enclosing_radius(w)
    return cone_diagram(ordered(np.minimum(w, other), radius), w, radius)


def both_directions(w: NDArray[np.float64], other: NDArray[np.float64]) -> tuple[PersistenceDiagram, ...]:
    """Cross-barcodes there and back of two checked matrices, which share the sorted edges."""
    radii = enclosing_radius(w), enclosing_radius(other)
    edges = ordered(np.minimum(w, other), max(radii))
    return tuple(cone_diagram(edges, one, radius) for one, radius in zip((w, other), radii, strict=True))


def ordered(smaller: NDArray[np.float64], radius: float) -> "Edges":
    """Edges up to a radius, of no more points than the kernel can number and the memory holds."""
    from repsim_core.kernels.edges import LARGEST_N, sorted_edges

    if len(smaller) > LARGEST_N:
        raise BudgetError(
            f"{len(smaller)} points are more than the {LARGEST_N} that a cross-barcode takes; take a subset."
        )
    needed, limit = BYTES_A_PAIR * len(smaller) ** 2, budget_bytes()
    if needed > limit:
        raise BudgetError(
            f"A cross-barcode of {len(smaller)} points takes {readable_bytes(needed)} (limit {readable_bytes(limit)}); "
            f"take {math.isqrt(limit // BYTES_A_PAIR)} points or fewer, or several smaller subsets."
        )
    return sorted_edges(smaller, radius)


def cone_diagram(edges: "Edges", w: NDArray[np.float64], radius: float) -> PersistenceDiagram:
    """Bars over sorted edges of the smaller distances."""
    from repsim_core.kernels.cone import cone_bars

    births, deaths, born, died = cone_bars(edges, w, radius)
    return PersistenceDiagram(births, deaths, 1, born, died, {"of": "R-Cross-Barcode", "n": len(w)})


def enclosing_radius(w: NDArray[np.float64]) -> float:
    """The least distance within which one point has all others: from there on the complex is a cone."""
    return float(w.max(axis=1).min())


def _by_gudhi(w: NDArray[np.float64], smaller: NDArray[np.float64], dimension: int) -> PersistenceDiagram:
    """The cone as a simplex tree, cut at the radius beyond which it has no homology."""
    n = len(w)
    simplices = (n + 1) + n * (n + 1) // 2 + (n**3 // 6 + n * n // 2 if dimension else 0)
    simplices += n**4 // 24 + n**3 // 6 if dimension == 2 else 0
    if simplices * BYTES_A_SIMPLEX > budget_bytes():
        needed, limit = readable_bytes(simplices * BYTES_A_SIMPLEX), readable_bytes(budget_bytes())
        raise BudgetError(
            f"Dimension {dimension} at {n} points builds {simplices:.2g} simplices, about {needed} (limit {limit}); "
            "take fewer points."
        )
    import gudhi  # takes a tenth of a second, and few ask

    radius = enclosing_radius(w)
    tree = gudhi.SimplexTree()
    apex = n
    tree.insert_batch(np.arange(n + 1)[None, :], np.zeros(n + 1))
    tree.insert_batch(np.stack([np.arange(n), np.full(n, apex)]), np.zeros(n))
    rows, columns = np.triu_indices(n, 1)
    inside = smaller[rows, columns] <= radius
    tree.insert_batch(np.stack([rows, columns])[:, inside], smaller[rows, columns][inside])
    tree.expansion(dimension + 1)
    for simplex, value in list(tree.get_skeleton(dimension + 1)):
        if apex in simplex and len(simplex) > 2:
            base = [one for one in simplex if one != apex]
            tree.assign_filtration(simplex, max(value, float(w[np.ix_(base, base)].max())))
    tree.make_filtration_non_decreasing()
    tree.persistence(homology_coeff_field=2, min_persistence=0.0, persistence_dim_max=True)
    return _from_tree(tree, apex, dimension, radius)


def _from_tree(tree: Any, apex: int, dimension: int, radius: float) -> PersistenceDiagram:
    births, deaths, born, died = [], [], [], []
    for one, other in tree.persistence_pairs():
        if len(one) != dimension + 1 or (dimension == 0 and not other):
            continue
        birth = tree.filtration(one)
        death = tree.filtration(other) if other else np.inf
        if birth < radius and min(death, radius) > birth:
            births.append(birth)
            deaths.append(min(death, radius))
            born.append([-1 if point == apex else point for point in one])
            died.append([-1 if point == apex else point for point in other] or [-1] * (dimension + 2))
    return PersistenceDiagram(
        np.array(births, dtype=np.float64),
        np.array(deaths, dtype=np.float64),
        dimension,
        np.array(born, dtype=np.int32).reshape(-1, dimension + 1),
        np.array(died, dtype=np.int32).reshape(-1, dimension + 2),
        {"of": "R-Cross-Barcode", "n": apex},
    )
