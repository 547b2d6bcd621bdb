"""One layer, or one pair of layers, looked at closely: what a cell of the matrix is made of."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from repsim_core.linalg import centred_gram, paired
from repsim_core.types import Representation


def example_similarity(x: Representation) -> NDArray[np.float32]:
    """Cosines of the centred responses of every pair of stimuli, ``(n, n)``; NaN for a stimulus at the mean."""
    product = centred_gram(x.values, f"{x.model}/{x.layer}")
    lengths = np.sqrt(np.diag(product))
    lengths[lengths <= 4 * np.finfo(x.values.dtype).eps * lengths.max()] = np.nan
    return np.clip(product / lengths[:, None] / lengths[None, :], -1, 1).astype(np.float32)


def aligned_projection(
    x: Representation, y: Representation
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """First two principal components of both, the second cloud rotated or mirrored onto the first.

    Returns
    -------
    scores_x, scores_y : float64 arrays, (n, 2)
        Each scaled to unit total variance; a layer of rank 1 has zeros in its second column.
    share_x, share_y : float64 arrays, (2,)
        Fraction of the variance of each component, before the rotation.

    Notes
    -----
    Orthogonal Procrustes in the plane (Schönemann 1966). Signs of components are fixed by the largest entry.
    """
    first, second = paired(x, y)
    (a, share_a), (b, share_b) = _principal(first), _principal(second)
    left, _, right = np.linalg.svd(b.T @ a)
    return a, b @ (left @ right), share_a, share_b


def subset(x: Representation, indices: Sequence[int] | NDArray[Any]) -> Representation:
    """The rows of some stimuli, in the order asked."""
    rows = np.asarray(indices, dtype=np.int64)
    stimuli = tuple(x.stimuli[i] for i in rows)
    return Representation(x.values[rows], stimuli, x.model, x.layer, x.unit_shape, owned=True)


def _principal(x: Representation) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    product = centred_gram(x.values, f"{x.model}/{x.layer}")
    energies, vectors = np.linalg.eigh(product)
    top, directions = np.maximum(energies[::-1][:2], 0.0), vectors[:, ::-1][:, :2]
    signs = np.sign(directions[np.abs(directions).argmax(axis=0), [0, 1]])
    scores = directions * signs * np.sqrt(top / np.trace(product) * len(product))
    return scores, top / np.trace(product)
