"""Stimuli: what ships, what lies in the data directory or can be fetched into it, and files of one's own."""

from repsim_core.datasets.from_file import from_file
from repsim_core.datasets.names import parts
from repsim_core.datasets.points import clusters, rings
from repsim_core.datasets.register import available, card, download, load, spelled
from repsim_core.datasets.shifts import DOMAINS, SHIFTS

__all__ = [
    "DOMAINS",
    "SHIFTS",
    "available",
    "card",
    "clusters",
    "download",
    "from_file",
    "load",
    "parts",
    "rings",
    "spelled",
]
