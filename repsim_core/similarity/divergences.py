"""Measures on normalised distance matrices, averaged over seeded subsets of the stimuli: RTD and its kin."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from repsim_core.compute.progress import Progress, mapped
from repsim_core.errors import DegenerateError
from repsim_core.similarity.measure import ROTATIONS, Claims, Measure
from repsim_core.topology import (
    LITE_WARNING,
    METRICS,
    SCALES,
    chosen_subsets,
    normalised_distances,
    rtd_lite,
    srtd_barcode,
    srtd_lite,
)
from repsim_core.topology.cross import both_directions
from repsim_core.types import Representation

Matrix = NDArray[np.float64]
Divergence = Callable[[Matrix, Matrix], float]
OPTIONS: Mapping[str, Any] = {"trials": 10, "batch": None, "seed": 0, "metric": "euclidean", "scale": "quantile"}


def rtd_of(dx: Matrix, dy: Matrix) -> float:
    """RTD of two normalised distance matrices: half of the bars of both directions."""
    forward, backward = both_directions(dx, dy)
    return (forward.total + backward.total) / 2


def srtd_of(dx: Matrix, dy: Matrix) -> float:
    """Sum of the bars of the symmetric divergence."""
    return srtd_barcode(dx, dy).total


DIVERGENCES: Mapping[str, Divergence] = {
    "rtd": rtd_of,
    "rtd_lite": rtd_lite,
    "srtd": srtd_of,
    "srtd_lite": srtd_lite,
}


def refined(
    name: str,
    rows: list[Representation],
    columns: list[Representation],
    options: Mapping[str, Any],
    executor: Executor | None,
    progress: Progress,
) -> Iterator[tuple[Matrix, Matrix, NDArray[np.str_], int, int]]:
    """Mean, standard error and reasons of all pairs after each subset, with how many are done and how many there are.

    Subsets are shared by all pairs, and one distance matrix a layer and subset; a pair is a task.
    """
    same = rows is columns
    layers = rows if same else [*rows, *columns]
    subsets = chosen_subsets(rows[0].n_stimuli, options["trials"], options["batch"], options["seed"])
    offset = 0 if same else len(rows)
    pairs = [(i, j) for i in range(len(rows)) for j in range(i + 1 if same else 0, len(columns))]
    sums, squares = np.zeros((2, len(rows), len(columns)))
    why = np.full(len(layers), "", dtype="<U32")
    progress(0, len(pairs) * len(subsets))
    for trial, subset in enumerate(subsets):
        work = [(one, subset, options["metric"], options["scale"]) for one in layers]
        matrices: dict[int, Matrix] = {}
        for k, found in enumerate(mapped(_distances, work, executor)):
            if isinstance(found, str):
                why[k] = found
            else:
                matrices[k] = found
        left = [(i, j) for i, j in pairs if not why[i] and not why[offset + j]]
        tasks = ((name, matrices[i], matrices[offset + j]) for i, j in left)
        for done, ((i, j), value) in enumerate(zip(left, mapped(_value, tasks, executor), strict=True), 1):
            for cell in {(i, j), (j, i) if same else (i, j)}:
                sums[cell] += value
                squares[cell] += value**2
            progress(trial * len(pairs) + done, len(pairs) * len(subsets))
        reasons = np.array([[row or column for column in why[offset:]] for row in why[: len(rows)]], dtype="<U32")
        count = trial + 1
        mean = np.where(reasons == "", sums / count, np.nan)
        spread = np.sqrt(np.maximum(squares - sums**2 / count, 0.0) / max(count - 1, 1) / count)
        error = np.where((reasons == "") & (count > 1), spread, np.nan)
        yield mean, error, reasons, count, len(subsets)


def _distances(task: tuple[Representation, NDArray[np.int64], str, str]) -> Matrix | str:
    layer, subset, metric, scale = task
    label = f"{layer.model}/{layer.layer}"
    if not np.isfinite(layer.values).all():
        return "non_finite"
    try:
        return normalised_distances(layer.values[subset], metric=metric, scale=scale, label=label)
    except DegenerateError as error:
        return error.reason


def _value(task: tuple[str, Matrix, Matrix]) -> float:
    name, first, second = task
    return DIVERGENCES[name](first, second)


_CHANCE = "none in closed form, and it grows with the batch: compare with shuffled stimuli at the same batch"
_BLIND: Mapping[str, frozenset[str]] = {
    "euclidean": ROTATIONS,
    "cosine": frozenset({"rotation", "permutation", "scaling", "row scaling"}),
    "correlation": frozenset({"permutation", "scaling", "row scaling", "row shift"}),
}


def _claims(options: Mapping[str, Any]) -> Claims:
    return Claims((0.0, float("inf")), _BLIND[options["metric"]], _CHANCE, 2)


def _entry(name: str, title: str, description: str, cost: str, reference: str, warning: str = "") -> Measure:
    return Measure(
        name=name,
        title=title,
        description=description,
        method=None,
        claims=_claims,
        symmetric=True,
        larger_is_more_similar=False,
        cost=cost,
        reference=reference,
        options=OPTIONS,
        choices={"metric": tuple(METRICS), "scale": tuple(SCALES)},
        warning=warning,
    )


_WANG = "Wang and Hu (2026), TMLR. arXiv:2606.06342"
_SORTED = "batch² log batch + batch³ / 128 a cell and subset"

ENTRIES = (
    _entry(
        "rtd",
        "RTD",
        "Where does one space join or close what the other has not? Sum of the bars of both cross-barcodes.",
        _SORTED,
        "Barannikov et al. (2022), ICML. arXiv:2201.00058",
    ),
    _entry(
        "rtd_lite",
        "RTD-Lite",
        "How differently do clusters merge? Each spanning tree against that of the smaller distances.",
        "batch² a cell and subset",
        "Tulchinskii et al. (2025), AISTATS",
        LITE_WARNING,
    ),
    _entry(
        "srtd",
        "SRTD",
        "As RTD, in one symmetric barcode: the larger distances against the smaller ones.",
        _SORTED,
        _WANG,
    ),
    _entry(
        "srtd_lite",
        "SRTD-lite",
        "Spanning tree of the larger distances against that of the smaller ones.",
        "batch² a cell and subset",
        _WANG,
    ),
)
