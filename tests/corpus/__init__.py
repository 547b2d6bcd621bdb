"""Inputs from outside, made by code at test time: bad ones with the refusal each must get, and odd ones that are good.

The numbers in the ids are those of the list of bad inputs in the safety design. Nothing here is stored or harmful: what
a payload would call is ``tests.corpus.tripwire.ring``, which only notes that it ran.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Bad:
    """An input that must be refused.

    ``make`` writes it to a path; ``expected`` is a regular expression found in the one line of the refusal.
    """

    id: str  # "40-ratio-bomb"
    name: str  # what a user would call the file, "activations.npz"
    make: Callable[[Path], object]
    expected: str
    kind: str = ""  # what the user says it is: "weights", "graph", "activations", "dataset", or nothing


@dataclass(frozen=True)
class Good:
    """An odd input that must be accepted; ``check`` gets what was read from it and asserts."""

    id: str
    name: str
    make: Callable[[Path], object]
    check: Callable[..., object] | None = None
    kind: str = ""
