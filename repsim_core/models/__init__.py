"""Networks: a zoo that ships, networks by name (torchvision, timm, Hugging Face), and files that somebody brings.

Listing what there is does not import torch, which takes seconds; the first network does.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from repsim_core.models.preparation import Preparation, prepared_as
from repsim_core.models.register import available, load
from repsim_core.models.torchvision_names import PublishedWeights, published

if TYPE_CHECKING:
    from repsim_core.models.architectures import build
    from repsim_core.models.dry_run import layers
    from repsim_core.models.files import from_file
    from repsim_core.models.model import Model
    from repsim_core.models.recorded import Recorded

_HOMES = {"build": "architectures", "layers": "dry_run", "from_file": "files", "Model": "model", "Recorded": "recorded"}

__all__ = [
    "Model",
    "Preparation",
    "PublishedWeights",
    "Recorded",
    "available",
    "build",
    "from_file",
    "layers",
    "load",
    "prepared_as",
    "published",
]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """The names that need torch, imported when they are first asked for."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
        globals()[name] = value
        return value
