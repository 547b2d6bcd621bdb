"""The stimuli of a file of recorded responses: their ids and labels are known, they themselves are not."""

from pathlib import Path
from typing import Literal

import numpy as np

from repsim_core.datasets.loading import loaded
from repsim_core.datasets.names import MARK, Asked
from repsim_core.datasets.source import Content, Source
from repsim_core.formats import Responses, recorded_responses, shown_name
from repsim_core.types import Dataset, DatasetCard


def recorded(path: str | Path, name: str = "", *, n: int | None = None, seed: int = 0) -> Dataset:
    """Dataset of a file of responses, with inputs of shape (n, 0), or a seeded subset of it.

    Raises
    ------
    FormatError, BudgetError
        As :func:`repsim_core.formats.recorded_responses`.
    InputError
        If n is below 1 or more than there are.
    """
    name = name or shown_name(Path(path).stem).replace(MARK, "-")
    return loaded(source_of(recorded_responses(path), name), Asked(name), "all", n, seed)


def source_of(responses: Responses, name: str, title: str = "") -> Source:
    """Card and reader of the stimuli of some responses."""
    n = len(responses.stimuli)
    task: Literal["classification", "regression", "none"] = "none"
    if responses.labels is not None:
        task = "classification" if responses.classes else "regression"
    what = f"{title or name}: {n} stimuli of recorded responses" + ("" if responses.has_ids else ", without ids")
    card = DatasetCard(name, "tabular", task, (0,), {"all": n}, responses.classes, what, "a file of responses")
    content = Content(np.empty((n, 0), np.float32), responses.labels, responses.stimuli)
    return Source(card, lambda _split: content)
