"""Networks of timm by name, where timm is installed (``pip install 'repsim-dashboard[timm]'``)."""

import math
import urllib.request
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Literal

from repsim_core.errors import InputError, unknown_name
from repsim_core.types import ModelCard

if TYPE_CHECKING:
    from torch import nn

    from repsim_core.models.model import Model

PREFIX = "timm/"
_SECONDS = 10.0  # to find out whether the hub answers; its own client would retry for most of a minute


@dataclass(frozen=True)
class Inputs:
    """The pictures that a network of timm is made for, and the classes of its head."""

    shape: tuple[int, int, int]
    classes: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    resize: int
    interpolation: Literal["bilinear", "bicubic"]


def installed() -> bool:
    """Whether timm is installed; it is not imported."""
    return find_spec("timm") is not None


@lru_cache
def names() -> tuple[str, ...]:
    """Full names of all networks of the installed timm."""
    if not installed():
        return ()
    import timm

    return tuple(PREFIX + name for name in timm.list_models())


def cards() -> list[ModelCard]:
    """A card for every network of timm. Its parameters are not known before it is built: 0."""
    found = []
    for name in names():
        inputs = inputs_of(name)
        short = name.removeprefix(PREFIX)
        description = f"{short} of timm; pretrained: {', '.join(tags(name)) or 'none'}"
        found.append(ModelCard(name, "timm", short, "", inputs.shape, 0, description))
    return found


def tags(name: str) -> tuple[str, ...]:
    """The sets of pretrained weights of a network, by timm's tags."""
    short = _known(name).removeprefix(PREFIX)
    return tuple(one.partition(".")[2] for one in _pretrained() if one.partition(".")[0] == short)


@lru_cache
def _pretrained() -> tuple[str, ...]:
    import timm

    return tuple(timm.list_pretrained())


def inputs_of(name: str, tag: str = "") -> Inputs:
    """The pictures that a network, or one set of its weights, is made for."""
    import timm

    short = _known(name).removeprefix(PREFIX)
    config = timm.get_pretrained_cfg(f"{short}.{tag}" if tag else short)
    if config is None:
        return Inputs((3, 224, 224), 1000, (), (), 0, "bilinear")
    channels, height, width = config.input_size
    interpolation: Literal["bilinear", "bicubic"] = "bicubic" if config.interpolation == "bicubic" else "bilinear"
    cropped = config.crop_mode == "center" and config.crop_pct
    return Inputs(
        (channels, height, width),
        config.num_classes,
        tuple(config.mean),
        tuple(config.std),
        math.floor(min(height, width) / config.crop_pct) if cropped else 0,
        interpolation,
    )


def network(name: str, **arguments: Any) -> "nn.Module":
    """A network of timm with random weights."""
    import timm

    module: nn.Module = timm.create_model(_known(name).removeprefix(PREFIX), pretrained=False, **arguments)
    return module


def load_timm(name: str, weights: str | None = "DEFAULT", *, seed: int = 0) -> "Model":
    """A network of timm by its full name, "timm/vit_tiny_patch16_224".

    Parameters
    ----------
    weights : str or None
        "DEFAULT", one of timm's tags such as "augreg_in21k_ft_in1k", or None for random ones.

    Raises
    ------
    UnknownNameError
        If timm has no such network.
    InputError
        If timm is not installed, has no such weights, or they cannot be had.
    """
    from repsim_core.models.architectures import seeded
    from repsim_core.models.model import Model, weights_digest

    short = _known(name).removeprefix(PREFIX)
    known = tags(name)
    if weights is None:
        module, tag = seeded(lambda: network(name), seed), ""
        description = f"{short} of timm, random weights of seed {seed}"
    else:
        tag = (known[0] if known else "") if weights == "DEFAULT" else weights
        if tag not in known:
            choices = "".join(f', "{one}"' for one in known)
            offered = f'"DEFAULT"{choices} or None (random)' if known else "no published weights, only None (random)"
            raise InputError(f"{name} has {offered}, not {weights!r}.")
        module = _pretrained_network(name, tag)
        description = f"{short} of timm, weights {tag}"
    inputs = inputs_of(name, tag)
    card = ModelCard(
        name=name,
        family="timm",
        architecture=short,
        dataset="",
        input_shape=inputs.shape,
        parameters=sum(value.numel() for value in module.parameters()),
        description=description,
        seed=seed if weights is None else None,
        details={"weights": tag} if tag else {},
    )
    as_published = (inputs.mean, inputs.std, inputs.resize, inputs.interpolation) if tag else ()
    return Model(name, module.eval(), card, card.input_shape, weights_digest(module), *as_published)


def _pretrained_network(name: str, tag: str) -> "nn.Module":
    """What timm loads from its folder or from the hub; it reads tensors alone (safetensors, or weights_only)."""
    import timm
    from huggingface_hub import hf_hub_url, try_to_load_from_cache

    whole = f"{name.removeprefix(PREFIX)}.{tag}"
    try:
        repository = getattr(timm.get_pretrained_cfg(whole), "hf_hub_id", None)
        if repository and not isinstance(try_to_load_from_cache(repository, "model.safetensors"), str):
            address = hf_hub_url(repository, "model.safetensors")
            urllib.request.urlopen(urllib.request.Request(address, method="HEAD"), timeout=_SECONDS).close()
        module: nn.Module = timm.create_model(whole, pretrained=True)
    except (OSError, RuntimeError, ValueError) as error:  # HfHubHTTPError and LocalEntryNotFoundError are OSErrors
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
        raise InputError(
            f"The weights {tag} of {name} are not on this machine and cannot be downloaded ({reason}); "
            "choose weights=None for random weights, or bring weights of your own as a file."
        ) from error
    return module


def _known(name: str) -> str:
    if not installed():
        raise InputError(f"{name} needs timm, which is not installed; pip install 'repsim-dashboard[timm]'.")
    if name not in names():
        raise unknown_name("network of timm", name, names())
    return name
