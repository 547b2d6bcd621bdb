"""Activations: responses of layers to stimuli."""

from repsim_core.activations.extract import extract, needed_bytes
from repsim_core.activations.from_file import from_file
from repsim_core.activations.pooling import POOLINGS
from repsim_core.activations.store import remembered, stored
from repsim_core.activations.to_file import ENDINGS, to_file
from repsim_core.models.dry_run import default_layers

__all__ = [
    "ENDINGS",
    "POOLINGS",
    "default_layers",
    "extract",
    "from_file",
    "needed_bytes",
    "remembered",
    "stored",
    "to_file",
]
