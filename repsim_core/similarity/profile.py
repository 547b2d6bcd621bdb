"""Numbers of one layer alone: its spectrum, how many directions it uses, how many dimensions its stimuli fill."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from repsim_core.errors import DegenerateError, InputError
from repsim_core.linalg import at_least, centred, distances_of_gram, gram, wide_gram
from repsim_core.types import Representation, read_only


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Singular values of a centred layer and three numbers that sum them up, with λ = σ² and π = λ / Σλ."""

    singular_values: NDArray[np.float64]  # descending, above the round-off of the stored responses
    effective_rank: float  # exp(−Σ π log π), between 1 and the rank
    participation_ratio: float  # (Σλ)² / Σλ²
    first_share: float  # λ₁ / Σλ, in (0, 1]


def spectrum(x: Representation) -> Spectrum:
    """Singular values of the centred responses; O(n² p), or O(n p²) where that is less.

    Values at most ``max(n, p) · eps · σ₁`` are round-off and left out, eps being that of the stored dtype.

    Raises
    ------
    DegenerateError
        Reason ``zero_variance``.

    References
    ----------
    Roy and Vetterli (2007), The effective rank. EUSIPCO.
    """
    features = centred(x.values, f"{x.model}/{x.layer}")
    floor = max(features.shape) * np.finfo(features.dtype).eps
    if features.dtype == np.float32:
        # Squares of float32 values fit float64 with room: the root resolves 1e-8, finer than the responses are.
        wide = features.astype(np.float64)
        squares = np.linalg.eigvalsh(gram(wide) if len(wide) <= wide.shape[1] else gram(wide.T))[::-1]
        values = np.sqrt(squares[squares > 0])
    else:
        values = np.linalg.svd(features, compute_uv=False).astype(np.float64)
    values = values[values > floor * values[0]]
    energy = values**2
    share = energy / energy.sum()
    rank = float(np.exp(-np.sum(share * np.log(share))))
    return Spectrum(read_only(values), rank, float(1 / np.sum(share**2)), float(share[0]))


def spectrum_slope(singular_values: NDArray[np.float64], first: int, last: int) -> float:
    """Least-squares slope of log λ on log rank over ranks ``first`` to ``last``, counted from 1, both included.

    −1 for λ ∝ 1/j. The number belongs to its range: a spectrum is a power law over a part at best.

    References
    ----------
    Stringer et al. (2019), Nature 571.
    """
    if not 1 <= first < last:
        raise InputError(f"The slope needs ranks from 1 up with the first below the last, got {first} to {last}.")
    if last > len(singular_values):
        raise DegenerateError(
            f"The slope over ranks {first} to {last} needs {last} singular values, there are {len(singular_values)}; "
            "take a shorter range or more stimuli.",
            "too_few_directions",
        )
    ranks = np.log(np.arange(first, last + 1))
    ranks -= ranks.mean()
    return float(ranks @ (2 * np.log(singular_values[first - 1 : last])) / (ranks @ ranks))


def slope_range(rank: int) -> tuple[int, int]:
    """Ranks that leave out the first twentieth, which follows the task, and the second half, which follows n."""
    return max(1, round(rank / 20)), rank // 2


def twonn_dimension(x: Representation) -> float:
    r"""Intrinsic dimension, :math:`(n-1)/\sum \log(r_2/r_1)`, from each stimulus' distances to its two nearest.

    Raises
    ------
    DegenerateError
        ``too_few_stimuli`` below 3, ``zero_variance``, ``duplicate_stimuli`` where r₁ = 0, ``no_structure`` where all
        ratios are 1.

    References
    ----------
    Facco et al. (2017), Scientific Reports 7, with the unbiased n − 1.
    """
    label = f"{x.model}/{x.layer}"
    at_least(x.n_stimuli, 3, "The TwoNN dimension")
    distances = distances_of_gram(wide_gram(x.values, label))
    np.fill_diagonal(distances, np.inf)
    nearest = np.sort(np.partition(distances, 1, axis=1)[:, :2], axis=1)
    twins = np.flatnonzero(nearest[:, 0] == 0)
    if twins.size:
        raise DegenerateError(
            f"{label}: {twins.size} of {x.n_stimuli} stimuli have a twin with the same responses, first row "
            f"{twins[0]}, so their ratio of distances is infinite; leave repeated stimuli out.",
            "duplicate_stimuli",
        )
    total = float(np.sum(np.log(nearest[:, 1] / nearest[:, 0]))) / 2  # these are squared distances
    if total <= x.n_stimuli * 64 * np.finfo(np.float64).eps:
        raise DegenerateError(f"{label}: all its stimuli are equally far from their two nearest.", "no_structure")
    return (x.n_stimuli - 1) / total


@dataclass(frozen=True, eq=False)
class LayerProfile:
    """Numbers of one layer alone, NaN where ``reasons`` names why."""

    layer: str
    n_stimuli: int
    n_units: int
    rank: int
    effective_rank: float
    participation_ratio: float
    first_share: float
    slope: float  # of log λ on log rank
    slope_ranks: tuple[int, int]  # first and last rank of that, from 1
    dimension: float  # TwoNN
    reasons: Mapping[str, str]  # name of a number -> code

    def to_dict(self) -> dict[str, Any]:
        """A line of a table."""
        names = ("effective_rank", "participation_ratio", "first_share", "slope", "dimension")
        counts = {"layer": self.layer, "n": self.n_stimuli, "units": self.n_units, "rank": self.rank}
        ranks = {"slope_first": self.slope_ranks[0], "slope_last": self.slope_ranks[1]}
        why = "; ".join(f"{name}: {code}" for name, code in self.reasons.items())
        return counts | {name: getattr(self, name) for name in names} | ranks | {"reason": why}


def layer_profile(x: Representation, *, slope_ranks: tuple[int, int] | None = None) -> LayerProfile:
    """Effective rank, participation ratio, share of the first direction, slope of the spectrum, TwoNN dimension.

    Parameters
    ----------
    slope_ranks
        First and last rank of the slope; by default :func:`slope_range` of the rank.

    Returns
    -------
    LayerProfile
        A constant or infinite layer has NaN throughout.
    """
    reasons: dict[str, str] = {}

    def number(names: tuple[str, ...], found: Callable[[], Any], otherwise: Any) -> Any:
        try:
            return found()
        except DegenerateError as error:
            reasons.update(dict.fromkeys(names, error.reason))
            return otherwise

    whole = ("effective_rank", "participation_ratio", "first_share", "slope")
    none = Spectrum(np.empty(0), np.nan, np.nan, np.nan)
    values = number(whole, lambda: spectrum(x), none)
    rank = len(values.singular_values)
    ranks = slope_range(rank) if slope_ranks is None else slope_ranks
    slope = np.nan
    if rank and ranks[1] - ranks[0] < 2 and slope_ranks is None:
        reasons["slope"] = "too_few_directions"
    elif rank:
        slope = number(("slope",), lambda: spectrum_slope(values.singular_values, *ranks), np.nan)
    return LayerProfile(
        x.layer,
        x.n_stimuli,
        x.n_units,
        rank,
        values.effective_rank,
        values.participation_ratio,
        values.first_share,
        slope,
        ranks,
        number(("dimension",), lambda: twonn_dimension(x), np.nan),
        reasons,
    )
