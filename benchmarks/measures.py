"""What does a measure cost on top of the matrix products it cannot avoid?"""

from collections.abc import Callable, Mapping
from functools import partial
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.measurement import Row, ratio, rounds
from repsim_core import similarity
from repsim_core.types import LayerActivations, Representation

LAYERS, N, UNITS = 50, 1000, 2048
NARROW = 64  # units of the layers that need a decomposition a layer or singular values a cell
Work = Callable[[], object]
# Measures whose layers are Gram matrices of float32 responses, and those on distances, which need float64.
SINGLE: Mapping[str, dict[str, Any]] = {"cka": {}, "cka_biased": {}}
DOUBLE: Mapping[str, dict[str, Any]] = {
    "cka_rbf": {},
    "rsa": {},
    "rsa, Pearson": {"compare": "pearson"},
    "mutual_knn": {},
    "mutual_knn, Jaccard": {"form": "jaccard"},
    "dcor": {},
}


def responses(model: str, units: int, seed: int) -> LayerActivations:
    """Layers that drift away from the first one, float32, as an extraction leaves them."""
    generator = np.random.default_rng(seed)
    stimuli = tuple(str(i) for i in range(N))
    values = generator.standard_normal((N, units), dtype=np.float32)
    layers = {}
    for i in range(LAYERS):
        values = values + np.float32(0.3) * generator.standard_normal((N, units), dtype=np.float32)
        layers[f"layer{i}"] = Representation(values, stimuli, model, f"layer{i}", owned=True)
    return LayerActivations(model, "noise", stimuli, layers)


def products(a: LayerActivations, b: LayerActivations, dtype: type, grams: int = 1) -> None:
    """The Gram matrix of every layer, and one product of all of them."""
    stacks = []
    for side in (a, b):
        stack = np.empty((LAYERS, N * N))
        for place, one in zip(stack, side.values(), strict=True):
            values = one.values.astype(dtype, copy=False)
            for _ in range(grams):
                place[:] = (values @ values.T).ravel()
        stacks.append(stack)
    stacks[0] @ stacks[1].T


def decompositions(a: LayerActivations, b: LayerActivations) -> list[list[NDArray[np.float64]]]:
    """Left singular vectors of every layer."""
    found = []
    for side in (a, b):
        centred = (one.values.astype(np.float64) - one.values.mean(axis=0) for one in side.values())
        found.append([np.linalg.svd(one, full_matrices=False)[0] for one in centred])
    return found


def regression_floor(a: LayerActivations, b: LayerActivations) -> None:
    """One decomposition a layer, one product of n² numbers a layer for all cells."""
    stacks = [np.stack([(one @ one.T).ravel() for one in side]) for side in decompositions(a, b)]
    stacks[0] @ stacks[1].T


def procrustes_floor(a: LayerActivations, b: LayerActivations) -> None:
    """The product of every cell and its singular values: their sum is the measure, and no algebra avoids it."""
    left, right = (
        [one.values.astype(np.float64) - one.values.mean(axis=0) for one in side.values()] for side in (a, b)
    )
    for one in left:
        for other in right:
            np.linalg.svd(one.T @ other, compute_uv=False)


def against(
    name: str, options: dict[str, Any], pair: tuple[LayerActivations, LayerActivations], floor: Work, what: str
) -> Row:
    """One measure against what it cannot avoid, in the same rounds."""
    measure = name.partition(",")[0]
    sides = {"floor": floor, "measure": partial(similarity.compare_layers, *pair, measure, **options)}
    seconds = rounds(sides, 3)
    times = ratio(seconds["measure"], seconds["floor"])
    units = pair[0]["layer0"].n_units
    return Row(
        f"{LAYERS} × {LAYERS} layers of {units} units, n = {N}, `{name}`: against {what}",
        "≤ 2 ×",
        f"{times:.2f} × ({median(seconds['measure']):.1f} s against {median(seconds['floor']):.1f} s)",
        times <= 2,
    )


def rows() -> list[Row]:
    """Every measure but the CCA family and RTD, whose cells are singular values and barcodes."""
    wide = responses("A", UNITS, 0), responses("B", UNITS, 1)
    narrow = responses("A", NARROW, 2), responses("B", NARROW, 3)
    found = [
        against(name, options, wide, partial(products, *wide, np.float32), "float32 Gram matrices and one product")
        for name, options in SINGLE.items()
    ]
    found += [
        against(name, options, wide, partial(products, *wide, np.float64), "float64 Gram matrices and one product")
        for name, options in DOUBLE.items()
    ]
    two = partial(products, *wide, np.float64, 2)
    found.append(against("cknna", {}, wide, two, "two Gram matrices a layer and one product"))
    floor, what = partial(regression_floor, *narrow), "one decomposition a layer and one product"
    found.append(against("linear_regression", {}, narrow, floor, what))
    floor, what = partial(procrustes_floor, *narrow), "one product a cell and its singular values"
    found.append(against("procrustes", {}, narrow, floor, what))
    return found
