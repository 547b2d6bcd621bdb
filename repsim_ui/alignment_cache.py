"""What the Alignment page keeps between runs. Keys are strings and integers, as in :mod:`repsim_ui.cache`."""

import streamlit as st

from repsim_core import datasets
from repsim_core.experiments.tasks import task_answers
from repsim_core.types import Dataset


@st.cache_resource(show_spinner=False, max_entries=16)
def half(name: str, split: str, n: int, seed: int) -> Dataset:
    """Stimuli of one half of a dataset."""
    return datasets.load(name, n=n, seed=seed, split=split)


@st.cache_data(show_spinner=False, max_entries=32)
def answers(name: str, split: str, n: int, seed: int, task: str) -> tuple[list[str], list[str]]:
    """The answer of each stimulus to a task in words, and all answers in their order; quarters of a number."""
    labels, names = task_answers(half(name, split, n, seed), task)
    if labels.dtype.kind == "f":
        order = ["lowest quarter", "second quarter", "third quarter", "highest quarter"]
        place = labels.argsort(kind="stable").argsort(kind="stable") * 4 // len(labels)
        return [order[k] for k in place], order
    return [names[int(k)] for k in labels], list(names)
