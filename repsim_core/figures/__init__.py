"""Results become Plotly figures here: pure functions, data in, figure out; nothing is computed, shown or cached."""

from repsim_core.figures.ablation import ablation_grid
from repsim_core.figures.agreement import cell_scatter
from repsim_core.figures.alignment_curves import Curve, alignment_curves, curves_of, layer_areas, one_alignment_curve
from repsim_core.figures.alignment_directions import (
    add_direction_picks,
    aligned_spectrum,
    energy_heatmap,
    stimuli_along,
)
from repsim_core.figures.alignment_uses import descent_curves, transfer_gains
from repsim_core.figures.depth import depth_curves
from repsim_core.figures.detail import example_matrices, projection, spectra
from repsim_core.figures.export import coloured, for_export
from repsim_core.figures.inference import null_histogram, score_against_n
from repsim_core.figures.labs import named_bars, tidy_curves
from repsim_core.figures.matrix import add_pick_layer, best_match_curves, similarity_heatmap
from repsim_core.figures.networks import network_heatmap, network_map, network_tree, share_bars
from repsim_core.figures.singular_vectors import add_cosine_picks, cosine_matrix
from repsim_core.figures.sketch import sketch
from repsim_core.figures.stimuli import class_balance, points, stimuli_grid, target_histogram, thumbnail
from repsim_core.figures.topology import (
    barcode,
    persistence_diagram,
    rtd_against_batch,
    stacked_parts,
    trial_curve,
    value_curves,
)

__all__ = [
    "Curve",
    "ablation_grid",
    "add_cosine_picks",
    "add_direction_picks",
    "add_pick_layer",
    "aligned_spectrum",
    "alignment_curves",
    "barcode",
    "best_match_curves",
    "cell_scatter",
    "class_balance",
    "coloured",
    "cosine_matrix",
    "curves_of",
    "depth_curves",
    "descent_curves",
    "energy_heatmap",
    "example_matrices",
    "for_export",
    "layer_areas",
    "named_bars",
    "network_heatmap",
    "network_map",
    "network_tree",
    "null_histogram",
    "one_alignment_curve",
    "persistence_diagram",
    "points",
    "projection",
    "rtd_against_batch",
    "score_against_n",
    "share_bars",
    "similarity_heatmap",
    "sketch",
    "spectra",
    "stacked_parts",
    "stimuli_along",
    "stimuli_grid",
    "target_histogram",
    "thumbnail",
    "tidy_curves",
    "transfer_gains",
    "trial_curve",
    "value_curves",
]
