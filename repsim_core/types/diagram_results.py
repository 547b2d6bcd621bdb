"""What is measured on persistence diagrams: outliers of their clouds, noise, steps from layer to layer, matrices."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from repsim_core.errors import FormatError
from repsim_core.types.archive import packed, unpacked
from repsim_core.types.arrays import read_only
from repsim_core.types.matrix import SimilarityMatrix

NOISE_FORMAT, COMPARISON_FORMAT = "repsim-noise-lengths/1", "repsim-diagram-comparison/1"


@dataclass(frozen=True, eq=False)
class Outliers:
    """Points that one rule takes out of a cloud; ``scores`` are larger for points that stand further apart."""

    kept: NDArray[np.int64]
    removed: NDArray[np.int64]
    scores: NDArray[np.float64]  # (n,)
    recipe: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("kept", "removed", "scores"):
            object.__setattr__(self, name, read_only(np.asarray(getattr(self, name))))

    def to_frame(self) -> pd.DataFrame:
        """Tidy table, one line a point."""
        rows = np.arange(len(self.scores))
        return pd.DataFrame({"row": rows, "score": self.scores, "removed": np.isin(rows, self.removed)})


@dataclass(frozen=True, eq=False)
class Smoothness:
    """How far the topology moves from each layer to the next.

    ``steps`` ``(layers − 1, subsets)`` are diagram distances; one beside an undefined layer is NaN and counts in
    neither sum nor maximum.
    """

    steps: NDArray[np.float64]
    layers: tuple[str, ...]
    recipe: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", read_only(np.asarray(self.steps)))

    @property
    def path_length(self) -> float:
        """Sum of the steps, the mean over subsets; NaN without a step."""
        return float(np.nansum(self.steps, axis=0).mean()) if np.isfinite(self.steps).any() else float("nan")

    @property
    def largest(self) -> float:
        """The largest step, the mean over subsets; NaN without a step."""
        return float(np.nanmax(self.steps, axis=0).mean()) if np.isfinite(self.steps).any() else float("nan")

    @property
    def mean_step(self) -> float:
        """Path length over the number of steps, which is what compares networks of different depth."""
        return float(np.nanmean(self.steps)) if np.isfinite(self.steps).any() else float("nan")

    def to_frame(self) -> pd.DataFrame:
        """Tidy table, one line a step and subset."""
        i, j = np.indices(self.steps.shape)
        names = np.array(self.layers, dtype=object)
        return pd.DataFrame(
            {"from": names[i.ravel()], "to": names[i.ravel() + 1], "subset": j.ravel(), "distance": self.steps.ravel()}
        )


@dataclass(frozen=True, eq=False)
class NoiseLengths:
    """Bars of dimension k up to ``lengths[k]`` may be noise; ``distances`` ``(dimensions, resamples)`` led to that."""

    lengths: NDArray[np.float64]  # (dimensions,)
    distances: NDArray[np.float64]
    recipe: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("lengths", "distances"):
            object.__setattr__(self, name, read_only(np.asarray(getattr(self, name))))

    def to_frame(self) -> pd.DataFrame:
        """Tidy table, one line a dimension and resample."""
        k, resample = np.indices(self.distances.shape)
        return pd.DataFrame(
            {
                "dimension": k.ravel(),
                "resample": resample.ravel(),
                "distance": self.distances.ravel(),
                "noise_length": self.lengths[k.ravel()],
            }
        )

    def to_bytes(self) -> bytes:
        """Content of an ``.npz`` file without a pickle."""
        arrays = {"lengths": self.lengths, "distances": self.distances}
        return packed(arrays, {"format": NOISE_FORMAT, "recipe": self.recipe})

    @classmethod
    def from_bytes(cls, raw: bytes, *, name: str = "result") -> "NoiseLengths":
        """Inverse of :meth:`to_bytes`; anything else is a :class:`FormatError`."""
        try:
            arrays, labels = unpacked(raw, NOISE_FORMAT)
            return cls(**arrays, **labels)
        except (ValueError, KeyError, TypeError) as error:
            raise FormatError(f"{name} is not a file of RepSim noise lengths ({error}).") from error


@dataclass(frozen=True, eq=False)
class DiagramComparison:
    """Two networks by their diagrams: every layer with every other, and how far each moves from layer to layer.

    ``matrices`` has "a × b", "a × a" and "b × b", as far as they are computed; a network with itself has one, "a × a".
    ``steps`` has "a" and "b".
    """

    matrices: Mapping[str, SimilarityMatrix]
    steps: Mapping[str, Smoothness]

    def to_frame(self) -> pd.DataFrame:
        """Tidy table of the matrices, one line a cell."""
        tables = []
        for name, matrix in self.matrices.items():
            table = matrix.to_frame().rename(columns={matrix.measure: "distance"})
            table.insert(0, "matrix", name)
            tables.append(table)
        return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=["matrix", "distance"])

    def to_bytes(self) -> bytes:
        """Content of an ``.npz`` file without a pickle."""
        arrays: dict[str, NDArray[Any]] = {}
        arrays |= {f"matrix {name}": np.frombuffer(one.to_bytes(), np.uint8) for name, one in self.matrices.items()}
        arrays |= {f"steps {name}": one.steps for name, one in self.steps.items()}
        steps = {name: {"layers": one.layers, "recipe": one.recipe} for name, one in self.steps.items()}
        return packed(arrays, {"format": COMPARISON_FORMAT, "matrices": list(self.matrices), "steps": steps})

    @classmethod
    def from_bytes(cls, raw: bytes, *, name: str = "result") -> "DiagramComparison":
        """Inverse of :meth:`to_bytes`; anything else is a :class:`FormatError`."""
        try:
            arrays, labels = unpacked(raw, COMPARISON_FORMAT)
            matrices = {
                one: SimilarityMatrix.from_bytes(arrays[f"matrix {one}"].tobytes()) for one in labels["matrices"]
            }
            steps = {
                one: Smoothness(arrays[f"steps {one}"], tuple(more["layers"]), more["recipe"])
                for one, more in labels["steps"].items()
            }
            return cls(matrices, steps)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise FormatError(f"{name} is not a file of a RepSim diagram comparison ({error}).") from error
