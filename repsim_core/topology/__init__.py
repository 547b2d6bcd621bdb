"""Persistent homology of representations and of pairs of them."""

from repsim_core.topology.alpha import alpha
from repsim_core.topology.bands import NOISE_RULES, Band, confidence_band, noise_lengths
from repsim_core.topology.clouds import CLOUD_METRICS, cloud_distances
from repsim_core.topology.courses import NUMBERS, course_to_last, depth_course
from repsim_core.topology.cross import cross_barcode
from repsim_core.topology.diagram_distances import DIAGRAM_DISTANCES, diagram_distance, diagram_matching
from repsim_core.topology.diagram_matrices import compare_diagrams, compare_networks, model_distances, smoothness
from repsim_core.topology.distances import METRICS, SCALES, distances, normalised_distances
from repsim_core.topology.layer_diagrams import layer_diagrams, layer_distances, layer_points
from repsim_core.topology.lite import LITE_WARNING, rtd_lite, rtd_lite_barcode, srtd_barcode, srtd_lite
from repsim_core.topology.outliers import OUTLIER_RULES, outliers
from repsim_core.topology.rips import rips, rips_of_distances
from repsim_core.topology.rips_cost import largest_n, rips_cost
from repsim_core.topology.rtd import PUBLISHED_BATCH, chosen_subsets, rtd
from repsim_core.topology.subsamples import Landmarks, landmarks, stratified_subsets
from repsim_core.topology.summaries import (
    bars_above,
    betti_curve,
    landscape,
    persistence_entropy,
    persistence_image,
    silhouette,
    summary_table,
    total_persistence,
)

__all__ = [
    "CLOUD_METRICS",
    "DIAGRAM_DISTANCES",
    "LITE_WARNING",
    "METRICS",
    "NOISE_RULES",
    "NUMBERS",
    "OUTLIER_RULES",
    "PUBLISHED_BATCH",
    "SCALES",
    "Band",
    "Landmarks",
    "alpha",
    "bars_above",
    "betti_curve",
    "chosen_subsets",
    "cloud_distances",
    "compare_diagrams",
    "compare_networks",
    "confidence_band",
    "course_to_last",
    "cross_barcode",
    "depth_course",
    "diagram_distance",
    "diagram_matching",
    "distances",
    "landmarks",
    "landscape",
    "largest_n",
    "layer_diagrams",
    "layer_distances",
    "layer_points",
    "model_distances",
    "noise_lengths",
    "normalised_distances",
    "outliers",
    "persistence_entropy",
    "persistence_image",
    "rips",
    "rips_cost",
    "rips_of_distances",
    "rtd",
    "rtd_lite",
    "rtd_lite_barcode",
    "silhouette",
    "smoothness",
    "srtd_barcode",
    "srtd_lite",
    "stratified_subsets",
    "summary_table",
    "total_persistence",
]
