"""Stimuli to distrust: rows that hold much of a layer's variance, and rows that came twice."""

import numpy as np
from numpy.typing import NDArray

from repsim_core.errors import InputError, ShapeError
from repsim_core.linalg import Array, centred, unit_scaled
from repsim_core.types import DuplicatedRows, OutlyingRows

SHARE = 0.1
_MANY = 5.0  # times the mean share, which decides below n = 50


def variance_shares(x: Array, *, label: str = "x") -> NDArray[np.float64]:
    """Share of each stimulus in tr K, the total variance of responses ``(n, p)``; they sum to 1. O(n p).

    Raises
    ------
    DegenerateError
        ``zero_variance`` or ``non_finite``.
    """
    features = unit_scaled(centred(x, label))
    lengths = np.einsum("ij,ij->i", features, features, dtype=np.float64)
    return np.asarray(lengths / lengths.sum())


def outlying_rows(x: Array, *, share: float = SHARE, label: str = "x") -> OutlyingRows:
    """Stimuli that hold more than ``share`` of the variance of a layer, and more than five times the mean share.

    One row moved far away makes CKA a statement about that row alone; ranks (RSA with Spearman) hardly see it.

    Raises
    ------
    DegenerateError
        As :func:`variance_shares`.
    InputError
        For a share outside (0, 1).
    """
    if not 0 < share < 1:
        raise InputError(f"share must lie between 0 and 1, got {share!r}.")
    shares = variance_shares(x, label=label)
    found = np.flatnonzero(shares > max(share, _MANY / len(shares)))
    found = found[np.argsort(-shares[found], kind="stable")]
    return OutlyingRows(rows=found, shares=shares[found], n_stimuli=len(shares))


def duplicated_rows(*layers: Array) -> DuplicatedRows:
    """Stimuli whose responses equal those to an earlier one in every layer ``(n, p)``, to the bit.

    Equal rows in a single layer can be a dead ReLU; equal in every layer of both models is one stimulus drawn twice,
    as a bootstrap does. Usually no more than the first layer is read: O(n p + n log n).

    Examples
    --------
    >>> x = np.random.default_rng(0).normal(size=(5, 3))
    >>> duplicated_rows(x[[0, 1, 2, 1]]).to_frame().values.tolist()
    [[3, 1]]
    """
    if not layers or len({len(one) for one in layers}) > 1 or any(np.ndim(one) != 2 for one in layers):
        raise ShapeError(
            f"expected layers (n, units) of the same n stimuli, got shapes {[np.shape(one) for one in layers]}."
        )
    n = len(layers[0])
    groups = np.zeros(n, np.int64)
    doubtful = np.arange(n)
    for layer in layers:
        rows = np.ascontiguousarray(layer[doubtful]) + 0  # −0 becomes 0
        raw = rows.view(np.dtype((np.void, rows.dtype.itemsize * rows.shape[1]))).ravel()
        codes = np.unique(raw, return_inverse=True)[1]
        groups[doubtful] = np.unique(np.stack([groups[doubtful], codes]), axis=1, return_inverse=True)[1].ravel()
        alone = np.bincount(groups[doubtful]) == 1
        doubtful = doubtful[~alone[groups[doubtful]]]
        if not len(doubtful):
            break
    first: dict[int, int] = {}
    pairs = [(row, first.setdefault(int(groups[row]), int(row))) for row in doubtful.tolist()]
    repeats = [pair for pair in pairs if pair[0] != pair[1]]
    return DuplicatedRows(
        rows=np.array([row for row, _ in repeats], np.int64),
        originals=np.array([row for _, row in repeats], np.int64),
        n_stimuli=n,
    )
