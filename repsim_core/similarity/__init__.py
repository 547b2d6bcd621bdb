"""Similarity of representations: the registry of measures, one score, all pairs of layers, one pair up close."""

from repsim_core.similarity.close_up import aligned_projection, example_similarity, subset
from repsim_core.similarity.doubts import doubts_about_stimuli
from repsim_core.similarity.layers import compare_layers
from repsim_core.similarity.measure import Claims, Measure
from repsim_core.similarity.measures import MEASURES, measure_named, score
from repsim_core.similarity.preprocessing import preprocessed
from repsim_core.similarity.profile import (
    LayerProfile,
    Spectrum,
    layer_profile,
    spectrum,
    spectrum_slope,
    twonn_dimension,
)
from repsim_core.similarity.significance import permutation_test

__all__ = [
    "MEASURES",
    "Claims",
    "LayerProfile",
    "Measure",
    "Spectrum",
    "aligned_projection",
    "compare_layers",
    "doubts_about_stimuli",
    "example_similarity",
    "layer_profile",
    "measure_named",
    "permutation_test",
    "preprocessed",
    "score",
    "spectrum",
    "spectrum_slope",
    "subset",
    "twonn_dimension",
]
