"""A small vision transformer; the attention weights pass through a module, so a hook can read them."""

import torch
from torch import Tensor, nn

from repsim_core.models.blocks import enlarge


class Attention(nn.Module):
    """Self-attention over tokens, (n, tokens, width); ``softmax`` gives the weights (n, heads, tokens, tokens)."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.softmax = nn.Softmax(dim=-1)
        self.project = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Mix the tokens."""
        n, tokens, width = x.shape
        q, k, v = self.qkv(x).reshape(n, tokens, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        weights = self.softmax(q @ k.transpose(-2, -1) * (width // self.heads) ** -0.5)
        mixed: Tensor = self.project((weights @ v).transpose(1, 2).reshape(n, tokens, width))
        return mixed


class Block(nn.Module):
    """Attention and a two-layer perceptron, each normalised before and added to its input."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attention = Attention(width, heads)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        """Tokens to tokens."""
        x = x + self.attention(self.norm1(x))
        out: Tensor = x + self.mlp(self.norm2(x))
        return out


class Patches(nn.Module):
    """Non-overlapping patches, each a token, plus a learnt code of its place."""

    def __init__(self, channels: int, side: int, patch: int, width: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, width, patch, patch)
        self.position = nn.Parameter(torch.randn(1, (side // patch) ** 2, width) * 0.02)

    def forward(self, x: Tensor) -> Tensor:
        """(n, channels, side, side) to (n, tokens, width)."""
        tokens: Tensor = self.conv(x).flatten(2).transpose(1, 2)
        return tokens + self.position


class TokenMean(nn.Module):
    """Mean over tokens: (n, tokens, width) to (n, width)."""

    def forward(self, x: Tensor) -> Tensor:
        """Mean over the second axis."""
        return x.mean(dim=1)


def vit(
    inputs: tuple[int, int, int] = (1, 8, 8),
    outputs: int = 10,
    width: int = 32,
    depth: int = 3,
    heads: int = 4,
    size: int | None = 16,
) -> nn.Sequential:
    """Sixteen patches, ``depth`` blocks of attention, mean over the tokens, linear head."""
    net = nn.Sequential()
    larger = enlarge(inputs, size)
    if larger is not None:
        net.add_module("enlarge", larger)
    side = size or inputs[1]
    net.add_module("patches", Patches(inputs[0], side, side // 4, width))
    for i in range(1, depth + 1):
        net.add_module(f"block{i}", Block(width, heads))
    net.add_module("norm", nn.LayerNorm(width))
    net.add_module("pool", TokenMean())
    net.add_module("head", nn.Linear(width, outputs))
    return net
