"""Stimuli that ship with RepSim: digits, shapes, small tables and point clouds, the same on every machine."""

from repsim_core.datasets.points import clusters, rings
from repsim_core.datasets.register import available, load

__all__ = ["available", "clusters", "load", "rings"]
