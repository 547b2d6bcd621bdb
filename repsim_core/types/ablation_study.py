"""Many grids of one network, and how well similarity follows what the network loses."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from repsim_core.errors import FormatError
from repsim_core.types.ablation import AblationGrid, grid_arrays, grid_from, grid_labels
from repsim_core.types.archive import packed, unpacked

STUDY_FORMAT = "repsim-ablation-study/1"


@dataclass(frozen=True, eq=False)
class AblationStudy:
    """Grids of several layers and classes of one network, in the order they were measured.

    ``planned`` counts the grids that were asked for: more than there are while a study fills, or where ``refused``
    says of a layer why it has none.
    """

    grids: tuple[AblationGrid, ...]
    planned: int
    refused: dict[str, str] = field(default_factory=dict)  # layer → why

    @property
    def layers(self) -> tuple[str, ...]:
        """Layers, in order."""
        return tuple(dict.fromkeys(one.layer for one in self.grids))

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, in order."""
        return tuple(dict.fromkeys(one.class_name for one in self.grids))

    def grid(self, layer: str, class_name: str) -> AblationGrid | None:
        """The grid of a layer and a class, None if it is not there."""
        return next((one for one in self.grids if (one.layer, one.class_name) == (layer, class_name)), None)

    def to_frame(self) -> pd.DataFrame:
        """Tidy table, one line a layer, class and cell."""
        return pd.concat([one.to_frame() for one in self.grids], ignore_index=True) if self.grids else pd.DataFrame()

    def to_bytes(self) -> bytes:
        """Content of an ``.npz`` file without a pickle."""
        arrays: dict[str, Any] = {}
        for number, one in enumerate(self.grids):
            arrays |= grid_arrays(one, f"{number}_")
        labels = {
            "format": STUDY_FORMAT,
            "planned": self.planned,
            "refused": self.refused,
            "grids": [grid_labels(one) for one in self.grids],
        }
        return packed(arrays, labels)

    def save(self, path: str | Path) -> None:
        """Write ``path`` (``.npz``)."""
        Path(path).write_bytes(self.to_bytes())

    @classmethod
    def load(cls, path: str | Path) -> "AblationStudy":
        """Read what :meth:`save` wrote; anything else is a :class:`FormatError`."""
        return cls.from_bytes(Path(path).read_bytes(), name=Path(path).name)

    @classmethod
    def from_bytes(cls, raw: bytes, *, name: str = "result") -> "AblationStudy":
        """Inverse of :meth:`to_bytes`."""
        try:
            arrays, labels = unpacked(raw, STUDY_FORMAT)
            grids = tuple(grid_from(arrays, f"{number}_", one) for number, one in enumerate(labels["grids"]))
            return cls(grids, labels["planned"], labels["refused"])
        except (ValueError, KeyError, TypeError) as error:
            raise FormatError(
                f"{name} is not a RepSim ablation study ({error}); save one with AblationStudy.save."
            ) from error


@dataclass(frozen=True)
class Average:
    """A mean over layers and classes with its interval; NaN where it cannot be estimated."""

    mean: float
    low: float
    high: float
    p: float  # two-sided, of no difference from 0
    count: int  # numbers that entered
    undefined: int  # numbers that were NaN
    perfect: int = 0  # correlations of exactly ±1, which enter as half a step less


@dataclass(frozen=True, eq=False)
class Relations:
    """How well dissimilarity follows what is lost, cell by cell: Spearman for every layer, class, measure, function."""

    table: pd.DataFrame  # layer, class, measure, function, rho, cells
    averages: dict[tuple[str, str], Average]  # (measure, function)
    contrasts: dict[str, Average]
    intervals: str  # how the intervals were made, in words

    def to_frame(self) -> pd.DataFrame:
        """Tidy table, one line a measure and function."""
        rows = [
            {
                "measure": measure,
                "function": function,
                "mean_rho": one.mean,
                "low": one.low,
                "high": one.high,
                "p": one.p,
                "coefficients": one.count,
                "undefined": one.undefined,
                "perfect": one.perfect,
            }
            for (measure, function), one in self.averages.items()
        ]
        return pd.DataFrame(rows)
