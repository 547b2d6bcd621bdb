"""Models, layers and datasets as they are known before and after loading."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from repsim_core.errors import InputError, ShapeError
from repsim_core.types.arrays import Stimuli, digest, read_only


@dataclass(frozen=True, eq=False)
class LayerInfo:
    """What a dry run learned about one layer.

    ``shape`` is the response to one stimulus, ``note`` how a tensor was chosen out of a tuple or dict, or "". A module
    that never ran or gave no tensor is not ``usable``, and ``note`` says why.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    parameters: int
    dtype_bytes: int = 4
    note: str = ""
    usable: bool = True

    @property
    def units(self) -> int:
        """Scalars per stimulus before pooling."""
        return int(np.prod(self.shape, dtype=np.int64))

    def bytes_for(self, n: int) -> int:
        """Bytes of the flattened responses to n stimuli."""
        return n * self.units * self.dtype_bytes


@dataclass(frozen=True)
class ModelCard:
    """What is known of a model before it is loaded. ``family`` groups the members of one study."""

    name: str
    family: str
    architecture: str
    dataset: str
    input_shape: tuple[int, ...]
    parameters: int
    description: str
    seed: int | None = None
    epochs: float | None = None
    train_score: float | None = None
    test_score: float | None = None
    score_name: str = "accuracy"
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class DatasetCard:
    """What is known of a dataset before it is loaded.

    ``base`` is the name without a choice of classes and a shift, ``chosen`` the classes that are left (empty for all),
    ``shift`` what is done to every stimulus, such as "noise:0.2", or "". ``notes`` say what was done to the inputs when
    they were read; ``absent`` is "" unless they first have to be downloaded.
    """

    name: str
    kind: Literal["image", "tabular", "points"]
    task: Literal["classification", "regression", "none"]
    input_shape: tuple[int, ...]
    sizes: Mapping[str, int]  # split → number of stimuli
    classes: tuple[str, ...]
    description: str
    source: str
    base: str = ""
    chosen: tuple[int, ...] = ()
    shift: str = ""
    notes: tuple[str, ...] = ()
    absent: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "base", self.base or self.name)


@dataclass(frozen=True, eq=False)
class Dataset:
    """Stimuli in a fixed order with what is known of each.

    ``inputs`` is ``(n, channels, height, width)`` in [0, 1] for images and ``(n, features)`` otherwise, float32;
    ``labels`` are class indices (int64) or regression targets (float64), ``None`` if there are none.
    """

    card: DatasetCard
    split: str
    inputs: NDArray[np.float32]
    labels: NDArray[Any] | None
    stimuli: Stimuli
    seed: int = 0

    def __post_init__(self) -> None:
        if len(self.inputs) != len(self.stimuli) or (self.labels is not None and len(self.labels) != len(self.stimuli)):
            raise ShapeError(
                f"{self.card.name}: {len(self.inputs)} inputs, {len(self.stimuli)} stimulus ids and "
                f"{'no' if self.labels is None else len(self.labels)} labels; give one of each per stimulus."
            )
        if len(set(self.stimuli)) != len(self.stimuli):
            raise InputError(f"{self.card.name}: stimulus ids repeat; every stimulus needs an id of its own.")
        object.__setattr__(self, "inputs", read_only(np.asarray(self.inputs, dtype=np.float32)))
        if self.labels is not None:
            object.__setattr__(self, "labels", read_only(np.asarray(self.labels)))

    def __len__(self) -> int:
        return len(self.stimuli)

    @property
    def name(self) -> str:
        """Name in the register."""
        return self.card.name

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes, index by index; empty for regression."""
        return self.card.classes

    @property
    def digest(self) -> str:
        """Digest of the stimulus ids in order."""
        return digest(*self.stimuli)
