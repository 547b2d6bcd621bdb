"""Results of the steps: computed or read once, then shared by everyone, since they depend on nothing."""

from functools import lru_cache
from typing import Any

from repsim_core import figures
from repsim_core.claims import NOT_ATTEMPTED, Finding
from repsim_ui.labs.catalogue import lab


@lru_cache(maxsize=256)
def result(id: str, step: int) -> Any:
    """Result of one step, counted from 0."""
    return lab(id).steps[step].result()


def missing(found: Any) -> str:
    """Why there is nothing to show, "" if there is."""
    return found.note if isinstance(found, Finding) and found.verdict == NOT_ATTEMPTED else ""


@lru_cache(maxsize=64)
def thumbnail(id: str) -> str:
    """The figure of the lab's own choice in small, as SVG; "" where its record is missing."""
    one = lab(id)
    found = result(id, one.pictured)
    if missing(found):
        return ""
    view = one.steps[one.pictured].view
    return figures.sketch(view.figure(found), view.alt)


def alt(id: str) -> str:
    """The words for the thumbnail."""
    one = lab(id)
    return one.steps[one.pictured].view.alt
