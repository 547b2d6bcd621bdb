"""One layer and one class: the plane of units, the same grid in four quantities, and what lies behind a cell."""

from functools import partial

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from repsim_core.ablation import SHORTCUTS
from repsim_core.figures import ablation as drawings
from repsim_core.types import FUNCTIONS, AblationGrid, AblationStudy
from repsim_ui import ablation_controls, ablation_panels, cache, charts, exports, links, request
from repsim_ui.ablation_controls import Asked
from repsim_ui.ablation_recipes import KIND, AblationRecipe
from repsim_ui.job import Job
from repsim_ui.messages import plain, reason_sentence, shown_to_the_user

HEIGHT = 520
HOW_TO_READ = """
Every unit of the layer has two numbers: **selectivity**, how much more it answers to the class than to the others, and
**magnitude**, how much it answers at all. The plane is cut into strips of equally many units by selectivity, each strip
by magnitude. One cell at a time is switched off, and the rest of the network runs on.

Red cells cost the class something; blue ones help it to be gone. *Performance* is what the network still answers,
*decodability* what a linear probe can still read from the units that are left. A bright cell in the panel of similarity
moved the representation most. If similarity saw what the network does, its bright cells would be the red ones: the
scatter below counts how well they agree. Hatched cells are undefined, blank ones still to come.
"""


def one_layer(asked: Asked) -> None:
    """The grid of the chosen class and layer."""
    grid = one_grid(asked)
    if grid is None:
        return
    doubts(grid)
    offered = [str(k) for k in range(len(grid.done))]
    links.keep_known("acell", "Cell", offered, offered[-1], aloud=False)
    _linked(asked, grid)
    with st.expander("How to read this"):
        st.markdown(HOW_TO_READ)


def one_grid(asked: Asked) -> AblationGrid | None:
    """The grid of the chosen class and layer: of a finished study that holds it, or asked for by itself."""
    if not _done(asked.recipe):
        for larger in (asked.every_layer(), asked.everything()):
            job = _done(larger)
            grid = None if job is None else job.result.grid(asked.layer, asked.target)
            if grid is not None:
                st.query_params["run"] = "1"
                return grid  # type: ignore[no-any-return]
    found = study(asked, asked.recipe)
    return found.grids[0] if found.grids else None


def _done(recipe: AblationRecipe) -> Job | None:
    """The finished job of a recipe."""
    job = cache.jobs().find(request.of_kind(KIND, recipe.to_json(), "", 0.0).key)
    return job if job is not None and job.state == "done" else None


def study(asked: Asked, recipe: AblationRecipe) -> AblationStudy:
    """What there is of a study; stops the page as long as there is nothing."""
    title = f"ablation of {recipe.model} on {recipe.dataset}, {', '.join(recipe.layers)}, {', '.join(recipe.classes)}"
    (found,) = request.results(
        [request.of_kind(KIND, recipe.to_json(), title, asked.seconds(recipe))], HEIGHT, said=asked.said(recipe)
    )
    if found.value is None:
        st.stop()
    assert isinstance(found.value, AblationStudy)
    if found.complete and found.job is not None:
        st.caption(f"Computed in {found.job.seconds:.1f} s.")
    return found.value


def doubts(grid: AblationGrid) -> None:
    """What could not be measured, and what is to be doubted."""
    for what, why in grid.left_out.items():
        if why and why != "It was not asked for.":
            st.info(f"{what.capitalize()} is left out. {plain(why)}")
    for warning in grid.warnings:
        st.warning(plain(warning))
    codes = sorted({str(one) for one in grid.reasons.ravel() if one})
    if codes:
        st.info(plain(f"Some similarities are undefined and hatched: {'; '.join(map(reason_sentence, codes))}."))
    if grid.whole_pass:
        st.caption(f"Every ablation took a whole forward pass: {plain(grid.whole_pass)}.")


@st.fragment
def _linked(asked: Asked, grid: AblationGrid) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        function = ablation_controls.performance(grid.functions)
        measure = ablation_controls.measure()
        cells = [str(k) for k in range(len(grid.done))]
        cell = int(
            st.selectbox(
                "Cell",
                [cells[-1], *cells[:-1]],
                key="acell",
                bind="query-params",
                width=110,
                help="From 0, low selectivity and low magnitude, to the last, high and high.",
            )
        )
    shown = [drawings.quantity(grid, one) for one in (function, "decodability", measure, "units")]

    def clicked() -> None:
        points = st.session_state["cells"].selection.points
        if points:
            st.session_state["acell"] = str(round(points[0]["y"]) * grid.bins + round(points[0]["x"]))

    def pick(fig: go.Figure) -> go.Figure:
        return drawings.add_cell_picks(fig, grid, shown, cell)

    left, right = st.columns([2, 3], gap="medium")
    with left:
        charts.show(
            drawings.unit_plane(grid, marked=cell),
            key="plane",
            alt="Density of the units by class selectivity and activation magnitude, with the cells of the grid.",
            title=f"Units of {grid.layer} for {grid.class_name}",
            table=partial(_units, grid),
        )
    with right:
        charts.show(
            drawings.cell_heatmaps(grid, shown),
            key="cells",
            alt="Loss of performance, loss of decodability, distance and units of every cell of the grid.",
            title=f"{grid.model} without cells of {grid.layer}, class {grid.class_name}",
            table=grid.to_frame,
            more=partial(files, asked.recipe, grid),
            pick=pick,
            on_select=clicked,
            selection_mode="points",
        )
    with st.container(key="ablation_summary"):
        st.markdown(summary(grid, function))
    with st.container(key="ablation_cell"):
        st.markdown(cell_words(grid, cell))
    st.caption("Click a cell, or use the box above. Selectivity runs up, magnitude to the right.")
    with shown_to_the_user():
        ablation_panels.detail(asked, grid, cell, function, measure)


def summary(grid: AblationGrid, function: str) -> str:
    """Which cell costs most, and where the corner of selective and strong units stands."""
    if function not in grid.functions:
        return ""
    lost = grid.change(function)
    done = np.flatnonzero(np.isfinite(lost))
    if not done.size:
        return ""
    worst = int(done[np.argmax(lost[done])])
    corner = len(lost) - 1
    if not lost[done].any():
        return (
            f"{plain(FUNCTIONS[function].title)}: 0 in every cell so far measured. Take another class, layer or count."
        )
    words = (
        f"{plain(FUNCTIONS[function].title)}: most by cell **{worst}** ({_with_error(grid, function, worst)}), "
        f"selectivity {worst // grid.bins + 1} and magnitude {worst % grid.bins + 1} of {grid.bins}."
    )
    if done.size < len(lost):
        return f"{words} {done.size} of {len(lost)} cells so far."
    if worst == corner:
        rest = np.sort(lost[:-1])[-1]
        return f"{words} That is the corner of the most selective and strongest units; the next costs {rest:.3g}."
    place = 1 + int((lost > lost[corner]).sum())
    return (
        f"{words} The corner of the most selective and strongest units is number {place} of {len(lost)} "
        f"({_with_error(grid, function, corner)})."
    )


def cell_words(grid: AblationGrid, cell: int) -> str:
    """The numbers of a cell."""
    if not grid.done[cell]:
        return f"Cell {cell} is still to come."
    words = [
        f"**Cell {cell}**, selectivity {cell // grid.bins + 1} and magnitude {cell % grid.bins + 1} of {grid.bins}, "
        f"{grid.counts[cell]} units."
    ]
    levels = [one for one in ("class_accuracy", "accuracy", "decodability") if one in grid.functions]
    if levels:
        said = {
            "class_accuracy": f"Accuracy on {plain(grid.class_name)}",
            "accuracy": "on all images",
            "decodability": "decodability",
        }
        words.append(
            ", ".join(f"{said[one]} {grid.before(one):.3f} → **{grid.after(one)[cell]:.3f}**" for one in levels) + "."
        )
    more = [one for one in ("rank_deficit", "cross_entropy", "decodability") if one in grid.functions]
    if more:
        words.append(
            "; ".join(f"{FUNCTIONS[one].title.lower()} {_with_error(grid, one, cell)}" for one in more).capitalize()
            + "."
        )
    scores = [
        f"{plain(one)} {grid.similarity(one)[cell]:.4f}"
        for one in grid.measures
        if np.isfinite(grid.similarity(one)[cell])
    ]
    words.append(f"Similarity to the intact layer: {', '.join(scores)}." if scores else "")
    return "  \n".join(one for one in words if one)


def files(recipe: AblationRecipe, found: AblationGrid | AblationStudy) -> None:
    """Downloads, and the program that computes the same."""
    stem = exports.file_stem(f"ablation {recipe.model} {recipe.dataset} {' '.join(recipe.layers[:2])}")
    exports.downloads(
        [
            ("CSV", f"{stem}.csv", "text/csv", lambda: exports.csv_bytes(found.to_frame())),
            ("NPZ", f"{stem}.npz", "application/octet-stream", found.to_bytes),
            ("Python", f"{stem}.py", "text/x-python", lambda: recipe.as_python().encode()),
        ],
        key="ablation_files",
    )
    st.caption("The same numbers in Python:")
    st.code(recipe.as_python(), language="python", wrap_lines=True)


def title_of(measure: str) -> str:
    """A measure in words."""
    return SHORTCUTS[measure].title if measure in SHORTCUTS else measure


def _with_error(grid: AblationGrid, function: str, cell: int) -> str:
    value, error = grid.change(function)[cell], grid.standard_error(function)[cell]
    return f"{value:.3g}" + (f" ± {error:.2g}" if np.isfinite(error) else "")


def _units(grid: AblationGrid):  # type: ignore[no-untyped-def]
    import pandas as pd

    return pd.DataFrame(
        {
            "unit": np.arange(len(grid.selectivity)),
            "selectivity": grid.selectivity,
            "magnitude": grid.magnitude,
            "cell": grid.cell_of,
        }
    )
