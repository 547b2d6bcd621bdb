"""The door for pairs of representations, and the algebra several measures share."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from repsim_core.errors import DegenerateError, InputError, ShapeError, StimulusMismatchError
from repsim_core.types import Representation

Array = NDArray[np.floating[Any]]
_BLOCK_NUMBERS = 2**23  # 32 MB of float32: adding up the n × n products of narrower blocks doubles the time


def represented(x: ArrayLike | Representation, label: str) -> Representation:
    """``x`` as a representation; rows of a bare array are numbered."""
    if isinstance(x, Representation):
        return x
    values = np.asarray(x)
    if values.ndim != 2:
        raise ShapeError(
            f"{label}: expected (n_stimuli, n_units), got shape {values.shape}; flatten the trailing axes first."
        )
    if not (np.issubdtype(values.dtype, np.number) or values.dtype == np.bool_) or np.iscomplexobj(values):
        raise ShapeError(f"{label}: expected real numbers, got dtype {values.dtype}; convert it to float64.")
    return Representation(values, tuple(map(str, range(len(values)))), "array", label)


def paired(x: ArrayLike | Representation, y: ArrayLike | Representation) -> tuple[Representation, Representation]:
    """Both as representations of the same stimuli in the same order, every number finite.

    Raises
    ------
    ShapeError, StimulusMismatchError, DegenerateError
        The last with reason ``non_finite``.
    """
    first, second = represented(x, "x"), represented(y, "y")
    same_stimuli(first, second)
    for one in (first, second):
        reason = non_finite(one)
        if reason:
            raise DegenerateError(f"{reason} Fix the layer or leave those stimuli out of both sides.", "non_finite")
    return first, second


def same_stimuli(first: Representation, second: Representation) -> None:
    """Refuse two lists of stimuli that are not equal, item by item."""
    names = f"{first.model}/{first.layer} and {second.model}/{second.layer}"
    if first.stimuli == second.stimuli:
        return
    if len(first.stimuli) != len(second.stimuli):
        raise StimulusMismatchError(
            f"{names} have {len(first.stimuli)} and {len(second.stimuli)} stimuli; extract both on the same ones."
        )
    if set(first.stimuli) == set(second.stimuli):
        raise StimulusMismatchError(f"{names} have the same stimuli in a different order; reorder one of them.")
    position = next(i for i, pair in enumerate(zip(first.stimuli, second.stimuli, strict=True)) if pair[0] != pair[1])
    raise StimulusMismatchError(
        f"{names} have other stimuli: row {position} is {first.stimuli[position]!r} in one and "
        f"{second.stimuli[position]!r} in the other; extract both on the same ones."
    )


def non_finite(one: Representation) -> str:
    """Where NaN or infinity stands, as a sentence, or ""."""
    # The sum is finite whenever every entry is (float64 cannot overflow on float32); the slow look only when it is not.
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(one.values.sum(dtype=np.float64)):
            return ""
    rows = np.flatnonzero(~np.isfinite(one.values).all(axis=1))
    if not len(rows):
        return ""
    return (
        f"{one.model}/{one.layer} has NaN or infinity in {len(rows)} of {one.n_stimuli} rows, "
        f"first for stimulus {one.stimuli[rows[0]]!r}."
    )


def centred(values: Array, label: str = "x") -> Array:
    """Columns minus their means, computed in float64 and returned in the dtype that came.

    Subtracting before any product keeps float32 features with a large mean from cancelling (cells of a plain ResNet are
    otherwise wrong by 0.1).

    Raises
    ------
    DegenerateError
        Reason ``non_finite``; or ``zero_variance`` if nothing but round-off is left, relative to the norm of the input.
    """
    exponent = _exponent(values, label)
    result = np.empty(values.shape, dtype=stored_dtype(values))
    for columns, block in _centred_blocks(values, exponent, label):
        result[:, columns] = block if exponent == 0 else np.ldexp(block, exponent)
    return result


def centred_gram(values: Array, label: str = "x") -> NDArray[np.float64]:
    """``Xc Xcᵀ`` of raw responses, up to a power of four, without a centred copy of them; O(n² p).

    Products in the dtype that came, their sum over blocks of units in float64. Taking away the mean of a few stimuli
    keeps the products small; centring the n × n result does the rest exactly. Raises as :func:`centred` does.
    """
    product, offset = shifted_gram(values, 0)
    if not 1e-20 < np.trace(product) + offset < 1e30:  # squares may have overflowed or vanished
        exponent = _exponent(values, label)
        if exponent:
            product, offset = shifted_gram(values, exponent)
    product = h_centred(product)
    variation = float(np.trace(product))
    _refuse_constant(values, variation, variation + offset, label)
    return product


def shifted_gram(values: Array, exponent: int = 0) -> tuple[NDArray[np.float64], float]:
    """Gram matrix of the rows over ``2 ** exponent`` minus one common row near their mean, and n times its square."""
    dtype, n = stored_dtype(values), len(values)
    product, offset = np.zeros((n, n)), 0.0
    buffer = np.empty(0, dtype=dtype)
    with np.errstate(over="ignore", invalid="ignore"):  # the caller looks at the sum
        for columns in _wide_blocks(values):
            block = values[:, columns].astype(dtype, copy=False)
            if exponent:
                block = np.ldexp(block, -exponent)
            common = block[:: max(1, n // 8)].mean(axis=0)
            if block.size != buffer.size:
                buffer = np.empty(block.shape, dtype=dtype)
            block = np.subtract(block, common, out=buffer)
            product += block @ block.T
            offset += n * float(np.dot(common, common))
    return product, offset


def h_centred(kernel: NDArray[np.float64]) -> NDArray[np.float64]:
    """``H K H`` with ``H = Id − 11ᵀ/n``."""
    rows = kernel.mean(axis=1)
    return np.asarray(kernel - rows[:, None] - rows[None, :] + rows.mean())


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


def stored_dtype(values: Array) -> np.dtype[np.floating[Any]]:
    """The dtype that centring and products of these features take: float32 or float64."""
    return values.dtype if values.dtype in (np.float32, np.float64) else np.dtype(np.float32)


def _exponent(values: Array, label: str) -> int:
    """Power of two to divide by, so that squares neither overflow nor vanish; 0 unless the scale is extreme."""
    peak = _peak(values)
    if not np.isfinite(peak):
        raise DegenerateError(f"{label} has NaN or infinity; choose another layer.", "non_finite")
    return 0 if 1e-9 < peak < 1e9 or peak == 0 else int(np.frexp(peak)[1])


def _centred_blocks(values: Array, exponent: int, label: str) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    """Centred columns over ``2 ** exponent``, block by block; refuses at the end what does not vary.

    From float64 features the mean is subtracted twice: that of a constant column is off by some ulps of the constant,
    and the second pass takes what is left.
    """
    before = after = 0.0
    dtype = stored_dtype(values)
    for columns in _wide_blocks(values):
        block = values[:, columns].astype(np.float64, order="C")
        if exponent:
            block = np.ldexp(block, -exponent)
        mean = block.mean(axis=0)
        block -= mean
        if dtype == np.float64:
            block -= block.mean(axis=0)
        left = float(np.dot(block.ravel(), block.ravel()))
        after += left
        before += left + len(block) * float(np.dot(mean, mean))
        yield columns, block
    _refuse_constant(values, after, before, label)


def _wide_blocks(values: Array) -> Iterator[slice]:
    """Blocks of columns, wide against n, so that few n × n products are added up."""
    # Not narrower than n, or adding up the n × n products of the blocks would cost more than the products.
    width = max(len(values), _BLOCK_NUMBERS // max(len(values), 1))
    for start in range(0, values.shape[1], width):
        yield slice(start, start + width)


def _refuse_constant(values: Array, after: float, before: float, label: str) -> None:
    """Refuse if centring left nothing but round-off of the squared norm it began with."""
    if np.sqrt(max(after, 0.0)) <= 4 * np.finfo(stored_dtype(values)).eps * np.sqrt(before):
        raise DegenerateError(
            f"{label} does not vary over its {len(values)} stimuli, so the measure is 0/0; choose another layer.",
            "zero_variance",
        )


def unit_scaled(features: Array) -> Array:
    """Features times the power of two that brings them near 1, so that their squares neither overflow nor vanish.

    No digit changes, and nothing is copied unless the scale is extreme.
    """
    exponent = _exponent(features, "features")
    return features if exponent == 0 else np.asarray(np.ldexp(features, -exponent))


def gram(features: Array) -> NDArray[np.float64]:
    """``X Xᵀ`` in the dtype of the features, returned in float64."""
    return np.asarray(features @ features.T, dtype=np.float64)


def squared_distances(features: Array) -> NDArray[np.float64]:
    """Squared Euclidean distances of all pairs of rows, float64, exact zeros for equal rows.

    The Gram form cancels for close points, so the features are widened first and the result kept non-negative where
    round-off alone made it negative.
    """
    wide = np.asarray(features, dtype=np.float64)
    return distances_of_gram(wide @ wide.T)


def upper_triangle(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Strict upper triangle as one vector, row by row."""
    return np.concatenate([row[i + 1 :] for i, row in enumerate(matrix)])


def distances_of_gram(product: NDArray[np.float64]) -> NDArray[np.float64]:
    """Squared distances of the rows whose products these are, exactly 0 where nothing but round-off is left."""
    lengths = np.diag(product).copy()
    squared = np.add.outer(lengths, lengths)  # first, or the order of the three terms would break the symmetry
    squared -= 2 * product
    noise = 8 * np.finfo(np.float64).eps * lengths
    squared[squared < np.add.outer(noise, noise)] = 0.0
    return squared


def wide_gram(values: Array, label: str = "x") -> NDArray[np.float64]:
    """``Xc Xcᵀ`` up to a power of four, products in float64 whatever came: for distances, which cancel; O(n² p).

    Block by block, so no wide copy of the responses is made. Raises as :func:`centred` does.
    """
    product = np.zeros((len(values), len(values)))
    for _, block in _centred_blocks(values, _exponent(values, label), label):
        product += block @ block.T
    return product


def row_products(values: Array, label: str = "x", *, centre: bool = False) -> NDArray[np.float64]:
    """Cosines of all pairs of rows, or Pearson correlations over the units with ``centre``; float64, O(n² p).

    Raises
    ------
    DegenerateError
        Reason ``zero_vector`` or ``constant_row`` if a row has no direction, with its number.
    """
    exponent = _exponent(values, label)
    means = np.ldexp(values.mean(axis=1, dtype=np.float64, keepdims=True), -exponent) if centre else 0.0
    product, before = np.zeros((len(values), len(values))), np.zeros(len(values))
    for columns in _wide_blocks(values):
        block = np.ldexp(values[:, columns].astype(np.float64), -exponent)
        if centre:
            before += np.einsum("ij,ij->i", block, block)
            block -= means
        product += block @ block.T
    lengths = np.sqrt(np.diag(product))
    # Relative, not == 0: the mean of a constant row is off by an ulp or so.
    lost = lengths <= (4 * np.finfo(np.float64).eps * np.sqrt(before) if centre else 0.0)
    if lost.any():
        row, more = int(lost.argmax()), int(lost.sum())
        what = "is constant over its units, so its correlation" if centre else "is all zero, so its cosine"
        raise DegenerateError(
            f"{label}: row {row} {what} is 0/0 ({more} such of {len(values)}); "
            "take Euclidean distances or leave those stimuli out.",
            "constant_row" if centre else "zero_vector",
        )
    product /= lengths[:, None]
    product /= lengths[None, :]
    if product.min() > 1 - 1e-3:  # perhaps all rows are equal, perhaps their mean is large
        refuse_constant(values, label)
    return product


def product_noise(lengths: NDArray[np.float64], units: int) -> NDArray[np.float64]:
    """Round-off to expect in a distance of two rows, as the share of each: add those of the two.

    Sums of p products are off by about the root of p, in units of the last place of the squared lengths.
    """
    return np.asarray((8 + 4 * np.sqrt(units)) * np.finfo(np.float64).eps * lengths)


def refuse_constant(values: Array, label: str = "x") -> None:
    """Refuse responses that do not vary over the stimuli, as :func:`centred` does, without a copy of them."""
    for _ in _centred_blocks(values, _exponent(values, label), label):
        pass


def reduced(values: Array, label: str = "x") -> tuple[NDArray[np.float64], int]:
    """Centred responses in at most n columns with the same Gram matrix; O(n p min(n, p)).

    Over ``2 ** exponent``, which is returned beside them and is 0 unless the scale is extreme. With more units than
    stimuli, ``Xcᵀ = Q R`` and ``Rᵀ`` is kept: a rotation of the units, which most measures do not see.
    """
    features = centred(values, label)
    exponent = _exponent(features, label)
    wide = np.ldexp(features.astype(np.float64, copy=False), -exponent)
    if wide.shape[1] > len(wide):
        from scipy.linalg import qr

        wide = np.ascontiguousarray(qr(wide.T, mode="r", check_finite=False)[0][: len(wide)].T)
    return wide, exponent


def at_least(n: int, needed: int, measure: str) -> None:
    """Refuse fewer stimuli than a measure is defined for."""
    if n < needed:
        raise DegenerateError(
            f"{measure} needs at least {needed} stimuli, got {n}; take n = {needed} or more.", "too_few_stimuli"
        )


def positive(value: float, name: str) -> float:
    """A finite number above zero, or an :class:`InputError`."""
    if not (np.isfinite(value) and value > 0):
        raise InputError(f"{name} must be a number above 0, got {value!r}.")
    return float(value)


def _peak(values: Array) -> float:
    return max(float(values.max(initial=0.0)), -float(values.min(initial=0.0)))
