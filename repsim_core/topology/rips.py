"""Persistent homology of a cloud of points: its Vietoris–Rips filtration, dimension by dimension."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from repsim_core.topology.clouds import NEIGHBOURS, cloud, cloud_distances
from repsim_core.topology.cross import enclosing_radius
from repsim_core.topology.distances import checked
from repsim_core.topology.rips_cost import affordable, checked_dimension
from repsim_core.types import PersistenceDiagram, Representation


def rips(
    x: ArrayLike | Representation,
    *,
    max_dimension: int = 1,
    metric: str = "euclidean",
    neighbours: int = NEIGHBOURS,
    scale: str | None = None,
) -> list[PersistenceDiagram]:
    """Diagrams of the Vietoris–Rips filtration of the rows of ``x``, one for each dimension 0 to ``max_dimension``.

    A set of points enters with its longest distance, so a bar is measured in distances, not in radii.

    Parameters
    ----------
    x
        Array ``(n, units)`` or a representation.
    max_dimension
        0 (components), 1 (loops) or 2 (cavities).
    metric, neighbours, scale
        As :func:`repsim_core.topology.cloud_distances` takes them; without a scale in the unit of the responses.

    Returns
    -------
    list of PersistenceDiagram
        Bars of positive length, longest first; the one component that never dies has an infinite death. The points of
        a bar are named in dimensions 0 and 1; see :func:`rips_of_distances`.

    Raises
    ------
    ShapeError, InputError, UnknownNameError
        For input that is no cloud.
    DegenerateError
        As :func:`repsim_core.topology.cloud_distances`.
    BudgetError
        Above the memory or time that a request may take; the message has the nearest n that fits.

    Notes
    -----
    Invariant to rotation and translation and to the order of the points; lengths scale with the cloud. Stable: moving
    every point by at most ε moves each diagram by at most 2ε in the bottleneck distance. Equal points count as one,
    and a single point, or a constant layer without a scale, has one component and nothing else.

    References
    ----------
    Chazal, de Silva and Oudot (2014), Persistence stability for geometric complexes, theorem 5.2. arXiv:1207.3885

    Examples
    --------
    The corners of a square of side 1 make a loop at 1, which its diagonals fill:

    >>> components, loops = rips([[0, 0], [1, 0], [1, 1], [0, 1]])
    >>> components.deaths.tolist()
    [inf, 1.0, 1.0, 1.0]
    >>> loops.births.tolist(), loops.deaths.round(6).tolist()
    ([1.0], [1.414214])
    """
    one = cloud(x)
    affordable(one.n_stimuli, checked_dimension(max_dimension))
    found = cloud_distances(one, metric=metric, neighbours=neighbours, scale=scale)
    recipe = {"metric": metric} | ({"neighbours": int(neighbours)} if metric == "geodesic" else {}) | {"scale": scale}
    return _diagrams(found, max_dimension, recipe)


def rips_of_distances(d: ArrayLike, *, max_dimension: int = 1) -> list[PersistenceDiagram]:
    """The same of a matrix of distances ``(n, n)``, which need not obey the triangle inequality.

    In dimension 0 a bar names the point that leads its component, the first of it, and the edge that joins it to an
    older one. In dimension 1 it names the edge that closes the loop and a triangle that fills it. In dimension 2 it
    names the longest edge of each, found by its length, and −1 for the other points. Among equal lengths the edge of
    the first points counts as the shortest.

    Raises
    ------
    ShapeError, InputError
        For what is not a symmetric matrix, finite, not negative and zero on the diagonal.
    BudgetError
        As :func:`rips`.

    Notes
    -----
    Dimension 0 is a minimum spanning tree, O(n²). Dimension 1 is the kernel of the R-Cross-Barcode over an empty second
    space, some times faster than Ripser and with the points of every bar. Dimension 2 is GUDHI's Ripser after an edge
    collapse. All are exact, with coefficients mod 2.
    """
    matrix = checked(d, "d")
    affordable(len(matrix), checked_dimension(max_dimension))
    return _diagrams(matrix, max_dimension, {"metric": "given"})


def _diagrams(d: NDArray[np.float64], max_dimension: int, recipe: dict[str, Any]) -> list[PersistenceDiagram]:
    made = (_components, _loops, _cavities)[: max_dimension + 1]
    recipe = {"of": "Vietoris–Rips", "n": len(d)} | recipe
    return [PersistenceDiagram(*bars[:2], k, *bars[2:], recipe) for k, bars in enumerate(one(d) for one in made)]


Bars = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int32], NDArray[np.int32]]


def _components(d: NDArray[np.float64]) -> Bars:
    """A tree edge ends the component whose first point is the later one."""
    from repsim_core.kernels.trees import spanning_tree  # with numba, which takes a while

    lengths, ends = spanning_tree(d)
    order = np.argsort(lengths, kind="stable")
    parent = np.arange(len(d))

    def first(point: int) -> int:
        while parent[point] != point:
            parent[point] = point = parent[parent[point]]
        return point

    leaders = np.zeros((len(order) + 1, 1), np.int32)  # the last row is the component that stays: that of point 0
    for k, edge in enumerate(order):
        one, other = sorted(first(int(point)) for point in ends[edge])
        parent[other] = leaders[k] = other
        parent[other] = one
    deaths = np.append(lengths[order], np.inf)
    edges = np.vstack([np.sort(ends[order], axis=1), np.full((1, 2), -1, np.int32)]).astype(np.int32)
    kept = deaths > 0
    return np.zeros(int(kept.sum())), deaths[kept], leaders[kept], edges[kept]


def _loops(d: NDArray[np.float64]) -> Bars:
    from repsim_core.kernels.cone import cone_bars
    from repsim_core.kernels.edges import sorted_edges

    radius = enclosing_radius(d)
    births, deaths, born, died = cone_bars(sorted_edges(d, radius), np.full_like(d, np.inf), radius)
    return births, deaths, np.sort(born, axis=1), np.sort(died, axis=1)


def _cavities(d: NDArray[np.float64]) -> Bars:
    from gudhi.sklearn.rips_persistence import RipsPersistence

    engine = RipsPersistence([2], input_type="full distance matrix", homology_coeff_field=2)
    pairs = np.asarray(engine.fit_transform([d])[0][0], dtype=np.float64).reshape(-1, 2)
    pairs = pairs[pairs[:, 1] > pairs[:, 0]]
    rows, columns = np.triu_indices(len(d), 1)
    order = np.argsort(d[rows, columns], kind="stable")
    edges = np.stack([rows, columns], axis=1)[order].astype(np.int32)
    values = d[rows, columns][order]
    born, died = np.full((len(pairs), 3), -1, np.int32), np.full((len(pairs), 4), -1, np.int32)
    born[:, :2] = edges[np.searchsorted(values, pairs[:, 0])] if len(pairs) else -1
    died[:, :2] = edges[np.searchsorted(values, pairs[:, 1])] if len(pairs) else -1
    return pairs[:, 0], pairs[:, 1], born, died
