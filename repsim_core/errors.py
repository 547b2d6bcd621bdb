"""The error taxonomy: what went wrong, whose it is to mend, and the way out.

``InputError`` and its children are the caller's to fix; a page shows them and stops. Everything else is ours.
"""

from collections.abc import Iterable
from difflib import get_close_matches


class RepsimError(Exception):
    """Root of everything RepSim raises on purpose."""


class InputError(RepsimError, ValueError):
    """The caller can fix it: the message says what came, what was wanted and what to do."""


class ShapeError(InputError):
    """An array or a stimulus does not have the axes that were needed."""


class StimulusMismatchError(InputError):
    """Two representations do not answer to the same stimuli in the same order."""


class DegenerateError(InputError):
    """A measure is undefined on this input; ``reason`` is one of the short codes shown beside a NaN."""

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class UnknownNameError(InputError):
    """A model, dataset, layer or measure that does not exist, with the nearest names that do."""


class BudgetError(InputError):
    """The request needs more memory than it may take; the message names the nearest setting that fits."""


class FormatError(InputError):
    """A file is not what it should be."""


class CaptureError(RepsimError, RuntimeError):
    """A layer gave nothing that can be recorded."""


class Cancelled(RepsimError):
    """The user stopped it; there is nothing to show."""


def unknown_name(kind: str, name: str, known: Iterable[str]) -> UnknownNameError:
    """``UnknownNameError`` that offers the three nearest names, or how many there are to choose from."""
    names = list(known)
    near = get_close_matches(name, names, n=3, cutoff=0.5)
    if near:
        hint = "Did you mean " + " or ".join(repr(one) for one in near) + "?"
    elif len(names) <= 12:
        hint = "Choose one of: " + ", ".join(names) + "."
    else:
        hint = f"There are {len(names)}, from {names[0]!r} to {names[-1]!r}."
    return UnknownNameError(f"No {kind} named {name!r}. {hint}")
