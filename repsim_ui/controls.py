"""The choices of a layer map: which layers, which options, and the recipe they add up to."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from repsim_core.similarity import Measure
from repsim_core.types import LayerInfo
from repsim_ui.links import keep_known, keep_several
from repsim_ui.messages import plain
from repsim_ui.recipes import Option, Recipe
from repsim_ui.state import Choices

LAYER_CHOICES = ["blocks", "all", "chosen"]


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
            value = _option(f"o_{name}", name, default, measure.choices.get(name, ()))
            if value is not None and value != default:
                changed.append((name, value))
    return tuple(changed)


def _option(key: str, name: str, default: Any, choices: Sequence[str]) -> float | bool | int | str | None:
    label = name.replace("_", " ").capitalize()
    if choices:
        keep_known(key, label, choices, choices[0])
        return st.selectbox(label, choices, key=key, bind="query-params", width=160)
    if default is None:
        return st.number_input(
            label, 1, value=None, step=1, placeholder="as published", key=key, bind="query-params", width=160
        )
    if isinstance(default, bool):
        return st.checkbox(label, default, key=key, bind="query-params")
    if isinstance(default, int):
        return st.number_input(label, value=default, step=1, key=key, bind="query-params", width=160)
    if isinstance(default, float):
        return st.number_input(label, value=default, format="%g", key=key, bind="query-params", width=160)
    return st.text_input(label, str(default), key=key, bind="query-params", width=160)


def recipe(
    choices: Choices,
    measure: str,
    pooling: str,
    layers: Any,
    options: tuple[Option, ...],
    infos: Mapping[str, list[LayerInfo]],
) -> Recipe:
    """The whole request; draws the two lists of layers if they are to be chosen."""
    picked: dict[str, tuple[str, ...]] = {"ra": (), "rb": ()}
    if layers == "chosen":
        left, right = st.columns(2)
        sides = (left, "ra", "Layers of A", choices.a), (right, "rb", "Layers of B", choices.b)
        for column, key, label, name in sides:
            names = [one.name for one in infos[name]]
            keep_several(key, "Layer", names)
            chosen = column.multiselect(label, names, key=key, bind="query-params", placeholder="Choose layers")
            picked[key] = tuple(one for one in names if one in chosen)  # execution order, whatever the order of clicks
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
    )
