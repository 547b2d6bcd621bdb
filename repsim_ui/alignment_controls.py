"""The choices of the Alignment page: what the layers should point at, in which form, on which half of the data."""

from dataclasses import dataclass
from typing import Any

import streamlit as st

from repsim_core import datasets
from repsim_core.activations import POOLINGS
from repsim_core.alignment import FORM_SENTENCES
from repsim_core.experiments.tasks import TASKS, tasks_for
from repsim_core.types import DatasetCard
from repsim_ui import controls, links, state
from repsim_ui.recipes import weights_of

FORMS = ["centred", "published"]  # the default first
HALVES = {"test half": "test", "training half": "train"}  # a bound control knows its options by what it shows


@dataclass(frozen=True)
class Asked:
    """Everything but the network."""

    dataset: str
    split: str
    n: int
    seed: int
    task: str
    form: str
    pooling: str
    every: bool = False

    def recipe(self, **more: Any) -> dict[str, Any]:
        """What a child process is told, in JSON's own types."""
        return {
            "dataset": self.dataset,
            "split": self.split,
            "n": self.n,
            "seed": self.seed,
            "task": self.task,
            "form": self.form,
            "pooling": self.pooling,
        } | more


def asked(
    choices: state.Choices,
    *,
    with_task: bool = True,
    with_form: bool = True,
    with_layers: bool = True,
    with_every: bool = True,
) -> Asked | None:
    """Draw the choices; None, with what would do, if the dataset has nothing to point at."""
    card = dataset_card(choices.dataset)
    tasks = tasks_for(card)
    if not tasks:
        known = [one.name for one in datasets.available() if tasks_for(one)][:5]
        st.info(
            f"{card.name} has no labels, so there is nothing to point at. Datasets with labels: {', '.join(known)}, …"
        )
        return None
    with st.container(horizontal=True, vertical_alignment="bottom"):
        task = tasks[0]
        if with_task:
            links.keep_known("target", "Target", tasks, tasks[0])
            task = st.selectbox(
                "Target", tasks, key="target", bind="query-params", width=200, help=controls.pooling_help(_about(tasks))
            )
        form = chosen_form() if with_form else FORMS[0]
        halves = list(HALVES) if "train" in card.sizes else list(HALVES)[:1]
        links.keep_known("half", "Half", halves, halves[0])
        links.start_with("half", halves[0])
        split = st.segmented_control(
            "Stimuli",
            halves,
            key="half",
            bind="query-params",
            required=True,
            help="A network that learnt its training half by heart points at those labels alone.",
        )
        pooling, every = "flatten", False
        if with_layers:
            links.keep_known("pool", "Pooling", POOLINGS, "flatten")
            pooling = st.selectbox(
                "Pooling",
                list(POOLINGS),
                key="pool",
                bind="query-params",
                width=150,
                help=controls.pooling_help(POOLINGS),
            )
        if with_layers and with_every:
            every = st.checkbox("Every layer", key="every", bind="query-params", help="Otherwise one a block.")
    return Asked(choices.dataset, HALVES[str(split)], choices.n, choices.seed, task, form, pooling, every)


def chosen_form() -> str:
    """Which of the two forms."""
    links.keep_known("form", "Form", FORMS, FORMS[0])
    links.start_with("form", FORMS[0])
    return str(
        st.segmented_control(
            "Form", FORMS, key="form", bind="query-params", required=True, help=controls.pooling_help(FORM_SENTENCES)
        )
    )


def dataset_card(name: str) -> DatasetCard:
    """What is known of a dataset."""
    return next(one for one in datasets.available() if one.name == name)


def is_trained(model: str) -> bool:
    """Whether a name stands for trained weights: torchvision runs with random ones on a page."""
    return weights_of(model) is not None


def _about(tasks: list[str]) -> dict[str, str]:
    found = {name: TASKS[name].description for name in tasks if name in TASKS}
    if any(name not in TASKS for name in tasks):
        found["class …"] = "this class against all others"
    return found
