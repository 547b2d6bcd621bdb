"""Perceptrons without hidden biases, trained as those of the zoo are, from any seed and on any stimuli."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from repsim_core.models import Model
from repsim_core.models.architectures import build, seeded
from repsim_core.models.model import weights_digest

RATES: Mapping[str, float] = {"adam": 1e-3, "sgd": 0.05}
MOMENTUM, BATCH = 0.9, 64


@dataclass(frozen=True)
class Perceptron:
    """A network of hidden layers, and how it is trained; the defaults are ``zoo/low-mlp-s10`` but for its seed."""

    depth: int = 3
    width: int = 128
    activation: str = "relu"
    optimiser: str = "adam"
    epochs: int = 100
    loss: Literal["logistic", "squared"] = "logistic"
    scaled: bool = True  # pixels to [−1, 1]

    @property
    def hidden(self) -> list[str]:
        """Its hidden layers, after their activations."""
        return [f"act{k}" for k in range(1, self.depth + 1)]


@dataclass(frozen=True, eq=False)
class Pair:
    """One network before and after its training."""

    initial: Model
    trained: Model


def trained_perceptron(kind: Perceptron, seed: int, inputs: NDArray[np.float32], targets: NDArray[Any]) -> Pair:
    """A network of its seed, trained on stimuli ``(n, ...)`` and targets ``(n,)``: 0 and 1, or numbers to be met.

    The same weights as the member of the zoo with that recipe and seed, on the machine that made it. One thread; the
    global generator is left as it was.
    """
    shape, middle = tuple(inputs.shape[1:]), (0.5,) if kind.scaled else ()

    def made() -> torch.nn.Module:
        return build("mlp", inputs=shape, depth=kind.depth, width=kind.width, activation=kind.activation)

    net = seeded(made, seed)
    start = {name: value.detach().clone() for name, value in net.state_dict().items()}
    x = Model("", net, None, shape, "", middle, middle).prepare(inputs)
    y = torch.tensor(np.asarray(targets), dtype=torch.float32)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        _fit(kind, net, x, y, torch.Generator().manual_seed(seed))
    finally:
        torch.set_num_threads(threads)
    models = []
    for state in (start, net.state_dict()):
        one = seeded(made, seed)
        one.load_state_dict(state)
        one.eval()
        models.append(Model(f"perceptron, seed {seed}", one, None, shape, weights_digest(one), middle, middle))
    return Pair(*models)


def _fit(kind: Perceptron, net: torch.nn.Module, x: Tensor, y: Tensor, generator: torch.Generator) -> None:
    rate = RATES[kind.optimiser]
    optimiser: torch.optim.Optimizer = (
        torch.optim.SGD(net.parameters(), lr=rate, momentum=MOMENTUM)
        if kind.optimiser == "sgd"
        else torch.optim.Adam(net.parameters(), lr=rate)
    )
    loss = functional.binary_cross_entropy_with_logits if kind.loss == "logistic" else functional.mse_loss
    net.train()
    for _ in range(kind.epochs):
        for rows in torch.randperm(len(x), generator=generator).split(BATCH):  # type: ignore[no-untyped-call]
            optimiser.zero_grad()
            loss(net(x[rows])[:, 0], y[rows]).backward()  # type: ignore[no-untyped-call]
            optimiser.step()
