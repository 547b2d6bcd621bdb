"""Do the strong directions of a layer point at the targets, and at the strong directions of another layer?"""

from repsim_core.alignment.descent import descended_losses, descent_curve
from repsim_core.alignment.label import FORM_SENTENCES, FORMS, label_alignment
from repsim_core.alignment.layers import INPUT, align_layers
from repsim_core.alignment.probe import Probe, few_label_probe
from repsim_core.alignment.targets import CODINGS, Targets, class_targets, dataset_targets
from repsim_core.alignment.vectors import RULE, left_vectors, singular_vector_alignment

__all__ = [
    "CODINGS",
    "FORMS",
    "FORM_SENTENCES",
    "INPUT",
    "RULE",
    "Probe",
    "Targets",
    "align_layers",
    "class_targets",
    "dataset_targets",
    "descended_losses",
    "descent_curve",
    "few_label_probe",
    "label_alignment",
    "left_vectors",
    "singular_vector_alignment",
]
