"""Small networks in float64 with each kind of layer, a dataset of three classes, and the naive twin of an ablation."""

import copy

import numpy as np
import torch
from torch import nn

from repsim_core.types import Dataset, DatasetCard

N, CLASSES = 36, 3


def dataset(n=N, classes=CLASSES, shape=(2, 6, 6), seed=0, labels=None):
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % classes if labels is None else labels
    inputs = rng.normal(size=(n, *shape)).astype(np.float32) + np.reshape(labels, (n, *([1] * len(shape)))) * 0.5
    card = DatasetCard("toy", "image", "classification", shape, {"test": n}, tuple("abcdefgh"[:classes]), "toy", "seed")
    return Dataset(card, "test", inputs, labels, tuple(f"toy/{i}" for i in range(n)))


class Wide(nn.Module):
    """Casts its input to float64 and hands it on: code before the first layer."""

    def __init__(self, net):
        super().__init__()
        self.net = net.double()

    def forward(self, x):
        return self.net(x.double())


class Block(nn.Module):
    """Convolution, batch norm, ReLU in place, and the input added in place, as in ResNets."""

    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)
        self.norm = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x):
        out = self.relu(self.norm(self.conv(x)))
        out += x
        return self.relu(out)


class Tokens(nn.Module):
    """A patch embedding, attention whose output is a tuple, a residual stream of tokens, and a class token."""

    def __init__(self, width=8):
        super().__init__()
        self.patch = nn.Conv2d(2, width, 3, 3)
        self.token = nn.Parameter(torch.randn(1, 1, width))
        self.norm = nn.LayerNorm(width)
        self.attention = nn.MultiheadAttention(width, 2, batch_first=True)
        self.mlp = nn.Sequential(nn.Linear(width, 12), nn.GELU(), nn.Linear(12, width))
        self.head = nn.Linear(width, CLASSES)

    def forward(self, x):
        n = x.shape[0]
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(n, -1, -1), x], dim=1)
        y = self.norm(x)
        x = x + self.attention(y, y, y)[0]
        x = x + self.mlp(x)
        return self.head(x[:, 0])


class Viewed(nn.Module):
    """Flattens by ``view``, which takes no tensor whose channels lie last in memory."""

    def __init__(self):
        super().__init__()
        self.conv, self.relu, self.head = nn.Conv2d(2, 4, 3, padding=1), nn.ReLU(), nn.Linear(144, CLASSES)

    def forward(self, x):
        x = self.relu(self.conv(x))
        return self.head(x.view(len(x), -1))


def linear():
    return nn.Sequential(
        nn.Flatten(), nn.Linear(72, 20), nn.ReLU(), nn.Linear(20, 16), nn.Tanh(), nn.Linear(16, CLASSES)
    )


def convolutional():
    return nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1),
        nn.BatchNorm2d(4),
        nn.ReLU(inplace=True),
        nn.Conv2d(4, 4, 3, stride=2),
        nn.ReLU(inplace=True),
        nn.Flatten(),
        nn.Linear(16, CLASSES),
    )


def residual():
    return nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1), Block(4), Block(4), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(16, CLASSES)
    )


def built(make, seed=0):
    torch.manual_seed(seed)
    net = Wide(make())
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):  # as after a training
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
            module.weight.data.uniform_(0.5, 2)
            module.bias.data.normal_()
    return net.eval()


class Off(nn.Module):
    """A module some of whose units are always zero."""

    def __init__(self, inner, units, order=None, mean=None):
        super().__init__()
        self.inner, self.units, self.order, self.mean = inner, units, order, mean
        self.seen = None

    def forward(self, *arguments, **named):
        out = self.inner(*arguments, **named)
        first = out[0] if isinstance(out, tuple) else out
        flat = first.detach().clone().flatten(1)
        if self.order is not None:
            flat[:, self.units] = flat[self.order][:, self.units]
        else:
            flat[:, self.units] = 0.0 if self.mean is None else self.mean[self.units]
        flat = flat.reshape(first.shape)
        self.seen = flat.clone()
        return (flat, *out[1:]) if isinstance(out, tuple) else flat


def naive(net, layer, inputs, units, **more):
    """Outputs and responses of a copied network whose layer lacks some units, all stimuli at once."""
    found = copy.deepcopy(net)
    parent, _, name = layer.rpartition(".")
    parent = found.get_submodule(parent)
    off = Off(parent.get_submodule(name), torch.as_tensor(units, dtype=torch.long), **more)
    setattr(parent, name, off)
    with torch.no_grad():
        outputs = found(torch.from_numpy(np.array(inputs)))
    return outputs.numpy(), off.seen.flatten(1).numpy()
