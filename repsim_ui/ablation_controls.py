"""The choices of the Ablation page: class, layer, how units are cut, what replaces them; and what that costs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import streamlit as st

from repsim_core.ablation import PROBES, REPLACEMENTS, UNITS
from repsim_core.activations import default_layers
from repsim_core.compute.executor import cores
from repsim_core.errors import InputError
from repsim_core.types import FUNCTIONS, LayerInfo
from repsim_ui import cache, controls, estimates, links, sentences, state, uploads_choice
from repsim_ui.ablation_recipes import MEASURES, AblationRecipe
from repsim_ui.messages import plain

BINS, FEWEST, MOST = 4, 2, 12
PERFORMANCE = [name for name, one in FUNCTIONS.items() if one.family == "performance"]


@dataclass(frozen=True)
class Asked:
    """One grid, and from there those of other layers and classes."""

    recipe: AblationRecipe
    infos: list[LayerInfo]
    classes: tuple[str, ...]  # with an image

    @property
    def layer(self) -> str:
        """The chosen layer."""
        return self.recipe.layers[0]

    @property
    def target(self) -> str:
        """Name of the chosen class."""
        return self.recipe.classes[0]

    @property
    def blocks(self) -> list[str]:
        """One layer a block, as far as they have a unit for every cell; the outputs are not among them."""
        return [one for one in default_layers(self.infos) if one in set(usable(self.infos, self.recipe))]

    def every_layer(self) -> AblationRecipe:
        """The same class in every block."""
        return replace(self.recipe, layers=tuple(self.blocks))

    def everything(self) -> AblationRecipe:
        """Every class in every block."""
        return replace(self.recipe, layers=tuple(self.blocks), classes=self.classes)

    def seconds(self, recipe: AblationRecipe) -> float:
        """Rough cost: passes of the tail, a few decompositions a cell, the probes."""
        n, cells = recipe.n, recipe.bins**2
        passes = estimates.seconds(n, [], [], self.infos)
        matrices = 0.25 * (n / 500) ** 2.5
        probes = 0.08 * (n / 500) ** 2 if recipe.probe == "cross_validated" else 3.0 * n / 500
        each = cells * (0.6 * passes + (matrices + probes) / min(2, cores())) + passes
        return float(0.3 + len(recipe.layers) * len(recipe.classes) * each)

    def said(self, recipe: AblationRecipe) -> str:
        """How much it is, and what it costs."""
        grids = len(recipe.layers) * len(recipe.classes)
        what = f"{grids} grids of {recipe.bins**2} cells" if grids > 1 else f"{recipe.bins**2} cells"
        return f"{what} on {recipe.n} stimuli: {sentences.duration(self.seconds(recipe))} here."


def asked(choices: state.Choices) -> Asked:
    """Draw the controls; refuses a dataset without classes and a network without a layer to cut."""
    uploads_choice.stop_without_network(choices.a, "An ablation")
    data = cache.dataset(choices.dataset, choices.n, choices.seed)
    infos = cache.layer_infos(choices.a, choices.dataset)
    if data.labels is None or not np.issubdtype(data.labels.dtype, np.integer):
        raise InputError(f"{data.name} has no classes, and units are scored for one; choose a classification dataset.")
    names = tuple(data.class_names[int(k)] for k in np.unique(data.labels))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        links.keep_known("cls", "Class", names, names[0])
        target = st.selectbox("Class", names, key="cls", bind="query-params", width=150)
        slot = st.container(width=240)
        bins = _bins()
    unit, put, probe, kappa = _more()
    recipe = AblationRecipe(
        choices.a, choices.dataset, choices.n, choices.seed, (), (target,), bins, unit, put, probe, kappa
    )
    offered = usable(infos, recipe)
    if not offered:
        raise InputError(
            f"No layer of {choices.a} has {bins**2} units of the kind {unit!r}; take fewer bins or single numbers."
        )
    blocks = [one for one in default_layers(infos) if one in offered]
    maps = [one.name for one in infos if one.name in blocks and len(one.shape) >= 2]
    default = (maps or blocks or offered)[-1]
    offered = [default, *(one for one in offered if one != default)]
    links.keep_known("layer", "Layer", offered, default, aloud=st.session_state.get("arrived", False))
    with slot:
        layer = st.selectbox(
            "Layer of A", offered, key="layer", bind="query-params", help="Layers with a unit for every cell."
        )
    for step in cache.conversions(choices.a, choices.dataset):
        st.caption(plain(step))
    return Asked(replace(recipe, layers=(layer,)), infos, names)


def usable(infos: Sequence[LayerInfo], recipe: AblationRecipe) -> list[str]:
    """Layers with at least one unit a cell, without the last one, which is the answer itself."""
    last = infos[-1].name if infos else ""
    found = []
    for one in infos:
        units = one.units if recipe.unit == "scalar" else one.shape[0] if len(one.shape) >= 3 else one.shape[-1]
        if one.usable and one.name != last and units >= recipe.bins**2:
            found.append(one.name)
    return found


def performance(known: Sequence[str]) -> str:
    """Which function stands for performance."""
    names = [one for one in PERFORMANCE if one in known]
    if not names:
        return PERFORMANCE[0]
    links.keep_known("fn", "Function", names, names[0])
    return st.selectbox(
        "Performance",
        names,
        key="fn",
        bind="query-params",
        width=190,
        help=controls.pooling_help({one: FUNCTIONS[one].description for one in names}),
    )


def measure() -> str:
    """Which similarity is shown."""
    links.keep_known("am", "Measure", MEASURES, MEASURES[0])
    return st.selectbox("Similarity", MEASURES, key="am", bind="query-params", width=190, help=_HELP_MEASURE)


def _bins() -> int:
    links.keep_whole_number("bins", "Bins", FEWEST, MOST, BINS)
    return int(
        st.number_input(
            "Bins", FEWEST, MOST, step=1, key="bins", bind="query-params", width=118, help="A side; 4 in the paper."
        )
    )


def _more() -> tuple[str, str, str, float]:
    """Unit, replacement, probe, ridge."""
    for key, what, known in (("unit", "Unit", UNITS), ("put", "Replacement", REPLACEMENTS), ("probe", "Probe", PROBES)):
        links.keep_known(key, what, known, next(iter(known)))
    with (
        st.expander("Units, what replaces them, how they are read"),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        boxes = (("unit", "Unit", UNITS), ("put", "Ablated units are", REPLACEMENTS), ("probe", "Linear probe", PROBES))
        unit, put, probe = (
            st.selectbox(label, list(known), key=key, bind="query-params", width=170, help=controls.pooling_help(known))
            for key, label, known in boxes
        )
        kappa = st.number_input(
            "Ridge of CCA, κ",
            1e-6,
            1e9,
            1.0,
            format="%g",
            key="kappa",
            bind="query-params",
            width=150,
            help=_HELP_KAPPA,
        )
    return unit, put, probe, float(kappa)


_HELP_MEASURE = (
    "Of the intact layer and the layer without a cell: cka is debiased; cka_biased, procrustes and the three with a "
    "ridge are those of the paper."
)
_HELP_KAPPA = "Squared scale of the responses below which a direction hardly counts: 1000 in the paper's networks."
