"""What a child process does for the Topology page. Nothing here knows Streamlit."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from repsim_core import activations, datasets, topology
from repsim_core.compute.executor import task_executor
from repsim_core.compute.progress import Progress
from repsim_core.compute.store import default_store
from repsim_core.compute.worker import Partial, Report, Result
from repsim_core.types import LayerActivations, Representation, SimilarityMatrix
from repsim_core.types.diagram_results import DiagramComparison, NoiseLengths
from repsim_core.types.diagrams import LayerDiagrams
from repsim_ui.recipes import network
from repsim_ui.responses import kept_or_extracted, salt
from repsim_ui.topology_recipes import DiagramRecipe

PAUSE = 1.0  # seconds between two partial results: each is a file
Value = TypeVar("Value", bound=Result)


def diagrams(recipe: dict[str, Any], report: Report, partial: Partial) -> LayerDiagrams:
    """Diagrams of the layers of one network."""
    return _computed(DiagramRecipe.from_json(recipe), report, partial)


def distances(recipe: dict[str, Any], report: Report, partial: Partial) -> DiagramComparison:
    """Two networks by their diagrams; a recipe of two equal sides is one network with itself."""
    first = _kept_or_computed(DiagramRecipe.from_json(recipe["a"]), report)
    second = first if recipe["a"] == recipe["b"] else _kept_or_computed(DiagramRecipe.from_json(recipe["b"]), report)
    with task_executor() as pool:
        return topology.compare_networks(
            first,
            second,
            recipe["dimension"],
            kind=recipe["kind"],
            unequal_n=recipe["unequal_n"],
            executor=pool,
            progress=_told(report, "rows of layers compared"),
            on_partial=_now_and_then(partial),
        )


def networks(recipe: dict[str, Any], report: Report, partial: Partial) -> SimilarityMatrix:
    """Every network against every other."""
    found = [_kept_or_computed(DiagramRecipe.from_json(one), report) for one in recipe["networks"]]
    with task_executor() as pool:
        return topology.model_distances(
            found,
            recipe["dimension"],
            kind=recipe["kind"],
            executor=pool,
            progress=_told(report, "pairs of networks compared"),
        )


def noise(recipe: dict[str, Any], report: Report, partial: Partial) -> NoiseLengths:
    """The length of noise in one layer on one subset."""
    asked = DiagramRecipe.from_json(recipe["diagrams"])
    found = _kept_or_computed(asked, report)
    layer = _responses(asked, report)[recipe["layer"]]
    d = topology.layer_distances(found, layer, recipe["subset"])
    with task_executor() as pool:
        return topology.noise_lengths(
            d,
            asked.max_dimension,
            rule=recipe["rule"],
            seed=asked.seed,
            executor=pool,
            progress=_told(report, "resampled clouds"),
        )


def training(recipe: dict[str, Any], report: Report, partial: Partial) -> LayerDiagrams:
    """Diagrams of one layer at every checkpoint, which stand where layers do otherwise."""
    asked = DiagramRecipe.from_json(recipe["diagrams"])
    data = datasets.load(asked.dataset, n=asked.n, seed=asked.seed)
    found: dict[str, Representation] = {}
    report("checkpoints run", 0, len(recipe["checkpoints"]))
    for epoch, name in recipe["checkpoints"]:
        model = network(name)
        one = activations.extract(model, data, [recipe["layer"]], pooling=asked.pooling)[recipe["layer"]]
        found[epoch] = replace(one, model=asked.model, layer=epoch, owned=True)
        report("checkpoints run", len(found), len(recipe["checkpoints"]))
    run = LayerActivations(asked.model, data.name, data.stimuli, found, asked.pooling)
    with task_executor() as pool:
        return topology.layer_diagrams(
            run,
            labels=data.labels,
            executor=pool,
            progress=_told(report, "checkpoints with their diagrams"),
            on_partial=_now_and_then(partial),
            **asked.options,
        )


def _kept_or_computed(asked: DiagramRecipe, report: Report) -> LayerDiagrams:
    """From the store, where the page's own job left them."""
    found = default_store().get(f"{salt()}-{asked.key}")
    return LayerDiagrams.from_bytes(found[1]) if found is not None else _computed(asked, report, None)


def _computed(asked: DiagramRecipe, report: Report, partial: Partial | None) -> LayerDiagrams:
    labels = datasets.load(asked.dataset, n=asked.n, seed=asked.seed).labels
    found = _responses(asked, report)
    with task_executor() as pool:
        return topology.layer_diagrams(
            found,
            labels=labels,
            executor=pool,
            progress=_told(report, "layers with their diagrams"),
            on_partial=None if partial is None else _now_and_then(partial),
            **asked.options,
        )


def _responses(asked: DiagramRecipe, report: Report) -> LayerActivations:
    told = _told(report, f"stimuli through {asked.model}")
    return kept_or_extracted(default_store(), asked.responses(), "a", told)


def _told(report: Report, stage: str) -> Progress:
    return lambda done, total: report(stage, done, total)


def _now_and_then(partial: Partial) -> Callable[[Value], None]:
    last = 0.0

    def given(result: Value) -> None:
        nonlocal last
        if time.monotonic() - last >= PAUSE:
            partial(result)
            last = time.monotonic()

    return given
