"""What is known about a score beside the score: chance, spread, how many stimuli it needs."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from repsim_core.errors import InputError, ShapeError
from repsim_core.types.filed import Filed

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PermutationTest(Filed):
    """Scores of all cells with the stimuli of the second side shuffled, every cell by the same shuffles.

    ``scores[0]`` holds the pairing as it came, in the arithmetic of all others; two scores closer than ``tolerance``
    are equal, which counts against the finding. A cell is NaN where its score is undefined, as it came or shuffled
    (``reasons``).
    """

    KIND: ClassVar[str] = "permutation test"
    ARRAYS: ClassVar[tuple[str, ...]] = ("scores", "reasons")

    scores: NDArray[np.floating[Any]]  # (1 + permutations, rows, columns)
    larger_is_more_similar: bool
    reasons: NDArray[np.str_]  # (rows, columns), "" where defined
    rows: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    tolerance: float = 0.0
    recipe: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        shape = np.shape(self.scores)
        if len(shape) != 3 or shape[0] < 2:
            raise ShapeError(f"scores: expected (1 + permutations, rows, columns), got shape {shape}.")
        for name, count in (("rows", shape[1]), ("columns", shape[2])):
            names = getattr(self, name) or tuple(map(str, range(count)))
            if len(names) != count:
                raise ShapeError(f"{len(names)} {name} are named, scores has {count}.")
            object.__setattr__(self, name, tuple(names))
        if np.shape(self.reasons) != shape[1:]:
            raise ShapeError(f"reasons has shape {np.shape(self.reasons)}, scores {shape[1:]} cells.")
        self._freeze()

    @property
    def permutations(self) -> int:
        """How many shuffles."""
        return len(self.scores) - 1

    @property
    def seen(self) -> Floats:
        """Score of the pairing as it came ``(rows, columns)``."""
        return np.asarray(self.scores[0], np.float64)

    @property
    def null(self) -> NDArray[np.floating[Any]]:
        """Scores of the shuffles ``(permutations, rows, columns)``."""
        return self.scores[1:]

    @property
    def null_mean(self) -> Floats:
        """Chance level ``(rows, columns)``."""
        return np.asarray(self.null.mean(axis=0, dtype=np.float64))

    def null_quantile(self, level: float) -> Floats:
        """Quantile of the shuffles ``(rows, columns)``; ``level`` within [0, 1]."""
        return np.asarray(np.quantile(self.null, level, axis=0), np.float64)

    @property
    def maxima(self) -> Floats:
        """Best score over all defined cells ``(1 + permutations,)``: the first as it came."""
        return self._best((1, 2))

    @property
    def row_maxima(self) -> Floats:
        """Best score of each row over its defined cells ``(1 + permutations, rows)``, NaN where it has none."""
        return self._best((2,))

    @property
    def p(self) -> Floats:
        """The p of each cell alone: (1 + number of shuffles that score as high) / (1 + permutations), never 0."""
        return self._share(self.scores, self.scores[0])

    @property
    def p_over_all(self) -> Floats:
        """The p of each cell against the best cell of each shuffle: right however many cells were looked at.

        Cells of very different chance levels share one yardstick, so that those of low chance are judged strictly.
        """
        return self._share(self.maxima[:, None, None], self.scores[0])

    @property
    def p_of_best_match(self) -> Floats:
        """The p of the best match of each row ``(rows,)``, against the best of that row in each shuffle."""
        return self._share(self.row_maxima, self.row_maxima[0])

    def to_frame(self) -> pd.DataFrame:
        """Tidy table, one line a cell."""
        i, j = np.indices(self.seen.shape)
        return pd.DataFrame(
            {
                "layer_a": np.array(self.rows, dtype=object)[i.ravel()],
                "layer_b": np.array(self.columns, dtype=object)[j.ravel()],
                "score": self.seen.ravel(),
                "null_mean": self.null_mean.ravel(),
                "null_05": self.null_quantile(0.05).ravel(),
                "null_95": self.null_quantile(0.95).ravel(),
                "p": self.p.ravel(),
                "p_over_all": self.p_over_all.ravel(),
                "p_of_best_match": self.p_of_best_match[i.ravel()],
                "permutations": self.permutations,
                "reason": self.reasons.ravel(),
            }
        )

    @property
    def _sign(self) -> int:
        return 1 if self.larger_is_more_similar else -1

    def _best(self, axes: tuple[int, ...]) -> Floats:
        none = np.isnan(self.scores).all(axis=axes)
        signed = np.where(np.isnan(self.scores), -np.inf, self._sign * self.scores.astype(np.float64)).max(axis=axes)
        return np.where(none, np.nan, self._sign * signed)

    def _share(self, scores: NDArray[np.floating[Any]], seen: NDArray[np.floating[Any]]) -> Floats:
        """Share of ``scores``, the first of them being the one that was seen, that are as high as ``seen``."""
        as_high = self._sign * scores[1:] >= self._sign * seen - self.tolerance
        return np.where(np.isnan(seen), np.nan, (1 + as_high.sum(axis=0)) / len(scores))


@dataclass(frozen=True, eq=False)
class SubsampleSpread(Filed):
    """Scores of seeded halves of the stimuli, and from their spread a rough standard error of the full score."""

    KIND: ClassVar[str] = "subsample spread"
    ARRAYS: ClassVar[tuple[str, ...]] = ("values",)
    LABEL: ClassVar[str] = "rough: SD over random halves of the stimuli"

    values: Floats  # (trials, ...): one score, or a matrix of them, each
    n_stimuli: int
    size: int  # stimuli in a subset
    recipe: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if np.ndim(self.values) < 1 or len(self.values) < 2:
            raise ShapeError(f"values: expected two trials or more, got shape {np.shape(self.values)}.")
        self._freeze()

    @property
    def standard_error(self) -> Floats:
        """SD over the trials, of the shape of one score; NaN where a half has none."""
        return np.asarray(self.values.std(axis=0, ddof=1))

    def to_frame(self) -> pd.DataFrame:
        """Tidy table, one line a trial and cell."""
        flat = self.values.reshape(len(self.values), -1)
        trial, cell = np.indices(flat.shape)
        return pd.DataFrame({"trial": trial.ravel(), "cell": cell.ravel(), "stimuli": self.size, "score": flat.ravel()})


@dataclass(frozen=True, eq=False)
class StimulusCurve(Filed):
    """A score against the number of stimuli, on nested random subsets; the last size is all of them."""

    KIND: ClassVar[str] = "stimulus curve"
    ARRAYS: ClassVar[tuple[str, ...]] = ("sizes", "values", "reasons")

    sizes: NDArray[np.int64]  # (sizes,), rising
    values: Floats  # (draws, sizes), NaN where undefined
    tolerance: float
    reasons: NDArray[np.str_]  # (sizes,), "" where defined
    recipe: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        count = len(self.sizes)
        if np.ndim(self.values) != 2 or np.shape(self.values)[1] != count or np.shape(self.reasons) != (count,):
            raise ShapeError(
                f"{count} sizes need values (draws, {count}) and as many reasons, "
                f"got shapes {np.shape(self.values)} and {np.shape(self.reasons)}."
            )
        if count < 2 or (np.diff(self.sizes) <= 0).any():
            raise InputError(f"sizes must be two or more and rise, got {list(map(int, self.sizes))}.")
        self._freeze()

    @property
    def full(self) -> float:
        """Score of all stimuli."""
        return float(self.values[0, -1])

    @property
    def mean(self) -> Floats:
        """Mean over the draws at each size, NaN where a draw is undefined."""
        return np.asarray(self.values.mean(axis=0))

    @property
    def spread(self) -> Floats:
        """SD over the draws at each size; it shrinks to 0 at the full size, where all draws are the same."""
        if len(self.values) < 2:
            return np.full(len(self.sizes), np.nan)
        return np.asarray(self.values.std(axis=0, ddof=1))

    @property
    def within_from(self) -> int:
        """Smallest size from which mean ± spread stays within the tolerance of the full score."""
        off = np.abs(self.mean - self.full) + self.spread
        outside = np.flatnonzero(~(off[:-1] <= self.tolerance))  # NaN is outside
        return int(self.sizes[outside[-1] + 1 if len(outside) else 0])

    @property
    def enough(self) -> int | None:
        """``within_from``, or None above half of the stimuli: such subsets agree because they share most of them."""
        return self.within_from if 2 * self.within_from <= self.sizes[-1] else None

    @property
    def sentence(self) -> str:
        """What the curve says."""
        n = int(self.sizes[-1])
        if not np.isfinite(self.full):
            return f"Undefined for all {n} stimuli: {self.reasons[-1]}."
        if self.enough is not None:
            return f"Settled: from {self.enough} stimuli on within ± {self.tolerance:g} of {self.full:.3f} (n = {n})."
        return (
            f"Not settled at n = {n}: the score stays within ± {self.tolerance:g} of {self.full:.3f} only from "
            f"{self.within_from} stimuli on, and subsets above {n // 2} agree because they share most of their "
            "stimuli. Take more stimuli, or a wider tolerance."
        )

    def to_frame(self) -> pd.DataFrame:
        """Tidy table, one line a size."""
        return pd.DataFrame(
            {
                "stimuli": self.sizes,
                "mean": self.mean,
                "sd": self.spread,
                "lowest": self.values.min(axis=0),
                "highest": self.values.max(axis=0),
                "draws": len(self.values),
                "reason": self.reasons,
            }
        )
