"""What a child process does for the Ablation page. Nothing here knows Streamlit."""

import time
from typing import Any

from repsim_core import ablation, datasets, models
from repsim_core.compute.executor import task_executor
from repsim_core.compute.worker import Partial, Report
from repsim_core.types import AblationGrid, AblationStudy, Dataset
from repsim_ui.ablation_recipes import AblationRecipe
from repsim_ui.recipes import network

PAUSE = 1.5  # seconds between two partial results: each is a file


def study(recipe: dict[str, Any], report: Report, partial: Partial) -> AblationStudy:
    """Grids of layers and classes."""
    asked = AblationRecipe.from_json(recipe)
    last = time.monotonic()

    def now_and_then(found: AblationStudy) -> None:
        nonlocal last
        if time.monotonic() - last > PAUSE:
            partial(found)
            last = time.monotonic()

    model, data = _loaded(asked)
    with task_executor() as pool:
        return ablation.ablation_study(
            model,
            data,
            asked.layers,
            asked.classes,
            executor=pool,
            progress=lambda done, total: report("cells ablated and measured", done // 2, total // 2),
            on_partial=now_and_then,
            refuse=len(asked.layers) == 1,
            **asked.options,
        )


def lesion(recipe: dict[str, Any], report: Report, partial: Partial) -> AblationGrid:
    """Units of a rectangle of selectivity and magnitude switched off; ``corners`` beside the recipe of one grid."""
    low_s, high_s, low_m, high_m = recipe["corners"]
    asked = AblationRecipe.from_json({key: value for key, value in recipe.items() if key != "corners"})
    model, data = _loaded(asked)
    options = {key: value for key, value in asked.options.items() if key != "bins"}
    report("forward passes", 0, 1)
    inside = ablation.units_within(
        model, asked.layers[0], data, asked.classes[0], (low_s, high_s), (low_m, high_m), unit=asked.options["unit"]
    )
    with task_executor() as pool:
        return ablation.lesion(
            model,
            asked.layers[0],
            data,
            asked.classes[0],
            inside,
            executor=pool,
            progress=lambda done, total: report("steps of the lesion", done, total),
            **options,
        )


def _loaded(asked: AblationRecipe) -> tuple[models.Model, Dataset]:
    return network(asked.model), datasets.load(asked.dataset, n=asked.n, seed=asked.seed)
