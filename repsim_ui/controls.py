"""The choices of a layer map: which layers, which options, and the recipe they add up to."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import streamlit as st

from repsim_core import datasets
from repsim_core.similarity import Measure
from repsim_core.similarity.preprocessing import DIMENSIONS, REDUCTIONS, SCALINGS
from repsim_core.types import LayerInfo
from repsim_ui import cache, data_names, layer_picker
from repsim_ui.links import keep_known, keep_number, keep_whole_number
from repsim_ui.messages import plain
from repsim_ui.recipes import Option, Recipe
from repsim_ui.state import Choices

LAYER_CHOICES = ["blocks", "all", "chosen"]
MOST_DIMENSIONS = 2048


def pooling_help(poolings: Mapping[str, str]) -> str:
    """One line per pooling."""
    return "  \n".join(f"**{plain(name)}**: {plain(text)}" for name, text in poolings.items())


def measure_options(measure: Measure) -> tuple[Option, ...]:
    """One control per option of the measure; those left at their default are not part of the recipe."""
    if not measure.options:
        return ()
    changed: list[Option] = []
    with st.container(horizontal=True):
        for name, default in measure.options.items():
            value = _option(measure, name, default)
            if value is not None and value != default:
                changed.append((name, value))
    return tuple(changed)


def _option(measure: Measure, name: str, default: Any) -> Any:
    """The control of one option; its key names the measure, since options of one name differ in kind."""
    key, label = f"o_{measure.name}_{name}", name.replace("_", " ").capitalize()
    bound: dict[str, Any] = {"key": key, "bind": "query-params", "help": measure.help.get(name)}
    choices = measure.choices.get(name, ())
    if choices:
        keep_known(key, label, choices, choices[0])
        return st.selectbox(label, choices, width=180, **bound)
    if default is None:
        return st.number_input(label, 1, value=None, step=1, placeholder="as published", width=160, **bound)
    if isinstance(default, bool):
        return st.checkbox(label, default, **bound)
    low, high = measure.ranges.get(name, (None, None))
    if isinstance(default, int):
        return st.number_input(label, 0 if low is None else int(low), value=default, step=1, width=160, **bound)
    if isinstance(default, float):
        if low is None or high is None:
            return st.number_input(label, value=default, format="%g", width=160, **bound)
        keep_number(key, label, low, high, default)
        return st.slider(label, low, high, step=0.01, format="%.2f", width=240, **bound)
    return st.text_input(label, str(default), width=160, **bound)


@dataclass(frozen=True)
class Sides:
    """What is compared beside the two networks: which data B sees, and what is done to the responses first."""

    dataset_b: str = ""
    scaling: str = "none"
    reduction: str = "none"
    dimensions: int = DIMENSIONS


def preprocessing(choices: Choices) -> Sides:
    """Controls behind an expander, which says in its title what differs from responses as they are."""
    same = data_names.beside(choices.dataset)
    data = [*same, *(one.name for one in datasets.available() if one.name != choices.dataset and one.name not in same)]
    keep_known("dsb", "Dataset of B", ["same", *data], "same", accept=data_names.is_known)
    data = data_names.listed(data, st.session_state.get("dsb"), st.query_params.get("dsb"))
    data = [one for one in data if one != "same"]
    keep_known("scaling", "Scaling", SCALINGS, "none")
    keep_known("reduction", "Reduction", REDUCTIONS, "none")
    keep_whole_number("dimensions", "Dimensions", 1, MOST_DIMENSIONS, DIMENSIONS)
    with st.expander("Before the comparison"), st.container(horizontal=True, vertical_alignment="bottom"):
        scaling = st.selectbox(
            "Scaling", list(SCALINGS), key="scaling", bind="query-params", help=pooling_help(SCALINGS), width=180
        )
        reduction = st.selectbox(
            "Reduction",
            list(REDUCTIONS),
            key="reduction",
            bind="query-params",
            help=pooling_help(REDUCTIONS) + "  \nIts seed is that of the stimuli.",
            width=180,
        )
        dimensions = st.number_input(
            "Dimensions",
            1,
            MOST_DIMENSIONS,
            step=10,
            key="dimensions",
            bind="query-params",
            disabled=reduction == "none",
            width=160,
        )
        other = st.selectbox(
            "Dataset of B",
            ["same", *data],
            key="dsb",
            bind="query-params",
            help="The same stimuli otherwise: shifted, or another domain such as shapes and shapes_sketch.",
            width=200,
        )
    steps = [SCALINGS[scaling]] * (scaling != "none") + [f"{REDUCTIONS[reduction]}, {dimensions}"] * (
        reduction != "none"
    )
    if steps:
        st.caption(plain("Compared after: " + "; ".join(steps) + "."))
    return Sides("" if other == "same" else other, scaling, reduction, int(dimensions))


def recipe(
    choices: Choices,
    measure: str,
    pooling: str,
    layers: Any,
    options: tuple[Option, ...],
    infos: Mapping[str, list[LayerInfo]],
    sides: Sides = Sides(),
) -> Recipe:
    """The whole request; draws the two lists of layers if they are to be chosen."""
    picked: dict[str, tuple[str, ...]] = {"ra": (), "rb": ()}
    if layers == "chosen":
        left, right = st.columns(2)
        lists = (left, "ra", "Layers of A", choices.a), (right, "rb", "Layers of B", choices.b)
        for column, key, label, name in lists:
            with column:
                architecture = cache.card(name).architecture
                picked[key] = layer_picker.picked(key, label, infos[name], choices.n, architecture)
    return Recipe(
        choices.a,
        choices.b,
        choices.dataset,
        choices.n,
        choices.seed,
        measure,
        pooling,
        layers,
        picked["ra"],
        picked["rb"],
        options,
        **asdict(sides),
    )
