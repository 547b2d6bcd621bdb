"""What lies behind one cell: its units in the layer, the stimuli that drive them, what is confused, how it compares."""

from functools import partial

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from repsim_core import figures
from repsim_core.ablation import spearman
from repsim_core.figures import ablation_cells as drawings
from repsim_core.types import FUNCTIONS, AblationGrid, Dataset
from repsim_ui import ablation_cache, cache, charts, library, links
from repsim_ui.ablation_controls import Asked
from repsim_ui.messages import plain

TABS = ["Function and similarity", "Units", "Stimuli", "Confusion"]
SHOWN = 12
HEIGHT = 400


def detail(asked: Asked, grid: AblationGrid, cell: int, function: str, measure: str) -> None:
    """The tabs; only the open one is computed."""
    links.keep_known("abtab", "Panel", TABS, TABS[0])
    tabs = st.tabs(TABS, key="abtab", on_change="rerun", bind="query-params")
    for number, tab in enumerate(tabs):
        if tab.open:
            with tab:
                if number == 0:
                    _agreement(grid, cell, function, measure)
                elif not grid.done[cell]:
                    st.info(f"Cell {cell} is still to come.")
                else:
                    (_units, _stimuli, _confusion)[number - 1](asked, grid, cell)


def _agreement(grid: AblationGrid, cell: int, function: str, measure: str) -> None:
    """Loss against distance, for performance and for decodability."""
    names = [one for one in (function, "decodability") if one in grid.functions]
    if not names:
        st.info("Nothing that the network does was measured here.")
        return
    for slot, name in zip(st.columns(2, gap="medium"), names, strict=False):
        moved, lost = grid.dissimilarity(measure), grid.change(name)
        key = f"loss_{'decodability' if name == 'decodability' else 'performance'}"
        known = np.flatnonzero(np.isfinite(moved) & np.isfinite(lost))

        def clicked(key: str = key, known: NDArray[np.intp] = known) -> None:
            points = st.session_state[key].selection.points
            if points and points[0]["curve_number"] == 0:
                st.session_state["acell"] = str(known[int(points[0]["point_index"])])

        with slot:
            rho = spearman(moved, lost)
            said = (
                f"Spearman **{rho:.2f}**" if np.isfinite(rho) else "Spearman undefined: all cells are equal on a side"
            )
            st.markdown(f"{FUNCTIONS[name].title} against {plain(measure)}: {said}, {len(known)} cells.")
            charts.show(
                drawings.loss_scatter(grid, name, measure, marked=cell),
                key=key,
                alt="Every cell by how far the representation moved without it and by what was lost.",
                title=f"{FUNCTIONS[name].title} against {measure}, {grid.layer}, {grid.class_name}",
                table=grid.to_frame,
                on_select=clicked,
                selection_mode="points",
            )
    st.caption("Bars are standard errors over images. A measure that sees what the network does has its points rising.")


def _units(asked: Asked, grid: AblationGrid, cell: int) -> None:
    """Where the units of the cell lie in the layer."""
    units = grid.cells[cell]
    charts.show(
        drawings.cell_map(grid, units),
        key="cell_map",
        alt="The units of the cell, marked in the maps of the layer, channel by channel.",
        title=f"Units of cell {cell} in {grid.layer}",
        table=partial(_unit_table, grid, units),
    )
    shape = " × ".join(map(str, grid.unit_shape))
    st.caption(
        f"{len(units)} of {len(grid.selectivity)} units of a layer of {shape}; marked places belong to the cell. "
        + ("Channels with most of them first." if len(grid.unit_shape) == 3 else "")
    )


def _stimuli(asked: Asked, grid: AblationGrid, cell: int) -> None:
    """The stimuli that drive the cell most and least, and those whose answer changed."""
    recipe = asked.recipe
    data = cache.dataset(recipe.dataset, recipe.n, recipe.seed)
    with st.skeleton(height=HEIGHT):
        drive = ablation_cache.drive(
            recipe.model,
            recipe.dataset,
            recipe.n,
            recipe.seed,
            grid.layer,
            grid.unit,
            tuple(int(one) for one in grid.cells[cell]),
        )
    order = np.argsort(-drive, kind="stable")
    groups = {"Drive these units most": order[:SHOWN], "Drive them least": order[::-1][:SHOWN]}
    if grid.predicted.size:
        right = grid.predicted == grid.labels
        groups |= {
            "Right before, wrong without": np.flatnonzero(right[0] & ~right[cell + 1])[:SHOWN],
            "Wrong before, right without": np.flatnonzero(~right[0] & right[cell + 1])[:SHOWN],
        }
    for slot, (title, rows) in zip([*st.columns(2), *st.columns(2)], groups.items(), strict=False):
        with slot:
            st.markdown(f"**{title}**" + ("" if "Drive" in title else f": {_flips(grid, cell, title)}"))
            if len(rows):
                _pictures(data, rows, title, drive)
            else:
                st.caption("None.")


def _flips(grid: AblationGrid, cell: int, title: str) -> str:
    right = grid.predicted == grid.labels
    lost = (right[0] & ~right[cell + 1]) if title.startswith("Right") else (~right[0] & right[cell + 1])
    count, own = int(lost.sum()), int((lost & (grid.labels == grid.target_class)).sum())
    return f"{count} stimuli, {own} of {plain(grid.class_name)}"


def _pictures(data: Dataset, rows: NDArray[np.intp], title: str, drive: NDArray[np.float64]) -> None:
    few = Dataset(
        data.card,
        data.split,
        data.inputs[rows],
        None if data.labels is None else data.labels[rows],
        tuple(data.stimuli[k] for k in rows),
        data.seed,
    )
    table = pd.DataFrame({"stimulus": few.stimuli, "label": library.captions(few), "mean activation": drive[rows]})
    key = "_".join(title.lower().replace(",", "").split()[:3])
    if data.card.kind == "image":
        charts.show(
            figures.stimuli_grid(few.inputs, library.captions(few), columns=6),
            key=f"pictures_{key}",
            alt="Stimuli with their class.",
            title=title,
            table=lambda: table,
        )
    else:
        st.dataframe(table, hide_index=True, key=f"rows_{key}")


def _confusion(asked: Asked, grid: AblationGrid, cell: int) -> None:
    """True against predicted class, without the cell and what changed."""
    if not grid.predicted.size:
        st.info(plain(grid.left_out.get("performance", "The network gave no classes.")))
        return
    charts.show(
        drawings.confusions(grid, cell),
        key="confusion",
        alt="Images by true and predicted class without the cell, and the change from the intact network.",
        title=f"Confusion without cell {cell} of {grid.layer}",
        table=partial(_confusion_table, grid, cell),
    )


def _confusion_table(grid: AblationGrid, cell: int) -> pd.DataFrame:
    before, after = grid.confusion(), grid.confusion(cell)
    names = [*grid.class_names, *(f"#{k}" for k in range(len(grid.class_names), len(before)))]
    i, j = np.nonzero(before + after)
    return pd.DataFrame(
        {
            "true": [names[k] for k in i],
            "predicted": [names[k] for k in j],
            "images, intact": before[i, j],
            "images, without the cell": after[i, j],
        }
    )


def _unit_table(grid: AblationGrid, units: NDArray[np.intp]) -> pd.DataFrame:
    table = pd.DataFrame({"unit": units, "selectivity": grid.selectivity[units], "magnitude": grid.magnitude[units]})
    if grid.unit == "scalar" and len(grid.unit_shape) == 3:
        places = np.unravel_index(units, grid.unit_shape)
        for name, place in zip(("channel", "row", "column"), places, strict=True):
            table[name] = place
    return table
