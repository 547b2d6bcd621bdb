"""A member of the zoo trained once more from another seed: the recipe is the one in its line of the manifest."""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from repsim_core import datasets, models
from repsim_core.errors import InputError
from repsim_core.models import Model
from repsim_core.models.architectures import build, seeded
from repsim_core.models.model import weights_digest

State = dict[str, Tensor]


@dataclass(frozen=True)
class Recipe:
    """What a training depends on besides the seed, as the manifest has it."""

    member: str
    architecture: str
    arguments: Mapping[str, Any]
    dataset: str
    epochs: int
    optimiser: str
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def fields(self) -> dict[str, Any]:
        """The same in words and numbers, for the recipe of a finding."""
        shown = {name: getattr(self, name) for name in ("member", "architecture", "dataset", "epochs", "optimiser")}
        return shown | {"settings": dict(self.settings)}


def recipe_of(member: str, **arguments: Any) -> Recipe:
    """Recipe of a network of the zoo, by its full name; ``arguments`` of the architecture may be others.

    Raises
    ------
    InputError
        If it is none of pictures and classes.
    """
    card = models.load(member).card
    if card is None or len(card.input_shape) != 3 or len(card.details.get("classes", ())) < 3:
        raise InputError(f"{member} is no classifier of pictures in the zoo; take one of its convolutional networks.")
    of = card.details
    return Recipe(
        member,
        card.architecture,
        {**of["arguments"], **arguments},
        card.dataset,
        int(of["epochs_of_run"]),
        of["optimiser"],
        of["hyperparameters"],
    )


def trained(
    member: str, seed: int, *, epochs: Sequence[int] = (), start: Model | None = None, **arguments: Any
) -> tuple[Model, dict[int, Model]]:
    """The network that the recipe of a member makes of another seed.

    Parameters
    ----------
    member
        Full name, ``"zoo/digits-cnn-s10"``.
    seed
        Of the first weights and of the batches.
    epochs
        After which the network is wanted too; 0 is before the first.
    start
        Network whose body is the start, its head being new: fine-tuning.
    arguments
        Of the architecture, instead of the member's own: ``width=32``.

    Returns
    -------
    (Model, {epoch: Model})
        At the end of the training, and after ``epochs``. The same bytes as the member for its own seed, on the machine
        that made it.

    Notes
    -----
    One thread; the global generator and torch's settings are left as they were. Seconds to minutes.
    """
    recipe = recipe_of(member, **arguments)
    with one_thread():
        kept = dict(_training(recipe, seed, {*epochs, recipe.epochs}, start.module.state_dict() if start else None))
    found = {epoch: _as_model(recipe, seed, epoch, state) for epoch, state in kept.items()}
    return found[recipe.epochs], {epoch: found[epoch] for epoch in epochs}


def _training(recipe: Recipe, seed: int, wanted: set[int], start: State | None) -> Iterator[tuple[int, State]]:
    net = seeded(lambda: build(recipe.architecture, **recipe.arguments), seed)
    if start is not None:
        net.load_state_dict(
            {name: value for name, value in start.items() if not name.startswith("head.")}, strict=False
        )
    data = datasets.load(recipe.dataset, split="train")
    inputs, targets = torch.tensor(np.array(data.inputs)), torch.tensor(np.array(data.labels))
    generator, of = torch.Generator().manual_seed(seed), recipe.settings
    optimiser = _optimiser(recipe, net)
    steps = math.ceil(len(inputs) / of["batch"])
    if 0 in wanted:
        yield 0, _copied(net)
    net.train()
    for epoch in range(recipe.epochs):
        order = torch.randperm(len(inputs), generator=generator)
        for step, rows in enumerate(torch.split(order, of["batch"])):
            for group in optimiser.param_groups:
                group["lr"] = of["rate"] * rate_factor(recipe, epoch + step / steps)
            optimiser.zero_grad()
            loss = functional.cross_entropy(net(_shifted(inputs[rows], of["shift"], generator)), targets[rows])
            loss.backward()  # type: ignore[no-untyped-call]
            if of["clip"]:
                nn.utils.clip_grad_norm_(net.parameters(), of["clip"])
            optimiser.step()
        if epoch + 1 in wanted:
            yield epoch + 1, _copied(net)


def rate_factor(recipe: Recipe, time: float) -> float:
    """Share of the learning rate at a time in epochs: linear growth, then constant, cosine, or cosine in cycles."""
    of = recipe.settings
    if of["warmup"] and time < of["warmup"]:
        return float((time + 1e-3) / of["warmup"])
    if of["schedule"] == "constant":
        return 1.0
    period = of["cycle"] if of["schedule"] == "cyclic" else recipe.epochs
    return 0.5 * (1 + math.cos(math.pi * (time % period) / period))


def _optimiser(recipe: Recipe, net: nn.Module) -> torch.optim.Optimizer:
    rate, decay = recipe.settings["rate"], recipe.settings["decay"]
    if recipe.optimiser == "sgd":
        return torch.optim.SGD(net.parameters(), lr=rate, momentum=recipe.settings["momentum"], weight_decay=decay)
    kind = torch.optim.Adam if recipe.optimiser == "adam" else torch.optim.RMSprop
    return kind(net.parameters(), lr=rate, weight_decay=decay)


def _shifted(batch: Tensor, most: int, generator: torch.Generator) -> Tensor:
    """Every picture moved by up to ``most`` pixels each way; the border is repeated."""
    if not most:
        return batch
    n, channels, height, width = batch.shape
    padded = functional.pad(batch, (most,) * 4, mode="replicate")
    moves = torch.randint(0, 2 * most + 1, (2, n), generator=generator)
    rows = (torch.arange(height) + moves[0][:, None])[:, None, :, None]
    columns = (torch.arange(width) + moves[1][:, None])[:, None, None, :]
    return padded[torch.arange(n)[:, None, None, None], torch.arange(channels)[None, :, None, None], rows, columns]


def _copied(net: nn.Module) -> State:
    return {name: value.detach().clone() for name, value in net.state_dict().items()}


def _as_model(recipe: Recipe, seed: int, epoch: int, state: State) -> Model:
    net = build(recipe.architecture, **recipe.arguments)
    net.load_state_dict(state)
    net.eval()
    name = f"{recipe.member.rsplit('-s', 1)[0]}, seed {seed}, epoch {epoch}"
    return Model(name, net, None, datasets.load(recipe.dataset, n=1).card.input_shape, weights_digest(net))


@contextmanager
def one_thread() -> Iterator[None]:
    """One thread of torch and deterministic algorithms, both as before on the way out."""
    threads, strict = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(strict)
