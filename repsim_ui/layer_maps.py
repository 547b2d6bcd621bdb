"""A layer map in a child process: both models' responses, then every layer of one against every layer of the other."""

from dataclasses import replace
from typing import Any

from repsim_core import similarity
from repsim_core.compute.executor import task_executor
from repsim_core.compute.progress import Progress
from repsim_core.compute.store import default_store
from repsim_core.compute.worker import Partial, Report
from repsim_core.types import SimilarityMatrix
from repsim_ui.recipes import Recipe
from repsim_ui.responses import compared, kept_or_extracted
from repsim_ui.streamed_maps import streamed, streams


def work(recipe: dict[str, Any], report: Report, partial: Partial) -> SimilarityMatrix:
    """The matrix of a recipe."""
    asked, store = Recipe.from_json(recipe), default_store()
    if streams(asked):
        return streamed(asked, report)

    def told(stage: str) -> Progress:
        return lambda done, total: report(stage, done, total)

    first, second = (
        compared(asked, kept_or_extracted(store, asked, side, told(f"stimuli through {asked.model(side)}")))
        for side in ("a", "b")
    )
    options: dict[str, Any] = dict(asked.options)
    doubts = similarity.doubts_about_stimuli(first, second)
    with task_executor() as pool:
        found = similarity.compare_layers(
            first,
            second,
            measure=asked.measure,
            executor=pool,
            progress=told(similarity.MEASURES[asked.measure].unit),
            on_partial=partial,
            **options,
        )
    return replace(found, warnings=(*found.warnings, *doubts))
