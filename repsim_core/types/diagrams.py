"""Persistence diagrams of every layer of a network over several subsets of stimuli."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from repsim_core.errors import FormatError, ShapeError, unknown_name
from repsim_core.types.archive import packed, unpacked
from repsim_core.types.arrays import Stimuli, read_only
from repsim_core.types.topology import BARS, PersistenceDiagram

FORMAT = "repsim-layer-diagrams/1"
PENDING = "pending"  # the reason of a layer that a partial result does not have yet
Diagrams = tuple[PersistenceDiagram, ...]  # one for each dimension


@dataclass(frozen=True, eq=False)
class LayerDiagrams:
    """Diagrams of the layers of one network on equally many points everywhere.

    ``diagrams[layer][r][k]`` is that of dimension k on the r-th subset; its bars name rows of ``stimuli``. A layer
    without diagrams has a reason. ``removed[layer][r]`` are the rows that outlier removal took from that subset.
    """

    model: str
    dataset: str
    layers: tuple[str, ...]  # execution order
    shapes: tuple[tuple[int, ...], ...]  # response to one stimulus
    stimuli: Stimuli
    subsets: NDArray[np.int64]  # (subsets, size) rows of the stimuli
    diagrams: Mapping[str, tuple[Diagrams, ...]]
    removed: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)  # layer → (subsets, count)
    reasons: Mapping[str, str] = field(default_factory=dict)  # layer → why it has none
    recipe: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "subsets", read_only(np.asarray(self.subsets)))
        removed = {name: read_only(np.asarray(rows)) for name, rows in self.removed.items()}
        object.__setattr__(self, "removed", removed)
        object.__setattr__(self, "diagrams", dict(self.diagrams))
        object.__setattr__(self, "reasons", dict(self.reasons))
        for name in self.layers:
            found = self.diagrams.get(name)
            if found is None and not self.reasons.get(name):
                raise ShapeError(f"{self.model}/{name} has neither diagrams nor a reason why not.")
            if found is not None and len(found) != len(self.subsets):
                raise ShapeError(f"{self.model}/{name} has diagrams of {len(found)} subsets, not {len(self.subsets)}.")

    @property
    def points(self) -> int:
        """Points of every diagram: those of a subset less the outliers."""
        size = int(self.subsets.shape[1])
        return size - next((rows.shape[1] for rows in self.removed.values()), 0)

    @property
    def dimensions(self) -> int:
        """How many dimensions there are, 0 as long as no layer is done."""
        return next((len(found[0]) for found in self.diagrams.values()), 0)

    @property
    def done(self) -> tuple[str, ...]:
        """Layers with diagrams."""
        return tuple(name for name in self.layers if name in self.diagrams)

    def of(self, layer: str, dimension: int) -> Diagrams:
        """The diagrams of one layer and dimension, one for each subset; none for a layer without."""
        if layer not in self.layers:
            raise unknown_name("layer", layer, self.layers)
        return tuple(one[dimension] for one in self.diagrams.get(layer, ()))

    def to_frame(self) -> pd.DataFrame:
        """Tidy table, one line a bar."""
        tables = []
        for layer, repeats in self.diagrams.items():
            for r, found in enumerate(repeats):
                for one in found:
                    table = one.to_frame()
                    table.insert(0, "subset", r)
                    table.insert(0, "layer", layer)
                    tables.append(table)
        return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=["layer", "subset"])

    def to_bytes(self) -> bytes:
        """Content of an ``.npz`` file without a pickle."""
        arrays: dict[str, NDArray[Any]] = {"subsets": self.subsets}
        for k in range(self.dimensions):
            flat = [one for layer in self.done for one in self.of(layer, k)]
            arrays[f"count_{k}"] = np.array([len(one) for one in flat], np.int64)
            arrays |= {f"{name}_{k}": np.concatenate([getattr(one, name) for one in flat]) for name in BARS}
        arrays |= {f"removed_{k}": self.removed[name] for k, name in enumerate(self.layers) if name in self.removed}
        bars = self.diagrams[self.done[0]][0][0].recipe if self.done else {}
        return packed(
            arrays,
            {
                "format": FORMAT,
                "model": self.model,
                "dataset": self.dataset,
                "layers": self.layers,
                "shapes": self.shapes,
                "stimuli": self.stimuli,
                "done": self.done,
                "reasons": dict(self.reasons),
                "recipe": self.recipe,
                "bars": bars,
                "dimensions": self.dimensions,
            },
        )

    def save(self, path: str | Path) -> None:
        """Write ``path`` (``.npz``)."""
        Path(path).write_bytes(self.to_bytes())

    @classmethod
    def load(cls, path: str | Path) -> "LayerDiagrams":
        """Read what :meth:`save` wrote; anything else is a :class:`FormatError`."""
        return cls.from_bytes(Path(path).read_bytes(), name=Path(path).name)

    @classmethod
    def from_bytes(cls, raw: bytes, *, name: str = "result") -> "LayerDiagrams":
        """Inverse of :meth:`to_bytes`."""
        try:
            arrays, labels = unpacked(raw, FORMAT)
            done, bars, dimensions = (labels.pop(key) for key in ("done", "bars", "dimensions"))
            layers = tuple(labels.pop("layers"))
            flat = [_cut(arrays, k, bars) for k in range(dimensions)]
            repeats = len(arrays["subsets"])
            diagrams = {
                layer: tuple(tuple(each[at * repeats + r] for each in flat) for r in range(repeats))
                for at, layer in enumerate(done)
            }
            removed = {layer: arrays[f"removed_{k}"] for k, layer in enumerate(layers) if f"removed_{k}" in arrays}
            return cls(
                layers=layers,
                shapes=tuple(tuple(one) for one in labels.pop("shapes")),
                stimuli=tuple(labels.pop("stimuli")),
                subsets=arrays["subsets"],
                diagrams=diagrams,
                removed=removed,
                **labels,
            )
        except (ValueError, KeyError, IndexError, TypeError) as error:
            raise FormatError(
                f"{name} is not a file of RepSim layer diagrams ({error}); save one with LayerDiagrams.save."
            ) from error


def _cut(arrays: Mapping[str, NDArray[Any]], dimension: int, recipe: dict[str, Any]) -> list[PersistenceDiagram]:
    """Diagrams of one dimension out of one long array."""
    ends = np.cumsum(arrays[f"count_{dimension}"])[:-1]
    parts = {name: np.split(arrays[f"{name}_{dimension}"], ends) for name in BARS}
    count = len(arrays[f"count_{dimension}"])
    return [
        PersistenceDiagram(dimension=dimension, recipe=recipe, **{name: parts[name][k] for name in BARS})
        for k in range(count)
    ]
