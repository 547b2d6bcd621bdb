r"""Centred kernel alignment: one vector of n² numbers a layer, whose cosines are the scores.

With ``K = Xc Xcᵀ`` biased CKA is the cosine of the centred Gram matrices; debiased CKA is the cosine of their
U-centred forms (Song et al. 2012), so that independent representations score 0 on average at any n and p.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from repsim_core.errors import DegenerateError
from repsim_core.linalg import (
    Array,
    at_least,
    centred,
    centred_gram,
    h_centred,
    positive,
    squared_distances,
    stored_dtype,
    unit_scaled,
)


@dataclass(frozen=True, eq=False)
class Embedding:
    """A layer as a unit vector of n² numbers; ``chance`` is its factor in the mean score over all n! pairings."""

    vector: NDArray[np.float64]  # (n * n,)
    chance: float


def u_centred(kernel: NDArray[np.float64]) -> NDArray[np.float64]:
    """U-centring of a symmetric kernel ``(n, n)``: zero diagonal, rows that sum to 0; n ≥ 3.

    Blind to adding ``u_i + u_j`` off the diagonal, hence to translation of the features.
    """
    n = len(kernel)
    result = kernel.copy()
    np.fill_diagonal(result, 0.0)
    rows = result.sum(axis=1)
    shift = rows / (n - 2) - rows.sum() / (2 * (n - 1) * (n - 2))
    result -= shift[:, None]
    result -= shift[None, :]
    np.fill_diagonal(result, 0.0)
    return result


def linear_embedding(x: Array, *, label: str = "x", debiased: bool = True) -> Embedding:
    """Embedding of linear CKA, from raw responses ``(n, p)``; O(n² p)."""
    at_least(len(x), 4 if debiased else 2, "Debiased CKA" if debiased else "CKA")
    return _embedding(centred_gram(x, label), label, debiased, float(np.finfo(stored_dtype(x)).eps))


def rbf_embedding(x: Array, *, label: str = "x", scale: float = 0.5, debiased: bool = True) -> Embedding:
    r"""Embedding of RBF CKA with :math:`k = \exp(-d^2 / (2 t^2 \mathrm{med}))`; O(n² p).

    ``med`` is the median of all n² squared distances, zeros of the diagonal included, and ``scale`` is t.
    """
    positive(scale, "The RBF scale")
    at_least(len(x), 4 if debiased else 2, "Debiased RBF CKA" if debiased else "RBF CKA")
    distances = squared_distances(unit_scaled(centred(x, label)))
    median = float(np.median(distances))
    if median == 0:
        raise DegenerateError(
            f"{label}: more than half of its squared distances are 0, so the median rule gives no bandwidth; "
            "take more varied stimuli or linear CKA.",
            "zero_median_distance",
        )
    kernel = np.exp(distances / (-2 * scale**2 * median))
    return _embedding(kernel if debiased else h_centred(kernel), label, debiased, float(np.finfo(np.float64).eps))


def _embedding(kernel: NDArray[np.float64], label: str, debiased: bool, eps: float) -> Embedding:
    n = len(kernel)
    shaped = u_centred(kernel) if debiased else kernel
    norm = float(np.linalg.norm(shaped))
    # Round-off of the products grows with the root of n; what is left below it is not structure.
    if norm <= 8 * np.sqrt(n) * eps * float(np.linalg.norm(kernel)):
        raise DegenerateError(
            f"{label}: all pairs of its {n} stimuli are equally alike, so debiased CKA is 0/0; "
            "take a wider kernel or the biased form.",
            "no_structure",
        )
    chance = 0.0 if debiased else float(np.trace(shaped)) / (norm * float(np.sqrt(n - 1)))
    return Embedding((shaped / norm).ravel(), chance)


def linear_cka_from_features(x: Array, y: Array, *, debiased: bool = True) -> float:
    r"""Linear CKA without an n × n matrix, for n large against the units; O(n p q).

    .. math:: n(n-3)\,\mathrm{HSIC}_1 = \|X_c^\top Y_c\|^2 - \tfrac{n}{n-2}\, d_x \cdot d_y
              + \tfrac{\sum d_x \sum d_y}{(n-1)(n-2)}

    with :math:`d_i` the squared norm of centred row i; the biased form keeps the first term alone.
    """
    at_least(len(x), 4 if debiased else 2, "Debiased CKA" if debiased else "CKA")
    first = np.asarray(unit_scaled(centred(x, "x")), dtype=np.float64)
    second = np.asarray(unit_scaled(centred(y, "y")), dtype=np.float64)
    cross, own_x, own_y = (_hsic(a, b, debiased) for a, b in ((first, second), (first, first), (second, second)))
    if own_x <= 0 or own_y <= 0:
        raise DegenerateError("All pairs of stimuli are equally alike, so debiased CKA is 0/0.", "no_structure")
    return float(within_bounds(cross / np.sqrt(own_x * own_y), -1.0 if debiased else 0.0))


def _hsic(x: NDArray[np.float64], y: NDArray[np.float64], debiased: bool) -> float:
    value = float(np.sum((x.T @ y) ** 2))
    if not debiased:
        return value
    n = len(x)
    dx, dy = np.einsum("ij,ij->i", x, x), np.einsum("ij,ij->i", y, y)
    return value - n / (n - 2) * float(dx @ dy) + float(dx.sum() * dy.sum()) / ((n - 1) * (n - 2))


def within_bounds(value: Any, low: float) -> Any:
    """Cut the last ulp above 1 or below ``low``; anything further out is a fault of ours, not of the data."""
    result = np.asarray(value, dtype=np.float64)
    finite = result[np.isfinite(result)]
    if finite.size and (finite.max() > 1 + 1e-9 or finite.min() < low - 1e-9):
        raise ArithmeticError(f"A cosine came out as {finite.max():.12g} or {finite.min():.12g}; please report this.")
    clipped = np.clip(result, low, 1.0)
    return float(clipped) if np.ndim(value) == 0 else clipped
