"""Two layers at large, one of each network: diagram with its noise, barcode, Betti curve, play."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray
from streamlit.delta_generator import DeltaGenerator

from repsim_core import topology
from repsim_core.figures.diagram_curves import betti_curves
from repsim_core.figures.diagrams import PLAYED, UNIT, add_play, layer_barcode, layer_diagram, scale_top
from repsim_core.topology import NOISE_RULES
from repsim_core.types import PersistenceDiagram
from repsim_core.types.diagram_results import NoiseLengths
from repsim_core.types.diagrams import PENDING, Diagrams, LayerDiagrams
from repsim_ui import cache, charts, controls, hover, links, request, topology_bar, topology_controls, topology_matching
from repsim_ui.messages import plain, reason_sentence
from repsim_ui.topology_controls import Asked, Chosen

TABS = ["Diagram", "Barcode", "Betti curve", "Matching", "Play"]
PANEL_HEIGHT = 460
GRID = 160  # places of a Betti curve
NOISE = [*NOISE_RULES, "none"]
NOISE_WORDS = dict(NOISE_RULES) | {"none": "no band"}


def close_up(asked: Asked, study: dict[str, LayerDiagrams]) -> None:
    """The boxes that choose both layers, and the open tab."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for key, side in (("la", "a"), ("lb", "b")):
            st.selectbox(f"Layer of {side.upper()}", asked.layers(side), key=key, bind="query-params", width=200)
        subset = _subset(study)
    chosen = {side: (one, str(st.session_state[f"l{side}"])) for side, one in study.items()}
    for side, (found, layer) in list(chosen.items()):
        if layer not in found.diagrams:
            code = found.reasons.get(layer, PENDING)
            why = "not computed yet" if code == PENDING else f"undefined, {reason_sentence(code)}"
            st.info(plain(f"{layer} of {side.upper()}: {why}."))
            del chosen[side]
    if not chosen:
        return
    links.keep_known("ttab", "Panel", TABS, TABS[0])
    tabs = st.tabs(TABS, key="ttab", on_change="rerun", bind="query-params")
    panels = _diagram, _barcode, _betti, topology_matching.matching, _play
    for tab, panel in zip(tabs, panels, strict=True):
        if tab.open:
            with tab:
                panel(asked, chosen, subset)


def _subset(study: dict[str, LayerDiagrams]) -> int:
    count = min(len(one.subsets) for one in study.values())
    if count == 1:
        return 0
    links.keep_whole_number("subset", "Subset", 1, count, 1)
    if st.session_state.get("subset", 1) > count:
        st.session_state["subset"] = count
    return int(st.number_input("Subset", 1, count, step=1, key="subset", bind="query-params", width=120)) - 1


def _diagram(asked: Asked, chosen: Chosen, subset: int) -> None:
    _bars(asked, chosen, subset, "Diagram")


def _barcode(asked: Asked, chosen: Chosen, subset: int) -> None:
    _bars(asked, chosen, subset, "Barcode")


def _bars(asked: Asked, chosen: Chosen, subset: int, kind: str) -> None:
    """Both layers on one scale, and the stimuli of the chosen bar."""
    drawing = st.container()
    boxes = st.container(horizontal=True, vertical_alignment="bottom")
    bars = {side: found.diagrams[layer][subset] for side, (found, layer) in chosen.items()}
    noise = _noise(asked, chosen, subset, boxes)
    top = scale_top([one for each in bars.values() for one in each])
    with drawing:
        for slot, (side, each) in zip(st.columns(len(bars), gap="medium"), bars.items(), strict=True):
            with slot:
                _large(asked, chosen, side, each, noise.get(side), top, kind)
        st.caption(_noise_sentence(noise, bars))
    topology_bar.stimuli(asked, chosen, subset, boxes)


def _large(
    asked: Asked, chosen: Chosen, side: str, bars: Diagrams, noise: NoiseLengths | None, top: float, kind: str
) -> None:
    found, layer = chosen[side]
    draw = layer_diagram if kind == "Diagram" else layer_barcode
    key = f"t{kind.lower()}_{side}"
    lengths = None if noise is None else {k: float(one) for k, one in enumerate(noise.lengths)}
    drawn = draw(bars, noise=lengths, stimuli=found.stimuli, top=top, unit=asked.unit)
    st.markdown(f"**{side.upper()}: {plain(layer)}**")
    cells = {
        number: _cells(bars[int(trace.meta)], len(trace.x))
        for number, trace in enumerate(drawn.data)
        if trace.meta is not None
    }

    def clicked() -> None:
        points = st.session_state[key].selection.points
        if points:
            dimension = int(drawn.data[int(points[0]["curve_number"])].meta)
            st.session_state["tbar"] = f"{side.upper()} H{dimension} {int(points[0]['point_index']) + 1}"

    hover.thumbnails(key, cache.dataset(asked.a.dataset, asked.a.n, asked.a.seed), cells)
    charts.show(
        drawn,
        key=key,
        alt=_ALT[kind],
        title=f"{kind} of {layer} of {found.model}",
        table=partial(bar_table, bars, found.stimuli),
        on_select=clicked,
        selection_mode="points",
    )


def _cells(one: PersistenceDiagram, count: int) -> list[list[int]]:
    """Rows of the stimuli behind each drawn bar: the edge that makes it, in dimension 0 the one that ends it."""
    cells = one.death_simplices if one.dimension == 0 else one.birth_simplices
    return [[k for k in cell if k >= 0] for cell in cells[:count].tolist()]


def bar_table(bars: Diagrams, stimuli: Sequence[str]) -> pd.DataFrame:
    """One line a bar with the stimuli that made and ended it."""
    tables = []
    for one in bars:
        table = one.to_frame().drop(columns=["birth_simplex", "death_simplex"])
        table.insert(1, "bar", np.arange(1, len(one) + 1))
        for name, cells in (("born of", one.birth_simplices), ("ended by", one.death_simplices)):
            table[name] = [" – ".join(stimuli[k] for k in cell if k >= 0) for cell in cells.tolist()]
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def _noise(asked: Asked, chosen: Chosen, subset: int, boxes: DeltaGenerator) -> dict[str, NoiseLengths]:
    """The length of noise in both layers, as far as it is known; asks for it."""
    links.keep_known("noise", "Noise", NOISE, NOISE[0])
    rule = boxes.selectbox(
        "Noise band",
        NOISE,
        key="noise",
        bind="query-params",
        width=160,
        help=controls.pooling_help(NOISE_WORDS) + "  \nFifty resampled clouds, 95 %.",
    )
    if rule == "none" or any(PENDING in found.reasons.values() for found, _ in chosen.values()):
        return {}  # of unfinished diagrams there is a job at work already
    parts, sides = [], []
    for side, (found, layer) in chosen.items():
        if found.points < 4:
            continue
        recipe = asked.a if side == "a" else asked.b
        content = {"diagrams": recipe.to_json(), "layer": layer, "subset": subset, "rule": rule}
        seconds = topology_controls.noise_seconds(recipe) if rule == "bootstrap" else 0.5
        parts.append(request.of_kind("diagram_noise", content, f"noise of {layer} of {recipe.model}", seconds))
        sides.append(side)
    found_noise = request.results(parts, 40, partial=False)
    return {side: one.value for side, one in zip(sides, found_noise, strict=True) if one.value is not None}


def _noise_sentence(noise: dict[str, NoiseLengths], bars: dict[str, Diagrams]) -> str:
    words = []
    for side, one in noise.items():
        above = [
            f"{topology.bars_above(bar, float(length))} of {len(bar)} in H{bar.dimension}"
            for bar, length in zip(bars[side], one.lengths, strict=True)
        ]
        words.append(f"{side.upper()}: {', '.join(above)}")
    if not words:
        return "Click a bar to see its stimuli."
    return "Longer than noise: " + "; ".join(words) + ". Click a bar to see its stimuli."


def _betti(asked: Asked, chosen: Chosen, subset: int) -> None:
    every = [one for found, layer in chosen.values() for each in found.diagrams[layer] for one in each]
    grid = np.linspace(0, scale_top(every), GRID)
    for slot, (side, (found, layer)) in zip(st.columns(len(chosen), gap="medium"), chosen.items(), strict=True):
        curves = {
            k: topology.confidence_band([topology.betti_curve(one, grid) for one in found.of(layer, k)])
            for k in range(found.dimensions)
        }
        with slot:
            st.markdown(f"**{side.upper()}: {plain(layer)}**")
            charts.show(
                betti_curves(grid, curves, unit=asked.unit),
                key=f"betti_{side}",
                alt="Number of bars that live at each scale, for each dimension, with a band over the subsets.",
                title=f"Betti curves of {layer} of {found.model}",
                table=partial(_betti_table, grid, curves),
            )
    st.caption(
        "Mean over the subsets with Student's 95 % interval at each scale; subsets share stimuli, so the band is a "
        "little too narrow. Without a second subset there is none."
    )


def _betti_table(grid: NDArray[np.float64], curves: dict[int, topology.Band]) -> pd.DataFrame:
    tables = [
        pd.DataFrame({"dimension": k, "scale": grid, "bars": one.mean, "low": one.low, "high": one.high})
        for k, one in curves.items()
    ]
    return pd.concat(tables, ignore_index=True)


def _play(asked: Asked, chosen: Chosen, subset: int) -> None:
    sides = {side: chosen[side] for side in asked.sides if side in chosen}
    top = scale_top([bar for found, _ in sides.values() for each in found.diagrams.values() for bar in each[subset]])
    for slot, (side, (found, _)) in zip(st.columns(len(sides), gap="medium"), sides.items(), strict=True):
        with slot:
            play(found, side, subset, "layer", top, asked.unit)
    st.caption(f"Every layer in turn, on one scale; the {PLAYED} longest bars.")


def play(found: LayerDiagrams, side: str, subset: int, word: str, top: float, unit: str = UNIT) -> None:
    """The diagrams of every layer, or checkpoint, in turn."""
    st.markdown(f"**{plain(found.model.split('/', 1)[-1])}**")

    def frames(fig: go.Figure) -> go.Figure:
        return add_play(fig, found, top=top, subset=subset, word=word)

    charts.show(
        layer_diagram(found.diagrams[found.done[0]][subset], top=top, most=PLAYED, unit=unit),
        key=f"play_{side}",
        alt=f"Persistence diagrams, one {word} after the other, with a play button and a slider.",
        title=f"Persistence diagrams of {found.model}, {word} by {word}",
        table=partial(topology.summary_table, found),
        pick=frames,
    )


_ALT = {
    "Diagram": "Birth and death of every bar of the layer; long bars lie far above the diagonal.",
    "Barcode": "Bars of the layer from birth to death, longest first.",
}
