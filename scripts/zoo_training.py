"""Train one network from its line in ``zoo_members``: seeded start, seeded batches, one thread, no other state."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import safetensors.torch
import torch
from torch import Tensor, nn
from torch.nn import functional
from zoo_members import Run

from repsim_core import datasets
from repsim_core.models import Model
from repsim_core.models.architectures import build, seeded
from repsim_core.types import Dataset

State = dict[str, Tensor]


def arguments(run: Run) -> dict[str, Any]:
    """Arguments of the architecture, with the shapes that the dataset dictates."""
    card = next(one for one in datasets.available() if one.name == run.dataset)
    outputs = len(card.classes) if len(card.classes) > 2 else 1
    return {"inputs": card.input_shape, "outputs": outputs} | dict(run.arguments)


def halves(run: Run) -> tuple[Dataset, Dataset]:
    """Training and test stimuli; the same points twice where a set has no halves."""
    card = next(one for one in datasets.available() if one.name == run.dataset)
    train = datasets.load(run.dataset, split="train" if "train" in card.sizes else "all")
    return train, datasets.load(run.dataset)


def normalisation(run: Run) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and deviation that ``Model.prepare`` applies."""
    return ((0.5,), (0.5,)) if run.normalised else ((), ())


def trained(run: Run, start: State | None = None) -> Iterator[tuple[int, State]]:
    """Weights after each epoch to be kept, the start being epoch 0."""
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    net = seeded(lambda: build(run.architecture, **arguments(run)), run.seed)
    if start is not None:
        body = {name: value for name, value in start.items() if not name.startswith("head.")}
        net.load_state_dict(body, strict=False)
    inputs, targets = prepared(run, net)
    generator = torch.Generator().manual_seed(run.seed)
    optimiser = _optimiser(run, net)
    steps = math.ceil(len(inputs) / run.batch)
    loss = _loss(run)
    if 0 in run.members:
        yield 0, _state(net)
    net.train()
    for epoch in range(run.epochs):
        order = torch.randperm(len(inputs), generator=generator)
        for step, rows in enumerate(order.split(run.batch)):
            for group in optimiser.param_groups:
                group["lr"] = run.rate * factor(run, epoch + step / steps)
            optimiser.zero_grad()
            loss(net(shifted(inputs[rows], run.shift, generator)), targets[rows]).backward()
            if run.clip:
                nn.utils.clip_grad_norm_(net.parameters(), run.clip)
            optimiser.step()
        if epoch + 1 in run.members:
            yield epoch + 1, _state(net)


def prepared(run: Run, net: nn.Module) -> tuple[Tensor, Tensor]:
    """Training stimuli and targets as tensors; regression targets standardised."""
    train, _ = halves(run)
    mean, std = normalisation(run)
    inputs = Model(run.name, net, None, train.card.input_shape, "", mean, std).prepare(train.inputs)
    assert train.labels is not None
    if train.card.task == "regression":
        centre, scale = target_scale(run)
        return inputs, torch.tensor((train.labels - centre) / scale, dtype=torch.float32)
    return inputs, torch.tensor(train.labels)


def target_scale(run: Run) -> tuple[float, float]:
    """Mean and deviation of the training targets of a regression."""
    labels = halves(run)[0].labels
    assert labels is not None
    return float(labels.mean()), float(labels.std())


def factor(run: Run, time: float) -> float:
    """Share of the rate at a time in epochs."""
    if run.warmup and time < run.warmup:
        return (time + 1e-3) / run.warmup
    if run.schedule == "constant":
        return 1.0
    period = run.cycle if run.schedule == "cyclic" else run.epochs
    return 0.5 * (1 + math.cos(math.pi * (time % period) / period))


def shifted(batch: Tensor, most: int, generator: torch.Generator) -> Tensor:
    """Every picture moved by up to ``most`` pixels each way; the border is repeated."""
    if not most:
        return batch
    n, _, height, width = batch.shape
    padded = functional.pad(batch, (most,) * 4, mode="replicate")
    moves = torch.randint(0, 2 * most + 1, (2, n), generator=generator)
    rows = (torch.arange(height) + moves[0][:, None])[:, None, :, None]
    columns = (torch.arange(width) + moves[1][:, None])[:, None, None, :]
    channels = torch.arange(batch.shape[1])[None, :, None, None]
    return padded[torch.arange(n)[:, None, None, None], channels, rows, columns]


def score(run: Run, model: Model, data: Dataset) -> float:
    """Share of right answers, or R² of a regression."""
    labels = data.labels
    assert labels is not None
    with torch.inference_mode():
        out = model.module(model.prepare(data.inputs)).double().numpy()
    if data.card.task == "regression":
        centre, scale = target_scale(run)
        return float(1 - ((out[:, 0] * scale + centre - labels) ** 2).sum() / ((labels - labels.mean()) ** 2).sum())
    answer = out.argmax(axis=1) if out.shape[1] > 1 else out[:, 0] > 0
    return float(np.mean(answer == labels))


def _loss(run: Run) -> Callable[[Tensor, Tensor], Tensor]:
    card = halves(run)[0].card
    if card.task == "regression":
        return lambda out, target: functional.mse_loss(out[:, 0], target)
    if len(card.classes) == 2:
        return lambda out, target: functional.binary_cross_entropy_with_logits(out[:, 0], target.float())
    return functional.cross_entropy


def _optimiser(run: Run, net: nn.Module) -> torch.optim.Optimizer:
    if run.optimiser == "sgd":
        return torch.optim.SGD(net.parameters(), lr=run.rate, momentum=0.9, weight_decay=run.decay)
    kind = torch.optim.Adam if run.optimiser == "adam" else torch.optim.RMSprop
    return kind(net.parameters(), lr=run.rate, weight_decay=run.decay)


def _state(net: nn.Module) -> State:
    return {name: value.detach().clone().contiguous() for name, value in net.state_dict().items()}


def to_bytes(state: State) -> bytes:
    """Content of the safetensors file."""
    return safetensors.torch.save(state)
