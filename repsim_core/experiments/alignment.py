"""Alignment of whole networks: before and after training, along it, over a family, and on tasks they never saw."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
import pandas as pd

from repsim_core import activations, datasets, models
from repsim_core.alignment import FORMS, Targets, align_layers, few_label_probe, label_alignment
from repsim_core.compute.progress import Progress, mapped, no_progress
from repsim_core.errors import DegenerateError
from repsim_core.experiments.tasks import ALL, task_answers, task_targets
from repsim_core.models import Model
from repsim_core.types import Dataset, LayerAlignments, ModelCard, Representation, ResultTable

Weights = Literal["DEFAULT"] | None


@dataclass(frozen=True)
class Network:
    """A network by name, trained or as its seed made it."""

    name: str
    trained: bool = True

    def load(self) -> Model:
        """The network itself."""
        return models.load(self.name, weights="DEFAULT" if self.trained else None)


def stimuli_as_layer(model: Model, data: Dataset) -> Representation:
    """What the network is given, after the conversions it asks for: the reference that every layer starts from."""
    values = model.prepare(data.inputs).numpy().reshape(len(data), -1)
    return Representation(values, data.stimuli, model.name, "input", model.input_shape)


def network_alignments(
    network: Network,
    data: Dataset,
    task: str = ALL,
    *,
    form: str = "published",
    pooling: str = "flatten",
    layers: Sequence[str] | None = None,
    every: bool = False,
    executor: Executor | None = None,
    progress: Progress | None = None,
    on_partial: Callable[[LayerAlignments], None] | None = None,
    **options: Any,
) -> LayerAlignments:
    """Label alignment of the input and of every layer of a network.

    Parameters
    ----------
    network, data, task
        A key of :data:`repsim_core.experiments.tasks.TASKS`, or a class.
    form
        A key of :data:`repsim_core.alignment.FORMS`.
    pooling, layers, every
        As in :func:`repsim_core.activations.extract`; ``every`` takes all layers instead of one a block.
    executor, progress, on_partial, options
        As in :func:`repsim_core.alignment.align_layers`.

    References
    ----------
    Imani, Hu and White (2022). arXiv:2112.07806
    """
    model = network.load()
    if every and layers is None:
        layers = [one.name for one in models.layers(model, data) if one.usable]
    found = activations.extract(model, data, layers, pooling=pooling)
    return align_layers(
        found,
        task_targets(data, task),
        inputs=stimuli_as_layer(model, data),
        target=task,
        executor=executor,
        progress=progress,
        on_partial=on_partial,
        **FORMS[form],
        **options,
    )


def hidden_layers(found: Mapping[str, Any]) -> list[str]:
    """The layers between input and head, in their order."""
    return [name for name in found if name not in ("input", "(input)", "head")]


def checkpoint_curves(
    checkpoints: Sequence[tuple[str, Network]],
    data: Dataset,
    task: str = ALL,
    *,
    form: str = "published",
    pooling: str = "flatten",
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> ResultTable:
    """Every direction of every layer at several moments of a training.

    Returns
    -------
    ResultTable
        A line a checkpoint, layer and direction: ``checkpoint``, ``layer``, ``depth``, ``direction``, ``threshold``
        (singular value over the norm of the layer), ``share``, and the ``area`` and ``chance area`` of the layer.
    """
    progress = progress or no_progress
    tables = []
    progress(0, len(checkpoints))
    for done, (label, network) in enumerate(checkpoints, start=1):
        found = network_alignments(network, data, task, form=form, pooling=pooling, executor=executor)
        for layer, one in found.items():
            tables.append(
                pd.DataFrame(
                    {
                        "checkpoint": label,
                        "layer": layer,
                        "depth": found.depths[layer],
                        "direction": np.arange(1, one.rank + 1),
                        "threshold": one.thresholds,
                        "share": one.shares,
                        "area": one.area,
                        "chance area": one.chance_area,
                    }
                )
            )
        progress(done, len(checkpoints))
    return ResultTable(
        pd.concat(tables, ignore_index=True), {"dataset": data.name, "task": task, "form": form, "n": len(data)}
    )


def family_areas(
    cards: Sequence[ModelCard],
    *,
    split: str = "train",
    forms: Sequence[str] = tuple(FORMS),
    layers: Callable[[Mapping[str, Any]], list[str]] = hidden_layers,
    progress: Progress | None = None,
) -> ResultTable:
    """Area of every hidden layer of several networks on the labels they were trained on, trained and as initialised.

    Returns
    -------
    ResultTable
        A line a network, form and layer: ``model``, ``family``, ``dataset``, ``depth`` (hidden layers), ``width``,
        ``activation``, ``optimiser``, ``form``, ``layer``, ``place`` (from 1, 0 for the input), ``trained``,
        ``initial``, ``chance``, ``n``.
    """
    progress = progress or no_progress
    progress(0, len(cards))
    rows: list[dict[str, Any]] = []
    for done, card in enumerate(cards, start=1):
        sizes = next(one.sizes for one in datasets.available() if one.name == card.dataset)
        data = datasets.load(card.dataset, split=split if split in sizes else "test")
        for form in forms:
            trained, initial = (
                network_alignments(Network(card.name, state), data, form=form) for state in (True, False)
            )
            places = {layer: place for place, layer in enumerate(["input", *layers(trained)]) if layer in trained}
            for layer, place in places.items():
                rows.append(
                    {
                        "model": card.name,
                        "family": card.family,
                        "dataset": card.dataset,
                        **_factors(card),
                        "form": form,
                        "layer": layer,
                        "place": place,
                        "trained": trained[layer].area,
                        "initial": initial[layer].area if layer in initial else float("nan"),
                        "chance": trained[layer].chance_area,
                        "n": len(data),
                    }
                )
        progress(done, len(cards))
    return ResultTable(pd.DataFrame(rows), {"split": split, "forms": list(forms)})


def _factors(card: ModelCard) -> dict[str, Any]:
    arguments = card.details.get("arguments", {})
    return {
        "depth": int(arguments.get("depth", 3)),
        "width": int(arguments.get("width", 128)),
        "activation": str(arguments.get("activation", "relu")),
        "optimiser": str(card.details.get("optimiser", "")),
    }


def transfer(
    source: str,
    data: Dataset,
    tasks: Sequence[str],
    *,
    form: str = "centred",
    pooling: str = "flatten",
    layers: Sequence[str] | None = None,
    labelled: int = 100,
    draws: int = 5,
    seed: int = 0,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> ResultTable:
    """What the layers of a trained network give to tasks it was not trained on, against the same network untrained.

    Parameters
    ----------
    source
        A network that was trained on something.
    data, tasks
        Stimuli it can be shown, and what is asked about them.
    form, pooling, layers
        As in :func:`network_alignments`.
    labelled, draws, seed
        As in :func:`repsim_core.alignment.few_label_probe`.
    executor, progress
        A layer of a task is a task; ``progress(done, total)`` counts them.

    Returns
    -------
    ResultTable
        A line a task and layer: ``task``, ``layer``, ``depth``, then ``area``, ``chance area``, ``score`` and
        ``deviation`` of the trained network, ``initial area``, ``initial score`` and ``initial deviation`` of the
        untrained one, and ``score name``. NaN where a layer does not vary.

    References
    ----------
    Imani, Hu and White (2022), section 5. arXiv:2112.07806
    """
    progress = progress or no_progress
    states = {}
    for trained in (True, False):
        model = Network(source, trained).load()
        found = activations.extract(model, data, layers, pooling=pooling)
        states[trained] = {"input": stimuli_as_layer(model, data), **found}
    names = list(states[True])
    questions = {task: (task_targets(data, task), task_answers(data, task)[0]) for task in tasks}
    pieces = [
        (task, layer, place / (len(names) - 1), states[True][layer], states[False][layer])
        for task in tasks
        for place, layer in enumerate(names)
    ]
    probed = partial(_transferred, questions, form, labelled, draws, seed)
    progress(0, len(pieces))
    rows: list[dict[str, Any]] = []
    for row in mapped(probed, pieces, executor):
        rows.append(row)
        progress(len(rows), len(pieces))
    recipe = {"source": source, "dataset": data.name, "n": len(data), "form": form, "labelled": labelled}
    return ResultTable(pd.DataFrame(rows), recipe | {"draws": draws, "seed": seed, "split": data.split})


def _transferred(
    questions: Mapping[str, tuple[Targets, Any]],
    form: str,
    labelled: int,
    draws: int,
    seed: int,
    piece: tuple[str, str, float, Representation, Representation],
) -> dict[str, Any]:
    """One layer, trained and untrained, on one task."""
    task, layer, depth, *states = piece
    targets, labels = questions[task]
    found: dict[str, Any] = {"task": task, "layer": layer, "depth": depth}
    for x, prefix in zip(states, ("", "initial "), strict=True):
        found |= _gain(x, targets, labels, form, labelled, draws, seed, prefix)
    return found | {"score name": "R²" if labels.dtype.kind == "f" else "accuracy"}


def _gain(
    x: Representation, targets: Targets, labels: Any, form: str, labelled: int, draws: int, seed: int, prefix: str
) -> dict[str, float]:
    names = ("area", "chance area", "score", "deviation")
    try:
        aligned = label_alignment(x, targets, **FORMS[form])
        probe = few_label_probe(x, labels, labelled=labelled, draws=draws, seed=seed)
        values = (aligned.area, aligned.chance_area, probe.mean, probe.deviation)
    except DegenerateError as error:
        if error.reason not in ("zero_variance", "zero_row", "non_finite"):
            raise
        values = (float("nan"),) * 4
    return {f"{prefix}{name}": value for name, value in zip(names, values, strict=True)}
