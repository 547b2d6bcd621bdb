"""Measures of one shape: a vector of about n² numbers a layer, and the cosine of two of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from repsim_core.linalg import u_centred
from repsim_core.similarity.measure import Floats, Method, Work, no_structure

BLOCK_NUMBERS = 2**20  # of all layers side by side in one product: they stay in the cache between copy and product


@dataclass(frozen=True, eq=False)
class Vector:
    """A layer as a vector; ``chance`` is its factor in the mean score over all n! pairings of the stimuli."""

    vector: NDArray[np.floating[Any]]
    norm: float
    chance: float
    note: str = ""  # a doubt about this layer, to stand beside the result


@dataclass(frozen=True, eq=False)
class Embedding(Vector):
    """A vector whose entries belong to pairs of stimuli."""

    def reordered(self, order: NDArray[np.intp]) -> "Embedding":
        """The same with the stimuli in another order: an n × n matrix, or its strict upper triangle, is gathered."""
        from scipy.spatial.distance import squareform

        n = len(order)
        if self.vector.size == n * n:
            return replace(self, vector=self.vector.reshape(n, n)[order][:, order].ravel())
        square = squareform(self.vector, checks=False)[order][:, order]
        return replace(self, vector=squareform(square, checks=False))


def cosine_method(
    layer: Callable[..., Embedding],
    numbers: Callable[[int, int, Mapping[str, Any]], int],
    working: Callable[[int, int], int],
) -> Method:
    """One matrix product for all cells."""
    return Method(layer, cosines, numbers, working)


def square_numbers(n: int, _units: int, _options: Mapping[str, Any]) -> int:
    """Numbers of an n × n matrix."""
    return n * n


def cosines(
    rows: Sequence[Vector], columns: Sequence[Vector], _options: Mapping[str, Any], _work: Work
) -> tuple[Floats, Floats]:
    """Cosine and chance level of every pair, block by block along the vectors so that no stack of all is held."""
    values = np.zeros((len(rows), len(columns)))
    size, dtype = rows[0].vector.size, rows[0].vector.dtype
    width = min(size, max(1, BLOCK_NUMBERS // (len(rows) + len(columns))))
    held = [np.empty((len(side), width), dtype) for side in (rows, columns)]
    for start in range(0, size, width):
        part = slice(start, min(start + width, size))
        room = [one[:, : part.stop - start] for one in held]
        left = np.stack([one.vector[part] for one in rows], out=room[0])
        right = left if rows is columns else np.stack([one.vector[part] for one in columns], out=room[1])
        values += left @ right.T
    values /= np.outer([one.norm for one in rows], [one.norm for one in columns])
    return values, np.outer([one.chance for one in rows], [one.chance for one in columns])


def kernel_embedding(
    kernel: Floats, label: str, *, debiased: bool, eps: float, instead: str, note: str = ""
) -> Embedding:
    """Embedding of a kernel: U-centred, or as it comes (already H-centred) for the biased form."""
    n = len(kernel)
    shaped = u_centred(kernel) if debiased else kernel
    norm = length(shaped)
    # Round-off of the products grows with the root of n; what is left below it is not structure.
    if norm <= 8 * np.sqrt(n) * eps * length(kernel):
        raise no_structure(label, n, instead)
    chance = 0.0 if debiased else float(np.trace(shaped)) / (norm * float(np.sqrt(n - 1)))
    return Embedding(shaped.ravel(), norm, chance, note)


def length(array: NDArray[Any]) -> float:
    """Euclidean norm of all entries of a contiguous array."""
    flat = array.ravel()
    return float(np.sqrt(np.dot(flat, flat)))


def within_bounds(value: Any, low: float, high: float = 1.0) -> Any:
    """Cut the last ulp outside of the range; anything further out is a fault of ours, not of the data."""
    result = np.asarray(value, dtype=np.float64)
    finite = result[np.isfinite(result)]
    if finite.size and (finite.max() > high + 1e-9 or finite.min() < low - 1e-9):
        raise ArithmeticError(f"A cosine came out as {finite.max():.12g} or {finite.min():.12g}; please report this.")
    clipped = np.clip(result, low, high)
    return float(clipped) if np.ndim(value) == 0 else clipped
