"""Stimuli to look at before a score is believed."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from repsim_core.types.arrays import read_only

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class DuplicatedRows:
    """Stimuli that repeat an earlier one in every layer looked at, as in a sample drawn with replacement."""

    rows: NDArray[np.int64]  # (k,) the repeats, rising
    originals: NDArray[np.int64]  # (k,) the first stimulus that each repeats
    n_stimuli: int

    def __post_init__(self) -> None:
        for name in ("rows", "originals"):
            object.__setattr__(self, name, read_only(np.asarray(getattr(self, name))))

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def sentence(self) -> str:
        """What to doubt, or "" without repeats."""
        if not len(self):
            return ""
        return (
            f"{len(self)} of {self.n_stimuli} stimuli repeat an earlier one in every layer (first row {self.rows[0]}, "
            f"equal to row {self.originals[0]}): the rows are no independent sample, so error bars are too small and "
            "debiased scores too high. Leave the repeats out."
        )

    def to_frame(self) -> pd.DataFrame:
        """Tidy table, one line a repeat."""
        return pd.DataFrame({"row": self.rows, "repeats": self.originals})


@dataclass(frozen=True, eq=False)
class OutlyingRows:
    """Stimuli that hold a large share of the variance of a layer, the largest first."""

    rows: NDArray[np.int64]  # (k,)
    shares: Floats  # (k,) of tr K
    n_stimuli: int

    def __post_init__(self) -> None:
        for name in ("rows", "shares"):
            object.__setattr__(self, name, read_only(np.asarray(getattr(self, name))))

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def sentence(self) -> str:
        """What to doubt, or "" without such rows."""
        if not len(self):
            return ""
        most = ", ".join(f"row {row}: {share:.1%}" for row, share in zip(self.rows[:5], self.shares[:5], strict=True))
        more = f" and {len(self) - 5} more" if len(self) > 5 else ""
        return (
            f"{len(self)} of {self.n_stimuli} stimuli decide this layer's score ({most}{more} of its variance); "
            "compare again without them, or take a rank measure."
        )

    def to_frame(self) -> pd.DataFrame:
        """Tidy table, one line a row."""
        return pd.DataFrame({"row": self.rows, "share": self.shares})
