"""The choices of the Topology page: which points, which distances, which dimensions, and what they will cost."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import streamlit as st

from repsim_core.activations import POOLINGS
from repsim_core.compute.executor import cores
from repsim_core.figures.diagrams import UNIT
from repsim_core.topology import CLOUD_METRICS, OUTLIER_RULES, SCALES, rips_cost
from repsim_core.topology.rips_cost import affordable
from repsim_core.types import LayerDiagrams, LayerInfo
from repsim_ui import cache, controls, estimates, links, sentences, state
from repsim_ui.recipes import LayerChoice
from repsim_ui.topology_recipes import DiagramRecipe

POINTS, SUBSETS, MOST_SUBSETS = 300, 3, 10
DIMENSIONS = ["H0", "H1", "H2"]
SCALE_WORDS = dict(SCALES) | {"none": "the unit of the responses: layers do not compare"}
DISTANCES_SECONDS = {"sliced_wasserstein": 6e-3, "bottleneck": 5e-2, "wasserstein": 6e-2}  # of 300 points


Chosen = dict[str, tuple[LayerDiagrams, str]]  # "a" and "b": the diagrams of a network and one of its layers


@dataclass(frozen=True)
class Asked:
    """The diagrams of both networks; equal where both sides are the same network."""

    a: DiagramRecipe
    b: DiagramRecipe
    infos: dict[str, list[LayerInfo]]

    @property
    def unit(self) -> str:
        """What the axes of a diagram measure."""
        return UNIT if self.a.scale != "none" else "distance between responses"

    @property
    def sides(self) -> dict[str, DiagramRecipe]:
        """The recipes under "a" and "b", the second only where it differs."""
        return {"a": self.a} if self.a == self.b else {"a": self.a, "b": self.b}

    def layers(self, side: str) -> list[str]:
        """Layers of one side, in execution order."""
        return cache.chosen_layers((self.a if side == "a" else self.b).responses(), "a")

    def seconds(self, side: str) -> float:
        """Estimate for the diagrams of one side."""
        recipe = self.a if side == "a" else self.b
        every, names = self.infos[recipe.model], set(self.layers(side))
        chosen = [one for one in every if one.name in names]
        return diagram_seconds(recipe, chosen, every)

    @property
    def said(self) -> str:
        """How much there is, and what it costs."""
        counts = [len(self.layers(side)) for side in self.sides]
        cost = sum(self.seconds(side) for side in self.sides)
        subsets = f"{self.a.repeats} subsets" if self.a.repeats > 1 and self.a.size < self.a.n else "one subset"
        sizes = " and ".join(dict.fromkeys(str(one.size) for one in self.sides.values()))
        return (
            f"{' and '.join(map(str, counts))} layers on {subsets} of {sizes} stimuli, up to "
            f"H{self.a.max_dimension}: {sentences.duration(cost)} here."
        )


def diagram_seconds(recipe: DiagramRecipe, chosen: Sequence[LayerInfo], every: Sequence[LayerInfo]) -> float:
    """Forward passes, distances, and a complex a layer and subset."""
    forward = estimates.seconds(recipe.n, chosen, [], every)
    complexes = len(chosen) * recipe.repeats * (0.01 + rips_cost(recipe.size, recipe.max_dimension).seconds)
    return forward + complexes / cores()


def asked(choices: state.Choices) -> Asked:
    """Draw the controls; refuses what does not fit, and stops where there is no layer."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        size, repeats, upto = _size(choices.n)
        metric = _metric()
        pooling, layers = _layers()
    scale, neighbours, rule, percent, size_b = _more(choices.n, size, metric)
    affordable(max(size, size_b), upto)
    cache.dataset(choices.dataset, choices.n, choices.seed)
    infos = {name: cache.layer_infos(name, choices.dataset) for name in (choices.a, choices.b)}
    both = controls.recipe(choices, "cka", pooling, layers, (), infos)
    first = DiagramRecipe(
        choices.a,
        choices.dataset,
        choices.n,
        choices.seed,
        pooling,
        layers,
        both.rows,
        size,
        repeats,
        upto,
        metric,
        neighbours,
        scale,
        rule,
        percent,
    )
    found = Asked(first, replace(first, model=choices.b, chosen=both.columns, size=size_b), infos)
    if not all(found.layers(side) for side in ("a", "b")):
        st.info("Choose at least one layer of each model.")
        st.stop()
    return found


def dimension(most: int, *, key: str = "dim") -> int:
    """Which dimension a view is about, loops by default."""
    names = DIMENSIONS[: most + 1]
    default = names[min(1, most)]
    links.keep_known(key, "Dimension", names, default, aloud=False)
    links.start_with(key, default)
    return names.index(
        str(st.segmented_control("Dimension", names, key=key, bind="query-params", required=True, help=_HELP_DIMENSION))
    )


def distances_seconds(kind: str, cells: int, recipe: DiagramRecipe) -> float:
    """Seconds for so many pairs of layers."""
    return cells * recipe.repeats * DISTANCES_SECONDS[kind] * (recipe.size / 300) ** 2 / cores()


def noise_seconds(recipe: DiagramRecipe) -> float:
    """Seconds for the noise of one layer: fifty complexes, each compared with the whole."""
    each = rips_cost(recipe.size, recipe.max_dimension).seconds + 0.06 * (recipe.size / 300) ** 2
    return 0.3 + 50 * each


def _size(n: int) -> tuple[int, int, int]:
    least, default = min(4, n), min(POINTS, n)
    links.keep_whole_number("points", "Points", least, n, default)
    links.keep_whole_number("subs", "Subsets", 1, MOST_SUBSETS, SUBSETS)
    links.keep_known("upto", "Dimension", DIMENSIONS, "H1")
    links.start_with("upto", "H1")
    held = st.session_state.get("points")
    if held is not None and held > n:
        st.toast(f"{held} points need as many stimuli; showing {n}.")
        st.session_state["points"] = n
    size = st.number_input(
        "Points",
        least,
        n,
        step=50,
        key="points",
        bind="query-params",
        width=118,
        help="Stimuli in every diagram, the same number in every layer and network: more points make more and shorter "
        "bars. Diagrams settle from a few hundred on.",
    )
    repeats = st.number_input(
        "Subsets",
        1,
        MOST_SUBSETS,
        step=1,
        key="subs",
        bind="query-params",
        width=118,
        help="Seeded, every class in its share; bands and errors are over them.",
    )
    upto = st.segmented_control(
        "Up to", DIMENSIONS, key="upto", bind="query-params", required=True, help=_HELP_DIMENSION
    )
    return int(size), int(repeats), DIMENSIONS.index(str(upto))


def _metric() -> str:
    links.keep_known("tmetric", "Metric", CLOUD_METRICS, "euclidean")
    return st.selectbox(
        "Metric",
        list(CLOUD_METRICS),
        key="tmetric",
        bind="query-params",
        width=135,
        help=controls.pooling_help(CLOUD_METRICS),
    )


def _layers() -> tuple[str, LayerChoice]:
    links.keep_known("pool", "Pooling", POOLINGS, "flatten")
    links.keep_known("layers", "Choice of layers", controls.LAYER_CHOICES, "blocks")
    links.start_with("layers", "blocks")
    pooling = st.selectbox(
        "Pooling", list(POOLINGS), key="pool", bind="query-params", help=controls.pooling_help(POOLINGS), width=125
    )
    layers = st.segmented_control("Layers", controls.LAYER_CHOICES, key="layers", bind="query-params", required=True)
    chosen: LayerChoice = "all" if layers == "all" else "chosen" if layers == "chosen" else "blocks"
    return pooling, chosen


def _more(n: int, size: int, metric: str) -> tuple[str, int, str, int, int]:
    """Scale, neighbours of the geodesic metric, outlier rule with its share, points of B."""
    links.keep_known("tscale", "Scale", SCALE_WORDS, "quantile")
    links.keep_known("out", "Outliers", OUTLIER_RULES, "none")
    links.keep_whole_number("share", "Share", 1, 50, 5)
    links.keep_whole_number("knn", "Neighbours", 1, 100, 10)
    if "pointsb" in st.query_params:
        links.keep_whole_number("pointsb", "Points of B", min(4, n), n, size)
    if (st.session_state.get("pointsb") or 0) > n:
        st.session_state["pointsb"] = None
    with st.expander("Scale, outliers, other numbers of points"):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            scale = st.selectbox(
                "Scale",
                list(SCALE_WORDS),
                key="tscale",
                bind="query-params",
                width=160,
                help=controls.pooling_help(SCALE_WORDS),
            )
            rule = st.selectbox(
                "Outliers",
                list(OUTLIER_RULES),
                key="out",
                bind="query-params",
                width=160,
                help=controls.pooling_help(OUTLIER_RULES),
            )
            percent = st.number_input(
                "Removed, %", 1, 50, step=1, key="share", bind="query-params", width=140, disabled=rule == "none"
            )
            neighbours = st.number_input(
                "Neighbours",
                1,
                100,
                step=1,
                key="knn",
                bind="query-params",
                width=140,
                disabled=metric != "geodesic",
                help="Of a point in the graph of the geodesic metric.",
            )
            size_b = st.number_input(
                "Points of B",
                min(4, n),
                n,
                value=None,
                step=50,
                placeholder=str(size),
                key="pointsb",
                bind="query-params",
                width=140,
                help="The same as A unless you want to see what another number of points does.",
            )
        if rule != "none":
            st.caption("Removed from each subset of each layer, so that every diagram keeps equally many points.")
    return (
        scale,
        int(neighbours) if metric == "geodesic" else 10,
        rule,
        int(percent) if rule != "none" else 5,
        size if size_b is None else int(size_b),
    )


_HELP_DIMENSION = "H0: components, how clusters merge. H1: loops. H2: cavities, which cost more."
