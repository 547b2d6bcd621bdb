"""Networks: a zoo that ships, and torchvision's classifiers, with what each needs to be shown stimuli."""

from repsim_core.models.architectures import build
from repsim_core.models.dry_run import layers
from repsim_core.models.model import Model
from repsim_core.models.register import available, load

__all__ = ["Model", "available", "build", "layers", "load"]
