"""Alignment of perceptrons with the labels they were trained on: what ships from its record, other seeds trained."""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache
from multiprocessing import get_context
from typing import Any

import numpy as np
import pandas as pd

from repsim_core import activations, datasets
from repsim_core.alignment import FORMS, align_layers, dataset_targets
from repsim_core.claims.imani_training import Perceptron, trained_perceptron
from repsim_core.compute.executor import cores
from repsim_core.compute.progress import Progress, no_progress
from repsim_core.experiments.alignment import stimuli_as_layer
from repsim_core.experiments.recorded_alignment import recorded
from repsim_core.models import Model
from repsim_core.types import Dataset

FORM, SPLIT = "published", "train"
SHIPPED = 10  # the seed of the zoo's perceptrons
SEEDS = (10, 11, 12, 13, 14)
LOW, SHUFFLED = "digits_low", "digits_low_shuffled"
Work = tuple[Perceptron, int, str]


def aligned_layers(kind: Perceptron, seed: int, dataset: str = LOW) -> pd.DataFrame:
    """Area of the input (place 0) and every hidden layer, before and after training, on the stimuli of the training.

    Returns
    -------
    DataFrame
        A line a layer: ``depth``, ``width``, ``activation``, ``optimiser``, ``seed``, ``layer``, ``place``,
        ``initial``, ``trained``, ``score`` (share of training stimuli that are right).
    """
    data = datasets.load(dataset, split=SPLIT)
    assert data.labels is not None
    pair = trained_perceptron(kind, seed, data.inputs, data.labels)
    states = [layer_areas(one, data, kind.hidden) for one in (pair.initial, pair.trained)]
    answers = activations.extract(pair.trained, data, ["head"])["head"].values[:, 0] > 0
    rows = [
        {"layer": layer, "place": place, "initial": states[0][layer], "trained": states[1][layer]}
        for place, layer in enumerate(["input", *kind.hidden])
    ]
    return _named(pd.DataFrame(rows), kind, seed).assign(score=float(np.mean(answers == data.labels)))


def layer_areas(model: Model, data: Dataset, layers: Sequence[str], form: str = FORM) -> dict[str, float]:
    """Area of the input and some layers; of several classes the mean over one against the rest."""
    found = align_layers(
        activations.extract(model, data, layers),
        dataset_targets(data),
        inputs=stimuli_as_layer(model, data),
        **FORMS[form],
    )
    return {name: float(found[name].areas.mean()) if name in found else float("nan") for name in ("input", *layers)}


def all_aligned(work: Sequence[Work], progress: Progress | None = None) -> pd.DataFrame:
    """:func:`aligned_layers` of several networks: what ships from its record, the others trained, a process each."""
    progress, tables = progress or no_progress, [_shipped(*one) for one in work]
    todo = [place for place, one in enumerate(tables) if one is None]
    progress(0, len(todo))
    if todo:
        with ProcessPoolExecutor(min(cores(), len(todo)), mp_context=get_context("spawn")) as pool:
            jobs = pool.map(_aligned, [work[place] for place in todo])
            for done, (place, one) in enumerate(zip(todo, jobs, strict=True), start=1):
                tables[place] = one
                progress(done, len(todo))
    return pd.concat([one for one in tables if one is not None], ignore_index=True)


@lru_cache(maxsize=1)
def by_depth(depths: tuple[int, ...]) -> pd.DataFrame:
    """Networks of several depths, every seed."""
    return all_aligned([(Perceptron(depth=depth), seed, LOW) for depth in depths for seed in SEEDS])


def _aligned(one: Work) -> pd.DataFrame:
    return aligned_layers(*one)


def _shipped(kind: Perceptron, seed: int, dataset: str) -> pd.DataFrame | None:
    """The recorded areas of the member of the zoo with this recipe, if there is one."""
    if seed != SHIPPED:
        return None
    of: dict[str, Any] = {name: getattr(kind, name) for name in ("depth", "width", "activation", "optimiser")}
    table = recorded()["families"].query("form == @FORM and dataset == @dataset and family == 'mlp'")
    table = table[np.logical_and.reduce([table[name] == value for name, value in of.items()])]
    if table["model"].nunique() != 1:
        return None
    rows = table.sort_values("place")[["layer", "place", "initial", "trained"]].reset_index(drop=True)
    return _named(rows, kind, seed).assign(score=float("nan"))


def _named(rows: pd.DataFrame, kind: Perceptron, seed: int) -> pd.DataFrame:
    return rows.assign(
        depth=kind.depth, width=kind.width, activation=kind.activation, optimiser=kind.optimiser, seed=seed
    )
