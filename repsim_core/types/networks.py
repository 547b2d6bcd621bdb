"""Several networks compared pair by pair: the matrix, and the map and tree of a true metric."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from repsim_core.errors import FormatError, ShapeError
from repsim_core.types.archive import packed, unpacked
from repsim_core.types.arrays import read_only

FORMAT = "repsim-network-matrix/1"
ARRAYS = ("values", "positions", "linkage")


@dataclass(frozen=True, eq=False)
class NetworkMatrix:
    """One number for each pair of networks, in the direction and the bounds of its measure.

    ``positions`` and ``linkage`` are there for a true metric alone, otherwise empty: networks in the plane with
    distances as near to the matrix as two dimensions allow, and average-linkage clusters as SciPy writes them.
    ``plane_share`` is the part of the squared distances that the plane holds, NaN without it.
    """

    values: NDArray[np.float64]  # (networks, networks)
    names: tuple[str, ...]
    measure: str
    summary: str
    bounds: tuple[float, float]
    larger_is_more_similar: bool
    positions: NDArray[np.float64]  # (networks, 2) or (0, 2)
    linkage: NDArray[np.float64]  # (networks − 1, 4) or (0, 4)
    plane_share: float
    recipe: dict[str, Any] = field(default_factory=dict)
    why_no_map: str = ""

    def __post_init__(self) -> None:
        shape = (len(self.names), len(self.names))
        if np.shape(self.values) != shape:
            raise ShapeError(f"values has shape {np.shape(self.values)} for {len(self.names)} networks.")
        for name in ARRAYS:
            object.__setattr__(self, name, read_only(np.asarray(getattr(self, name), np.float64)))

    def to_frame(self) -> pd.DataFrame:
        """Tidy table, one line a pair."""
        i, j = np.indices(self.values.shape)
        names = np.array(self.names, dtype=object)
        return pd.DataFrame({"a": names[i.ravel()], "b": names[j.ravel()], self.measure: self.values.ravel()})

    def to_bytes(self) -> bytes:
        """Content of an ``.npz`` file without a pickle."""
        labels = {
            "format": FORMAT,
            "names": list(self.names),
            "measure": self.measure,
            "summary": self.summary,
            "bounds": [one if np.isfinite(one) else None for one in self.bounds],
            "larger_is_more_similar": self.larger_is_more_similar,
            "plane_share": self.plane_share if np.isfinite(self.plane_share) else None,
            "recipe": self.recipe,
            "why_no_map": self.why_no_map,
        }
        return packed({name: getattr(self, name) for name in ARRAYS}, labels)

    def save(self, path: str | Path) -> None:
        """Write ``path`` (``.npz``)."""
        Path(path).write_bytes(self.to_bytes())

    @classmethod
    def load(cls, path: str | Path) -> "NetworkMatrix":
        """Read what :meth:`save` wrote; anything else is a :class:`FormatError`."""
        return cls.from_bytes(Path(path).read_bytes(), name=Path(path).name)

    @classmethod
    def from_bytes(cls, raw: bytes, *, name: str = "result") -> "NetworkMatrix":
        """Inverse of :meth:`to_bytes`."""
        try:
            arrays, labels = unpacked(raw, FORMAT)
            low, high = labels["bounds"]
            labels["bounds"] = (-np.inf if low is None else low, np.inf if high is None else high)
            labels["names"] = tuple(labels["names"])
            labels["plane_share"] = np.nan if labels["plane_share"] is None else labels["plane_share"]
            return cls(**arrays, **labels)
        except (ValueError, KeyError, TypeError) as error:
            raise FormatError(
                f"{name} is not a RepSim matrix of networks ({error}); save one with NetworkMatrix.save."
            ) from error
