"""Many grids: every layer side by side, and the question of the paper over all layers and classes."""

from functools import partial

import numpy as np
import pandas as pd
import streamlit as st

from repsim_core import ablation as core
from repsim_core.figures.ablation import grid_multiples
from repsim_core.figures.ablation_cells import correlation_intervals
from repsim_core.types import FUNCTIONS, AblationStudy, Average, Relations
from repsim_ui import ablation, ablation_controls, charts, links
from repsim_ui.ablation_controls import PERFORMANCE, Asked
from repsim_ui.ablation_recipes import MEASURES
from repsim_ui.messages import plain

QUANTITIES = ("rank_deficit", "decodability", *(one for one in PERFORMANCE if one != "rank_deficit"), *MEASURES)


def layers(asked: Asked) -> None:
    """One quantity of every block for the chosen class."""
    found = ablation.study(asked, asked.every_layer())
    refusals(found)
    if found.grids:
        _multiples(asked, found)


@st.fragment
def _multiples(asked: Asked, found: AblationStudy) -> None:
    links.keep_known("quantity", "Quantity", QUANTITIES, QUANTITIES[0])
    shown = st.selectbox("Quantity", QUANTITIES, key="quantity", bind="query-params", width=220)
    grids = [one for one in found.grids if shown not in FUNCTIONS or shown in one.functions]
    if not grids:
        st.info("Nothing of the kind was measured here.")
        return
    drawn = grid_multiples(grids, shown)

    def clicked() -> None:
        points = st.session_state["multiples"].selection.points
        if points:
            st.session_state["layer"] = grids[int(drawn.data[int(points[0]["curve_number"])].meta)].layer
            st.session_state["acell"] = str(round(points[0]["y"]) * grids[0].bins + round(points[0]["x"]))
            st.session_state["abview"] = "One layer"
            st.session_state["open_layer"] = True

    charts.show(
        drawn,
        key="multiples",
        alt="The same grid of every layer in order, on one colour scale; the table holds the numbers.",
        title=f"{shown} of {asked.target} in every layer of {asked.recipe.model}",
        table=found.to_frame,
        more=partial(ablation.files, asked.every_layer(), found),
        on_select=clicked,
        selection_mode="points",
    )
    if st.session_state.pop("open_layer", False):
        st.rerun()
    lines = []
    for one in grids:
        lost = one.change(shown) if shown in FUNCTIONS else one.dissimilarity(shown)
        if np.isfinite(lost).all() and np.ptp(lost) > 0:  # equal everywhere: no cell is first
            corner = 1 + int((lost > lost[-1]).sum())
            lines.append(
                {
                    "layer": one.layer,
                    "units": len(one.selectivity),
                    "cell with most": int(np.argmax(lost)),
                    "most": float(lost.max()),
                    "high-high cell": float(lost[-1]),
                    "its place": corner,
                }
            )
    if lines:
        st.dataframe(pd.DataFrame(lines), hide_index=True, key="multiples_corners")
    st.caption(
        "Selectivity up, magnitude to the right, one colour scale for all layers. Click a cell to open its layer. "
        "The high-high cell holds the most selective and strongest units; place 1 costs the class most. "
        "Layers whose cells are all equal are not in the table."
    )


def relations(asked: Asked) -> None:
    """Mean rank correlation of every measure with every function, beside the numbers of the paper."""
    st.markdown(
        "Over the cells of every grid, does a measure of similarity fall most where most is lost? Rank correlation for "
        "each layer and class, averaged over both."
    )
    found = ablation.study(asked, asked.everything())
    refusals(found)
    if not found.grids:
        return
    if len(found.grids) < found.planned - len(found.refused) * len(asked.classes):
        st.info(f"{len(found.grids)} of {found.planned} grids so far; the averages are over these.")
    function = ablation_controls.performance(found.grids[0].functions)
    related = core.relate(found.grids, performance=function)
    names = [one for one in ("decodability", function) if one in found.grids[0].functions]
    st.dataframe(_table(asked, related, names), hide_index=True, key="relation_table", column_config=_DIGITS)
    st.caption(
        f"Mean Spearman; higher: the measure follows the function. The paper's rows are {plain(core.SOURCE)}; its "
        "networks saw ImageNet and its performance is the rank deficit, so only signs and order compare."
    )
    left, right = st.columns([2, 3], gap="medium")
    with left:
        charts.show(
            correlation_intervals(related.averages, MEASURES, names),
            key="intervals",
            alt="Mean rank correlation of every measure with both functions, with intervals.",
            title=f"Similarity and function in {asked.recipe.model}",
            table=related.to_frame,
            more=partial(ablation.files, asked.everything(), found),
        )
    with right:
        _contrasts(related)
        _undefined(related, names)
        st.caption(plain(related.intervals))


def refusals(found: AblationStudy) -> None:
    """Layers that have no grid, and why."""
    for why in found.refused.values():
        st.info(plain(why))


def _table(asked: Asked, related: Relations, names: list[str]) -> pd.DataFrame:
    """Rows as in the paper: network and function, a column a measure."""
    rows = []
    for name in names:
        means = {one: related.averages[one, name].mean for one in MEASURES}
        rows.append({"network": asked.recipe.model, "function": FUNCTIONS[name].title} | means)
    for (network, family), numbers in core.PUBLISHED.items():
        rows.append({"network": f"{network} (paper)", "function": family} | dict(numbers))
    return pd.DataFrame(rows)


def _contrasts(related: Relations) -> None:
    if not related.contrasts:
        st.info("The contrasts need performance and decodability of the same grids.")
        return
    rows = [{"contrast": name} | _row(one) for name, one in related.contrasts.items()]
    st.dataframe(pd.DataFrame(rows), hide_index=True, key="contrast_table", column_config=_DIGITS)
    published = "; ".join(
        f"{network}: {leads['decodability']:+.3f} for decodability, {leads['performance']:+.3f} for performance"
        for network, leads in core.PUBLISHED_CONTRASTS.items()
    )
    st.caption(f"CKA and Procrustes minus the CCA family in the paper: {plain(published)}.")


def _row(one: Average) -> dict[str, float | int]:
    return {"mean": one.mean, "low": one.low, "high": one.high, "p": one.p, "coefficients": one.count}


def _undefined(related: Relations, names: list[str]) -> None:
    counts = {name: sum(related.averages[one, name].undefined for one in MEASURES) for name in names}
    total = len(related.table[related.table["function"].isin(names)])
    if any(counts.values()):
        words = "; ".join(f"{count} for {FUNCTIONS[name].title.lower()}" for name, count in counts.items() if count)
        st.info(f"{sum(counts.values())} of {total} coefficients are undefined, since every cell is equal: {words}.")


_DIGITS = {name: st.column_config.NumberColumn(format="%.3f") for name in (*MEASURES, "mean", "low", "high")} | {
    "p": st.column_config.NumberColumn(format="%.2g")
}
