"""Names of datasets that stand in no list: with a choice of classes or a shift, and uploads."""

from repsim_core import datasets
from repsim_core.datasets import SHIFTS
from repsim_core.errors import InputError


def is_known(name: str) -> bool:
    """Whether a name from a link can be loaded here: what it asks for exists and is on this machine."""
    try:
        return not datasets.card(name).absent
    except InputError:
        return False


def listed(names: list[str], *held: object) -> list[str]:
    """The names of a box, with those it holds that stand in no list."""
    return [
        *names,
        *(one for one in dict.fromkeys(held) if isinstance(one, str) and one not in names and is_known(one)),
    ]


def beside(name: str) -> list[str]:
    """The same stimuli otherwise: clean if they are shifted, and shifted a little in every way there is."""
    try:
        card = datasets.card(name)
    except InputError:
        return []
    clean = [datasets.spelled(name, card.chosen)] if card.shift else []
    shifts = [f"{one}:{kind.usual:g}" for one, kind in SHIFTS.items() if card.kind in kind.data]
    found = [datasets.spelled(name, card.chosen, one) for one in shifts]
    return [one for one in (*clean, *found) if one != name]
