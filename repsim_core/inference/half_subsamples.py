"""A rough standard error for any score: its SD over random halves of the stimuli.

Halves are drawn without replacement (the delete-n/2 jackknife, whose factor is 1). A bootstrap would put the same
stimuli twice into both sides, and every score of this program would rise for that alone.
"""

from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from repsim_core.compute.progress import Progress, mapped, no_progress
from repsim_core.errors import DegenerateError, InputError, ShapeError
from repsim_core.linalg import at_least
from repsim_core.types import SubsampleSpread

Rows = NDArray[np.intp]


def half_subsamples(
    score: Callable[[Rows], ArrayLike],
    n: int,
    *,
    trials: int = 50,
    seed: int = 0,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> SubsampleSpread:
    """Scores of random halves of n stimuli.

    Parameters
    ----------
    score
        Called with the rows of a subset, rising; returns one score, or an array of them that is the same each time
        (all pairs of layers). A ``DegenerateError`` makes the trial NaN.
    trials, seed
        How many halves, two or more; those of a smaller number are the first of a larger one.
    executor, progress
        A trial is a task; ``progress(done, total)`` counts them.

    Returns
    -------
    SubsampleSpread
        Its ``standard_error`` is rough: within a third of the jackknife where both exist.

    Raises
    ------
    DegenerateError
        ``too_few_stimuli`` below 8; the reason of the score where no half has one.
    InputError, ShapeError

    References
    ----------
    Shao and Wu (1989), Ann. Statist. 17 (delete-d jackknife).

    Examples
    --------
    >>> x = np.arange(100.0)
    >>> found = half_subsamples(lambda rows: x[rows].mean(), 100, trials=200)
    >>> found.standard_error.round(1), (x.std(ddof=1) / 10).round(1)
    (np.float64(2.9), np.float64(2.9))
    """
    at_least(n, 8, "A spread over halves")
    if not isinstance(trials, int | np.integer) or trials < 2:
        raise InputError(f"trials must be a whole number above 1, got {trials!r}.")
    progress = progress or no_progress
    progress(0, trials)
    found: list[NDArray[np.float64] | DegenerateError] = []
    for one in mapped(partial(_scored_half, score, n, seed), range(trials), executor):
        found.append(one)
        progress(len(found), trials)
    shapes = {one.shape for one in found if not isinstance(one, DegenerateError)}
    if not shapes:
        raise next(one for one in found if isinstance(one, DegenerateError))
    if len(shapes) > 1:
        raise ShapeError(f"score gave arrays of shapes {sorted(shapes)}; every subset must have the same scores.")
    (shape,) = shapes
    values = [np.full(shape, np.nan) if isinstance(one, DegenerateError) else one for one in found]
    recipe = {"trials": trials, "seed": seed, "undefined": sum(isinstance(one, DegenerateError) for one in found)}
    return SubsampleSpread(values=np.stack(values), n_stimuli=n, size=n // 2, recipe=recipe)


def _scored_half(
    score: Callable[[Rows], ArrayLike], n: int, seed: int, trial: int
) -> NDArray[np.float64] | DegenerateError:
    rows = np.sort(np.random.default_rng((seed, trial)).permutation(n)[: n // 2])
    try:
        return np.asarray(score(rows), np.float64)
    except DegenerateError as error:
        return error
