r"""Similarity of a layer to itself without some of its units, by the Gram matrix of what stays.

With A the centred responses and A_c the columns of a cell, ``K_c = A Aᵀ − A_c A_cᵀ``: one product of the cell's
columns, none of all. Everything below needs K and K_c alone, since :math:`\|A^\top B\|_*` is the nuclear norm of
:math:`F^\top G` for any ``F Fᵀ = A Aᵀ`` and ``G Gᵀ = B Bᵀ``, and CCA sees left singular vectors only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from repsim_core.errors import DegenerateError, unknown_name
from repsim_core.similarity import MEASURES

Floats = NDArray[np.float64]
_BLOCK = 2**21  # numbers of a float64 copy: 16 MB


@dataclass(frozen=True)
class Shortcut:
    """A measure that needs nothing but Gram matrices."""

    name: str
    title: str
    larger_is_more_similar: bool
    minimum_stimuli: int


SHORTCUTS: Mapping[str, Shortcut] = MappingProxyType(
    {
        one.name: one
        for one in (
            Shortcut("cka", "CKA, linear, debiased", True, 4),
            Shortcut("cka_biased", "CKA, linear, biased", True, 2),
            Shortcut("procrustes", "Procrustes", True, 2),
            Shortcut("ridge_cca", "CCA with ridge, mean ρ", True, 2),
            Shortcut("ridge_cca_squared", "CCA with ridge, mean ρ²", True, 2),
            Shortcut("ridge_pwcca", "PWCCA with ridge", True, 2),
        )
    }
)
PAPER_MEASURES = ("cka_biased", "procrustes", "ridge_pwcca", "ridge_cca_squared", "ridge_cca")
CCA_FAMILY = ("ridge_pwcca", "ridge_cca_squared", "ridge_cca")


def checked_measures(names: Sequence[str]) -> tuple[str, ...]:
    """The names, if every one is a shortcut or a measure of the registry."""
    for name in names:
        if name not in SHORTCUTS and name not in MEASURES:
            raise unknown_name("measure", name, [*SHORTCUTS, *(one for one in MEASURES if one not in SHORTCUTS)])
    return tuple(dict.fromkeys(names))


def larger_is_more_similar(name: str) -> bool:
    """Direction of a measure."""
    return (SHORTCUTS[name] if name in SHORTCUTS else MEASURES[name]).larger_is_more_similar


class Cloud:
    """A representation as its centred Gram matrix, float64, or as centred columns where these are fewer.

    ``kernel`` is ``(n, n)``; ``columns`` ``(n, r)`` with ``columns columnsᵀ = kernel``, if given, are used as they are.
    """

    def __init__(self, kernel: Floats, columns: Floats | None = None) -> None:
        self.kernel, self._columns = kernel, columns

    @classmethod
    def of(cls, values: NDArray[np.floating[Any]], label: str) -> "Cloud":
        """Of raw responses ``(n, p)``; refuses what does not vary."""
        kernel, variation, energy = gram_of(values, np.arange(values.shape[1]))
        if not np.isfinite(variation):
            raise DegenerateError(f"{label} has NaN or infinity; choose another layer.", "non_finite")
        if constant(variation, energy, values.dtype):
            raise DegenerateError(
                f"{label} does not vary over its {len(values)} stimuli, so no part of it can matter; "
                "choose another layer.",
                "zero_variance",
            )
        few = values.shape[1] <= len(values)
        return cls(kernel, centred_columns(values, np.arange(values.shape[1])) if few else None)

    @cached_property
    def spectrum(self) -> tuple[Floats, Floats]:
        """Left singular vectors ``(n, r)`` and singular values, largest first, without those that are round-off."""
        n = len(self.kernel)
        if self._columns is not None:
            vectors, values, _ = np.linalg.svd(self._columns, full_matrices=False)
        else:
            energies, vectors = np.linalg.eigh(self.kernel)
            vectors, values = vectors[:, ::-1], np.sqrt(np.maximum(energies[::-1], 0.0))
        rank = int((values**2 > n * np.finfo(np.float64).eps * values[0] ** 2).sum())
        return vectors[:, :rank], values[:rank]

    @cached_property
    def factor(self) -> Floats:
        """Any ``F`` with ``F Fᵀ = kernel``: the responses in other axes, for whatever is blind to rotation."""
        if self._columns is not None:
            return self._columns
        vectors, values = self.spectrum
        return np.asarray(vectors * values)

    @cached_property
    def trace(self) -> float:
        """Sum of squares of the centred responses."""
        return float(np.trace(self.kernel))


def gram_of(values: NDArray[np.floating[Any]], units: NDArray[np.intp]) -> tuple[Floats, float, float]:
    """``A_c A_cᵀ`` of some units, their centred and their raw sum of squares; O(n² · units) in float64."""
    n = len(values)
    product, variation, energy = np.zeros((n, n)), 0.0, 0.0
    width = max(n, _BLOCK // max(n, 1))
    for start in range(0, len(units), width):
        block, raw = _centred(values, units[start : start + width])
        product += block @ block.T
        variation += float(np.einsum("ij,ij->", block, block))
        energy += raw
    return product, variation, energy


def centred_columns(values: NDArray[np.floating[Any]], units: NDArray[np.intp]) -> Floats:
    """Columns of some units minus their means, float64."""
    return _centred(values, units)[0]


def constant(variation: float, energy: float, dtype: Any) -> bool:
    """Whether centring left nothing but round-off of what was stored."""
    eps = np.finfo(dtype if dtype in (np.float32, np.float64) else np.float32).eps
    return bool(np.sqrt(max(variation, 0.0)) <= 4 * eps * np.sqrt(energy))


def _centred(values: NDArray[np.floating[Any]], units: NDArray[np.intp]) -> tuple[Floats, float]:
    block = values[:, units].astype(np.float64)
    raw = float(np.einsum("ij,ij->", block, block))
    block -= block.mean(axis=0)
    block -= block.mean(axis=0)  # of a constant column the first pass leaves some ulps
    return block, raw


def without(
    whole: Cloud,
    values: NDArray[np.floating[Any]],
    units: NDArray[np.intp],
    *,
    order: NDArray[np.intp] | None = None,
    label: str = "the layer",
) -> Cloud:
    """The representation with some units held at zero or at their mean, or with their images in another ``order``.

    Raises
    ------
    DegenerateError
        ``zero_variance`` if nothing that varies is left.
    """
    kept = np.setdiff1d(np.arange(values.shape[1]), units, assume_unique=True)
    cell, variation, _ = gram_of(values, units)
    kernel = whole.kernel - cell
    if order is not None:
        kernel += cell[np.ix_(order, order)]
        columns = None
        if values.shape[1] <= len(values):
            columns = np.hstack([centred_columns(values, kept), centred_columns(values, units)[order]])
        return Cloud(kernel, columns)
    few = len(kept) <= len(values)
    if few or whole.trace - variation < 1e-6 * whole.trace:  # what is left would be round-off of a difference
        kernel, left, energy = gram_of(values, kept)
        if not len(kept) or constant(left, energy, values.dtype) or left <= 1e-24 * whole.trace:
            raise DegenerateError(f"Without these units nothing of {label} varies any more.", "zero_variance")
    return Cloud(kernel, centred_columns(values, kept) if few else None)


class Pair:
    """Two clouds of the same stimuli, and what several measures of them share.

    Parameters
    ----------
    ridge : float
        κ of the CCA family: canonical directions of singular value s count ``s / √(s² + κ)``; 1000 in the authors'
        code. It is in the squared scale of the responses, so it is no scale-free choice.
    features : (n, p) array
        Raw responses of the first side, which PWCCA weighs its directions by; O(n² p). Without them there is no PWCCA.
    """

    def __init__(
        self,
        first: Cloud,
        second: Cloud,
        *,
        ridge: float = 1.0,
        features: NDArray[np.floating[Any]] | None = None,
    ) -> None:
        self._first, self._second, self._ridge, self._features = first, second, ridge, features

    def value(self, measure: str) -> float:
        """A measure of :data:`SHORTCUTS`."""
        first, second = self._first, self._second
        if measure == "cka":
            return _cosine(_u_centred(first.kernel), _u_centred(second.kernel))
        if measure == "cka_biased":
            return _cosine(first.kernel, second.kernel)
        if measure == "procrustes":
            nuclear = float(np.linalg.svd(first.factor.T @ second.factor, compute_uv=False).sum())
            return min(nuclear / float(np.sqrt(first.trace * second.trace)), 1.0)
        variates, rho = self._canonical
        if measure == "ridge_pwcca":
            assert variates is not None
            assert self._features is not None
            weights = _weights(variates, self._features)
            return float((weights * rho).sum() / weights.sum())
        # The number of directions of the whole layer divides, so that cells of one unit more or less compare.
        return float((rho**2 if measure == "ridge_cca_squared" else rho).sum() / len(first.spectrum[1]))

    @cached_property
    def _canonical(self) -> tuple[Floats | None, Floats]:
        """Canonical variates of the first side, if they are needed, and all canonical correlations."""
        (u, s), (v, t) = self._first.spectrum, self._second.spectrum
        cross = (s / np.sqrt(s**2 + self._ridge))[:, None] * (u.T @ v) * (t / np.sqrt(t**2 + self._ridge))
        if self._features is None:
            return None, np.asarray(np.linalg.svd(cross, compute_uv=False), dtype=np.float64)
        left, rho, _ = np.linalg.svd(cross, full_matrices=False)
        return u @ left, rho


def _weights(variates: Floats, features: NDArray[np.floating[Any]]) -> Floats:
    """Sum over units of the absolute product with each canonical variate, which is centred in place of the units."""
    found = np.zeros(variates.shape[1])
    own = (variates - variates.mean(axis=0)).T.astype(
        features.dtype if features.dtype in (np.float32, np.float64) else np.float64
    )
    width = max(256, _BLOCK // len(features))
    for start in range(0, features.shape[1], width):
        found += np.abs(own @ features[:, start : start + width]).sum(axis=1, dtype=np.float64)
    return found


def _cosine(first: Floats, second: Floats) -> float:
    norms = float(np.linalg.norm(first) * np.linalg.norm(second))
    if norms == 0:
        raise DegenerateError("All pairs of stimuli are equally alike, so debiased CKA is 0/0.", "no_structure")
    return float(np.clip(np.vdot(first, second) / norms, -1.0, 1.0))


def _u_centred(kernel: Floats) -> Floats:
    """Zero diagonal and rows that sum to 0 (Song et al. 2012); n ≥ 4."""
    n = len(kernel)
    shaped = kernel.copy()
    np.fill_diagonal(shaped, 0.0)
    rows = shaped.sum(axis=1)
    shift = rows / (n - 2) - rows.sum() / (2 * (n - 1) * (n - 2))
    shaped -= shift[:, None]
    shaped -= shift[None, :]
    np.fill_diagonal(shaped, 0.0)
    return shaped
