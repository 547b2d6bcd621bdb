"""Experiments of the papers, from their data to their table, and one pair up close."""

from repsim_core.experiments.close_up import one_subset, rtd_of_batches, sensible_batches
from repsim_core.experiments.many_networks import SUMMARIES, compare_networks
from repsim_core.experiments.networks import along_training, between_domains
from repsim_core.experiments.orders import FAMILIES, SIMILARITIES, Order, ordered_clouds
from repsim_core.experiments.profiles import PROFILES, layer_profiles
from repsim_core.experiments.twins import correspond, twins_found

__all__ = [
    "FAMILIES",
    "PROFILES",
    "SIMILARITIES",
    "SUMMARIES",
    "Order",
    "along_training",
    "between_domains",
    "compare_networks",
    "correspond",
    "layer_profiles",
    "one_subset",
    "ordered_clouds",
    "rtd_of_batches",
    "sensible_batches",
    "twins_found",
]
