"""The other shape: one thin singular value decomposition a layer, and one product a pair."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from repsim_core.errors import DegenerateError
from repsim_core.linalg import Array, at_least, centred, reduced, stored_dtype, unit_scaled, wide_gram
from repsim_core.similarity.measure import Floats

PER_DIRECTION = 5  # stimuli that each kept direction needs before canonical correlations mean anything


@dataclass(frozen=True, eq=False)
class Decomposition:
    """``Xc = U S Vᵀ`` up to a power of two, without V and without what is round-off.

    ``loadings`` is ``Uᵀ Xc``, where a measure looks at the units themselves.
    """

    left: Floats  # (n, rank), orthonormal columns
    singular_values: Floats  # (rank,), descending
    loadings: Floats | None = None  # (rank, units)

    def reordered(self, order: NDArray[np.intp]) -> "Decomposition":
        """The same with the stimuli in another order; singular values and loadings do not see it."""
        return replace(self, left=self.left[order])

    @property
    def rank(self) -> int:
        """Directions kept."""
        return len(self.singular_values)


def decomposed(x: Array, *, label: str = "x") -> Decomposition:
    """Left singular vectors and values of the centred responses; O(n p min(n, p)).

    Values at most ``max(n, p) · eps · σ₁`` are round-off, eps being that of the stored dtype: with float64's, noise of
    float32 responses would count as directions.
    """
    at_least(len(x), 2, "A decomposition")
    eps = np.finfo(stored_dtype(x)).eps
    if stored_dtype(x) == np.float32 and x.shape[1] >= len(x):
        # Squares of float32 values fit float64 with room: the root resolves 1e-8, finer than the responses are.
        energies, vectors = np.linalg.eigh(wide_gram(x, label))
        values, left = np.sqrt(np.maximum(energies[::-1], 0.0)), vectors[:, ::-1]
    else:
        left, values, _ = np.linalg.svd(reduced(x, label)[0], full_matrices=False)
    kept = int(np.sum(values > max(x.shape) * eps * values[0]))
    return Decomposition(np.ascontiguousarray(left[:, :kept]), values[:kept])


def with_loadings(one: Decomposition, x: Array, *, label: str = "x") -> Decomposition:
    """The same with ``Uᵀ Xc``; O(n p rank)."""
    features = np.asarray(unit_scaled(centred(x, label)), dtype=np.float64)
    return Decomposition(one.left, one.singular_values, one.left.T @ features)


def leading(one: Decomposition, share: float) -> Decomposition:
    """The fewest leading directions that hold ``share`` of the variance Σσ²."""
    held = np.cumsum(one.singular_values**2)
    # At share = 1 all are kept; the sum may end an ulp short of itself otherwise.
    k = one.rank if share >= 1 else int(np.searchsorted(held, share * held[-1])) + 1
    return Decomposition(one.left[:, :k], one.singular_values[:k])


def enough_stimuli(one: Decomposition, label: str, way_out: str) -> None:
    """Refuse canonical correlations of too many directions: they are near 1 whatever the data."""
    n, needed = len(one.left), PER_DIRECTION * one.rank
    if n < needed:
        raise DegenerateError(
            f"{label}: canonical correlations of {one.rank} kept directions need n = {needed} stimuli "
            f"({PER_DIRECTION} each), got {n}; {way_out}.",
            "too_few_for_directions",
        )
