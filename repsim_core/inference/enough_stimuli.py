"""How many stimuli a score needs: the score against n, on nested random subsets."""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from functools import partial

import numpy as np
from numpy.typing import NDArray

from repsim_core.compute.progress import Progress, mapped, no_progress
from repsim_core.errors import DegenerateError, InputError
from repsim_core.linalg import at_least, positive
from repsim_core.types import StimulusCurve

Rows = NDArray[np.intp]
SIZES = 8


def score_against_stimuli(
    score: Callable[[Rows], float],
    n: int,
    *,
    sizes: Sequence[int] | None = None,
    draws: int = 10,
    tolerance: float = 0.02,
    seed: int = 0,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> StimulusCurve:
    """Score of growing subsets of n stimuli, up to all of them.

    Parameters
    ----------
    score
        Called with the rows of a subset, rising; a ``DegenerateError`` (too few stimuli for the measure) is NaN with
        its reason.
    sizes
        Stimuli in a subset, rising; n is added. By default eight sizes from n / 16, but at least 8, in equal ratios.
    draws, seed
        Random orders of the stimuli, two or more, each of which gives nested subsets: its first 8, 16, …
    tolerance
        How far from the score of all stimuli mean ± SD may lie to count as settled.
    executor, progress
        A subset is a task; ``progress(done, total)`` counts them.

    Returns
    -------
    StimulusCurve
        ``enough`` is the smallest size from which the score stays within the tolerance, or None with a ``sentence``.

    Raises
    ------
    InputError, DegenerateError
        The second (``too_few_stimuli``) below 16.

    Notes
    -----
    Subsets above n / 2 agree with the full set because they share most of it, so that they never count as enough.
    Settled says that more of the *same* stimuli change little, not that the estimate is free of bias: biased CKA can
    look settled while it still falls.
    """
    at_least(n, 16, "A curve over n")
    positive(tolerance, "The tolerance")
    if not isinstance(draws, int | np.integer) or draws < 2:
        raise InputError(f"draws must be a whole number above 1, got {draws!r}.")
    chosen = _default_sizes(n) if sizes is None else [int(one) for one in sizes if one != n]
    if not chosen or min(chosen) < 1 or max(chosen) >= n or any(np.diff(chosen) <= 0):
        raise InputError(f"sizes must rise between 1 and n = {n}, got {list(sizes or [])}.")
    progress = progress or no_progress
    tasks = [(draw, size) for size in chosen for draw in range(draws)] + [(0, n)]
    progress(0, len(tasks))
    values, reasons = np.full((draws, len(chosen) + 1), np.nan), [""] * (len(chosen) + 1)
    for done, found in enumerate(mapped(partial(_scored_subset, score, n, seed), tasks, executor)):
        column = done // draws
        if isinstance(found, str):
            reasons[column] = found
        elif done == len(tasks) - 1:
            values[:, column] = found  # every draw ends with all stimuli
        else:
            values[done % draws, column] = found
        progress(done + 1, len(tasks))
    return StimulusCurve(
        sizes=np.array([*chosen, n]),
        values=values,
        tolerance=float(tolerance),
        reasons=np.array(reasons, dtype="<U32"),
        recipe={"draws": draws, "seed": seed, "n": n},
    )


def _default_sizes(n: int) -> list[int]:
    found = np.geomspace(max(8, n / 16), n, SIZES + 1)[:-1]
    return sorted({round(float(one)) for one in found} - {n})


def _scored_subset(score: Callable[[Rows], float], n: int, seed: int, task: tuple[int, int]) -> float | str:
    draw, size = task
    rows = np.sort(np.random.default_rng((seed, draw)).permutation(n)[:size])
    try:
        value = float(score(rows))
    except DegenerateError as error:
        return error.reason
    return value if np.isfinite(value) else "not_finite"
