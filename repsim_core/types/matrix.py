"""The layer-by-layer matrix of one measure, with all that is needed to read it and to compute it again."""

import json
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from repsim_core.errors import FormatError, ShapeError, unknown_name
from repsim_core.types.archive import packed, unpacked
from repsim_core.types.arrays import read_only

FORMAT = "repsim-similarity-matrix/2"
ARRAYS = ("values", "reasons", "chance", "standard_error")


@dataclass(frozen=True, eq=False)
class SimilarityMatrix:
    """``values[i, j]`` compares layer ``rows[i]`` of model A with layer ``columns[j]`` of model B.

    ``reasons[i, j]`` is "" where the value is defined, otherwise why it is NaN. ``chance[i, j]`` is the mean over all
    pairings of the stimuli, NaN where no closed form exists; ``standard_error`` that of the measure's own estimate.
    Bounds and direction of the measure travel along, since a figure knows nothing but this object.
    """

    values: NDArray[np.float64]  # (rows, columns)
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    measure: str
    bounds: tuple[float, float]
    larger_is_more_similar: bool
    reasons: NDArray[np.str_]  # (rows, columns)
    chance: NDArray[np.float64]  # (rows, columns)
    n_stimuli: int
    model_a: str
    model_b: str
    dataset: str
    row_shapes: tuple[tuple[int, ...], ...]  # response to one stimulus, per row
    column_shapes: tuple[tuple[int, ...], ...]
    recipe: dict[str, Any] = field(default_factory=dict)  # options, pooling, seed, stimulus digest, versions
    warnings: tuple[str, ...] = ()  # doubts that belong beside the numbers
    standard_error: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 0)))  # NaN where not estimated

    def __post_init__(self) -> None:
        shape = (len(self.rows), len(self.columns))
        if not np.size(self.standard_error):
            object.__setattr__(self, "standard_error", np.full(shape, np.nan))
        for name in ARRAYS:
            array = np.asarray(getattr(self, name))
            if array.shape != shape:
                raise ShapeError(
                    f"{name} has shape {array.shape}, but {shape[0]} rows and {shape[1]} columns are named."
                )
            object.__setattr__(self, name, read_only(array))

    @property
    def defined(self) -> NDArray[np.bool_]:
        """True where there is a number."""
        return np.isfinite(self.values)

    def value(self, row: str, column: str) -> float:
        """The cell of two layer names."""
        for kind, name, known in (("layer", row, self.rows), ("layer", column, self.columns)):
            if name not in known:
                raise unknown_name(kind, name, known)
        return float(self.values[self.rows.index(row), self.columns.index(column)])

    def best_match(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Most similar column of each row and most similar row of each column; -1 where nothing is defined."""
        score = self.values if self.larger_is_more_similar else -self.values
        score = np.where(self.defined, score, -np.inf)
        found = self.defined.any(axis=1), self.defined.any(axis=0)
        return np.where(found[0], score.argmax(axis=1), -1), np.where(found[1], score.argmax(axis=0), -1)

    def to_frame(self) -> pd.DataFrame:
        """Tidy table, one line per cell."""
        i, j = np.indices(self.values.shape)
        return pd.DataFrame(
            {
                "layer_a": np.array(self.rows, dtype=object)[i.ravel()],
                "layer_b": np.array(self.columns, dtype=object)[j.ravel()],
                self.measure: self.values.ravel(),
                "standard_error": self.standard_error.ravel(),
                "chance": self.chance.ravel(),
                "n": self.n_stimuli,
                "reason": self.reasons.ravel(),
            }
        )

    def _labels(self) -> dict[str, Any]:
        labels = {one.name: getattr(self, one.name) for one in fields(self) if one.name not in ARRAYS}
        bounds = [one if np.isfinite(one) else None for one in self.bounds]  # strict JSON has no infinity
        return {"format": FORMAT} | labels | {"bounds": bounds}

    def to_json(self) -> str:
        """Values and labels as strict JSON: undefined cells are null."""
        numbers = {name: _nullable(getattr(self, name)) for name in ("values", "chance", "standard_error")}
        return json.dumps(self._labels() | numbers | {"reasons": self.reasons.tolist()}, indent=1, allow_nan=False)

    def to_bytes(self) -> bytes:
        """Content of an ``.npz`` file: the arrays and the labels as JSON, no pickle; equal content, equal bytes."""
        arrays = {name: np.asarray(getattr(self, name)) for name in ARRAYS}
        return packed(arrays | {"reasons": self.reasons.astype("U")}, self._labels())

    def save(self, path: str | Path) -> None:
        """Write ``path`` (``.npz``)."""
        Path(path).write_bytes(self.to_bytes())

    @classmethod
    def load(cls, path: str | Path) -> "SimilarityMatrix":
        """Read what :meth:`save` wrote; anything else is a :class:`FormatError`."""
        return cls.from_bytes(Path(path).read_bytes(), name=Path(path).name)

    @classmethod
    def from_bytes(cls, raw: bytes, *, name: str = "result") -> "SimilarityMatrix":
        """Inverse of :meth:`to_bytes`."""
        try:
            arrays, labels = unpacked(raw, FORMAT)
            for key in ("rows", "columns", "warnings"):
                labels[key] = tuple(labels[key])
            low, high = labels["bounds"]
            labels["bounds"] = (-np.inf if low is None else low, np.inf if high is None else high)
            for key in ("row_shapes", "column_shapes"):
                labels[key] = tuple(tuple(one) for one in labels[key])
            return cls(**arrays, **labels)
        except (ValueError, KeyError, TypeError) as error:
            raise FormatError(
                f"{name} is not a RepSim similarity matrix ({error}); save one with SimilarityMatrix.save."
            ) from error


def _nullable(array: NDArray[np.float64]) -> list[list[float | None]]:
    return [[float(one) if np.isfinite(one) else None for one in row] for row in array]
