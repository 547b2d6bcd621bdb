"""One layer against itself: without its outliers, on other stimuli, on fewer of them, on training stimuli."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from repsim_core import activations, datasets, models
from repsim_core.claims.swider_clouds import (
    Floats,
    Rows,
    apart,
    between,
    components,
    disjoint_rows,
    hidden_names,
    short,
)
from repsim_core.claims.swider_method import N
from repsim_core.topology import cloud_distances, outliers
from repsim_core.types import PersistenceDiagram

SHARE, NEIGHBOURS, DRAWS = 0.05, 20, 5
FEW = 100
SIZES = (25, 50, 100, 200, 400)
NETWORKS = {
    "digits": tuple(f"zoo/digits-cnn-s{seed}" for seed in range(10, 15)),
    "shapes": (
        *(f"zoo/shapes-cnn-s{seed}" for seed in (10, 11, 12)),
        *(f"zoo/shapes-{family}-s{seed}" for family in ("resnet", "vgg") for seed in (10, 11)),
    ),
}


@dataclass(frozen=True, eq=False)
class Effects:
    """``layers``: a line a layer with the distance of its diagram from each other one; ``sizes``: a line a number."""

    layers: pd.DataFrame  # layer, lof, random, unequal, equal, train_test, between
    sizes: pd.DataFrame  # n, within, between: distances over n


@lru_cache(maxsize=16)
def layer_effects(network: str, dataset: str, only: str = "") -> Effects:
    """Everything about the layers of one network, from one matrix of distances each; means over five draws of stimuli.

    Parameters
    ----------
    only
        Name of a layer; then the others are left out, and there is no ``between``.

    Returns
    -------
    Effects
        ``lof`` and ``random``: 300 stimuli against those left when 5 % go, by local outlier factor or at random.
        ``unequal``: against 100 others, ``equal``: against 300 others, ``train_test``: against 300 training stimuli.
        ``between``: median distance of two layers on the 300.
    """
    model = models.load(network)
    test, train = datasets.load(dataset), datasets.load(dataset, split="train")
    assert test.labels is not None
    assert train.labels is not None
    names = [only] if only else hidden_names(model, datasets.load(dataset, n=2))
    own, seen = activations.extract(model, test, names), activations.extract(model, train, names)
    (pool,) = disjoint_rows(test.labels, 2 * max(SIZES))
    (trained,) = disjoint_rows(train.labels, N)
    labels = test.labels[pool]
    draws = [disjoint_rows(labels, N, N, FEW, seed=seed) for seed in range(DRAWS)]
    pairs = {n: [disjoint_rows(labels, n, n, seed=seed) for seed in range(DRAWS)] for n in SIZES}
    rows: list[dict[str, Any]] = []
    wholes: list[list[PersistenceDiagram]] = [[] for _ in draws]
    sized: dict[int, list[list[tuple[float, PersistenceDiagram]]]] = {n: [[] for _ in draws] for n in SIZES}
    for layer in names:
        d = cloud_distances(own[layer].values[pool])
        on_training = components(cloud_distances(seen[layer].values[trained]), np.arange(N))
        found = [_against(d, drawn, on_training, seed) for seed, drawn in enumerate(draws)]
        for whole, (diagram, _) in zip(wholes, found, strict=True):
            whole.append(diagram)
        effects = pd.DataFrame([one for _, one in found]).mean().to_dict()
        rows.append({"layer": layer} | effects)
        for n, own_pairs in pairs.items():
            for kept, (first, second) in zip(sized[n], own_pairs, strict=True):
                one = components(d, first)
                kept.append((apart(one, components(d, second)), one))
    sizes = [
        {
            "n": n,
            "within": float(np.mean([[one for one, _ in draw] for draw in found])) / n,
            "between": float(np.mean([between([one for _, one in draw]) for draw in found])) / n,
        }
        for n, found in sized.items()
    ]
    name, yardstick = short(network), float(np.mean([between(one) for one in wholes]))
    return Effects(
        pd.DataFrame(rows).assign(between=yardstick, network=name, data=dataset),
        pd.DataFrame(sizes).assign(network=name, data=dataset),
    )


def _against(
    d: Floats, drawn: list[Rows], on_training: PersistenceDiagram, seed: int
) -> tuple[PersistenceDiagram, dict[str, float]]:
    """The diagram of 300 stimuli, and how far it is from each other one."""
    many, other, few = drawn
    whole, inside = components(d, many), d[np.ix_(many, many)]
    lof, random = (
        components(d, many[outliers(inside, rule, share=SHARE, neighbours=NEIGHBOURS, seed=seed).kept])
        for rule in ("lof", "random")
    )
    return whole, {
        "lof": apart(whole, lof, unequal_n=True),
        "random": apart(whole, random, unequal_n=True),
        "unequal": apart(whole, components(d, few), unequal_n=True),
        "equal": apart(whole, components(d, other)),
        "train_test": apart(whole, on_training),
    }
