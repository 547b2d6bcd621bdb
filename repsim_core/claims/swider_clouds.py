"""What the claims of Świder are measured with: hidden layers as clouds, their components, and distances of those."""

from collections.abc import Iterable
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from repsim_core import activations, datasets, models
from repsim_core.claims.swider_method import DEGREE, KIND, SCALE, SEED, N
from repsim_core.datasets.subset import subset
from repsim_core.models import Model
from repsim_core.topology import diagram_distance, layer_diagrams, rips_of_distances
from repsim_core.topology.clouds import over_scale
from repsim_core.types import LayerDiagrams, PersistenceDiagram

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]


def hidden_names(model: Model, data: Any) -> list[str]:
    """The layers of a network but for its outputs, one a block."""
    return list(activations.extract(model, data))[:-1]


def disjoint_rows(labels: NDArray[np.int64], *sizes: int, seed: int = SEED) -> list[Rows]:
    """Rows of subsets without a stimulus in common, every class in its share."""
    left, found = np.arange(len(labels)), []
    for size in sizes:
        places = subset(labels[left], len(left), size, seed=seed)
        found.append(left[places])
        left = np.delete(left, places)
    return found


def components(d: Floats, rows: Rows) -> PersistenceDiagram:
    """Diagram of degree 0 of some points of a cloud, over the scale of their own distances."""
    return rips_of_distances(over_scale(d[np.ix_(rows, rows)], SCALE), max_dimension=0)[DEGREE]


def apart(one: PersistenceDiagram, other: PersistenceDiagram, *, unequal_n: bool = False) -> float:
    """Sliced Wasserstein distance of two diagrams."""
    return diagram_distance(one, other, KIND, unequal_n=unequal_n)


def between(diagrams: Iterable[PersistenceDiagram]) -> float:
    """The yardstick: median distance of two layers of one network on the same stimuli; NaN for a single layer."""
    found = [apart(one, other) for one, other in combinations(diagrams, 2)]
    return float(np.median(found)) if found else float("nan")


def network_diagrams(network: str | Model, dataset: str, *, n: int = N) -> LayerDiagrams:
    """Diagrams of every hidden layer on the stimuli that all networks share."""
    model = models.load(network) if isinstance(network, str) else network
    data = datasets.load(dataset, n=n, seed=SEED)
    names = hidden_names(model, datasets.load(dataset, n=2))
    return layer_diagrams(activations.extract(model, data, names), size=n, repeats=1, max_dimension=0, scale=SCALE)


def short(network: str) -> str:
    """The name of a network without the shelf it stands on."""
    return network.removeprefix("zoo/")
