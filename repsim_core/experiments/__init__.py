"""Experiments of the papers, from their data to their table, and one pair up close."""

from repsim_core.experiments.close_up import one_subset, rtd_of_batches, sensible_batches
from repsim_core.experiments.networks import along_training, between_domains
from repsim_core.experiments.orders import FAMILIES, Order, ordered_clouds

__all__ = [
    "FAMILIES",
    "Order",
    "along_training",
    "between_domains",
    "one_subset",
    "ordered_clouds",
    "rtd_of_batches",
    "sensible_batches",
]
