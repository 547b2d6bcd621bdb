"""How much memory a request may take, and how that is said."""

import os

DEFAULT_SHARE = 0.25  # of the machine: two models' activations and the Gram matrices live at the same time


def budget_bytes() -> int:
    """Bytes one request may take: ``REPSIM_MEMORY_GB`` if set, otherwise a quarter of the machine's memory."""
    stated = os.environ.get("REPSIM_MEMORY_GB")
    if stated:
        return int(float(stated) * 1e9)
    return int(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") * DEFAULT_SHARE)


def readable_bytes(count: float) -> str:
    """``3.2 GB``, ``45 MB``, ``120 kB``: decimal units, two digits at the least."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.1f} {unit}" if count < 10 * size else f"{count / size:.0f} {unit}"
    return f"{count:.0f} B"


def child_bytes() -> int:
    """Bytes a whole computation may grow to before it is stopped: responses of two models and their Gram matrices."""
    return 3 * budget_bytes()
