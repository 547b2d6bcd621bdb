"""A short table with what labels it: the result of an experiment that compares a few networks or data sets."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from repsim_core.errors import FormatError
from repsim_core.types.archive import packed, unpacked

FORMAT = "repsim-table/1"


@dataclass(frozen=True, eq=False)
class ResultTable:
    """Columns of numbers or words of one length, each named for its content."""

    frame: pd.DataFrame
    recipe: dict[str, Any] = field(default_factory=dict)

    def to_frame(self) -> pd.DataFrame:
        """A copy of the table."""
        return self.frame.copy()

    def to_bytes(self) -> bytes:
        """Content of an ``.npz`` file without a pickle."""
        names = list(self.frame.columns)
        arrays = {f"column_{k}": self.frame[name].to_numpy() for k, name in enumerate(names)}
        arrays = {key: array.astype(str) if array.dtype.kind == "O" else array for key, array in arrays.items()}
        return packed(arrays, {"format": FORMAT, "names": names, "recipe": self.recipe})

    def save(self, path: str | Path) -> None:
        """Write ``path`` (``.npz``)."""
        Path(path).write_bytes(self.to_bytes())

    @classmethod
    def load(cls, path: str | Path) -> "ResultTable":
        """Read what :meth:`save` wrote; anything else is a :class:`FormatError`."""
        return cls.from_bytes(Path(path).read_bytes(), name=Path(path).name)

    @classmethod
    def from_bytes(cls, raw: bytes, *, name: str = "result") -> "ResultTable":
        """Inverse of :meth:`to_bytes`."""
        try:
            arrays, labels = unpacked(raw, FORMAT)
            columns = {one: arrays[f"column_{k}"] for k, one in enumerate(labels["names"])}
            return cls(pd.DataFrame(columns), labels["recipe"])
        except (ValueError, KeyError, TypeError) as error:
            raise FormatError(f"{name} is not a RepSim table ({error}); save one with ResultTable.save.") from error
