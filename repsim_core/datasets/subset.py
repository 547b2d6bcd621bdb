"""Which stimuli a seeded subset takes."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from repsim_core.errors import InputError


def subset(
    labels: NDArray[Any] | None, total: int, n: int, *, seed: int = 0, name: str = "dataset"
) -> NDArray[np.intp]:
    """Rows of a subset of n in their original order, every class in its share.

    Parameters
    ----------
    labels : class of each stimulus, or None
        None, and regression targets, draw without classes.
    total : int
        Stimuli to choose from.
    n : int
        Stimuli wanted, 1 to ``total``.

    Returns
    -------
    (n,) increasing row numbers

    Raises
    ------
    InputError
        If n is below 1 or above ``total``.

    Notes
    -----
    A class of m stimuli gives ⌊n m / total⌋ or one more; the remainders go to the largest fractions, ties to the first.

    Examples
    --------
    >>> subset(np.array([0, 0, 0, 1, 1, 1]), 6, 2).size
    2
    """
    if not 1 <= n <= total:
        raise InputError(f"{name} has {total} stimuli here, but n = {n} were asked for; choose n from 1 to {total}.")
    rng = np.random.default_rng(seed)
    if labels is None or not np.issubdtype(labels.dtype, np.integer):
        return np.sort(rng.permutation(total)[:n])
    classes, counts = np.unique(labels, return_counts=True)
    quota = counts * n // total
    leftover = counts * n % total
    quota[np.argsort(-leftover, kind="stable")[: n - quota.sum()]] += 1
    rows = [rng.permutation(np.flatnonzero(labels == one))[:take] for one, take in zip(classes, quota, strict=True)]
    return np.sort(np.concatenate(rows))
