r"""The calibrated score: how far a score lies above what shuffled stimuli reach, as a share of the way to the best.

.. math:: \max\left(0, \frac{s - \tau}{s_{\max} - \tau}\right)

with :math:`\tau` the :math:`\lceil (1 - \alpha)(B + 1) \rceil`-th smallest of the null scores and s itself. Scores of
measures whose chance differs then share a zero. A view beside the score, never instead of it.

References
----------
Gröger et al. (2026), algorithms 1 and 2.
"""

from math import ceil

import numpy as np
from numpy.typing import NDArray

from repsim_core.errors import InputError
from repsim_core.types import PermutationTest

Floats = NDArray[np.float64]


def calibrated_scores(test: PermutationTest, *, best: float = 1.0, alpha: float = 0.05) -> Floats:
    """Calibrated score of every cell ``(rows, columns)``, in [0, 1].

    Parameters
    ----------
    test
        What :func:`repsim_core.inference.embedding_permutation_test` found.
    best
        Score of identical layers: 1 for similarities, 0 for distances.
    alpha
        Share of unrelated pairs that may score above 0.

    Returns
    -------
    array
        NaN where the score is undefined, or where shuffled stimuli reach the best score, so that nothing can be told.

    Raises
    ------
    InputError
        For an alpha that these permutations cannot resolve, or a score above the best.
    """
    return _calibrated(test, np.asarray(test.scores, np.float64), best, alpha)


def calibrated_best(test: PermutationTest, *, best: float = 1.0, alpha: float = 0.05) -> float:
    """Calibrated score of the best cell of all, against the best cell of each shuffle.

    Takes and raises what :func:`calibrated_scores` does.
    """
    return float(_calibrated(test, test.maxima, best, alpha))


def calibrated_best_matches(test: PermutationTest, *, best: float = 1.0, alpha: float = 0.05) -> Floats:
    """Calibrated score of the best match of each row ``(rows,)``, against the best of that row in each shuffle.

    Takes and raises what :func:`calibrated_scores` does.
    """
    return _calibrated(test, test.row_maxima, best, alpha)


def _calibrated(test: PermutationTest, scores: Floats, best: float, alpha: float) -> Floats:
    count = len(scores)
    if not (0 < alpha < 1) or alpha * count < 1 - 1e-9:
        raise InputError(
            f"alpha = {alpha!r} cannot be told with {count - 1} permutations; take one between {1 / count:.3g} and 1."
        )
    sign = 1.0 if test.larger_is_more_similar else -1.0
    signed, top = sign * scores, sign * best
    if np.nanmax(signed[0], initial=-np.inf) > top + 1e-6:
        raise InputError(f"A score of {sign * np.nanmax(signed[0]):.6g} is beyond the best, {best:g}; name the best.")
    # The product is rounded before the ceiling: 0.95 · 200 is 190, not a hair above it.
    threshold = np.sort(signed, axis=0)[ceil(round((1 - alpha) * count, 9)) - 1]
    room = top - threshold
    reached = ~(room > 4 * test.tolerance)
    share = np.maximum(signed[0] - threshold, 0.0) / np.where(reached, np.nan, room)
    return np.asarray(np.minimum(share, 1.0))  # float32 may end a hair above the best
