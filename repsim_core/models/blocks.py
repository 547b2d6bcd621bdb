"""Parts that the small networks share. Every step is a module of its own, never in place, so a hook can read it."""

from torch import Tensor, nn

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "tanh": nn.Tanh,
    "linear": nn.Identity,
}


class ConvBlock(nn.Sequential):
    """Convolution, batch norm (or none) and ReLU, as ``conv``, ``norm`` and ``relu``."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        kernel: int = 3,
        stride: int = 1,
        padding: int | None = None,
        groups: int = 1,
        norm: bool = True,
        relu: bool = True,
    ) -> None:
        super().__init__()
        pad = kernel // 2 if padding is None else padding
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, pad, groups=groups, bias=not norm)
        if norm:
            self.norm = nn.BatchNorm2d(outputs)
        if relu:
            self.relu = nn.ReLU()


class GlobalAverage(nn.Module):
    """Mean over positions: (n, channels, height, width) to (n, channels)."""

    def forward(self, x: Tensor) -> Tensor:
        """Mean over the last two axes."""
        return x.mean(dim=(2, 3))


class Residual(nn.Module):
    """``body`` plus a shortcut: the identity, or a 1 × 1 convolution where the shape changes; then ReLU if wanted."""

    def __init__(self, body: nn.Module, shortcut: nn.Module | None = None, *, relu: bool = True) -> None:
        super().__init__()
        self.body = body
        self.shortcut = shortcut or nn.Identity()
        self.relu = nn.ReLU() if relu else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """The sum of both ways."""
        out: Tensor = self.relu(self.body(x) + self.shortcut(x))
        return out


def enlarge(inputs: tuple[int, ...], size: int | None) -> nn.Module | None:
    """Bilinear enlargement to ``size`` pixels a side; None where the images have that size already."""
    if size is None or inputs[1:] == (size, size):
        return None
    return nn.Upsample(size=(size, size), mode="bilinear", align_corners=False)
