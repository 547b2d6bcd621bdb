"""Fully connected networks."""

from math import prod

from torch import nn

from repsim_core.errors import unknown_name
from repsim_core.models.blocks import ACTIVATIONS


def mlp(
    inputs: tuple[int, ...] = (1, 8, 8),
    outputs: int = 1,
    depth: int = 3,
    width: int = 128,
    activation: str = "relu",
    hidden_bias: bool = False,
) -> nn.Sequential:
    """``depth`` hidden layers ``linear1``, ``act1``, ``linear2``, ... and a ``head``, on flattened inputs."""
    if activation not in ACTIVATIONS:
        raise unknown_name("activation", activation, ACTIVATIONS)
    net = nn.Sequential()
    if len(inputs) > 1:
        net.add_module("flatten", nn.Flatten())
    before = prod(inputs)
    for i in range(1, depth + 1):
        net.add_module(f"linear{i}", nn.Linear(before, width, bias=hidden_bias))
        net.add_module(f"act{i}", ACTIVATIONS[activation]())
        before = width
    net.add_module("head", nn.Linear(before, outputs))
    return net
