"""Ablation: units of a layer switched off by what they are selective for and how active they are."""

from repsim_core.ablation.experiment import ablation_grid, ablation_study, lesion, units_within
from repsim_core.ablation.grams import CCA_FAMILY, PAPER_MEASURES, SHORTCUTS
from repsim_core.ablation.layer import REPLACEMENTS
from repsim_core.ablation.probes import PROBES
from repsim_core.ablation.published import PUBLISHED, PUBLISHED_CONTRASTS, SOURCE
from repsim_core.ablation.relate import relate, spearman
from repsim_core.ablation.units import UNITS, channel_of, equal_count_grid, unit_scores

__all__ = [
    "CCA_FAMILY",
    "PAPER_MEASURES",
    "PROBES",
    "PUBLISHED",
    "PUBLISHED_CONTRASTS",
    "REPLACEMENTS",
    "SHORTCUTS",
    "SOURCE",
    "UNITS",
    "ablation_grid",
    "ablation_study",
    "channel_of",
    "equal_count_grid",
    "lesion",
    "relate",
    "spearman",
    "unit_scores",
    "units_within",
]
