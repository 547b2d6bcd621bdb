"""The small networks by name."""

import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from repsim_core.errors import InputError, unknown_name
from repsim_core.models.convolutional import cnn, plain, tiny10, vgg
from repsim_core.models.perceptron import mlp
from repsim_core.models.residual import mobilenet, resnet, skip
from repsim_core.models.transformer import vit

ARCHITECTURES: dict[str, Callable[..., nn.Module]] = {
    one.__name__: one for one in (cnn, tiny10, plain, skip, resnet, vgg, mobilenet, vit, mlp)
}


def build(architecture: str, **arguments: Any) -> nn.Module:
    """Freshly initialised network, from torch's global generator.

    Parameters
    ----------
    architecture : str
        "cnn", "tiny10", "plain", "skip", "resnet", "vgg", "mobilenet", "vit" or "mlp".
    **arguments
        Those of the architecture; lists count as tuples, so they may come from JSON.

    Returns
    -------
    nn.Module
        In training mode.

    Raises
    ------
    UnknownNameError
        If there is no such architecture.
    InputError
        If it does not take these arguments.

    Examples
    --------
    >>> [name for name, _ in build("cnn", width=4).named_children()][-2:]
    ['pool', 'head']
    """
    if architecture not in ARCHITECTURES:
        raise unknown_name("architecture", architecture, ARCHITECTURES)
    maker = ARCHITECTURES[architecture]
    known = inspect.signature(maker).parameters
    for name in arguments:
        if name not in known:
            raise InputError(f"{architecture} takes no argument {name!r}; it takes {', '.join(known)}.")
    return maker(**{name: tuple(value) if isinstance(value, list) else value for name, value in arguments.items()})


def seeded(maker: Callable[[], nn.Module], seed: int) -> nn.Module:
    """What ``maker`` builds under ``torch.manual_seed(seed)``; the global generator is left where it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return maker()
