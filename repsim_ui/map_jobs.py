"""What a child process does for the Layer map page beside the map itself. Nothing here knows Streamlit.

Each recipe holds that of a map under ``map`` and what else is asked for.
"""

from dataclasses import replace
from typing import Any

from repsim_core import datasets, experiments, similarity
from repsim_core.compute.executor import task_executor
from repsim_core.compute.progress import Progress
from repsim_core.compute.store import default_store
from repsim_core.compute.worker import Partial, Report
from repsim_core.inference import half_subsamples, score_against_stimuli
from repsim_core.types import (
    LayerActivations,
    NetworkMatrix,
    PermutationTest,
    ResultTable,
    StimulusCurve,
    SubsampleSpread,
)
from repsim_ui.recipes import Recipe
from repsim_ui.responses import compared, kept_or_extracted

HALVES = 20


def significance(recipe: dict[str, Any], report: Report, partial: Partial) -> PermutationTest:
    """Every cell with shuffled stimuli, free or within classes."""
    asked = Recipe.from_json(recipe["map"])
    classes = None
    if recipe["within_classes"]:
        labels = datasets.load(asked.dataset, n=asked.n, seed=asked.seed).labels
        assert labels is not None  # the page offers it for labelled data alone
        classes = labels.tolist()
    first, second = _sides(asked, report)
    with task_executor() as pool:
        return similarity.permutation_test(
            first,
            second,
            asked.measure,
            permutations=recipe["permutations"],
            seed=asked.seed,
            classes=classes,
            executor=pool,
            progress=_told(report, "shuffles of the stimuli"),
            on_partial=partial,
            **dict(asked.options),
        )


def halves(recipe: dict[str, Any], report: Report, partial: Partial) -> SubsampleSpread:
    """Every cell on random halves of the stimuli: a rough standard error where no exact one is known."""
    asked = Recipe.from_json(recipe["map"])
    first, second = _sides(asked, report)
    options: dict[str, Any] = dict(asked.options)

    def score(rows: Any) -> Any:
        return similarity.compare_layers(_rows(first, rows), _rows(second, rows), asked.measure, **options).values

    with task_executor() as pool:
        return half_subsamples(
            score,
            len(first.stimuli),
            trials=HALVES,
            seed=asked.seed,
            executor=pool,
            progress=_told(report, "random halves"),
        )


def curve(recipe: dict[str, Any], report: Report, partial: Partial) -> StimulusCurve:
    """One cell against the number of stimuli."""
    asked = Recipe.from_json(recipe["map"])
    x, y = (side[recipe[layer]] for side, layer in zip(_sides(asked, report), ("row", "column"), strict=True))
    options: dict[str, Any] = dict(asked.options)

    def score(rows: Any) -> float:
        return similarity.score(similarity.subset(x, rows), similarity.subset(y, rows), asked.measure, **options)

    with task_executor() as pool:
        return score_against_stimuli(
            score, x.n_stimuli, seed=asked.seed, executor=pool, progress=_told(report, "subsets of the stimuli")
        )


def profiles(recipe: dict[str, Any], report: Report, partial: Partial) -> ResultTable:
    """Single-layer numbers of both networks."""
    asked = Recipe.from_json(recipe["map"])
    with task_executor() as pool:
        return experiments.layer_profiles(
            _sides(asked, report), executor=pool, progress=_told(report, "layers described")
        )


def twins(recipe: dict[str, Any], report: Report, partial: Partial) -> ResultTable:
    """The sanity check for every measure."""
    asked = Recipe.from_json(recipe["map"])
    with task_executor() as pool:
        return experiments.twins_found(
            _networks(asked, recipe["networks"], report),
            recipe["measures"],
            executor=pool,
            progress=_told(report, "pairs of networks compared"),
            on_partial=partial,
        )


def networks(recipe: dict[str, Any], report: Report, partial: Partial) -> NetworkMatrix:
    """Every network against every other."""
    asked = Recipe.from_json(recipe["map"])
    with task_executor() as pool:
        return experiments.compare_networks(
            _networks(asked, recipe["networks"], report),
            asked.measure,
            summary=recipe["summary"],
            executor=pool,
            progress=_told(report, "pairs of networks compared"),
            on_partial=partial,
            **dict(asked.options),
        )


def _told(report: Report, stage: str) -> Progress:
    return lambda done, total: report(stage, done, total)


def _sides(asked: Recipe, report: Report) -> tuple[LayerActivations, LayerActivations]:
    return _side(asked, "a", report), _side(asked, "b", report)


def _side(asked: Recipe, side: str, report: Report) -> LayerActivations:
    told = _told(report, f"stimuli through {asked.model(side)}")
    return compared(asked, kept_or_extracted(default_store(), asked, side, told))


def _networks(asked: Recipe, names: list[str], report: Report) -> list[LayerActivations]:
    return [_side(replace(asked, a=name), "a", report) for name in names]


def _rows(layers: LayerActivations, rows: Any) -> LayerActivations:
    chosen = {name: similarity.subset(one, rows) for name, one in layers.items()}
    return replace(layers, stimuli=next(iter(chosen.values())).stimuli, representations=chosen)
