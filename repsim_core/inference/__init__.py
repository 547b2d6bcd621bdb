"""Statistics on every number: error bars, chance levels, permutation tests, bias, how many stimuli are enough."""

from repsim_core.inference.bias import (
    bias_warning,
    chance_of_biased_cka,
    effective_units,
    independent_cka,
    stimuli_for_bias,
)
from repsim_core.inference.calibrated import calibrated_best, calibrated_best_matches, calibrated_scores
from repsim_core.inference.enough_stimuli import score_against_stimuli
from repsim_core.inference.half_subsamples import half_subsamples
from repsim_core.inference.influence import duplicated_rows, outlying_rows, variance_shares
from repsim_core.inference.jackknife import cka_standard_error, cka_standard_errors, cka_without_each
from repsim_core.inference.permutation import embedding_permutation_test, score_permutation_test

__all__ = [
    "bias_warning",
    "calibrated_best",
    "calibrated_best_matches",
    "calibrated_scores",
    "chance_of_biased_cka",
    "cka_standard_error",
    "cka_standard_errors",
    "cka_without_each",
    "duplicated_rows",
    "effective_units",
    "embedding_permutation_test",
    "half_subsamples",
    "independent_cka",
    "outlying_rows",
    "score_against_stimuli",
    "score_permutation_test",
    "stimuli_for_bias",
    "variance_shares",
]
