"""Torchvision's classification networks, random or with the weights that torchvision publishes.

Torchvision takes seconds to import, so it is imported by the first call that needs it.
"""

from functools import lru_cache
from pickle import UnpicklingError  # noqa: TID251 (what torch raises; nothing is unpickled here)
from typing import Any, Literal

from torch import nn

from repsim_core.errors import FormatError, InputError
from repsim_core.models.architectures import seeded
from repsim_core.models.model import Model, weights_digest
from repsim_core.types import ModelCard

PREFIX = "torchvision/"
_SIDE = 64  # pixels, for networks without published weights; small enough to explore


@lru_cache
def names() -> tuple[str, ...]:
    """Full names of all classification networks of the installed torchvision."""
    import torchvision

    return tuple(PREFIX + name for name in torchvision.models.list_models(module=torchvision.models))


def _side(module: nn.Module, published: Any) -> int:
    """64, unless the network is made for one size or cannot take so little."""
    smallest = max(published.meta.get("min_size", (1, 1)))
    crop = published.transforms().crop_size[0]
    return _SIDE if smallest <= _SIDE else int(getattr(module, "image_size", crop))


def load_classifier(full_name: str, weights: Literal["DEFAULT"] | None = "DEFAULT", *, seed: int = 0) -> Model:
    """A torchvision network by its full name, "torchvision/resnet18".

    Raises
    ------
    InputError
        If the published weights can be neither found nor downloaded.
    FormatError
        If the file of weights is damaged, or holds anything but weights.
    """
    import torchvision

    name = full_name.removeprefix(PREFIX)
    published = torchvision.models.get_model_weights(name).DEFAULT
    if weights is None:
        module = seeded(lambda: _without_warning(name), seed)
        side, mean, std = _side(module, published), (), ()
        description = f"{name} of torchvision, random weights of seed {seed}"
    elif weights == "DEFAULT":
        module = _published(full_name, published)
        transforms = published.transforms()
        side, mean, std = int(transforms.crop_size[0]), tuple(transforms.mean), tuple(transforms.std)
        description = f"{name} of torchvision, weights {published.name}"
    else:
        raise InputError(f'{full_name} has weights "DEFAULT" (published) or None (random), not {weights!r}.')
    module.eval()
    card = ModelCard(
        name=full_name,
        family="torchvision",
        architecture=name,
        dataset="ImageNet" if weights else "",
        input_shape=(3, side, side),
        parameters=sum(value.numel() for value in module.parameters()),
        description=description,
        seed=None if weights else seed,
    )
    return Model(full_name, module, card, card.input_shape, weights_digest(module), mean, std)


def _without_warning(name: str) -> nn.Module:
    """Random weights; Inception and GoogLeNet are told which initialisation to use, or they warn about it."""
    import torchvision

    extra = {"init_weights": True} if name in ("googlenet", "inception_v3") else {}
    module: nn.Module = torchvision.models.get_model(name, weights=None, **extra)
    return module


def _published(full_name: str, published: Any) -> nn.Module:
    """Torchvision's own loading, after a first reading that accepts tensors alone.

    A download is checked against the hash in its file name; a file that is there already is taken as it is, but is
    never unpickled into anything but tensors.
    """
    import torchvision

    name = full_name.removeprefix(PREFIX)
    try:
        published.get_state_dict(progress=False, check_hash=True, map_location="cpu", weights_only=True)
        module: nn.Module = torchvision.models.get_model(name, weights=published, progress=False)
    except OSError as error:  # URLError and the lack of a route are among them
        raise InputError(
            f"The published weights of {full_name} are not on this machine and cannot be downloaded ({error}); "
            "connect it, or choose weights=None for random weights."
        ) from error
    except (RuntimeError, UnpicklingError, EOFError, ValueError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise FormatError(
            f"The published weights of {full_name} are damaged ({reason}); "
            f"delete {published.url.rsplit('/', 1)[-1]} from torch's hub folder, or choose weights=None."
        ) from error
    return module
