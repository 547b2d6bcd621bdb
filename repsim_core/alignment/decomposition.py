"""Singular values and left singular vectors of a layer by the shorter side, never as an n × n array without need."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from repsim_core.alignment.features import Features
from repsim_core.compute.memory import budget_bytes, readable_bytes
from repsim_core.errors import BudgetError, InputError

Floats = NDArray[np.float64]
RESOLVED = 1e-5  # of the largest singular value: what squares in float64 still give to 1e-6
OVERSAMPLING, POWER_STEPS = 10, 8  # of the random sketch


@dataclass(frozen=True, eq=False)
class Decomposition:
    """``X = U Σ Vᵀ`` with either U or V at hand; the other side is a product away.

    ``complete`` is False where only the strongest directions were asked for.
    """

    features: Features
    singular_values: Floats  # (r,) descending, in the scale of the responses
    left: Floats | None  # (n, r)
    right: Floats | None  # (p, r)
    complete: bool = True

    @property
    def norm(self) -> float:
        """Frobenius norm of what was decomposed."""
        return float(np.ldexp(self.features.norm, self.features.scale))

    def coordinates(self, columns: Floats) -> Floats:
        """``Uᵀ columns``, for ``(n, t)``: ``(r, t)``."""
        if self.left is not None:
            return np.asarray(self.left.T @ columns)
        assert self.right is not None
        return np.asarray(self.right.T @ self.features.transposed_times(columns) / self._scale[:, None])

    def left_vectors(self, k: int) -> Floats:
        """The first k left singular vectors ``(n, k)``; the sign of each is whatever came out."""
        if self.left is not None:
            return np.asarray(self.left[:, :k])
        assert self.right is not None
        return np.asarray(self.features.times(self.right[:, :k]) / self._scale[:k])

    @property
    def _scale(self) -> Floats:
        """Singular values in the scale of the blocks."""
        return np.asarray(np.ldexp(self.singular_values, -self.features.scale))


def decomposition(features: Features, rank: int | None = None) -> Decomposition:
    """Singular value decomposition by the cheapest way that is exact enough.

    Responses stored in float32 are squared in float64: ``XᵀX`` or ``XXᵀ``, whichever is smaller, resolves all that
    float32 can hold, and only layers with very weak directions are done again by QR. Responses in float64 take QR and
    the decomposition of the small factor at once. Values up to ``eps · ‖X‖``, which the rounding of the stored
    responses may have made, are left out. With ``rank`` a random sketch finds the strongest directions alone.

    Raises
    ------
    BudgetError
        If both sides are so long that the small factor does not fit the memory.
    InputError
        If ``rank`` is no number of directions.
    """
    n, p = features.shape
    short = min(n, p)
    if rank is not None:
        if not 1 <= rank <= short:
            raise InputError(
                f"{features.label} has at most {short} directions, but rank = {rank} was asked for; take 1 to {short}."
            )
        if rank < short:
            return _kept(features, *_sketched(features, rank), complete=False)
    needed = 24 * short**2
    if needed > budget_bytes():
        raise BudgetError(
            f"All directions of {features.label} ({n} stimuli × {p} units) need {readable_bytes(needed)} "
            f"(limit {readable_bytes(budget_bytes())}). Take rank = 256 for the strongest ones, or fewer stimuli."
        )
    if features.rounding > 1e-10:
        values, left, right = _by_squares(features)
        held = values[values > features.floor]
        if held.size and held[-1] > RESOLVED * values[0]:
            return _kept(features, values, left, right)
    return _kept(features, *_by_qr(features))


def turned(vectors: Floats) -> Floats:
    """Columns with the sign that makes the entry of the largest size positive."""
    if not vectors.size:
        return vectors
    largest = vectors[np.abs(vectors).argmax(axis=0), np.arange(vectors.shape[1])]
    return np.asarray(vectors * np.where(largest < 0, -1.0, 1.0))


def _kept(
    features: Features, values: Floats, left: Floats | None, right: Floats | None, complete: bool = True
) -> Decomposition:
    r = int(np.sum(values > features.floor))
    return Decomposition(
        features,
        np.asarray(np.ldexp(values[:r], features.scale)),
        None if left is None else left[:, :r],
        None if right is None else right[:, :r],
        complete,
    )


def _by_squares(features: Features) -> tuple[Floats, Floats | None, Floats | None]:
    from scipy.linalg import eigh

    n, p = features.shape
    product = np.zeros((min(n, p),) * 2)
    tall = n >= p
    for _, block in features.row_blocks() if tall else features.column_blocks():
        product += block.T @ block if tall else block @ block.T
    squares, vectors = eigh(product, driver="evd", overwrite_a=True, check_finite=False)
    values = np.sqrt(np.maximum(squares[::-1], 0.0))
    vectors = vectors[:, ::-1]
    return (values, None, vectors) if tall else (values, vectors, None)


def _by_qr(features: Features) -> tuple[Floats, Floats | None, Floats | None]:
    n, p = features.shape
    tall = n >= p
    factor: Floats | None = None
    # The triangle of the rows so far on top of the next ones: memory stays that of a block.
    for _, block in features.row_blocks(2 * p) if tall else features.column_blocks(2 * n):
        rows = block if tall else block.T
        factor = np.asarray(np.linalg.qr(rows if factor is None else np.vstack([factor, rows]), mode="r"))
    assert factor is not None
    _, values, right = np.linalg.svd(factor, full_matrices=False)
    return (values, None, right.T) if tall else (values, right.T, None)


def _sketched(features: Features, rank: int) -> tuple[Floats, Floats | None, Floats | None]:
    """The strongest directions by a seeded random projection and power steps (Halko, Martinsson, Tropp 2011)."""
    n, p = features.shape
    width = min(rank + OVERSAMPLING, n, p)
    basis: NDArray[Any] = np.linalg.qr(features.times(np.random.default_rng(0).normal(size=(p, width))))[0]
    for _ in range(POWER_STEPS):
        basis = np.linalg.qr(features.transposed_times(basis))[0]
        basis = np.linalg.qr(features.times(basis))[0]
    inner, values, _ = np.linalg.svd(features.transposed_times(basis).T, full_matrices=False)
    return values[:rank], np.asarray(basis @ inner[:, :rank]), None
