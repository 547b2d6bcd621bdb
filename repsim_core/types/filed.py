"""Results that are kept whole: arrays and labels in one file."""

from dataclasses import fields
from pathlib import Path
from typing import ClassVar, Self

import numpy as np

from repsim_core.errors import FormatError
from repsim_core.types.archive import packed, unpacked
from repsim_core.types.arrays import read_only


class Filed:
    """A result whose arrays and labels make one ``.npz``; ``KIND`` names it in messages."""

    KIND: ClassVar[str]
    ARRAYS: ClassVar[tuple[str, ...]]

    def to_bytes(self) -> bytes:
        """Content of an ``.npz`` file without a pickle; equal content, equal bytes."""
        labels = {one.name: getattr(self, one.name) for one in fields(self) if one.name not in self.ARRAYS}  # type: ignore[arg-type]
        return packed({name: getattr(self, name) for name in self.ARRAYS}, {"format": self._format()} | labels)

    def save(self, path: str | Path) -> None:
        """Write ``path`` (``.npz``)."""
        Path(path).write_bytes(self.to_bytes())

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what :meth:`save` wrote; anything else is a :class:`FormatError`."""
        return cls.from_bytes(Path(path).read_bytes(), name=Path(path).name)

    @classmethod
    def from_bytes(cls, raw: bytes, *, name: str = "result") -> Self:
        """Inverse of :meth:`to_bytes`."""
        try:
            arrays, labels = unpacked(raw, cls._format())
            lists = {key: tuple(one) for key, one in labels.items() if isinstance(one, list)}
            return cls(**arrays, **labels | lists)
        except (ValueError, KeyError, TypeError) as error:
            raise FormatError(
                f"{name} is not a RepSim {cls.KIND} ({error}); save one with {cls.__name__}.save."
            ) from error

    @classmethod
    def _format(cls) -> str:
        return f"repsim-{cls.KIND.replace(' ', '-')}/1"

    def _freeze(self) -> None:
        for name in self.ARRAYS:
            object.__setattr__(self, name, read_only(np.asarray(getattr(self, name))))
