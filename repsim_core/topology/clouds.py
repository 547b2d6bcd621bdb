"""Distances of a cloud of points as persistent homology takes them, in its own unit unless a scale is asked for."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from repsim_core.errors import DegenerateError, InputError, ShapeError, unknown_name
from repsim_core.linalg import Array, centred, non_finite, represented, squared_distances, unit_scaled
from repsim_core.topology.distances import METRICS, SCALES, distances, scale_of
from repsim_core.types import Representation

CLOUD_METRICS: Mapping[str, str] = dict(METRICS) | {
    "geodesic": "shortest path along the graph of the nearest neighbours, its edges Euclidean",
}
NEIGHBOURS = 10


def cloud(x: ArrayLike | Representation, label: str = "x") -> Representation:
    """``x`` as a representation of at least one point, every number finite."""
    one = represented(x, label)
    if not one.n_stimuli:
        raise ShapeError(f"{one.model}/{one.layer}: there are no points; give at least one.")
    if reason := non_finite(one):
        raise DegenerateError(f"{reason} Fix the layer or leave those stimuli out.", "non_finite")
    return one


def cloud_distances(
    x: ArrayLike | Representation,
    *,
    metric: str = "euclidean",
    neighbours: int = NEIGHBOURS,
    scale: str | None = None,
) -> NDArray[np.float64]:
    """Distances ``(n, n)`` of the rows, float64, exactly symmetric, zero on the diagonal; O(n² units).

    Parameters
    ----------
    x
        Array ``(n, units)`` or a representation.
    metric
        A key of :data:`CLOUD_METRICS`.
    neighbours
        Of a point in the graph of the geodesic metric.
    scale
        ``None`` keeps the unit of the responses; a key of :data:`repsim_core.topology.SCALES` divides by it, so that
        layers compare.

    Raises
    ------
    ShapeError, UnknownNameError
        For what is no cloud, and for another metric or scale.
    DegenerateError
        ``non_finite``; ``zero_vector`` where an angle is undefined; ``zero_scale`` where most points are equal;
        ``disconnected`` where the graph of the geodesic metric is in pieces.

    Notes
    -----
    Points closer than 4e-8 of their distance from the mean count as equal: the fast form cannot tell them apart.
    """
    one = cloud(x)
    label = f"{one.model}/{one.layer}"
    if metric not in CLOUD_METRICS:
        raise unknown_name("metric", metric, CLOUD_METRICS)
    if scale is not None and scale not in SCALES:
        raise unknown_name("scale", scale, SCALES)
    if metric in ("euclidean", "geodesic"):
        found = _euclidean(one.values)
    else:
        found = distances(one.values, metric, label=label)
    found = np.maximum(found, found.T)  # a product may differ from its transpose by an ulp
    np.fill_diagonal(found, 0.0)
    if metric == "geodesic":
        found = geodesic(found, neighbours, label=label)
    return found if scale is None else over_scale(found, scale, label=label)


def over_scale(found: NDArray[np.float64], scale: str, *, label: str = "x") -> NDArray[np.float64]:
    """Distances over a scale of their own, a key of :data:`repsim_core.topology.SCALES`.

    Raises
    ------
    DegenerateError
        Reason ``zero_scale`` where most points are equal.
    """
    unit = scale_of(found, scale)
    if not unit > 0:
        raise DegenerateError(
            f"{label}: the {SCALES[scale]} is 0, so nothing can be divided by it: most of its {len(found)} points are "
            "equal. Take other stimuli or a later layer.",
            "zero_scale",
        )
    return np.asarray(found / unit)


def geodesic(found: NDArray[np.float64], neighbours: int = NEIGHBOURS, *, label: str = "x") -> NDArray[np.float64]:
    """Shortest paths along the graph that joins each point to its nearest ``neighbours``; O(n² log n + n² neighbours).

    Raises
    ------
    InputError
        If ``neighbours`` is not a whole number from 1 to n − 1.
    DegenerateError
        Reason ``disconnected``; the message has the least number of neighbours that joins all.
    """
    n = len(found)
    if n < 2:
        return found
    if not isinstance(neighbours, int | np.integer) or not 1 <= neighbours < n:
        raise InputError(f"{label}: neighbours must be a whole number from 1 to {n - 1}, got {neighbours!r}.")
    from scipy.sparse.csgraph import shortest_path

    order = np.argsort(np.where(np.eye(n, dtype=bool), np.inf, found), axis=1, kind="stable")
    pieces = _pieces(found, order, neighbours)
    if pieces > 1:
        low, high = neighbours, n - 1
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if _pieces(found, order, middle) == 1 else (middle, high)
        raise DegenerateError(
            f"{label}: the graph of {neighbours} nearest neighbours falls into {pieces} pieces, between which there is "
            f"no path; take neighbours = {high} or more, or the Euclidean distance.",
            "disconnected",
        )
    paths: NDArray[np.float64] = shortest_path(_graph(found, order, neighbours), method="D", directed=False)
    return np.maximum(paths, paths.T)


def _pieces(found: NDArray[np.float64], order: NDArray[np.intp], neighbours: int) -> int:
    from scipy.sparse.csgraph import connected_components

    return int(connected_components(_graph(found, order, neighbours), directed=False, return_labels=False))


def _graph(found: NDArray[np.float64], order: NDArray[np.intp], neighbours: int) -> object:
    from scipy.sparse import csr_array

    n = len(found)
    rows, columns = np.repeat(np.arange(n), neighbours), order[:, :neighbours].ravel()
    # A stored 0 is an edge of length 0, but not to every routine of scipy: equal points get the least length there is.
    lengths = np.maximum(found[rows, columns], np.finfo(np.float64).tiny)
    return csr_array((lengths, (rows, columns)), shape=(n, n))


def _euclidean(values: Array) -> NDArray[np.float64]:
    """Lengths of the differences in the unit of the responses, whatever their magnitude."""
    if len(values) < 2 or not np.ptp(values, axis=0).any():
        return np.zeros((len(values), len(values)))
    features = np.asarray(_centred_or_zero(values), dtype=np.float64)
    scaled = unit_scaled(features)
    peak = int(np.abs(features).argmax())
    held = float(scaled.ravel()[peak])
    factor = float(features.ravel()[peak]) / held if held else 1.0  # a power of two
    return np.asarray(np.sqrt(squared_distances(scaled)) * factor)


def _centred_or_zero(values: Array) -> Array:
    """Columns minus their means; all zero where nothing but round-off varies."""
    try:
        return centred(values)
    except DegenerateError:  # zero_variance: non-finite numbers are refused before
        return np.zeros_like(values)
