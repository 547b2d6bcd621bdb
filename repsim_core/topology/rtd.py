"""Representation topology divergence: trials on seeded subsets, both directions, barcodes kept."""

from collections.abc import Sequence
from concurrent.futures import Executor
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from repsim_core.compute.progress import Progress, mapped, no_progress
from repsim_core.errors import InputError
from repsim_core.linalg import at_least, paired
from repsim_core.topology.cross import both_directions
from repsim_core.topology.distances import normalised_distances
from repsim_core.topology.lite import cluster_part
from repsim_core.types import PersistenceDiagram, Representation, TopologyDivergence

PUBLISHED_BATCH = 500
Trial = tuple[tuple[PersistenceDiagram, PersistenceDiagram], tuple[float, float]]


def rtd(
    x: ArrayLike | Representation,
    y: ArrayLike | Representation,
    *,
    trials: int = 10,
    batch: int | None = None,
    seed: int = 0,
    metric: str = "euclidean",
    scale: str = "quantile",
    subsets: Sequence[ArrayLike] | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> TopologyDivergence:
    r"""RTD of two representations of the same stimuli.

    .. math:: \mathrm{RTD}(P, \tilde P) = \tfrac12 [\mathrm{RTD}_1(P, \tilde P) + \mathrm{RTD}_1(\tilde P, P)]

    with RTD₁ the sum of the bars of R-Cross-Barcode₁, averaged over ``trials`` random subsets.

    Parameters
    ----------
    x, y
        Arrays ``(n, p)`` and ``(n, q)`` or representations, rows the same stimuli in the same order.
    trials, batch, seed
        How many subsets of how many stimuli, ``None`` for the published min(500, n). With ``batch`` = n there is one
        subset, whatever ``trials`` says. Values grow with the batch: compare only those of one batch.
    metric, scale
        Keys of :data:`METRICS` and :data:`SCALES`.
    subsets
        Rows of each trial instead of the seeded ones.
    executor, progress
        A trial is a task; ``progress(done, total)`` counts them.

    Returns
    -------
    TopologyDivergence
        At least 0, no upper bound, not a metric; 0 for equal representations up to rotation, translation and scale, so
        for any two stimuli alone.

    Raises
    ------
    ShapeError, StimulusMismatchError, InputError, UnknownNameError
        Input that cannot be compared, or a batch larger than n.
    DegenerateError
        ``non_finite``, ``too_few_stimuli``, or ``zero_scale`` where most points are equal.

    Notes
    -----
    O(trials · (batch² · units + batch² log batch + batch³ / 128)).

    References
    ----------
    Barannikov, Trofimov, Balabin and Burnaev (2022), ICML. arXiv:2201.00058
    """
    first, second = paired(x, y)
    rows = chosen_subsets(len(first.values), trials, batch, seed) if subsets is None else _given(subsets, first)
    task = partial(_trial, first, second, metric, scale)
    progress = progress or no_progress
    progress(0, len(rows))
    found: list[Trial] = []
    for one in mapped(task, rows, executor):
        found.append(one)
        progress(len(found), len(rows))
    drawn = {"seed": seed} if subsets is None else {}
    recipe = {"trials": len(rows), "batch": len(rows[0]), **drawn, "metric": metric, "scale": scale}
    return TopologyDivergence(
        sums=np.array([[bars.total for bars in both] for both, _ in found]),
        cluster_part=np.array([parts for _, parts in found]),
        subsets=np.stack(rows),
        forward=tuple(both[0] for both, _ in found),
        backward=tuple(both[1] for both, _ in found),
        recipe=recipe,
    )


def chosen_subsets(n: int, trials: int, batch: int | None, seed: int) -> list[NDArray[np.int64]]:
    """Seeded subsets of ``batch`` (min(500, n) by default) of n stimuli; the one there is if ``batch`` is n."""
    at_least(n, 2, "RTD")
    batch = min(PUBLISHED_BATCH, n) if batch is None else batch
    for name, value, least in (("trials", trials, 1), ("batch", batch, 2)):
        if not isinstance(value, int | np.integer) or value < least:
            raise InputError(f"{name} must be a whole number above {least - 1}, got {value!r}.")
    if batch > n:
        raise InputError(f"A batch of {batch} needs as many stimuli, there are {n}; take batch = {n} or fewer.")
    if batch == n:
        return [np.arange(n, dtype=np.int64)]
    generator = np.random.default_rng(seed)
    return [np.sort(generator.choice(n, batch, replace=False)).astype(np.int64) for _ in range(trials)]


def _given(subsets: Sequence[ArrayLike], x: Representation) -> list[NDArray[np.int64]]:
    rows, n = [np.asarray(one) for one in subsets], len(x.values)
    if any(one.ndim != 1 or one.dtype.kind not in "iu" for one in rows) or len({len(one) for one in rows}) != 1:
        raise InputError("subsets must be one or more lists of whole row numbers, all equally long.")
    at_least(len(rows[0]), 2, "RTD")
    if min(one.min() for one in rows) < 0 or max(one.max() for one in rows) >= n:
        raise InputError(f"subsets name rows outside of 0 to {n - 1}.")
    return [one.astype(np.int64) for one in rows]


def _trial(x: Representation, y: Representation, metric: str, scale: str, rows: NDArray[np.int64]) -> Trial:
    w, other = (
        normalised_distances(one.values[rows], metric=metric, scale=scale, label=f"{one.model}/{one.layer}")
        for one in (x, y)
    )
    forward, backward = both_directions(w, other)
    return (forward, backward), (cluster_part(w, other), cluster_part(other, w))
