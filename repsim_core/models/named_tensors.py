"""A file of weights before its numbers are read: names, shapes, and what was done to get them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from repsim_core import formats
from repsim_core.errors import BudgetError, FormatError
from repsim_core.limits import LIMITS
from repsim_core.models.skeleton import Skeleton


@dataclass(frozen=True, eq=False)
class NamedTensors:
    """Shapes by name, and ``read``, which gives the numbers.

    ``file`` is its name as it may be shown, ``hint`` the architecture that the file itself names, or "".
    """

    file: str
    shapes: Skeleton
    read: Callable[[], Mapping[str, Tensor]]
    hint: str = ""
    notes: tuple[str, ...] = ()

    def finite(self) -> Mapping[str, Tensor]:
        """The numbers, none of them NaN or infinite.

        Raises
        ------
        FormatError
            If one is, with its tensor and place.
        """
        tensors = self.read()
        for name, value in tensors.items():
            if value.is_floating_point() and not bool(torch.isfinite(value).all()):
                wrong = ~torch.isfinite(value)
                first = tuple(int(one) for one in wrong.nonzero()[0])
                raise FormatError(
                    f"{self.file}: {formats.shown_name(name)} holds {int(wrong.sum()):,} of {value.numel():,} numbers "
                    f"that are not finite, the first at {first}; train or save it again."
                )
        return tensors


def opened(path: str | Path) -> NamedTensors:
    """Names and shapes in a ``.safetensors`` or ``.pt`` file, whose structure has been checked.

    Raises
    ------
    FormatError
        If the file is of another kind or not well made.
    BudgetError
        If it is beyond a limit.
    """
    path = Path(path)
    found = formats.kind(path)
    if found == "pt":
        from repsim_core.models.pickled_tensors import pickled_tensors

        return pickled_tensors(path)
    if found == "safetensors":
        return _safetensors(path)
    raise FormatError(
        f"{formats.shown_name(path.name)} is a {found} file, not one of weights; save them: {formats.SAVE_WEIGHTS}."
    )


def check_bytes(file: str, needed: int) -> None:
    """Refuse more parameters than may be held, before any of them is."""
    if needed > LIMITS.parameter_bytes:
        raise BudgetError(
            f"{file}: its tensors take {needed:,} bytes (limit {LIMITS.parameter_bytes:,}); take a smaller network."
        )


def _safetensors(path: Path) -> NamedTensors:
    file = formats.shown_name(path.name)
    entries = formats.safetensors_header(path)
    check_bytes(file, sum(one.end - one.start for one in entries.values()))

    def read() -> Mapping[str, Tensor]:
        return {name: torch.from_numpy(value) for name, value in formats.safetensors_arrays(path).items()}

    hint = formats.safetensors_metadata(path).get("architecture", "")
    return NamedTensors(file, {name: one.shape for name, one in entries.items()}, read, hint)
