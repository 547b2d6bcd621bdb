"""Persistent homology of representations and of pairs of them."""

from repsim_core.topology.cross import cross_barcode
from repsim_core.topology.distances import METRICS, SCALES, distances, normalised_distances
from repsim_core.topology.lite import LITE_WARNING, rtd_lite, rtd_lite_barcode, srtd_barcode, srtd_lite
from repsim_core.topology.rtd import PUBLISHED_BATCH, chosen_subsets, rtd

__all__ = [
    "LITE_WARNING",
    "METRICS",
    "PUBLISHED_BATCH",
    "SCALES",
    "chosen_subsets",
    "cross_barcode",
    "distances",
    "normalised_distances",
    "rtd",
    "rtd_lite",
    "rtd_lite_barcode",
    "srtd_barcode",
    "srtd_lite",
]
