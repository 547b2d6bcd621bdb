"""What is compared on the Layer map page: measure, layers, preprocessing, and what the map will cost."""

from dataclasses import dataclass

import streamlit as st

from repsim_core.activations import POOLINGS, needed_bytes
from repsim_core.compute.memory import budget_bytes, readable_bytes
from repsim_core.similarity import MEASURES
from repsim_core.types import LayerInfo
from repsim_ui import cache, controls, estimates, sentences, state
from repsim_ui.links import keep_known, start_with
from repsim_ui.messages import plain
from repsim_ui.recipes import Recipe


@dataclass(frozen=True)
class Asked:
    """A recipe with the layers it chooses, in execution order."""

    recipe: Recipe
    first: list[LayerInfo]
    second: list[LayerInfo]
    everything: list[LayerInfo]

    @property
    def cells(self) -> int:
        """Pairs of layers."""
        return len(self.first) * len(self.second)

    def seconds(self, recipe: Recipe | None = None) -> float:
        """Estimate for the map, or for another measure of the same layers."""
        asked = recipe or self.recipe
        cost = estimates.seconds(asked.n, self.first, self.second, self.everything)
        batch, trials = estimates.subsets(asked)
        return cost + estimates.subset_seconds(asked.measure, batch, trials, self.cells)

    @property
    def said(self) -> str:
        """Size and cost of one map."""
        held = [needed_bytes(one, self.recipe.n, self.recipe.pooling) for one in (self.first, self.second)]
        return (
            f"{len(self.first)} × {len(self.second)} = {self.cells} cells on {self.recipe.n} stimuli: "
            f"{sentences.duration(self.seconds())} here, {readable_bytes(sum(held))} of responses."
            + (_STREAMED if max(held) > budget_bytes() and self.recipe.measure == "cka" else "")
        )


_STREAMED = " That is more than the memory holds: the stimuli are streamed, and cells that do not fit are estimates."


def asked(choices: state.Choices) -> Asked:
    """Draw the controls; stops the page where there is nothing to compare."""
    keep_known("m", "Measure", MEASURES, "cka")
    keep_known("pool", "Pooling", POOLINGS, "flatten")
    keep_known("layers", "Choice of layers", controls.LAYER_CHOICES, "blocks")
    start_with("layers", "blocks")
    left, middle, right = st.columns([2, 2, 3])
    measure = left.selectbox("Measure", list(MEASURES), key="m", bind="query-params")
    pooling = middle.selectbox(
        "Pooling", list(POOLINGS), key="pool", bind="query-params", help=controls.pooling_help(POOLINGS)
    )
    layers = right.segmented_control(
        "Layers",
        controls.LAYER_CHOICES,
        key="layers",
        bind="query-params",
        required=True,
        help="One layer per block, every layer, or those you choose.",
    )
    layers = layers or "blocks"
    options = controls.measure_options(MEASURES[measure])
    sides = controls.preprocessing(choices)
    st.markdown(sentences.claim(MEASURES[measure], dict(options)))
    seen = {"a": choices.dataset, "b": sides.dataset_b or choices.dataset}
    for data in dict.fromkeys(seen.values()):
        cache.dataset(data, choices.n, choices.seed)
    infos = {choices.a: cache.layer_infos(choices.a, seen["a"]), choices.b: cache.layer_infos(choices.b, seen["b"])}
    recipe = controls.recipe(choices, measure, pooling, layers, options, infos, sides)
    chosen = {side: cache.chosen_layers(recipe, side) for side in ("a", "b")}
    if not all(chosen.values()):
        st.info("Choose at least one layer of each model.")
        st.stop()
    return Asked(
        recipe,
        [one for one in infos[choices.a] if one.name in chosen["a"]],
        [one for one in infos[choices.b] if one.name in chosen["b"]],
        [*infos[choices.a], *infos[choices.b]],
    )


def conversions(recipe: Recipe) -> None:
    """What was done to the stimuli so that the networks take them."""
    steps = {recipe.model(side): cache.conversions(recipe.model(side), recipe.data(side)) for side in ("a", "b")}
    for sentence in dict.fromkeys(f"{name}: {one}" for name, those in steps.items() for one in those):
        st.caption(plain(sentence))


def unpaired(recipe: Recipe) -> str:
    """Why the rows of both sides are not the same stimuli, "" if they are."""
    if not recipe.dataset_b:
        return ""
    first, second = (cache.dataset(recipe.data(side), recipe.n, recipe.seed).stimuli for side in ("a", "b"))
    if first == second:
        return ""
    common = len(set(first) & set(second))
    return (
        f"A sees {recipe.dataset} and B {recipe.dataset_b}: {common} of {len(first)} stimuli are the same, and every "
        "measure of likeness compares what two layers say of the same stimulus. Choose another domain of the same "
        "stimuli, or look at what needs no pairing: the profile of each layer below, and the Topology page."
    )
