"""What is asked of every cell of a grid, checked once."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from repsim_core.ablation.grams import PAPER_MEASURES, checked_measures
from repsim_core.ablation.layer import BATCH, REPLACEMENTS
from repsim_core.ablation.probes import PROBES
from repsim_core.ablation.units import UNITS, Unit, checked_bins
from repsim_core.errors import InputError, unknown_name

Replacement = Literal["zero", "mean", "permute"]
Probe = Literal["cross_validated", "subsets"]


@dataclass(frozen=True)
class Settings:
    """Everything that is asked of each cell, checked."""

    bins: int = 4
    unit: Unit = "scalar"
    replacement: Replacement = "zero"
    measures: tuple[str, ...] = PAPER_MEASURES
    probe: Probe | None = "cross_validated"
    subsets: int | None = None
    ridge: float = 1.0
    seed: int = 0
    batch_size: int = BATCH

    def __post_init__(self) -> None:
        for kind, name, known in (
            ("kind of unit", self.unit, UNITS),
            ("replacement", self.replacement, REPLACEMENTS),
            ("probe", self.probe, PROBES),
        ):
            if name is not None and name not in known:
                raise unknown_name(kind, name, known)
        checked_bins(self.bins)
        if not (np.isfinite(self.ridge) and self.ridge > 0):
            raise InputError(f"The ridge must be a number above 0, got {self.ridge!r}.")
        if self.subsets is not None and self.subsets < 2:
            raise InputError(f"Decodability by subsets needs at least 2 of them, got {self.subsets}.")
        object.__setattr__(self, "measures", checked_measures(self.measures))
