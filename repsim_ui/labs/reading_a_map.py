"""Reading a layer map: a network against itself, and what each measure ignores."""

from functools import partial

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from repsim_core import figures
from repsim_core.claims import Finding, recorded
from repsim_core.claims.invariance import map_of_itself
from repsim_core.similarity import MEASURES
from repsim_core.types import SimilarityMatrix
from repsim_ui.labs.lab import Choice, Lab, Number, Printed, Step, TryIt, View

MODEL, DATA, N = "zoo/digits-cnn-s10", "digits", 500
ITSELF = {"a": MODEL, "b": MODEL, "ds": DATA, "n": str(N), "run": "1"}
TABLE_1 = "Kornblith et al. 2019, table 1"


def _neighbours(matrix: SimilarityMatrix) -> NDArray[np.float64]:
    return np.diag(matrix.values, 1)


def _diagonal(matrix: SimilarityMatrix) -> NDArray[np.float64]:
    return np.diag(matrix.values)


def _changes(found: Finding, change: str) -> pd.DataFrame:
    table = found.tables["itself"]
    return table[table["change"] == change][["index", "value"]].reset_index(drop=True)


def _value(found: Finding, change: str, index: str) -> float:
    table = _changes(found, change)
    return float(table[table["index"] == index]["value"].iloc[0])


def _titled(index: str) -> str:
    """``linear_regression, X predicted`` as ``Linear regression, X predicted``."""
    name, comma, side = index.partition(", ")
    return MEASURES[name].title + comma + side


def _bars(found: Finding, change: str) -> go.Figure:
    table = _changes(found, change)
    table = table[~table["index"].isin(DISTANCES)]
    return figures.named_bars(
        [_titled(one) for one in table["index"]],
        table["value"].to_numpy(),
        title=f"layer against itself after: {change}",
        limits=(-0.1, 1.08),
    )


DISTANCES = ("procrustes_angle", "rtd")
NOTICES = ("none of them", "only CCA", "only CKA", "all of them")


def _moved(found: Finding, change: str) -> str:
    """Which of CKA and CCA notice a change."""
    cka, cca = (abs(_value(found, change, one) - 1) > 1e-6 for one in ("cka", "cca"))
    return NOTICES[3] if cka and cca else NOTICES[2] if cka else NOTICES[1] if cca else NOTICES[0]


STEPS = (
    Step(
        before="A layer map compares every layer of A with every layer of B. Here A and B are the same network, so "
        "the diagonal "
        "is 1.",
        question="How bright are the cells beside the diagonal, each layer with the next one?",
        guess=Number(0.0, 1.0, 0.05, lambda matrix: float(_neighbours(matrix).mean())),
        result=partial(map_of_itself, MODEL, DATA, N),
        view=View(
            figures.similarity_heatmap, SimilarityMatrix.to_frame, "CKA of every layer of a network with every layer."
        ),
        reading=lambda matrix: (
            f"mean {_neighbours(matrix).mean():.3f}, from {_neighbours(matrix).min():.3f} to "
            f"{_neighbours(matrix).max():.3f} "
            f"over {len(_neighbours(matrix))} pairs, n = {N}"
        ),
        explain=lambda matrix: (
            f"A layer changes only part of what it gets, so neighbours stay alike, {_neighbours(matrix).mean():.2f} "
            "in the mean. "
            f"First and last layer have {matrix.values[0, -1]:.2f}: the map darkens with the distance in depth."
        ),
        try_it=TryIt("layer_map", ITSELF | {"m": "cka"}),
    ),
    Step(
        before="The stimuli of B are shuffled: each row of B now answers to another digit than the row of A.",
        question="What is left on the diagonal?",
        guess=Number(-0.2, 1.0, 0.05, lambda matrix: float(_diagonal(matrix).mean())),
        result=partial(map_of_itself, MODEL, DATA, N, shuffled=True),
        view=View(
            figures.similarity_heatmap, SimilarityMatrix.to_frame, "CKA of a network with itself on shuffled stimuli."
        ),
        reading=lambda matrix: (
            f"mean {_diagonal(matrix).mean():.3f}, at most {_diagonal(matrix).max():.3f} over "
            f"{len(_diagonal(matrix))} layers, n = {N}"
        ),
        explain=lambda matrix: (
            f"A similarity compares what two layers say of the same stimulus; without that pairing debiased CKA is "
            f"{_diagonal(matrix).mean():.3f}. That is why the dashboard refuses layers whose stimuli are in another "
            "order."
        ),
        try_it=TryIt("layer_map", ITSELF | {"m": "cka", "tab": "Shuffles", "la": "conv3", "lb": "conv3"}),
    ),
    Step(
        before="The units of a layer are mixed by a random rotation, and the layer is compared with what it was.",
        question="Which of CKA and CCA notice?",
        guess=Choice(NOTICES, partial(_moved, change="rotation")),
        result=partial(recorded, "K0"),
        view=View(
            partial(_bars, change="rotation"),
            partial(_changes, change="rotation"),
            "Each index of a layer against itself after a rotation.",
        ),
        reading=lambda found: (
            f"CKA {_value(found, 'rotation', 'cka'):.6f}, CCA {_value(found, 'rotation', 'cca'):.6f}, average pool, "
            f"n = {N}"
        ),
        explain=lambda found: (
            f"A rotation keeps all distances between stimuli, and with them CKA, "
            f"{_value(found, 'rotation', 'cka'):.3f}: it does not look at single units. RSA with correlations does, by "
            f"the mean of each stimulus over the units, and says {_value(found, 'rotation', 'rsa'):.3f}."
        ),
        paper=Printed("CKA, CCA, SVCCA and regression do not change", TABLE_1),
        try_it=TryIt("layer_map", ITSELF | {"m": "cca", "pool": "mean"}),
    ),
    Step(
        before="Now some directions of the layer are stretched, by up to ten times: an invertible map, which can be "
        "undone.",
        question="Which of CKA and CCA notice?",
        guess=Choice(NOTICES, partial(_moved, change="invertible map")),
        result=partial(recorded, "K0"),
        view=View(
            partial(_bars, change="invertible map"),
            partial(_changes, change="invertible map"),
            "Each index of a layer against itself after an invertible map.",
        ),
        reading=lambda found: (
            f"CKA {_value(found, 'invertible map', 'cka'):.3f}, CCA {_value(found, 'invertible map', 'cca'):.3f}, "
            f"average pool, n = {N}"
        ),
        explain=lambda found: (
            f"CCA asks what could be read out by any linear map, and stays at "
            f"{_value(found, 'invertible map', 'cca'):.3f}; CKA "
            f"asks which directions are strong, and falls to {_value(found, 'invertible map', 'cka'):.3f}. The price "
            "of CCA's "
            f"blindness is theorem 1: with as many units as stimuli it says 1 of everything."
        ),
        paper=Printed("CCA does not change, linear CKA does", TABLE_1),
        try_it=TryIt("layer_map", ITSELF | {"m": "cka", "mview": "Two measures", "m2": "cca", "pool": "mean"}),
    ),
    Step(
        before="All responses are multiplied by 3. Distances see that, unless they are taken in units of the cloud's "
        "own size.",
        question="RTD of the layer before and after?",
        guess=Choice(("0", "about 3", "more than 10"), lambda found: _size(_value(found, "scaling", "rtd"))),
        result=partial(recorded, "K0"),
        view=View(
            lambda found: figures.named_bars(
                list(_distances(found)["change"]),
                _distances(found)["rtd"].to_numpy(),
                title="RTD of the layer and itself after the change",
            ),
            lambda found: _distances(found),
            "RTD of a layer and itself after each change.",
        ),
        reading=lambda found: (
            f"{_value(found, 'scaling', 'rtd'):.2g} after scaling, {_value(found, 'invertible map', 'rtd'):.2f} "
            "after the "
            f"invertible map, {_value(found, 'shuffled stimuli', 'rtd'):.1f} after shuffling, average pool"
        ),
        explain=lambda found: (
            f"RTD divides distances by their 0.9 quantile, so size does not count: "
            f"{_value(found, 'scaling', 'rtd'):.2g}. Stretching "
            f"some directions changes the shape, {_value(found, 'invertible map', 'rtd'):.2f}, and shuffling leaves "
            "nothing of it, "
            f"{_value(found, 'shuffled stimuli', 'rtd'):.1f}."
        ),
        try_it=TryIt("divergence", ITSELF | {"div": "rtd", "batch": "200", "trials": "3"}),
    ),
)


def _distances(found: Finding) -> pd.DataFrame:
    table = found.tables["itself"]
    return table[table["index"] == "rtd"][["change", "value"]].rename(columns={"value": "rtd"}).reset_index(drop=True)


def _size(value: float) -> str:
    return "0" if value < 1e-6 else "about 3" if value < 10 else "more than 10"


LAB = Lab(
    id="reading-a-map",
    title="Reading a layer map",
    paper="Kornblith et al. 2019",
    claim="What a measure ignores decides what it can say: rotations, sizes, invertible maps, but never the pairing "
    "of stimuli.",
    minutes=8,
    steps=STEPS,
    claims=("K0",),
    pictured=3,
)
