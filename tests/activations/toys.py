"""Toy networks with integer weights, each with one trap, worked out in the head."""

import numpy as np
import torch
from torch import nn


def linear(rows, bias=None):
    layer = nn.Linear(len(rows[0]), len(rows))
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(rows, dtype=torch.float32))
        layer.bias.copy_(torch.tensor(bias or [0.0] * len(rows)))
    return layer


class InPlace(nn.Module):
    """Identity, then a ReLU that overwrites it (or not), then a sum."""

    def __init__(self, inplace=True):
        super().__init__()
        self.first = linear([[1, 0], [0, 1]])
        self.relu = nn.ReLU(inplace=inplace)
        self.last = linear([[1, 1]])

    def forward(self, x):
        return self.last(self.relu(self.first(x)))


class Residual(nn.Module):
    """Adds its input into the recorded output in place."""

    def __init__(self):
        super().__init__()
        self.body = linear([[1, 0], [0, 1]])

    def forward(self, x):
        out = self.body(x)
        out += x
        return out


class Reused(nn.Module):
    """One ReLU that runs twice, registered before the layers around it."""

    def __init__(self):
        super().__init__()
        self.relu = nn.ReLU()
        self.second = linear([[1, 1]], [-3.0])
        self.first = linear([[1, 0], [0, -1]])
        self.unused = linear([[1, 0]])

    def forward(self, x):
        return self.relu(self.second(self.relu(self.first(x))))


class Outputs(nn.Module):
    """A child for each kind of output."""

    def __init__(self):
        super().__init__()
        self.pair = Returns(lambda x: (x, x + 1))
        self.mapping = Returns(lambda x: {"aux": x, "logits": 2 * x})
        self.unnamed = Returns(lambda x: {"note": "text", "second": 3 * x})
        self.text = Returns(lambda x: "no tensor")
        self.nothing = Returns(lambda x: None)
        self.mean = Returns(lambda x: x.mean())
        self.turned = Returns(lambda x: x.T)

    def forward(self, x):
        for child in self.children():
            child(x)
        return x


class Returns(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


class Fails(nn.Module):
    """Works on two stimuli, breaks in the middle of a larger batch."""

    def __init__(self):
        super().__init__()
        self.first = linear([[1, 0], [0, 1]])
        self.last = linear([[1, 1]])

    def forward(self, x):
        x = self.first(x)
        if len(x) > 2:
            raise RuntimeError("the pump is out")
        return self.last(x)


class Frozen(nn.Module):
    """A batch norm kept in evaluation mode inside a network in training mode, and a dropout."""

    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(2)
        self.drop = nn.Dropout(0.5)
        self.last = linear([[1, 1]])
        self.train()
        self.norm.eval()

    def forward(self, x):
        return self.last(self.drop(self.norm(x)))


def debiased_cka(x, y):
    """By the definition, in float64: cosine of the U-centred Gram matrices (Song et al. 2012)."""
    n = len(x)

    def u(features):
        kernel = features.astype(np.float64) - features.astype(np.float64).mean(axis=0)
        kernel = kernel @ kernel.T
        np.fill_diagonal(kernel, 0)
        rows = kernel.sum(axis=1)
        kernel = kernel - (rows[:, None] + rows[None, :]) / (n - 2) + rows.sum() / ((n - 1) * (n - 2))
        np.fill_diagonal(kernel, 0)
        return kernel.ravel()

    k, m = u(x), u(y)
    return k @ m / np.sqrt((k @ k) * (m @ m))
