"""Activations: responses of layers to stimuli."""

from repsim_core.activations.extract import extract, needed_bytes
from repsim_core.activations.pooling import POOLINGS
from repsim_core.activations.store import remembered, stored
from repsim_core.models.dry_run import default_layers

__all__ = ["POOLINGS", "default_layers", "extract", "needed_bytes", "remembered", "stored"]
