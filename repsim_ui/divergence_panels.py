"""What lies behind one cell of a map of divergences: one function per tab."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from repsim_core import figures
from repsim_core.types import Dataset, PersistenceDiagram, TopologyDivergence
from repsim_ui import bar_stimuli, cache, charts, estimates, hover, links
from repsim_ui.messages import plain
from repsim_ui.recipes import Recipe

TABS = ["Barcodes", "Diagram", "Batch size", "Parts"]
SIDES = ("A → B", "B → A")
WAYS = ("A to B", "B to A")  # the same in an address
PANEL_HEIGHT = 480
OFFERED = 60  # bars of each direction in the box: as many as are drawn


def detail(recipe: Recipe, row: str, column: str) -> None:
    """The tabs; only the open one is computed."""
    st.subheader("Where do these two layers differ in shape?", anchor=False)
    if recipe.measure != "rtd":
        st.caption("These panels are those of RTD, whichever divergence the map shows.")
    links.keep_known("dtab", "Panel", TABS, TABS[0])
    tabs = st.tabs(TABS, key="dtab", on_change="rerun", bind="query-params")
    panels = _barcodes, _diagram, _batches, _parts
    for tab, panel in zip(tabs, panels, strict=True):
        if tab.open:
            with tab:
                panel(recipe, row, column)


def _barcodes(recipe: Recipe, row: str, column: str) -> None:
    _bars(recipe, row, column, "bars", figures.barcode, "Bars of both cross-barcodes, longest first.")


def _diagram(recipe: Recipe, row: str, column: str) -> None:
    _bars(
        recipe,
        row,
        column,
        "diagram",
        figures.persistence_diagram,
        "Birth and death of every bar of both cross-barcodes; long bars lie far above the diagonal.",
    )


def _bars(recipe: Recipe, row: str, column: str, key: str, draw: Callable[..., go.Figure], alt: str) -> None:
    """A picture of the bars beside the two stimuli of the chosen one."""
    trial = _trial(recipe)
    with st.skeleton(height=PANEL_HEIGHT):
        found, distances = cache.one_subset(recipe, row, column, trial)
    data = cache.dataset(recipe.dataset, recipe.n, recipe.seed)
    ids = [data.stimuli[k] for k in found.subsets[0]]
    sides = dict(zip(SIDES, (found.forward[0], found.backward[0]), strict=True))
    names = f"A {row}", f"B {column}"

    def clicked() -> None:
        points = st.session_state[key].selection.points
        if points:  # not customdata: the browser sends a row of a typed array as an object
            side = int(points[0]["curve_number"]) - (len(drawn.data) - len(SIDES))
            st.session_state["bar"] = f"{WAYS[side]} {int(points[0]['point_index']) + 1}"

    drawn = draw(sides, stimuli=ids, other=dict(zip(SIDES, distances, strict=True)), spaces=names)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        charts.show(
            drawn,
            key=key,
            alt=alt,
            title=f"Cross-barcodes of {row} and {column}",
            table=lambda: _table(sides, ids, distances),
            on_select=clicked,
            selection_mode="points",
        )
        behind = [found.subsets[0][one.birth_simplices].tolist() for one in sides.values()]
        hover.thumbnails(key, data, dict(enumerate(behind, start=len(drawn.data) - len(SIDES))))
    with right:
        _chosen_bar(found, distances, data, names)
    st.caption(
        "A bar of A → B is born where B brings two groups or the ends of a path together, and dies where A has done so "
        f"too. Subset {trial + 1}, {len(ids)} stimuli; distances over the scale of their space."
    )


def _trial(recipe: Recipe) -> int:
    _, trials = estimates.subsets(recipe)
    if trials == 1:
        return 0
    links.keep_whole_number("trial", "Subset", 1, trials, 1)
    if st.session_state.get("trial", 1) > trials:
        st.session_state["trial"] = trials
    return int(st.number_input("Subset", 1, trials, step=1, key="trial", bind="query-params", width=150)) - 1


def _chosen_bar(found: TopologyDivergence, distances: Any, data: Dataset, names: tuple[str, str]) -> None:
    """The box that chooses a bar, and its two stimuli."""
    both = found.forward[0], found.backward[0]
    # The words of the box are those of the address: a bound box knows its options by what it shows.
    drawn = [f"{WAYS[side]} {k + 1}" for side in (0, 1) for k in range(min(len(both[side]), OFFERED))]
    if not drawn:
        st.info("Both barcodes are empty: no distance of one space is larger than its twin.")
        return
    held = str(st.session_state.get("bar", st.query_params.get("bar", "")))
    every = {f"{WAYS[side]} {k + 1}" for side in (0, 1) for k in range(len(both[side]))}
    offered = [*drawn, held] if held in every - set(drawn) else drawn  # a short bar, clicked in the diagram
    links.keep_known("bar", "Bar", offered, offered[0], aloud=False)
    way, _, number = st.selectbox("Bar, longest first", offered, key="bar", bind="query-params").rpartition(" ")
    side, place = WAYS.index(way), int(number) - 1
    edge = both[side].birth_simplices[place]
    rows = found.subsets[0][edge]
    in_a, in_b = distances[side][place]
    bar_stimuli.show(
        data,
        rows,
        key="bar_stimuli",
        alt="The two stimuli whose distance makes the bar.",
        columns=2,
        height=170,
    )
    first, second = (plain(data.stimuli[k]) for k in rows)
    near, far = (names[1], names[0]) if side == 0 else names
    with st.container(key="bar_sentence"):
        st.markdown(
            f"{first} and {second} are **{min(in_a, in_b):.3f}** apart in {plain(near)} and "
            f"**{max(in_a, in_b):.3f}** in {plain(far)}. "
            f"The bar lives from {both[side].births[place]:.3f} to {both[side].deaths[place]:.3f}, "
            f"a length of {both[side].lengths[place]:.3f}."
        )


def _table(sides: dict[str, PersistenceDiagram], ids: list[str], distances: Any) -> pd.DataFrame:
    tables = []
    for (name, diagram), both in zip(sides.items(), distances, strict=True):
        edges = diagram.birth_simplices
        tables.append(
            pd.DataFrame(
                {
                    "direction": name,
                    "bar": np.arange(1, len(diagram) + 1),
                    "birth": diagram.births,
                    "death": diagram.deaths,
                    "length": diagram.lengths,
                    "stimulus 1": [ids[k] for k in edges[:, 0]],
                    "stimulus 2": [ids[k] for k in edges[:, 1]],
                    "distance in A": both[:, 0],
                    "distance in B": both[:, 1],
                }
            )
        )
    return pd.concat(tables, ignore_index=True)


def _batches(recipe: Recipe, row: str, column: str) -> None:
    batch, _ = estimates.subsets(recipe)
    with st.skeleton(height=PANEL_HEIGHT):
        table = cache.rtd_of_batches(recipe, row, column, batch)
        whole = cache.all_subsets(recipe, row, column)
    left, right = st.columns(2, gap="medium")
    with left:
        charts.show(
            figures.rtd_against_batch(
                table["batch"].tolist(), table["rtd"].to_numpy(), table["standard_error"].to_numpy(), chosen=batch
            ),
            key="batches",
            alt="RTD of the two layers against the number of stimuli in a subset.",
            title=f"RTD of {row} and {column} against the batch",
            table=lambda: table,
        )
    if len(whole.values) > 1:
        with right:
            charts.show(
                figures.trial_curve(whole.values),
                key="trial_curve",
                alt="RTD of each subset and the running mean with its standard error.",
                title=f"RTD of {row} and {column}, subset by subset",
                table=whole.to_frame,
            )
    st.caption(
        "RTD is a sum over bars, and more stimuli make more bars: a value belongs to its batch. Five subsets a point; "
        "subsets share stimuli, so the standard errors are a little too small, most of all where the batch nears n."
    )


def _parts(recipe: Recipe, row: str, column: str) -> None:
    with st.skeleton(height=PANEL_HEIGHT):
        found = cache.all_subsets(recipe, row, column)
    charts.show(
        figures.stacked_parts(SIDES, found.cluster_part.mean(axis=0), found.loop_part.mean(axis=0)),
        key="parts",
        alt="What clusters and what loops add to RTD in each direction.",
        title=f"Parts of the RTD of {row} and {column}",
        table=found.to_frame,
    )
    st.caption(
        "Clusters: what the spanning tree of one space costs more than that of the smaller distances. Loops: the rest, "
        "paths that close in one space and not yet in the other. RTD is half of both columns together."
    )
