"""Plain stacks of 3 × 3 convolutions: the networks of the layer-twin and depth studies, and a small VGG."""

from torch import nn

from repsim_core.models.blocks import ConvBlock, GlobalAverage, enlarge


def _stack(
    plan: list[tuple[int, int, int, int]],
    inputs: tuple[int, int, int],
    outputs: int,
    size: int | None,
    *,
    norm: bool = True,
) -> nn.Sequential:
    """``conv1``, ``conv2``, ... of (channels, kernel, stride, padding), then ``pool`` and ``head``."""
    net = nn.Sequential()
    larger = enlarge(inputs, size)
    if larger is not None:
        net.add_module("enlarge", larger)
    before = inputs[0]
    for i, (channels, kernel, stride, padding) in enumerate(plan, start=1):
        block = ConvBlock(before, channels, kernel=kernel, stride=stride, padding=padding, norm=norm)
        net.add_module(f"conv{i}", block)
        before = channels
    net.add_module("pool", GlobalAverage())
    net.add_module("head", nn.Linear(before, outputs))
    return net


def cnn(
    inputs: tuple[int, int, int] = (1, 8, 8),
    outputs: int = 10,
    width: int = 16,
    size: int | None = 16,
    norm: bool = True,
) -> nn.Sequential:
    """T6(w): convolutions of w, w↓, 2w, 2w↓, 4w channels (↓ halves the side), average pool, linear head."""
    w = width
    plan = [(w, 3, 1, 1), (w, 3, 2, 1), (2 * w, 3, 1, 1), (2 * w, 3, 2, 1), (4 * w, 3, 1, 1)]
    return _stack(plan, inputs, outputs, size, norm=norm)


def tiny10(
    inputs: tuple[int, int, int] = (1, 8, 8), outputs: int = 10, width: int = 16, size: int | None = 16
) -> nn.Sequential:
    """T10(w), after Tiny-10 of Kornblith et al. (2019): w, w, 2w↓, 2w, 2w, 4w↓, 4w unpadded, 4w 1 × 1, average pool."""
    w = width
    unpadded = 0 if (size or inputs[1]) > 8 else 1  # on 8 × 8 nothing would be left to see
    plan = [(w, 3, 1, 1), (w, 3, 1, 1), (2 * w, 3, 2, 1), (2 * w, 3, 1, 1), (2 * w, 3, 1, 1)]
    plan += [(4 * w, 3, 2, 1), (4 * w, 3, 1, unpadded), (4 * w, 1, 1, 0)]
    return _stack(plan, inputs, outputs, size)


def plain(
    inputs: tuple[int, int, int] = (1, 8, 8),
    outputs: int = 10,
    repeats: int = 1,
    widths: tuple[int, int] = (8, 16),
    size: int | None = None,
) -> nn.Sequential:
    """Plain(m): 2m convolutions of 8 channels, 16↓, 2m of 16, 16↓, m of 16, average pool; no way around a layer."""
    return _stack(plain_plan(repeats, widths), inputs, outputs, size)


def plain_plan(repeats: int, widths: tuple[int, int]) -> list[tuple[int, int, int, int]]:
    """(channels, kernel, stride, padding) of the 5m + 2 convolutions."""
    (narrow, wide), m = widths, repeats
    layers = [(narrow, 1)] * (2 * m) + [(wide, 2)] + [(wide, 1)] * (2 * m) + [(wide, 2)] + [(wide, 1)] * m
    return [(channels, 3, stride, 1) for channels, stride in layers]


def vgg(
    inputs: tuple[int, int, int] = (1, 8, 8),
    outputs: int = 10,
    widths: tuple[int, ...] = (12, 24, 48),
    repeats: int = 2,
    hidden: int = 48,
    size: int | None = 16,
) -> nn.Sequential:
    """Stages of equal convolutions with a maximum pool between them, then two linear layers."""
    net = nn.Sequential()
    larger = enlarge(inputs, size)
    if larger is not None:
        net.add_module("enlarge", larger)
    before = inputs[0]
    for stage, channels in enumerate(widths, start=1):
        for i in range(1, repeats + 1):
            net.add_module(f"conv{stage}_{i}", ConvBlock(before, channels))
            before = channels
        if stage < len(widths):
            net.add_module(f"pool{stage}", nn.MaxPool2d(2))
    net.add_module("pool", GlobalAverage())
    net.add_module("hidden", nn.Linear(before, hidden))
    net.add_module("hidden_relu", nn.ReLU())
    net.add_module("head", nn.Linear(hidden, outputs))
    return net
