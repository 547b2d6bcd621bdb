"""Alignment in a child process. A recipe holds plain arguments; nothing here knows Streamlit."""

from typing import Any

import numpy as np

from repsim_core import activations, datasets, models
from repsim_core.alignment import FORMS, descended_losses, singular_vector_alignment
from repsim_core.compute.executor import task_executor
from repsim_core.compute.progress import Progress
from repsim_core.compute.worker import Partial, Report
from repsim_core.experiments import alignment as studies
from repsim_core.experiments.alignment import Network
from repsim_core.experiments.tasks import task_targets
from repsim_core.types import Dataset, LayerAlignments, ResultTable, SingularAlignment

VECTORS_BYTES = 64_000_000  # what the kept singular vectors of all layers may take
MOST_VECTORS = 20


def layers(recipe: dict[str, Any], report: Report, partial: Partial) -> LayerAlignments:
    """Every layer of a network against a task."""
    data = _stimuli(recipe)
    network = Network(recipe["network"], recipe["trained"])
    infos = models.layers(network.load(), data)
    per_layer = VECTORS_BYTES // (8 * len(data) * max(len(infos), 1))
    with task_executor() as pool:
        return studies.network_alignments(
            network,
            data,
            recipe["task"],
            form=recipe["form"],
            pooling=recipe["pooling"],
            every=recipe["every"],
            executor=pool,
            progress=_told(report, "layers aligned"),
            on_partial=partial,
            permutations=recipe["permutations"],
            keep=max(1, min(MOST_VECTORS, per_layer)),
        )


def training(recipe: dict[str, Any], report: Report, partial: Partial) -> ResultTable:
    """Every layer at several moments of a training."""
    checkpoints = [(label, Network(name, trained)) for label, name, trained in recipe["checkpoints"]]
    with task_executor() as pool:
        return studies.checkpoint_curves(
            checkpoints,
            _stimuli(recipe),
            recipe["task"],
            form=recipe["form"],
            pooling=recipe["pooling"],
            executor=pool,
            progress=_told(report, "checkpoints aligned"),
        )


def vectors(recipe: dict[str, Any], report: Report, partial: Partial) -> SingularAlignment:
    """Singular vectors of one layer of each of two networks."""
    data = _stimuli(recipe)
    sides = []
    for done, side in enumerate(("a", "b")):
        report("networks run", done, 2)
        model = Network(recipe[side], recipe[f"{side}_trained"]).load()
        layer = recipe[f"layer_{side}"]
        sides.append(activations.extract(model, data, [layer], pooling=recipe["pooling"])[layer])
    report("networks run", 2, 2)
    return singular_vector_alignment(*sides, k=recipe["k"])


def descent(recipe: dict[str, Any], report: Report, partial: Partial) -> ResultTable:
    """Gradient descent of a linear model on one layer, step by step."""
    import pandas as pd

    data = _stimuli(recipe)
    model = Network(recipe["network"], recipe["trained"]).load()
    layer = recipe["layer"]
    report("networks run", 0, 1)
    x = (
        studies.stimuli_as_layer(model, data)
        if layer == "input"
        else activations.extract(model, data, [layer], pooling=recipe["pooling"])[layer]
    )
    report("networks run", 1, 1)
    with task_executor():  # one BLAS thread: many small products in turn
        losses = descended_losses(x, task_targets(data, recipe["task"]), recipe["steps"], **FORMS[recipe["form"]])
    return ResultTable(pd.DataFrame({"step": np.arange(len(losses)), "not yet learnt": losses}), dict(recipe))


def transfer(recipe: dict[str, Any], report: Report, partial: Partial) -> ResultTable:
    """A trained network on tasks it was not trained on."""
    with task_executor() as pool:
        return studies.transfer(
            recipe["network"],
            _stimuli(recipe),
            recipe["tasks"],
            form=recipe["form"],
            pooling=recipe["pooling"],
            labelled=recipe["labelled"],
            executor=pool,
            progress=_told(report, "layers probed"),
        )


def _stimuli(recipe: dict[str, Any]) -> Dataset:
    return datasets.load(recipe["dataset"], n=recipe["n"], seed=recipe["seed"], split=recipe["split"])


def _told(report: Report, stage: str) -> Progress:
    return lambda done, total: report(stage, done, total)
