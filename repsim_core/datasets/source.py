"""What a dataset is before it is loaded: its card, and how to read one of its splits."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from repsim_core.types import DatasetCard, Stimuli


@dataclass(frozen=True, eq=False)
class Content:
    """A whole split: inputs, labels (or ``None``) and stimulus ids, row by row."""

    inputs: NDArray[np.float32]
    labels: NDArray[Any] | None
    stimuli: Stimuli


@dataclass(frozen=True, eq=False)
class Source:
    """A card with the function that reads a split of it. The function may cache: nobody writes into its arrays."""

    card: DatasetCard
    read: Callable[[str], Content]
