r"""Debiased linear CKA and its standard error without an n × n matrix, for n large against the units.

With centred rows, :math:`d_i = \|x_i\|^2` and :math:`a_i = d_i/(n-2) - \sum d / (2(n-1)(n-2))`, the U-centred Gram
matrix is :math:`x_i \cdot x_j + a_i + a_j` off its diagonal, so each row of its product with another is known from
p × q numbers: all that the score and the exact jackknife need.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from repsim_core.errors import DegenerateError
from repsim_core.linalg import Array, at_least, centred, unit_scaled
from repsim_core.similarity.embedding import within_bounds
from repsim_core.similarity.measure import Floats
from repsim_core.types import Representation


@dataclass(frozen=True, eq=False)
class Features:
    """Centred responses ``(n, p)`` and the a_i of the U-centred Gram matrix."""

    rows: Floats
    shifts: Floats


def features(x: Array, *, label: str = "x") -> Features:
    """Features of raw responses; O(n p)."""
    at_least(len(x), 4, "Debiased CKA")
    rows = np.asarray(unit_scaled(centred(x, label)), dtype=np.float64)
    n, lengths = len(rows), np.einsum("ij,ij->i", rows, rows)
    return Features(rows, lengths / (n - 2) - lengths.sum() / (2 * (n - 1) * (n - 2)))


def row_products(x: Features, y: Features) -> Floats:
    """``Σ_j U(K)_ij U(L)_ij`` of every row ``(n,)``, whose sum is n (n − 3) HSIC₁; O(n p q)."""
    a, b = x.shifts, y.shifts
    whole = np.einsum("ij,ij->i", x.rows @ (x.rows.T @ y.rows), y.rows)
    whole += x.rows @ (x.rows.T @ b) + y.rows @ (y.rows.T @ a)
    whole += len(a) * a * b + a * b.sum() + b * a.sum() + a @ b
    own = (np.einsum("ij,ij->i", one.rows, one.rows) + 2 * one.shifts for one in (x, y))
    return np.asarray(whole - next(own) * next(own))  # the diagonal is not part of it


def own_products(x: Features, label: str) -> Floats:
    """Row products of a layer with itself; refused where all its stimuli are equally alike."""
    found = row_products(x, x)
    lengths = np.einsum("ij,ij->i", x.rows, x.rows)
    if found.sum() <= 64 * np.finfo(np.float64).eps * float(lengths.sum()) ** 2:
        raise DegenerateError(
            f"{label}: all pairs of its {len(found)} stimuli are equally alike, so debiased CKA is 0/0; "
            "take the biased form.",
            "no_structure",
        )
    return found


def linear_cka_from_features(x: Array, y: Array) -> float:
    """Debiased linear CKA of raw responses ``(n, p)`` and ``(n, q)``; O(n p q)."""
    first, second = features(x, label="x"), features(y, label="y")
    own = own_products(first, "x").sum() * own_products(second, "y").sum()
    return float(within_bounds(row_products(first, second).sum() / np.sqrt(own), -1.0))


def jackknife_error(cross: Floats, own_x: Floats, own_y: Floats) -> float:
    """Exact standard error from three row products, as :mod:`repsim_core.inference.jackknife`; NaN below n = 5."""
    n = len(cross)
    if n < 5:
        return float("nan")
    left, first, second = (one.sum() - 2 * (n - 2) / (n - 3) * one for one in (cross, own_x, own_y))
    if min(first.min() / own_x.sum(), second.min() / own_y.sum()) <= 1e-13:
        return float("nan")  # all structure of one side rests on one stimulus
    without = left / np.sqrt(first * second)
    return float(np.sqrt((n - 1) / n * np.sum((without - without.mean()) ** 2)))


def cells_from_features(
    a: Mapping[str, Representation], b: Mapping[str, Representation], step: Callable[[], None]
) -> tuple[Floats, Floats, list[list[DegenerateError | None]]]:
    """Scores, standard errors and refusals of all pairs; ``step`` after each. Holds one pair of layers at a time."""
    values, errors = np.full((2, len(a), len(b)), np.nan)
    own = {one: _own_or_refusal(one) for one in {*a.values(), *b.values()}}
    refusals = [[_first_refusal(own[one], own[other]) for other in b.values()] for one in a.values()]
    for i, one in enumerate(a.values()):
        first = None if isinstance(own[one], DegenerateError) else features(one.values)
        for j, other in enumerate(b.values()):
            own_x, own_y = own[one], own[other]
            if first is not None and not isinstance(own_x, DegenerateError) and not isinstance(own_y, DegenerateError):
                cross = row_products(first, first if other is one else features(other.values))
                values[i, j] = cross.sum() / np.sqrt(own_x.sum() * own_y.sum())
                errors[i, j] = jackknife_error(cross, own_x, own_y)
            step()
    return values, errors, refusals


def _own_or_refusal(one: Representation) -> Floats | DegenerateError:
    label = f"{one.model}/{one.layer}"
    try:
        return own_products(features(one.values, label=label), label)
    except DegenerateError as error:
        return error


def _first_refusal(*found: Floats | DegenerateError) -> DegenerateError | None:
    return next((one for one in found if isinstance(one, DegenerateError)), None)
