"""Another preparation of the stimuli than the network's own: without its normalisation, or at another size.

It is written behind the name, ``torchvision/resnet18@IMAGENET1K_V1~norm:off~side:160``, which is all that recipes and
links carry.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from repsim_core.errors import InputError

if TYPE_CHECKING:
    from repsim_core.models.model import Model

MARK, NORM_OFF, SIDE = "~", "norm:off", "side:"
SMALLEST, LARGEST = 4, 512  # pixels a side


@dataclass(frozen=True)
class Preparation:
    """What differs from the network's own; ``side`` None keeps its size."""

    normalised: bool = True
    side: int | None = None

    def __str__(self) -> str:
        steps = [NORM_OFF] * (not self.normalised) + [f"{SIDE}{self.side}"] * (self.side is not None)
        return "".join(MARK + one for one in steps)


def preparation(name: str) -> tuple[str, Preparation]:
    """The name of a network without its preparation, and that.

    Raises
    ------
    InputError
        If what follows a ``~`` is neither ``norm:off`` nor ``side:`` with a number from 4 to 512.

    Examples
    --------
    >>> preparation("torchvision/resnet18~side:96")
    ('torchvision/resnet18', Preparation(normalised=True, side=96))
    """
    base, *steps = name.split(MARK)
    found = Preparation()
    for one in steps:
        digits = one.removeprefix(SIDE)
        if one == NORM_OFF:
            found = replace(found, normalised=False)
        elif one.startswith(SIDE) and digits.isascii() and digits.isdigit() and SMALLEST <= int(digits[:6]) <= LARGEST:
            found = replace(found, side=int(digits))
        else:
            raise InputError(
                f"{one[:40]!r} in the name of a network is no preparation; write ~{NORM_OFF}, or ~{SIDE}96 for a size "
                f"from {SMALLEST} to {LARGEST} pixels."
            )
    return base, found


def prepared_as(model: "Model", wanted: Preparation) -> "Model":
    """The same network with another preparation of its stimuli; its weights are shared.

    Raises
    ------
    InputError
        If it does not normalise, takes no pictures, or cannot run on pictures of that size.
    """
    name = model.name + str(wanted)
    if not wanted.normalised:
        if not model.mean:
            raise InputError(f"{model.name} does not normalise its stimuli, so that cannot be left out.")
        model = replace(model, mean=(), std=())
    if wanted.side is not None and wanted.side not in model.input_shape[1:]:
        model = _resized(model, wanted.side)
    card = model.card and replace(model.card, input_shape=model.input_shape)
    if card and wanted != Preparation():  # the scores were reached with its own preparation
        card = replace(card, train_score=None, test_score=None)
    return replace(model, name=name, card=card)


def _resized(model: "Model", side: int) -> "Model":
    import torch

    from repsim_core.models.dry_run import forward
    from repsim_core.models.hooks import evaluation_mode

    if len(model.input_shape) != 3:
        raise InputError(f"{model.name} takes vectors, not pictures; leave its size as it is.")
    channels, _, own = model.input_shape
    try:
        with torch.no_grad(), evaluation_mode(model.module):
            forward(model.module, torch.zeros(2, channels, side, side))
    except InputError as error:
        raise InputError(
            f"{model.name} is made for pictures of {own} × {own} and cannot run on {side} × {side}; leave its size as "
            "it is."
        ) from error
    return replace(model, input_shape=(channels, side, side), resize=round(model.resize * side / own))
