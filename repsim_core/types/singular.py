"""How far the singular vectors of a layer point at those of another layer."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from repsim_core.errors import FormatError
from repsim_core.types.archive import packed, unpacked
from repsim_core.types.arrays import read_only

FORMAT = "repsim-singular-alignment/1"
_FAULTS = (ValueError, KeyError, TypeError, IndexError)
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SingularAlignment:
    """Cosines between the first k left singular vectors of two layers, and the angles between their spans.

    Equal numbers in ``blocks_x`` mark directions whose singular values cannot be told apart: only the span of such a
    block means something, not its single vectors.
    """

    cosines: Floats  # (k, k) in [−1, 1]
    principal_angles: Floats  # (k,) radians, ascending, between the spans of the first k
    singular_values_x: Floats  # (k,)
    singular_values_y: Floats  # (k,)
    blocks_x: NDArray[np.int64]  # (k,) ascending from 0
    blocks_y: NDArray[np.int64]  # (k,)
    vectors_x: Floats  # (n, k) left singular vectors as they were compared
    vectors_y: Floats  # (n, k)
    n_stimuli: int
    names: tuple[str, str] = ("x", "y")
    recipe: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in _ARRAYS:
            object.__setattr__(self, name, read_only(np.asarray(getattr(self, name))))

    @property
    def k(self) -> int:
        """How many vectors of each layer."""
        return len(self.cosines)

    @property
    def chance(self) -> float:
        """Root mean square cosine of unrelated centred vectors, ``1 / √(n − 1)``."""
        return float(1 / np.sqrt(self.n_stimuli - 1))

    @property
    def best_match(self) -> NDArray[np.intp]:
        """For each vector of x the vector of y with the largest absolute cosine, ``(k,)``."""
        return np.asarray(np.abs(self.cosines).argmax(axis=1))

    def to_frame(self) -> pd.DataFrame:
        """Tidy table, one line a pair of vectors."""
        i, j = np.indices(self.cosines.shape)
        return pd.DataFrame(
            {
                "direction of x": i.ravel() + 1,
                "direction of y": j.ravel() + 1,
                "cosine": self.cosines.ravel(),
                "singular value x": self.singular_values_x[i.ravel()],
                "singular value y": self.singular_values_y[j.ravel()],
                "block x": self.blocks_x[i.ravel()],
                "block y": self.blocks_y[j.ravel()],
            }
        )

    def to_bytes(self) -> bytes:
        """Content of an ``.npz`` file without a pickle."""
        labels = {"n_stimuli": self.n_stimuli, "names": list(self.names), "recipe": self.recipe}
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        return packed(arrays, labels | {"format": FORMAT, "notes": list(self.notes)})

    def save(self, path: str | Path) -> None:
        """Write ``path`` (``.npz``)."""
        Path(path).write_bytes(self.to_bytes())

    @classmethod
    def load(cls, path: str | Path) -> "SingularAlignment":
        """Read what :meth:`save` wrote; anything else is a :class:`FormatError`."""
        return cls.from_bytes(Path(path).read_bytes(), name=Path(path).name)

    @classmethod
    def from_bytes(cls, raw: bytes, *, name: str = "result") -> "SingularAlignment":
        """Inverse of :meth:`to_bytes`."""
        try:
            arrays, labels = unpacked(raw, FORMAT)
            both, notes = labels.pop("names"), labels.pop("notes")
            return cls(**arrays, **labels, names=(both[0], both[1]), notes=tuple(notes))
        except _FAULTS as error:
            raise FormatError(f"{name} is not a RepSim singular alignment ({error}).") from error


_ARRAYS = (
    *("cosines", "principal_angles", "singular_values_x", "singular_values_y"),
    *("blocks_x", "blocks_y", "vectors_x", "vectors_y"),
)
