"""All labs in the order of the page; a lab's module is imported when it is opened."""

from functools import cache
from importlib import import_module

from repsim_ui.labs.lab import Lab

# Id in the address → module beside this one, whose ``LAB`` has that id.
MODULES: dict[str, str] = {
    "reading-a-map": "reading_a_map",
    "two-seeds": "two_seeds",
    "too-deep": "too_deep",
    "small-n": "small_n",
    "clusters-and-rings": "clusters_and_rings",
    "shape-of-layers": "shape_of_layers",
    "label-directions": "label_directions",
    "similarity-and-function": "similarity_and_function",
    "one-outlier": "one_outlier",
}


def lab(id: str) -> Lab:
    """One lab; ``KeyError`` for an id that is not in :data:`MODULES`."""
    found: Lab = import_module(f"repsim_ui.labs.{MODULES[id]}").LAB
    return found


@cache
def labs() -> tuple[Lab, ...]:
    """Every lab."""
    return tuple(lab(id) for id in MODULES)
