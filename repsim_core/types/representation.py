"""Responses of layers to stimuli."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from repsim_core.errors import ShapeError, unknown_name
from repsim_core.types.arrays import Stimuli, digest, read_only


@dataclass(frozen=True, eq=False)
class Representation:
    """Responses of one layer to an ordered list of stimuli.

    ``values`` is ``(n_stimuli, n_units)``, C-contiguous and read-only; ``unit_shape`` is the shape of one response
    before flattening, such as ``(64, 56, 56)``. Pass ``owned=True`` to hand over a buffer instead of having it copied.
    """

    values: NDArray[np.floating[Any]]
    stimuli: Stimuli
    model: str = "array"
    layer: str = "array"
    unit_shape: tuple[int, ...] = ()
    owned: bool = field(default=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        values = np.asarray(self.values)
        if values.ndim != 2:
            raise ShapeError(
                f"{self.model}/{self.layer}: expected (n_stimuli, n_units), got shape {values.shape}; "
                "flatten or pool the trailing axes first."
            )
        if len(self.stimuli) != len(values):
            raise ShapeError(
                f"{self.model}/{self.layer}: {len(self.stimuli)} stimulus ids for {len(values)} rows; "
                "give one id per row."
            )
        if not np.issubdtype(values.dtype, np.floating):
            values = values.astype(np.float64)
        object.__setattr__(self, "values", read_only(values, copy=not self.owned))
        object.__setattr__(self, "stimuli", tuple(self.stimuli))
        object.__setattr__(self, "unit_shape", tuple(self.unit_shape) or (values.shape[1],))

    @property
    def n_stimuli(self) -> int:
        """Number of rows."""
        return int(self.values.shape[0])

    @property
    def n_units(self) -> int:
        """Number of columns."""
        return int(self.values.shape[1])

    @property
    def fingerprint(self) -> str:
        """Digest of labels, stimuli, shape, dtype and every byte of the values: the only safe cache key of an array."""
        labels = [self.model, self.layer, str(self.values.shape), str(self.values.dtype), str(self.unit_shape)]
        return digest(*labels, "\0".join(self.stimuli), self.values.tobytes())


@dataclass(frozen=True, eq=False)
class LayerActivations(Mapping[str, Representation]):
    """Layer name → :class:`Representation`, in execution order: one model, one list of stimuli."""

    model: str
    dataset: str
    stimuli: Stimuli
    representations: dict[str, Representation]
    pooling: str = "flatten"
    recipe: dict[str, Any] = field(default_factory=dict)  # strings and numbers only: goes into files and links
    notes: tuple[str, ...] = ()  # what was chosen or converted on the way, one sentence each

    def __post_init__(self) -> None:
        for name, one in self.representations.items():
            if one.stimuli != self.stimuli:
                raise ShapeError(
                    f"{self.model}/{name} has other stimuli than its siblings; extract the layers together."
                )
        object.__setattr__(self, "representations", dict(self.representations))

    def __getitem__(self, layer: str) -> Representation:
        if layer not in self.representations:
            raise unknown_name("layer", layer, self.representations)
        return self.representations[layer]

    def __contains__(self, layer: object) -> bool:
        return layer in self.representations

    def __iter__(self) -> Iterator[str]:
        return iter(self.representations)

    def __len__(self) -> int:
        return len(self.representations)

    @property
    def layers(self) -> tuple[str, ...]:
        """Layer names in execution order."""
        return tuple(self.representations)
