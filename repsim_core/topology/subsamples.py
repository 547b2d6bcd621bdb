"""The same number of points everywhere: seeded subsets with every class in its share, and landmarks of large clouds."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from repsim_core.errors import InputError
from repsim_core.topology.clouds import cloud
from repsim_core.types import Representation


def stratified_subsets(
    n: int, size: int, *, repeats: int = 1, seed: int = 0, labels: NDArray[Any] | None = None
) -> list[NDArray[np.int64]]:
    """Rows of ``repeats`` subsets of ``size`` out of n, each in the order of the rows; the one there is if size is n.

    Integer ``labels`` give every class its share. Subsets of one cloud overlap, so spreads over them come out a little
    too small, most of all where ``size`` nears n.

    Raises
    ------
    InputError
        For a size outside of 1 to n, or fewer than one repeat.

    Examples
    --------
    >>> [one.size for one in stratified_subsets(10, 4, repeats=2, labels=np.arange(10) % 2)]
    [4, 4]
    """
    for name, value, high in (("size", size, n), ("repeats", repeats, None)):
        if not isinstance(value, int | np.integer) or value < 1 or (high is not None and value > high):
            upper = f" to {high}" if high is not None else " on"
            raise InputError(f"{name} must be a whole number from 1{upper}, got {value!r}.")
    if labels is not None and len(labels) != n:
        raise InputError(f"There are {len(labels)} labels for {n} points; give one of each.")
    if size == n:
        return [np.arange(n, dtype=np.int64)]
    from sklearn.utils import resample

    classes = None if labels is None or not np.issubdtype(labels.dtype, np.integer) else labels
    return [
        np.sort(
            resample(np.arange(n), replace=False, n_samples=size, stratify=classes, random_state=one % 2**32)
        ).astype(np.int64)
        for one in np.random.SeedSequence(seed).generate_state(repeats).tolist()
    ]


class Landmarks(NamedTuple):
    """Points that stand for a cloud, in the order they were taken.

    Every point of the cloud has one within ``radius``. So the Vietoris–Rips diagrams of the landmarks, whose values are
    distances, differ from those of the whole cloud by at most ``2 * radius`` in the bottleneck distance.
    """

    rows: NDArray[np.int64]
    radius: float

    @property
    def guarantee(self) -> float:
        """The most that a diagram can be off."""
        return 2 * self.radius


def landmarks(x: ArrayLike | Representation, count: int, *, seed: int = 0) -> Landmarks:
    """Farthest points: each is the one farthest from those before, the first one drawn; Euclidean, O(n units count).

    For clouds too large for their own complex. No n × n matrix is made. Unlike a sparse or witness complex the result
    is an ordinary cloud, and what it may be off is one number, known afterwards.

    Raises
    ------
    InputError
        If ``count`` is not a whole number from 1 to n.

    References
    ----------
    Gonzalez (1985); the bound is the stability theorem of :func:`repsim_core.topology.rips` with the Hausdorff distance
    of the landmarks from the cloud.

    Examples
    --------
    >>> landmarks([[0.0], [1.0], [4.0]], 2).radius
    1.0
    """
    one = cloud(x)
    n = one.n_stimuli
    if not isinstance(count, int | np.integer) or not 1 <= count <= n:
        raise InputError(f"count must be a whole number from 1 to {n}, got {count!r}.")
    values = np.asarray(one.values, dtype=np.float64)
    rows = np.empty(count, np.int64)
    rows[0] = np.random.default_rng(seed).integers(n)
    nearest = np.full(n, np.inf)
    for k in range(count):
        if k:
            rows[k] = int(nearest.argmax())
        nearest = np.minimum(nearest, np.linalg.norm(values - values[rows[k]], axis=1))
        nearest[rows[k]] = 0.0
    return Landmarks(rows, float(nearest.max()))
