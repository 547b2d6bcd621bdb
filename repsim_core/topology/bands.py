"""How sure a diagram is: bands over subsets, and the length below which a bar may be noise."""

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from repsim_core.compute.progress import Progress, mapped, no_progress
from repsim_core.errors import InputError, unknown_name
from repsim_core.linalg import at_least
from repsim_core.topology.diagram_distances import diagram_distance
from repsim_core.topology.distances import checked
from repsim_core.topology.rips import rips_of_distances
from repsim_core.topology.rips_cost import checked_dimension
from repsim_core.types import PersistenceDiagram
from repsim_core.types.diagram_results import NoiseLengths

Floats = NDArray[np.float64]
NOISE_RULES: Mapping[str, str] = {
    "bootstrap": "bottleneck distance of resampled clouds from the cloud itself: sharp, and known to hold for smoother "
    "filtrations than this one",
    "hausdorff": "distance of subsets from the cloud: a proven bound for dense samples, and a very careful one",
}


class Band(NamedTuple):
    """Mean of curves with an interval at each place; without a second curve the interval is NaN."""

    mean: Floats
    low: Floats
    high: Floats


def confidence_band(curves: ArrayLike, *, level: float = 0.95) -> Band:
    """Student's interval of the mean of ``curves`` ``(subsets, places)``, place by place.

    Subsets of one cloud share points, so the band comes out too narrow, the more so the nearer they are to the whole;
    it is of each place by itself, not of the whole course. NaN in a curve leaves that curve out at its place.

    Raises
    ------
    InputError
        For no curve, or a level that is not between 0 and 1.
    """
    found = np.atleast_2d(np.asarray(curves, dtype=np.float64))
    _checked_level(level)
    if found.ndim != 2 or not len(found):
        raise InputError(f"A band needs curves as (subsets, places), got shape {found.shape}.")
    from scipy.stats import t

    known = np.isfinite(found)
    count = known.sum(axis=0)
    filled = np.where(known, found, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = filled.sum(axis=0) / count
        variance = (np.where(known, found - mean, 0.0) ** 2).sum(axis=0) / (count - 1)
        reach = np.where(count > 1, t.ppf((1 + level) / 2, np.maximum(count - 1, 1)), np.nan) * np.sqrt(
            variance / count
        )
    return Band(mean, mean - reach, mean + reach)


def noise_lengths(
    d: ArrayLike,
    max_dimension: int = 1,
    *,
    rule: str = "bootstrap",
    level: float = 0.95,
    resamples: int = 50,
    seed: int = 0,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> NoiseLengths:
    r"""The length, for each dimension, that a Vietoris–Rips bar has to exceed to be significant.

    Parameters
    ----------
    d
        Distances ``(n, n)`` of the cloud.
    rule
        ``bootstrap``: n points are drawn with replacement, ``resamples`` times; equal points count as one, so the cloud
        gets thinner, which makes the answer larger. The length is twice the quantile of the bottleneck distances.
        ``hausdorff``: subsets of b = n / log n points without replacement; c is twice the quantile of their Hausdorff
        distances from the cloud, and the length 4 c, since a diagram in distances moves by up to 2 c. It holds
        asymptotically for points drawn from a compact shape; in many dimensions hardly any bar passes.
    level
        The quantile.
    executor, progress
        A resample is a task.

    Raises
    ------
    UnknownNameError, InputError
        For another rule, a level that is not between 0 and 1, no resample, or what is no distance matrix.
    DegenerateError
        Reason ``too_few_stimuli`` for fewer than 4 points.

    References
    ----------
    Fasy et al. (2014), Ann. Statist. 42, section 4.1, for ``hausdorff``; Chazal et al. (2018), JMLR 18, section 6, for
    the bottleneck bootstrap, there of the distance to a measure.
    """
    if rule not in NOISE_RULES:
        raise unknown_name("noise rule", rule, NOISE_RULES)
    _checked_level(level)
    if not isinstance(resamples, int | np.integer) or resamples < 1:
        raise InputError(f"resamples must be a whole number from 1 on, got {resamples!r}.")
    matrix = checked(d, "d")
    n = len(matrix)
    at_least(n, 4, "A band of noise")
    generator = np.random.default_rng(seed)
    task: Callable[[NDArray[np.int64]], list[float]]
    if rule == "hausdorff":
        size = max(2, int(n / np.log(n)))
        drawn = [np.sort(generator.choice(n, size, replace=False)) for _ in range(resamples)]
        task = partial(_hausdorff, matrix, checked_dimension(max_dimension) + 1)
    else:
        drawn = [np.unique(generator.integers(n, size=n)) for _ in range(resamples)]
        task = partial(_bottleneck, matrix, rips_of_distances(matrix, max_dimension=max_dimension))
    progress = progress or no_progress
    progress(0, resamples)
    found: list[list[float]] = []
    for one in mapped(task, drawn, executor):
        found.append(one)
        progress(len(found), resamples)
    distances = np.array(found).T
    factor = 8.0 if rule == "hausdorff" else 2.0
    recipe = {"rule": rule, "level": level, "resamples": int(resamples), "seed": seed, "n": n}
    return NoiseLengths(factor * np.quantile(distances, level, axis=1), distances, recipe)


def _hausdorff(d: Floats, dimensions: int, rows: NDArray[np.int64]) -> list[float]:
    return [float(d[:, rows].min(axis=1).max())] * dimensions


def _bottleneck(d: Floats, whole: list[PersistenceDiagram], rows: NDArray[np.int64]) -> list[float]:
    part = rips_of_distances(d[np.ix_(rows, rows)], max_dimension=len(whole) - 1)
    return [diagram_distance(*both, "bottleneck", unequal_n=True) for both in zip(whole, part, strict=True)]


def _checked_level(level: float) -> None:
    if not 0 < level < 1:
        raise InputError(f"level must lie between 0 and 1, got {level!r}.")
