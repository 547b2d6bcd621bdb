"""Experiments of the papers, from their data to their table."""

from repsim_core.experiments.orders import FAMILIES, Order, ordered_clouds

__all__ = ["FAMILIES", "Order", "ordered_clouds"]
