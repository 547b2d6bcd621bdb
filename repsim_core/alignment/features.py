"""What is decomposed: responses with a column of ones, rows of length 1, centred columns, each on request."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from repsim_core.errors import DegenerateError
from repsim_core.linalg import non_finite
from repsim_core.types import Representation

BLOCK = 2**21  # numbers in float64 that a block holds: 17 MB
Floats = NDArray[np.float64]


class Features:
    """The matrix a form asks for, handed out block by block in float64, so that no copy of the whole is needed.

    The order is that of the authors: append the ones, divide each row by its norm, then centre.

    Parameters
    ----------
    x
        Responses ``(n, p)``.
    centre, bias, normalise
        Which steps to take.

    Raises
    ------
    DegenerateError
        ``non_finite``; ``zero_variance`` if the responses, or what is left of them, do not vary; ``zero_row`` if a row
        of zeros would have to be divided by its norm.
    """

    def __init__(self, x: Representation, *, centre: bool, bias: bool, normalise: bool) -> None:
        self._values: NDArray[np.floating[Any]] = x.values
        self._bias = bias
        self.label = f"{x.model}/{x.layer}"
        self.n, self.p = len(x.values), x.values.shape[1] + bias
        if reason := non_finite(x):
            raise DegenerateError(f"{reason} Leave the layer or those stimuli out.", "non_finite")
        self.rounding = float(np.finfo(x.values.dtype).eps)  # relative error of one stored response
        if self.n == 0 or x.values.shape[1] == 0 or bool((x.values == x.values[:1]).all()):
            self._refuse()
        peak = max(float(x.values.max()), -float(x.values.min()))
        # Squares of float64 may overflow: numbers of an extreme scale are brought near 1, the ones beside them too.
        self.exponent = 0 if 1e-60 < peak < 1e60 else int(np.frexp(peak)[1])
        self._lengths: Floats | None = None
        self._mean: Floats | None = None
        if normalise:
            lengths = np.concatenate([np.linalg.norm(block, axis=1) for _, block in self.row_blocks()])
            if empty := int((lengths == 0).sum()):
                raise DegenerateError(
                    f"{self.label} is silent for {empty} of {self.n} stimuli, and a row of zeros has no direction; "
                    "keep the column of ones, or do not normalise the rows.",
                    "zero_row",
                )
            self._lengths = lengths
        squares, mean = 0.0, np.zeros(self.p)
        for _, block in self.row_blocks():
            squares += float(np.vdot(block, block))
            mean += block.sum(axis=0)
        if centre:
            self._mean = mean / self.n
            correction = np.zeros(self.p)
            left = 0.0
            for _, block in self.row_blocks():
                correction += block.sum(axis=0)
            self._mean = self._mean + correction / self.n  # the mean of a constant column is off by some ulps
            for _, block in self.row_blocks():
                left += float(np.vdot(block, block))
            if np.sqrt(left) <= 4 * self.rounding * np.sqrt(squares):
                self._refuse()
            self.norm, self.uncentred_norm = float(np.sqrt(left)), float(np.sqrt(squares))
        else:
            self.norm = self.uncentred_norm = float(np.sqrt(squares))

    @property
    def shape(self) -> tuple[int, int]:
        """Stimuli, units with the ones."""
        return self.n, self.p

    @property
    def scale(self) -> int:
        """Power of two between a block and the responses: 0 unless their scale is extreme and was kept."""
        return self.exponent if self._lengths is None else 0

    @property
    def floor(self) -> float:
        """A singular value up to here is no more than the rounding of the stored responses may have made."""
        return self.rounding * self.uncentred_norm

    def rows(self, part: slice) -> Floats:
        """Some rows, all columns."""
        block = self._scaled(self._values[part])
        if self._bias:
            block = np.hstack([block, np.full((len(block), 1), np.ldexp(1.0, -self.exponent))])
        if self._lengths is not None:
            block /= self._lengths[part, None]
        if self._mean is not None:
            block -= self._mean
        return block

    def columns(self, part: slice) -> Floats:
        """Some columns, all rows."""
        block = self._scaled(self._values[:, part])
        if self._bias and part.stop > self._values.shape[1]:
            block = np.hstack([block, np.full((self.n, 1), np.ldexp(1.0, -self.exponent))])
        if self._lengths is not None:
            block /= self._lengths[:, None]
        if self._mean is not None:
            block -= self._mean[part]
        return block

    def row_blocks(self, least: int = 1) -> Iterator[tuple[slice, Floats]]:
        """All rows, a block of at least so many at a time."""
        for part in _parts(self.n, max(least, BLOCK // self.p)):
            yield part, self.rows(part)

    def column_blocks(self, least: int = 1) -> Iterator[tuple[slice, Floats]]:
        """All columns, a block of at least so many at a time."""
        for part in _parts(self.p, max(least, BLOCK // self.n)):
            yield part, self.columns(part)

    def times(self, other: Floats) -> Floats:
        """``X other``, for ``(p, k)``."""
        return np.concatenate([block @ other for _, block in self.row_blocks()])

    def transposed_times(self, other: Floats) -> Floats:
        """``Xᵀ other``, for ``(n, k)``."""
        found = np.zeros((self.p, other.shape[1]))
        for part, block in self.row_blocks():
            found += block.T @ other[part]
        return found

    def _scaled(self, block: NDArray[np.floating[Any]]) -> Floats:
        wide = block.astype(np.float64, order="C")
        return wide if self.exponent == 0 else np.asarray(np.ldexp(wide, -self.exponent))

    def _refuse(self) -> None:
        raise DegenerateError(
            f"{self.label} does not vary over its {self.n} stimuli, so it has no direction to speak of; "
            "choose another layer.",
            "zero_variance",
        )


def _parts(count: int, size: int) -> Iterator[slice]:
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))
