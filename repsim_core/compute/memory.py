"""How much memory a request may take, and how that is said."""

import os
from pathlib import Path

DEFAULT_SHARE = 0.25  # of the machine: two models' activations and the Gram matrices live at the same time
_CONTROL_GROUP = Path("/sys/fs/cgroup")


def budget_bytes() -> int:
    """Bytes one request may take: ``REPSIM_MEMORY_GB`` if set, otherwise a quarter of the machine's memory."""
    stated = os.environ.get("REPSIM_MEMORY_GB")
    if stated:
        return int(float(stated) * 1e9)
    return int(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") * DEFAULT_SHARE)


def free_bytes() -> int:
    """Bytes that can be had without swapping, within the control group of the process where it has a limit."""
    free = int(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES"))
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):  # with what the system holds as cache and gives back
                free = int(line.split()[1]) * 1024
        limit, used = ((_CONTROL_GROUP / name).read_text().strip() for name in ("memory.max", "memory.current"))
        if limit != "max":
            free = min(free, max(0, int(limit) - int(used)))
    except (OSError, ValueError):
        pass  # no Linux, or no control group
    return free


def streaming_bytes(free: int | None = None) -> int:
    """Bytes a pass over many stimuli may take: ``REPSIM_MEMORY_GB`` if set, otherwise half of what is free."""
    stated = os.environ.get("REPSIM_MEMORY_GB")
    return int(float(stated) * 1e9) if stated else (free_bytes() if free is None else free) // 2


def readable_bytes(count: float) -> str:
    """``3.2 GB``, ``45 MB``, ``120 kB``: decimal units, two digits at the least."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.1f} {unit}" if count < 10 * size else f"{count / size:.0f} {unit}"
    return f"{count:.0f} B"


def child_bytes() -> int:
    """Bytes a whole computation may grow to before it is stopped: responses of two models and their Gram matrices."""
    return 3 * budget_bytes()
