"""The ablation grids behind the claims of Hayne et al.: which networks, classes and images, and what is kept."""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from typing import Any

import pandas as pd

from repsim_core import datasets, models
from repsim_core.ablation import PAPER_MEASURES, ablation_study, relate
from repsim_core.compute.executor import cores
from repsim_core.compute.progress import Progress, mapped, no_progress
from repsim_core.models import Model, zoo
from repsim_core.types import AblationGrid

LAYERS = ("conv1", "conv2", "conv3", "conv4", "conv5")
FUNCTION_NAMES = ("rank_deficit", "class_accuracy", "cross_entropy", "others_accuracy", "decodability")
PERFORMANCES = ("rank_deficit", "cross_entropy")


@dataclass(frozen=True)
class Plan:
    """Grids of several networks: every layer of :data:`LAYERS` with the classes of each network."""

    networks: tuple[str, ...]
    dataset: str
    n: int
    classes: tuple[tuple[str, ...] | None, ...]  # of each network; None takes all
    probe: str
    subsets: int | None = None
    ridge: float = 1.0


_DIGITS, _SHAPES = (tuple(f"zoo/{data}-cnn-s{seed}" for seed in range(10, 15)) for data in ("digits", "shapes"))
# Written before anything was computed. 30 images a class, since probes cost O(n³), and 10 a class of the forty. As
# published every network has two of the ten classes, since a cell takes 50 fits; of the forty every second digit.
PLANS: dict[str, Plan] = {
    "digits": Plan(_DIGITS, "digits", 300, (None,) * 5, "cross_validated"),
    "shapes": Plan(_SHAPES, "shapes", 300, (None,) * 5, "cross_validated"),
    "forty classes": Plan(
        ("zoo/rotated-cnn-s10", "zoo/rotated-cnn-s11"),
        "digits_rotated",
        400,
        (("0@0", "2@90", "4@180", "6@270", "8@0"),) * 2,
        "cross_validated",
    ),
    "as published": Plan(
        _DIGITS, "digits", 300, tuple((str(2 * k), str(2 * k + 1)) for k in range(5)), "subsets", subsets=50
    ),
}


@dataclass(frozen=True, eq=False)
class Grids:
    """What is kept of the grids of one plan, each table with a column ``network``."""

    cells: pd.DataFrame  # layer, class, cell, losses of each function, dissimilarity by each measure
    averages: pd.DataFrame  # measure, function, mean_rho (Fisher's z over layers and classes), coefficients, undefined
    contrasts: pd.DataFrame  # performance, contrast, mean


_KEPT: dict[str, Grids] = {}


def measured_grids(name: str, progress: Progress | None = None) -> Grids:
    """:func:`measured`, once a process: all claims of the paper are judged on the same grids."""
    if name not in _KEPT:
        _KEPT[name] = measured(name, progress=progress)
    return _KEPT[name]


def measured(name: str, *, processes: int | None = None, progress: Progress | None = None) -> Grids:
    """All grids of a plan, a network at a time and process; minutes.

    Parameters
    ----------
    name
        A key of :data:`PLANS`.
    processes
        By default one for every core, each with one BLAS thread.
    """
    plan = PLANS[name]
    count = min(processes or cores(), len(plan.networks))
    task, progress = partial(network_grids, plan), progress or no_progress
    progress(0, len(plan.networks))
    found: list[Grids] = []
    with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:
        for one in mapped(task, range(len(plan.networks)), pool if count > 1 else None):
            found.append(one)
            progress(len(found), len(plan.networks))
    return Grids(*(pd.concat(parts, ignore_index=True) for parts in zip(*map(_tables, found), strict=True)))


def network_grids(plan: Plan, place: int, layers: Sequence[str] = LAYERS) -> Grids:
    """The grids of the network at a place of the plan."""
    from threadpoolctl import threadpool_limits

    network = plan.networks[place]
    with threadpool_limits(1, user_api="blas"):
        study = ablation_study(
            loaded(network),
            datasets.load(plan.dataset, n=plan.n),
            layers,
            plan.classes[place],
            probe=plan.probe,
            subsets=plan.subsets,
            ridge=plan.ridge,
        )
    related = {one: relate(study.grids, performance=one) for one in PERFORMANCES}
    contrasts = [
        {"performance": one, "contrast": name, "mean": average.mean}
        for one, found in related.items()
        for name, average in found.contrasts.items()
    ]
    averages = related[PERFORMANCES[0]].to_frame()
    tables = (
        pd.concat([_cells(one) for one in study.grids], ignore_index=True),
        averages[averages["function"].isin(FUNCTION_NAMES)].reset_index(drop=True),
        pd.DataFrame(contrasts),
    )
    return Grids(*(one.assign(network=network.removeprefix("zoo/")) for one in tables))


def loaded(network: str) -> Model:
    """A member of the zoo, or what its recipe makes of a seed that does not ship; that takes about a minute."""
    if network in zoo.entries():
        return models.load(network)
    from repsim_core.claims.fresh import trained

    stem, seed = network.rsplit("-s", 1)
    return trained(f"{stem}-s10", int(seed))[0]


def _tables(one: Grids) -> tuple[pd.DataFrame, ...]:
    return one.cells, one.averages, one.contrasts


def _cells(grid: AblationGrid) -> pd.DataFrame:
    """One line a cell."""
    columns: dict[str, Any] = {"layer": grid.layer, "class": grid.class_name, "cell": range(len(grid.done))}
    columns |= {name: grid.change(name) for name in FUNCTION_NAMES}
    return pd.DataFrame(columns | {name: grid.dissimilarity(name) for name in PAPER_MEASURES})
