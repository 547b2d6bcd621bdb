"""Distance matrices as RTD takes them: divided by a scale of their own, so that two spaces compare."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from repsim_core.errors import DegenerateError, InputError, ShapeError, unknown_name
from repsim_core.linalg import at_least, centred, squared_distances, unit_scaled
from repsim_core.types import Representation

METRICS: Mapping[str, str] = {
    "euclidean": "length of the difference",
    "cosine": "1 − cosine of the angle at the origin",
    "correlation": "1 − Pearson correlation over the units",
}
SCALES: Mapping[str, str] = {
    "quantile": "0.9 quantile of all n² distances, zeros included (Barannikov et al.)",
    "median": "median of all n² distances",
    "mean": "mean of all n² distances",
}


def distances(x: NDArray[Any], metric: str = "euclidean", *, label: str = "x") -> NDArray[np.float64]:
    """Distances ``(n, n)`` of the rows of ``(n, units)``, float64, zero on the diagonal; O(n² units)."""
    if metric not in METRICS:
        raise unknown_name("metric", metric, METRICS)
    if x.ndim != 2:
        raise ShapeError(
            f"{label}: expected (n_stimuli, n_units), got shape {x.shape}; flatten the trailing axes first."
        )
    if metric == "euclidean":
        # Translation changes no distance, and centring keeps the Gram form from cancelling.
        features = unit_scaled(centred(x, label)) if len(x) > 1 and np.ptp(x, axis=0).any() else np.zeros_like(x)
        return np.asarray(np.sqrt(squared_distances(features)))
    rows = unit_scaled(np.asarray(x, dtype=np.float64))
    before = np.linalg.norm(rows, axis=1, keepdims=True)
    if metric == "correlation":
        rows = rows - rows.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    lost = lengths <= 1e-12 * before  # relative, not == 0: the mean of a constant row is off by an ulp or so
    if lost.any():
        raise DegenerateError(
            f"{label}: row {int(lost.argmax())} has no direction, so its {metric} distance is 0/0; "
            "take the Euclidean distance.",
            "zero_vector",
        )
    rows = rows / lengths
    return np.asarray(squared_distances(rows) / 2)  # |u − v|² / 2 = 1 − u·v, without its cancellation


def normalised_distances(
    x: NDArray[Any] | Representation, *, metric: str = "euclidean", scale: str = "quantile", label: str = "x"
) -> NDArray[np.float64]:
    """Distances of the rows over their own scale; entries below 1e-6 of the mean are 0, as published.

    Raises
    ------
    UnknownNameError
        For another metric or scale.
    DegenerateError
        Reason ``zero_scale`` if the scale is 0: most points are equal.
    """
    if isinstance(x, Representation):
        return normalised_distances(x.values, metric=metric, scale=scale, label=f"{x.model}/{x.layer}")
    if scale not in SCALES:
        raise unknown_name("scale", scale, SCALES)
    found = distances(x, metric, label=label)
    at_least(len(found), 2, f"The {scale} of distances")
    unit = scale_of(found, scale)
    if not unit > 0:
        raise DegenerateError(
            f"{label}: the {SCALES[scale]} is 0, so nothing can be divided by it: most of its {len(found)} points are "
            "equal. Take other stimuli or a later layer.",
            "zero_scale",
        )
    found /= unit
    found[found < 1e-6 * found.mean()] = 0.0
    return found


def scale_of(found: NDArray[np.float64], scale: str) -> float:
    """The scale of a distance matrix by its name."""
    if scale == "quantile":
        return float(np.quantile(found, 0.9))
    return float(np.median(found) if scale == "median" else found.mean())


def checked(matrix: ArrayLike, label: str) -> NDArray[np.float64]:
    """A distance matrix: square, finite, symmetric, not negative, zero on the diagonal."""
    try:
        given = np.asarray(matrix)
    except ValueError as error:
        raise ShapeError(f"{label}: the rows have different lengths; give a square matrix of distances.") from error
    if given.dtype.kind not in "biuf":
        raise ShapeError(f"{label}: expected real numbers, got dtype {given.dtype}; convert it to float64.")
    array = np.ascontiguousarray(given, dtype=np.float64)
    if array.ndim != 2 or array.shape[0] != array.shape[1]:
        raise ShapeError(f"{label}: expected a square matrix of distances (n, n), got shape {array.shape}.")
    if not array.size:
        raise ShapeError(f"{label}: there are no points; give at least one.")
    if not np.isfinite(array).all():
        bad = np.argwhere(~np.isfinite(array))[0]
        raise InputError(f"{label}: the distance of points {bad[0]} and {bad[1]} is NaN or infinite.")
    if (array < 0).any():
        bad = np.argwhere(array < 0)[0]
        raise InputError(f"{label}: the distance of points {bad[0]} and {bad[1]} is {array[tuple(bad)]:.4g}, below 0.")
    if not np.array_equal(array, array.T):
        bad = np.argwhere(array != array.T)[0]
        raise InputError(
            f"{label}: the matrix is not symmetric, first at points {bad[0]} and {bad[1]}; take (d + d.T) / 2."
        )
    if np.diag(array).any():
        bad_point = int(np.flatnonzero(np.diag(array))[0])
        raise InputError(f"{label}: point {bad_point} is {array[bad_point, bad_point]:.4g} away from itself.")
    return array
