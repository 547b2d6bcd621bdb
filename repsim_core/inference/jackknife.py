r"""The exact jackknife of debiased CKA: every stimulus left out once, without computing anything again.

From U-centred K and L with :math:`P_i = \sum_j K_{ij} L_{ij}` and :math:`S = \sum_i P_i`,

.. math:: \mathrm{HSIC}_1^{(-i)} = \frac{S - 2 \frac{n-2}{n-3} P_i}{(n-1)(n-4)}, \qquad
          \mathrm{SE}^2 = \frac{n-1}{n} \sum_i (\mathrm{CKA}_i - \overline{\mathrm{CKA}})^2

because the rows of a U-centred matrix sum to 0. It holds for every kernel or distance whose entry (i, j) does not
depend on other stimuli: linear CKA, RBF CKA with the bandwidth kept, unbiased distance correlation.
"""

from concurrent.futures import Executor
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from repsim_core.compute.memory import budget_bytes
from repsim_core.compute.progress import Progress, mapped, no_progress
from repsim_core.errors import DegenerateError, InputError, ShapeError
from repsim_core.inference.stacks import Stack, norms, stacked_stimuli
from repsim_core.linalg import at_least

Floats = NDArray[np.float64]
_TOGETHER = 64  # stimuli in a task


def cka_without_each(k: Stack, l: Stack) -> Floats:  # noqa: E741
    """Debiased CKA with stimulus i left out ``(n,)``, from two U-centred matrices ``(n, n)`` of any scale; O(n²).

    Raises
    ------
    ShapeError, InputError
        The second for matrices that are not U-centred, where the formula does not hold.
    DegenerateError
        ``too_few_stimuli`` below 5; ``one_stimulus`` where all structure of one side rests on one stimulus.
    """
    first, second = np.asarray(k)[None], np.asarray(l)[None]
    n = _checked(first, second)
    if not np.isfinite([*norms(first), *norms(second)]).all():
        raise DegenerateError(
            "One of both matrices is 0 or not finite, so CKA is 0/0; choose another layer.", "undefined"
        )
    products = np.einsum("ij,ij->i", first[0], second[0])[:, None, None]
    found = _deleted(products, _own(first), _own(second))[:, 0, 0]
    if not np.isfinite(found).all():
        row = int(np.flatnonzero(~np.isfinite(found))[0])
        raise DegenerateError(
            f"Without stimulus {row} of {n} nothing is left that varies in one of both; leave it out or take more.",
            "one_stimulus",
        )
    return np.asarray(found)


def cka_standard_error(k: Stack, l: Stack) -> float:  # noqa: E741
    """Jackknife standard error of debiased CKA, from two U-centred matrices ``(n, n)``; O(n²).

    Raises as :func:`cka_without_each` does. Too wide near independence: there, ask a permutation test.

    References
    ----------
    Efron and Stein (1981), Ann. Statist. 9. Unbiased HSIC: Song et al. (2012), JMLR 13.
    """
    found = cka_without_each(k, l)
    return float(np.sqrt((len(found) - 1) / len(found) * np.sum((found - found.mean()) ** 2)))


def cka_standard_errors(
    a: Stack,
    b: Stack,
    *,
    executor: Executor | None = None,
    progress: Progress | None = None,
    memory_bytes: int | None = None,
) -> Floats:
    """Jackknife standard error of debiased CKA of every pair of layers ``(L, M)``.

    Parameters
    ----------
    a, b
        Stacks ``(layers, n, n)`` of U-centred matrices of any scale. A layer of zeros or NaN is undefined.
    executor, progress
        Blocks of stimuli are the tasks; ``progress(done, total)`` counts them.
    memory_bytes
        Limit for the n numbers of each cell; by default a quarter of what one request may take.

    Returns
    -------
    array
        NaN where a layer is undefined, or all of its structure rests on one stimulus.

    Notes
    -----
    n products of ``(L, n)`` by ``(n, M)``: as many multiplications as the matrix of scores itself.
    """
    n = _checked(a, b)
    progress = progress or no_progress
    own_a, own_b = _own(a), _own(b)
    allowed = budget_bytes() // 4 if memory_bytes is None else memory_bytes
    height = max(1, min(len(a), allowed // (4 * 8 * n * len(b))))  # the products and three of their size
    blocks = [slice(start, min(start + _TOGETHER, n)) for start in range(0, n, _TOGETHER)]
    parts = [slice(start, start + height) for start in range(0, len(a), height)]
    result = np.empty((len(a), len(b)))
    progress(0, len(parts) * len(blocks))
    for number, part in enumerate(parts):
        found = []
        for products in mapped(partial(_products, a[part], b), blocks, executor):
            found.append(products)
            progress(number * len(blocks) + len(found), len(parts) * len(blocks))
        deleted = _deleted(np.concatenate(found), own_a[part], own_b)
        deleted -= deleted.mean(axis=0)
        result[part] = np.sqrt((n - 1) / n * np.einsum("ijk,ijk->jk", deleted, deleted))
    return result


def _checked(a: Stack, b: Stack) -> int:
    n = stacked_stimuli(a, b)
    if a.dtype != np.float64:
        raise ShapeError(f"The jackknife takes differences of close sums, so float64 matrices, got {a.dtype}.")
    at_least(n, 5, "The jackknife")
    for name, stack in (("a", a), ("b", b)):
        lengths = norms(stack)
        noise = 1e3 * np.finfo(np.float64).eps * lengths
        with np.errstate(invalid="ignore"):
            sums = np.abs(stack.sum(axis=2)).max(axis=1)
            diagonal = np.abs(np.diagonal(stack, axis1=1, axis2=2)).max(axis=1)
        wrong = np.flatnonzero((sums > noise) | (diagonal > noise))
        if len(wrong):
            raise InputError(
                f"{name}: matrix {wrong[0]} is not U-centred (rows must sum to 0, and so must the diagonal be), "
                "and the jackknife formula holds for no other; U-centre it first."
            )
    return n


def _own(stack: Stack) -> Floats:
    """Sum of squares of each row ``(layers, n)``."""
    return np.asarray(np.einsum("lij,lij->li", stack, stack))


def _products(a: Stack, b: Stack, block: slice) -> NDArray[np.floating[Any]]:
    """``P`` of a block of stimuli ``(stimuli, L, M)``."""
    with np.errstate(invalid="ignore"):  # an undefined layer
        return np.asarray(a[:, block].transpose(1, 0, 2) @ b[:, block].transpose(1, 2, 0))


def _deleted(products: Floats, own_a: Floats, own_b: Floats) -> Floats:
    """CKA without each stimulus ``(n, L, M)``; NaN where that leaves nothing."""
    n = len(products)
    factor = 2 * (n - 2) / (n - 3)
    with np.errstate(invalid="ignore"):
        left = [own.sum(axis=1)[:, None] - factor * own for own in (own_a, own_b)]
        cross = products.sum(axis=0) - factor * products
    for rest, own in zip(left, (own_a, own_b), strict=True):
        # The exact value is never negative; what is below the round-off of the sum is nothing.
        rest[~((rest > 1e-13 * own.sum(axis=1)[:, None]) & np.isfinite(rest))] = np.nan
    scale_a, scale_b = (np.sqrt(rest).T for rest in left)
    return np.asarray(cross / (scale_a[:, :, None] * scale_b[:, None, :]))
