"""Barcodes and what is summed up from them, with the stimuli behind every bar."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from repsim_core.errors import FormatError, ShapeError
from repsim_core.types.archive import packed, unpacked
from repsim_core.types.arrays import read_only

FORMAT = "repsim-persistence-diagram/1"
DIVERGENCE_FORMAT = "repsim-topology-divergence/1"
BARS = ("births", "deaths", "birth_simplices", "death_simplices")


@dataclass(frozen=True, eq=False)
class PersistenceDiagram:
    """Bars of one degree, longest first; essential classes have an infinite death.

    ``birth_simplices[i]`` and ``death_simplices[i]`` name the points that made and filled the class, −1 for no point
    (the apex of a cone, or not known).
    """

    births: NDArray[np.float64]  # (bars,)
    deaths: NDArray[np.float64]  # (bars,)
    dimension: int
    birth_simplices: NDArray[np.int32]  # (bars, dimension + 1)
    death_simplices: NDArray[np.int32]  # (bars, dimension + 2)
    recipe: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        count = len(self.births)
        for name in BARS:
            array = np.asarray(getattr(self, name))
            if len(array) != count:
                raise ShapeError(f"{name} has {len(array)} rows for {count} bars.")
        with np.errstate(invalid="ignore"):
            order = np.lexsort((self.births, -(self.deaths - self.births)))
        for name in BARS:
            object.__setattr__(self, name, read_only(np.asarray(getattr(self, name))[order]))

    def __len__(self) -> int:
        return len(self.births)

    @property
    def lengths(self) -> NDArray[np.float64]:
        """Death minus birth, longest first."""
        return np.asarray(self.deaths - self.births)

    @property
    def total(self) -> float:
        """Sum of the finite lengths."""
        return float(self.lengths[np.isfinite(self.lengths)].sum())

    def to_frame(self) -> pd.DataFrame:
        """Tidy table, one line a bar."""
        return pd.DataFrame(
            {
                "dimension": self.dimension,
                "birth": self.births,
                "death": self.deaths,
                "length": self.lengths,
                "birth_simplex": [" ".join(map(str, one)) for one in self.birth_simplices.tolist()],
                "death_simplex": [" ".join(map(str, one)) for one in self.death_simplices.tolist()],
            }
        )

    def to_bytes(self) -> bytes:
        """Content of an ``.npz`` file without a pickle."""
        labels = {"format": FORMAT, "dimension": self.dimension, "recipe": self.recipe}
        return packed({name: getattr(self, name) for name in BARS}, labels)

    def save(self, path: str | Path) -> None:
        """Write ``path`` (``.npz``)."""
        Path(path).write_bytes(self.to_bytes())

    @classmethod
    def load(cls, path: str | Path) -> "PersistenceDiagram":
        """Read what :meth:`save` wrote; anything else is a :class:`FormatError`."""
        return cls.from_bytes(Path(path).read_bytes(), name=Path(path).name)

    @classmethod
    def from_bytes(cls, raw: bytes, *, name: str = "result") -> "PersistenceDiagram":
        """Inverse of :meth:`to_bytes`."""
        try:
            arrays, labels = unpacked(raw, FORMAT)
            return cls(**arrays, **labels)
        except (ValueError, KeyError, TypeError) as error:
            raise FormatError(
                f"{name} is not a RepSim persistence diagram ({error}); save one with PersistenceDiagram.save."
            ) from error


@dataclass(frozen=True, eq=False)
class TopologyDivergence:
    """RTD of two representations over several subsets of their stimuli.

    Every ``(trials, 2)`` array holds the direction x → y, then y → x. ``cluster_part`` is what one minimum spanning
    tree costs more than the other, and the rest of a sum of bars is its loop part, never negative.
    """

    sums: NDArray[np.float64]  # (trials, 2) sum of the bars of R-Cross-Barcode_1
    cluster_part: NDArray[np.float64]  # (trials, 2)
    subsets: NDArray[np.int64]  # (trials, batch) rows that were compared
    forward: tuple[PersistenceDiagram, ...]  # a trial each; points are numbered within the subset
    backward: tuple[PersistenceDiagram, ...]
    recipe: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("sums", "cluster_part", "subsets"):
            object.__setattr__(self, name, read_only(np.asarray(getattr(self, name))))

    @property
    def values(self) -> NDArray[np.float64]:
        """RTD of each trial ``(trials,)``: the mean of both directions."""
        return np.asarray(self.sums.mean(axis=1))

    @property
    def value(self) -> float:
        """Mean over the trials."""
        return float(self.values.mean())

    @property
    def standard_error(self) -> float:
        """Standard error of the mean over the trials, NaN for a single one; overlapping subsets make it too small."""
        count = len(self.values)
        return float(self.values.std(ddof=1) / np.sqrt(count)) if count > 1 else float("nan")

    @property
    def loop_part(self) -> NDArray[np.float64]:
        """``sums − cluster_part`` ``(trials, 2)``: the loops that one space has closed and the other not yet."""
        return np.asarray(self.sums - self.cluster_part)

    def to_frame(self) -> pd.DataFrame:
        """Tidy table, one line a trial and direction."""
        trials, directions = np.indices(self.sums.shape)
        return pd.DataFrame(
            {
                "trial": trials.ravel(),
                "direction": np.array(["x → y", "y → x"])[directions.ravel()],
                "rtd_1": self.sums.ravel(),
                "cluster_part": self.cluster_part.ravel(),
                "loop_part": self.loop_part.ravel(),
                "bars": [len(side[k]) for k in range(len(self.forward)) for side in (self.forward, self.backward)],
            }
        )

    def to_bytes(self) -> bytes:
        """Content of an ``.npz`` file without a pickle."""
        arrays = {"sums": self.sums, "cluster_part": self.cluster_part, "subsets": self.subsets}
        for side in ("forward", "backward"):
            for k, diagram in enumerate(getattr(self, side)):
                arrays |= {f"{side}_{k}_{name}": getattr(diagram, name) for name in BARS}
        bars = {side: [one.recipe for one in getattr(self, side)] for side in ("forward", "backward")}
        return packed(arrays, {"format": DIVERGENCE_FORMAT, "recipe": self.recipe, "bars": bars})

    def save(self, path: str | Path) -> None:
        """Write ``path`` (``.npz``)."""
        Path(path).write_bytes(self.to_bytes())

    @classmethod
    def load(cls, path: str | Path) -> "TopologyDivergence":
        """Read what :meth:`save` wrote; anything else is a :class:`FormatError`."""
        return cls.from_bytes(Path(path).read_bytes(), name=Path(path).name)

    @classmethod
    def from_bytes(cls, raw: bytes, *, name: str = "result") -> "TopologyDivergence":
        """Inverse of :meth:`to_bytes`."""
        try:
            arrays, labels = unpacked(raw, DIVERGENCE_FORMAT)
            bars = labels.pop("bars")
            own = {key: arrays[key] for key in ("sums", "cluster_part", "subsets")}
            sides: dict[str, Any] = {
                side: tuple(
                    PersistenceDiagram(
                        dimension=1, recipe=bars[side][k], **{one: arrays[f"{side}_{k}_{one}"] for one in BARS}
                    )
                    for k in range(len(own["sums"]))
                )
                for side in ("forward", "backward")
            }
            return cls(**own, **sides, **labels)
        except (ValueError, KeyError, IndexError, TypeError) as error:
            raise FormatError(
                f"{name} is not a RepSim topology divergence ({error}); save one with TopologyDivergence.save."
            ) from error
