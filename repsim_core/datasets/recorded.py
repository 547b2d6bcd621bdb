"""The stimuli of a file of recorded responses: their ids and labels are known, they themselves are not."""

from pathlib import Path
from typing import Literal

import numpy as np

from repsim_core.datasets.source import Content, Source
from repsim_core.formats import Responses, recorded_responses, shown_name
from repsim_core.types import Dataset, DatasetCard


def recorded(path: str | Path, name: str = "") -> Dataset:
    """Dataset of a file of responses, with inputs of shape (n, 0)."""
    name = name or shown_name(Path(path).stem)
    return dataset_of(recorded_responses(path), name)


def dataset_of(responses: Responses, name: str) -> Dataset:
    """All stimuli of some responses."""
    inputs = np.empty((len(responses.stimuli), 0), np.float32)
    return Dataset(source_of(responses, name).card, "all", inputs, responses.labels, responses.stimuli)


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
