"""Torchvision's classification networks, random or with the weights that torchvision publishes.

Torchvision takes seconds to import, so it is imported by the first call that needs it.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from torch import nn

from repsim_core.errors import InputError
from repsim_core.models.architectures import seeded
from repsim_core.models.download import damaged, fetched, first_line
from repsim_core.models.model import Model, weights_digest
from repsim_core.models.skeleton import torchvision_network
from repsim_core.models.torchvision_names import PREFIX
from repsim_core.types import ModelCard

_SIDE = 64  # pixels, for networks without published weights; small enough to explore


@lru_cache
def names() -> tuple[str, ...]:
    """Full names of all classification networks of the installed torchvision."""
    import torchvision

    return tuple(PREFIX + name for name in torchvision.models.list_models(module=torchvision.models))


def published_entry(full_name: str, weights: str = "DEFAULT") -> Any:
    """Torchvision's own entry for a set of published weights.

    Raises
    ------
    InputError
        If there is no such set.
    """
    import torchvision

    sets = torchvision.models.get_model_weights(full_name.removeprefix(PREFIX))
    usable = [one.name for one in sets if one.meta["categories"]]  # vgg16 has one without a classifier
    if weights == "DEFAULT":
        return sets.DEFAULT
    if weights not in usable:
        raise InputError(
            f'{full_name} has weights "DEFAULT" ({sets.DEFAULT.name})'
            + "".join(f', "{one}"' for one in usable)
            + f" or None (random), not {weights!r}."
        )
    return sets[weights]


def load_classifier(
    full_name: str,
    weights: str | None = "DEFAULT",
    *,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Model:
    """A torchvision network by its full name, "torchvision/resnet18".

    Raises
    ------
    InputError
        If the published weights can be neither found nor downloaded, or there is no such set.
    FormatError
        If the file of weights is damaged or another one, or holds anything but weights.
    """
    name = full_name.removeprefix(PREFIX)
    if weights is None:
        module = seeded(lambda: torchvision_network(name, {}), seed)
        side = _side(module, published_entry(full_name))
        card = _card(full_name, module, side, f"{name} of torchvision, random weights of seed {seed}", seed=seed)
        return Model(full_name, module.eval(), card, card.input_shape, weights_digest(module))
    entry = published_entry(full_name, weights)
    fetched(full_name, entry.url, progress)
    module = _published(full_name, entry)
    transforms = entry.transforms()
    side = int(transforms.crop_size[0])
    card = _card(full_name, module, side, f"{name} of torchvision, weights {entry.name}", entry=entry)
    return Model(
        full_name,
        module.eval(),
        card,
        card.input_shape,
        weights_digest(module),
        tuple(transforms.mean),
        tuple(transforms.std),
        int(transforms.resize_size[0]),
        transforms.interpolation.value,
    )


def _card(
    full_name: str, module: nn.Module, side: int, description: str, *, seed: int | None = None, entry: Any = None
) -> ModelCard:
    score = entry.meta["_metrics"]["ImageNet-1K"]["acc@1"] / 100 if entry else None
    return ModelCard(
        name=full_name,
        family="torchvision",
        architecture=full_name.removeprefix(PREFIX),
        dataset="ImageNet" if entry else "",
        input_shape=(3, side, side),
        parameters=sum(value.numel() for value in module.parameters()),
        description=description,
        seed=seed,
        test_score=score,
        details={"weights": entry.name, "classes": tuple(entry.meta["categories"])} if entry else {},
    )


def _side(module: nn.Module, published: Any) -> int:
    """64, unless the network is made for one size or cannot take so little."""
    smallest = max(published.meta.get("min_size", (1, 1)))
    crop = published.transforms().crop_size[0]
    return _SIDE if smallest <= _SIDE else int(getattr(module, "image_size", crop))


def _published(full_name: str, entry: Any) -> nn.Module:
    """Torchvision's own loading of a file that has been checked: it knows what each set changes in the network."""
    import torchvision

    try:
        module: nn.Module = torchvision.models.get_model(full_name.removeprefix(PREFIX), weights=entry, progress=False)
    except RuntimeError as error:  # the tensors are those of another network
        raise damaged(full_name, entry.url.rsplit("/", 1)[-1], first_line(error)) from error
    return module
