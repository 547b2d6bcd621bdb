"""How sure a diagram is: bands over subsets, and the length below which a bar may be noise."""

from collections.abc import Mapping
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
from repsim_core.types import PersistenceDiagram

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


class Noise(NamedTuple):
    """Bars up to ``length`` may be noise at this ``level``; ``distances`` are what was resampled."""

    length: float
    level: float
    distances: Floats


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


def noise_length(
    d: ArrayLike,
    dimension: int = 1,
    *,
    rule: str = "bootstrap",
    level: float = 0.95,
    resamples: int = 50,
    seed: int = 0,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Noise:
    r"""The length that a Vietoris–Rips bar has to exceed to be significant.

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
    if rule == "hausdorff":
        size = max(2, int(n / np.log(n)))
        drawn = [np.sort(generator.choice(n, size, replace=False)) for _ in range(resamples)]
        task = partial(_hausdorff, matrix)
    else:
        drawn = [np.unique(generator.integers(n, size=n)) for _ in range(resamples)]
        task = partial(_bottleneck, matrix, rips_of_distances(matrix, max_dimension=dimension)[dimension])
    progress = progress or no_progress
    progress(0, resamples)
    found: list[float] = []
    for one in mapped(task, drawn, executor):
        found.append(one)
        progress(len(found), resamples)
    factor = 8.0 if rule == "hausdorff" else 2.0
    return Noise(factor * float(np.quantile(found, level)), level, np.array(found))


def _hausdorff(d: Floats, rows: NDArray[np.int64]) -> float:
    return float(d[:, rows].min(axis=1).max())


def _bottleneck(d: Floats, whole: PersistenceDiagram, rows: NDArray[np.int64]) -> float:
    part = rips_of_distances(d[np.ix_(rows, rows)], max_dimension=whole.dimension)[whole.dimension]
    return diagram_distance(whole, part, "bottleneck", unequal_n=True)


def _checked_level(level: float) -> None:
    if not 0 < level < 1:
        raise InputError(f"level must lie between 0 and 1, got {level!r}.")
