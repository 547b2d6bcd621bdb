"""Networks with a way around their layers: a small ResNet, a small MobileNet, and the plain stack with skips."""

from torch import nn

from repsim_core.models.blocks import ConvBlock, GlobalAverage, Residual, enlarge
from repsim_core.models.convolutional import plain_plan


def _basic(before: int, channels: int, stride: int) -> Residual:
    """Two convolutions and a shortcut."""
    body = nn.Sequential()
    body.add_module("first", ConvBlock(before, channels, stride=stride))
    body.add_module("second", ConvBlock(channels, channels, relu=False))
    same = before == channels and stride == 1
    return Residual(body, None if same else ConvBlock(before, channels, kernel=1, stride=stride, relu=False))


def _inverted(before: int, channels: int, stride: int, expansion: int) -> nn.Module:
    """Widen, filter each channel, narrow; a shortcut where the shape stays."""
    middle = before * expansion
    body = nn.Sequential()
    body.add_module("expand", ConvBlock(before, middle, kernel=1))
    body.add_module("depthwise", ConvBlock(middle, middle, stride=stride, groups=middle))
    body.add_module("project", ConvBlock(middle, channels, kernel=1, relu=False))
    return Residual(body, relu=False) if before == channels and stride == 1 else body


def _start(inputs: tuple[int, int, int], size: int | None) -> nn.Sequential:
    net = nn.Sequential()
    larger = enlarge(inputs, size)
    if larger is not None:
        net.add_module("enlarge", larger)
    return net


def _finish(net: nn.Sequential, channels: int, outputs: int) -> nn.Sequential:
    net.add_module("pool", GlobalAverage())
    net.add_module("head", nn.Linear(channels, outputs))
    return net


def resnet(
    inputs: tuple[int, int, int] = (1, 8, 8),
    outputs: int = 10,
    widths: tuple[int, ...] = (12, 24, 48),
    repeats: int = 1,
    stem_stride: int = 1,
    size: int | None = 16,
) -> nn.Sequential:
    """A convolution, then stages of residual blocks; the side halves from stage to stage."""
    net = _start(inputs, size)
    net.add_module("stem", ConvBlock(inputs[0], widths[0], stride=stem_stride))
    before = widths[0]
    for stage, channels in enumerate(widths, start=1):
        for i in range(1, repeats + 1):
            net.add_module(f"block{stage}_{i}", _basic(before, channels, 2 if stage > 1 and i == 1 else 1))
            before = channels
    return _finish(net, before, outputs)


def mobilenet(
    inputs: tuple[int, int, int] = (1, 8, 8),
    outputs: int = 10,
    widths: tuple[int, ...] = (12, 16, 24, 32),
    repeats: int = 1,
    expansion: int = 3,
    stem_stride: int = 1,
    size: int | None = 16,
) -> nn.Sequential:
    """Inverted residual blocks with depthwise convolutions; the side halves before the second and third stage."""
    net = _start(inputs, size)
    net.add_module("stem", ConvBlock(inputs[0], widths[0], stride=stem_stride))
    before = widths[0]
    for stage, channels in enumerate(widths, start=1):
        for i in range(1, repeats + 1):
            stride = 2 if stage in (2, 3) and i == 1 else 1
            net.add_module(f"block{stage}_{i}", _inverted(before, channels, stride, expansion))
            before = channels
    net.add_module("last", ConvBlock(before, 2 * before, kernel=1))
    return _finish(net, 2 * before, outputs)


def skip(
    inputs: tuple[int, int, int] = (1, 8, 8),
    outputs: int = 10,
    repeats: int = 1,
    widths: tuple[int, int] = (8, 16),
    size: int | None = None,
) -> nn.Sequential:
    """The convolutions of ``plain(repeats)``, pair by pair inside residual blocks; the first stays outside."""
    net = _start(inputs, size)
    plan = [(channels, stride) for channels, _, stride, _ in plain_plan(repeats, widths)]
    net.add_module("stem", ConvBlock(inputs[0], plan[0][0]))
    before, rest, i = plan[0][0], plan[1:], 0
    while rest:
        i += 1
        if len(rest) == 1:
            channels, stride = rest.pop()
            net.add_module(f"conv{i}", ConvBlock(before, channels, stride=stride))
        else:
            (middle, first), (channels, second) = rest[:2]
            rest = rest[2:]
            body = nn.Sequential()
            body.add_module("first", ConvBlock(before, middle, stride=first))
            body.add_module("second", ConvBlock(middle, channels, stride=second, relu=False))
            stride = first * second
            same = before == channels and stride == 1
            shortcut = None if same else ConvBlock(before, channels, kernel=1, stride=stride, relu=False)
            net.add_module(f"block{i}", Residual(body, shortcut))
        before = channels
    return _finish(net, before, outputs)
