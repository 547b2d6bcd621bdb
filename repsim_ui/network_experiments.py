"""Experiments on networks in a child process. A recipe holds the arguments; nothing here knows Streamlit."""

from collections.abc import Callable
from typing import Any

from repsim_core import experiments
from repsim_core.compute.worker import Partial, Report
from repsim_core.types import ResultTable


def training(recipe: dict[str, Any], report: Report, partial: Partial) -> ResultTable:
    """:func:`repsim_core.experiments.along_training`."""
    return _told(experiments.along_training, "checkpoints compared", recipe, report, partial)


def domains(recipe: dict[str, Any], report: Report, partial: Partial) -> ResultTable:
    """:func:`repsim_core.experiments.between_domains`."""
    return _told(experiments.between_domains, "steps done", recipe, report, partial)


def _told(
    experiment: Callable[..., ResultTable], stage: str, recipe: dict[str, Any], report: Report, partial: Partial
) -> ResultTable:
    return experiment(**recipe, progress=lambda done, total: report(stage, done, total), on_partial=partial)
