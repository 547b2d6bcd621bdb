"""Similarity of representations: the registry of measures, one score, all pairs of layers, one pair up close."""

from repsim_core.similarity.layers import compare_layers
from repsim_core.similarity.measure import Claims, Measure
from repsim_core.similarity.measures import MEASURES, measure_named, score
from repsim_core.similarity.profile import Spectrum, aligned_projection, example_similarity, spectrum, subset

__all__ = [
    "MEASURES",
    "Claims",
    "Measure",
    "Spectrum",
    "aligned_projection",
    "compare_layers",
    "example_similarity",
    "measure_named",
    "score",
    "spectrum",
    "subset",
]
