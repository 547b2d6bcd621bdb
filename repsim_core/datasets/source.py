"""What a dataset is before it is loaded: its card, and how to read one of its splits."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from repsim_core.types import DatasetCard, Stimuli


class Rows(Protocol):
    """Inputs that are read from files when they are wanted."""

    def __len__(self) -> int:
        """Stimuli there are."""

    def __getitem__(self, rows: NDArray[np.intp], /) -> NDArray[Any]:
        """Inputs of these rows."""


@dataclass(frozen=True, eq=False)
class Content:
    """A whole split: inputs, labels (or ``None``) and stimulus ids, row by row.

    Bytes stand for pixels from 0 to 255 and become numbers in [0, 1] when they are taken.
    """

    inputs: NDArray[np.float32] | NDArray[np.uint8] | Rows
    labels: NDArray[Any] | None
    stimuli: Stimuli

    def taken(self, rows: NDArray[np.intp] | None) -> NDArray[np.float32]:
        """Inputs of some rows, or of all."""
        if isinstance(self.inputs, np.ndarray):
            chosen = self.inputs if rows is None else self.inputs[rows]
        else:
            chosen = self.inputs[np.arange(len(self.inputs)) if rows is None else rows]
        if chosen.dtype != np.uint8:
            return np.asarray(chosen, dtype=np.float32)
        scaled: NDArray[np.float32] = np.divide(chosen, np.float32(255), dtype=np.float32)
        return scaled


@dataclass(frozen=True, eq=False)
class Source:
    """A card with the function that reads a split of it. The function may cache: nobody writes into its arrays."""

    card: DatasetCard
    read: Callable[[str], Content]
