"""Results become Plotly figures here: pure functions, data in, figure out; nothing is computed, shown or cached."""

from repsim_core.figures.detail import example_matrices, projection, spectra
from repsim_core.figures.export import coloured, for_export
from repsim_core.figures.matrix import add_pick_layer, best_match_curves, similarity_heatmap
from repsim_core.figures.stimuli import class_balance, points, stimuli_grid, target_histogram

__all__ = [
    "add_pick_layer",
    "best_match_curves",
    "class_balance",
    "coloured",
    "example_matrices",
    "for_export",
    "points",
    "projection",
    "similarity_heatmap",
    "spectra",
    "stimuli_grid",
    "target_histogram",
]
