"""A perceptron trained on one rule over six variables, and what its last layer gives to other rules over the same."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from repsim_core import activations
from repsim_core.alignment import FORMS, few_label_probe, label_alignment
from repsim_core.claims.imani_training import Perceptron, trained_perceptron
from repsim_core.models import Model
from repsim_core.types import Dataset, DatasetCard

Floats = NDArray[np.float64]
VARIABLES, BUMPS, BUMP_WIDTH = "ABCDEF", 10, 0.1  # every variable as Gaussian bumps: our encoding
TRAINED_ON, LABELLED, TESTED, ALIGNED, DRAWS = 10_000, 100, 1000, 2000, 5
# If the first is above ½ the second, otherwise the third. The form of the tasks is known from memory.
RULES = {"source": "ABC", "related": "ABD", "unrelated": "DEF"}
NETWORK = Perceptron(epochs=15, loss="squared", scaled=False)
LAST = NETWORK.hidden[-1]


def variables(count: int, seed: int) -> Floats:
    """Uniform numbers in [0, 1), ``(count, 6)``."""
    return np.random.default_rng(seed).random((count, len(VARIABLES)))


def encoded(values: Floats) -> NDArray[np.float32]:
    """Each variable as ten bumps, ``(count, 60)``."""
    centres = (np.arange(BUMPS) + 0.5) / BUMPS
    bumps = np.exp(-((values[:, :, None] - centres) ** 2) / (2 * BUMP_WIDTH**2))
    return bumps.reshape(len(values), -1).astype(np.float32)


def answers(values: Floats, rule: str) -> Floats:
    """What a rule of :data:`RULES` says of each point."""
    condition, yes, no = (values[:, VARIABLES.index(one)] for one in RULES[rule])
    return np.asarray(np.where(condition > 0.5, yes, no))


def transfers(seed: int) -> pd.DataFrame:
    """What the raw input, the network before and the network after its training on the source rule give to all rules.

    Returns
    -------
    DataFrame
        A line a rule and state ("raw", "initial", "trained"), as :func:`read_rules` gives them.
    """
    source = variables(TRAINED_ON, seed)
    pair = trained_perceptron(NETWORK, seed, encoded(source), answers(source, "source") - 0.5)
    states = {"raw": None, "initial": pair.initial, "trained": pair.trained}
    return pd.concat([read_rules(one, seed).assign(state=state) for state, one in states.items()], ignore_index=True)


def read_rules(model: Model | None, seed: int) -> pd.DataFrame:
    """Error with 100 labels and area of the last hidden layer of a network, or of the input, for each rule.

    Returns
    -------
    DataFrame
        ``rule``, ``error`` (mean squared error over the variance, on 1000 points; ridge with a penalty chosen among the
        100 by leaving one out; mean of five draws of labels), ``area`` on 2000 points, targets less ½, ``seed``.
    """
    probed, aligned = variables(LABELLED + TESTED, seed + 1000), variables(ALIGNED, seed + 2000)
    few, many = (
        encoded(one) if model is None else activations.extract(model, _points(one), [LAST])[LAST].values
        for one in (probed, aligned)
    )
    rows: list[dict[str, Any]] = []
    for rule in RULES:
        score = few_label_probe(few, answers(probed, rule), labelled=LABELLED, draws=DRAWS, seed=seed).mean
        area = label_alignment(many, answers(aligned, rule) - 0.5, **FORMS["published"]).area
        rows.append({"rule": rule, "error": 1 - score, "area": area, "seed": seed})
    return pd.DataFrame(rows)


def _points(values: Floats) -> Dataset:
    inputs, stimuli = encoded(values), tuple(f"point/{k}" for k in range(len(values)))
    shape = inputs.shape[1:]
    card = DatasetCard("bumps", "tabular", "none", shape, {"all": len(values)}, (), "Six variables as bumps", "drawn")
    return Dataset(card, "all", inputs, None, stimuli)
