"""Questions over networks: do layers find their twin, and which networks are alike?"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from repsim_core import experiments, figures, models
from repsim_core.similarity import MEASURES
from repsim_core.types import NetworkMatrix
from repsim_ui import charts, estimates, links, map_request, request, sentences, state
from repsim_ui.map_request import Asked
from repsim_ui.messages import plain

HEIGHT = 420
MOST_NETWORKS = 30
SLOW = ("rtd", "srtd")  # not in the sanity check unless asked for


def twins(choices: state.Choices) -> None:
    """The sanity check of Kornblith et al.: accuracy of "the most similar layer is the corresponding one"."""
    asked = map_request.asked(choices)
    names = _networks(asked, "A layer's twin is the layer of the same name; all networks need the same layers.", 2)
    if names is None:
        return
    usual = [one for one, entry in MEASURES.items() if one not in SLOW and entry.method is not None]
    links.keep_several("measures", "Measure", MEASURES)
    chosen = st.multiselect(
        "Measures", list(MEASURES), key="measures", bind="query-params", placeholder="All but those over subsets"
    )
    measures = [one for one in MEASURES if one in (chosen or usual)]
    pairs = len(names) * (len(names) - 1) // 2
    cost = sum(pairs * _seconds(asked, one) for one in measures)
    recipe = {"map": asked.recipe.to_json(), "networks": names, "measures": measures}
    (found,) = request.results(
        [request.of_kind("twins", recipe, f"twins of {len(names)} networks", cost)],
        HEIGHT,
        said=f"{len(measures)} measures on {pairs} pair{'s' if pairs > 1 else ''} of networks: "
        f"{sentences.duration(cost)} here.",
    )
    if found.value is None:
        return
    table = found.value.to_frame().sort_values("accuracy", ascending=False, kind="stable")
    errors = table["standard_error"].to_numpy()
    charts.show(
        figures.share_bars(
            table["measure"].tolist(),
            table["accuracy"].to_numpy(),
            chance=float(table["chance"].iloc[0]),
            errors=errors if np.isfinite(errors).any() else None,
            title="layers whose most similar layer is their twin",
        ),
        key="twins",
        alt="Share of layers that find their twin, for each measure, with a line at chance.",
        title="Layers that find their twin",
        table=lambda: table,
    )
    st.dataframe(
        table[["measure", "accuracy", "within_one", "standard_error", "undefined"]],
        hide_index=True,
        key="twins_table",
        column_config={
            "accuracy": st.column_config.NumberColumn(format="percent"),
            "within_one": st.column_config.NumberColumn("twin or beside it", format="percent"),
            "standard_error": st.column_config.NumberColumn("standard error", format="percent"),
            "undefined": st.column_config.NumberColumn("undefined rows", format="percent"),
        },
    )
    over = "the jackknife over networks" if len(names) > 2 else "not known for two networks"
    st.caption(
        f"{int(table['layers'].iloc[0])} layers, {int(table['pairs'].iloc[0])} ordered pairs, chance "
        f"{table['chance'].iloc[0]:.0%}; standard error: {over}. Measures at their default options. Kornblith et al. "
        "(2019) print 99.3 % for linear CKA, 45.4 % for regression and at most 15.1 % for the CCA family, on ten "
        "networks and CIFAR-10; neighbours of one resolution are nearly equal in small networks, which costs hits."
    )


def many(choices: state.Choices) -> None:
    """Which networks are alike? One number a pair."""
    asked = map_request.asked(choices)
    names = _networks(asked, "They see the stimuli of A.", 3)
    if names is None:
        return
    summaries = list(experiments.SUMMARIES)
    links.keep_known("summary", "Summary", summaries, summaries[0])
    links.start_with("summary", summaries[0])
    summary = str(
        st.segmented_control(
            "One number of a layer map",
            summaries,
            key="summary",
            bind="query-params",
            required=True,
            help="  \n".join(f"**{name}**: {text}" for name, text in experiments.SUMMARIES.items()),
        )
    )
    cost = len(names) * (len(names) + 1) / 2 * asked.seconds()
    recipe = {"map": asked.recipe.to_json(), "networks": names, "summary": summary}
    (found,) = request.results(
        [request.of_kind("networks", recipe, f"{len(names)} networks", cost)],
        HEIGHT,
        said=f"{len(names)} × {len(names)} networks under {asked.recipe.measure}: {sentences.duration(cost)} here.",
    )
    if found.value is not None:
        _drawn(found.value, complete=found.complete)


def _drawn(matrix: NetworkMatrix, *, complete: bool) -> None:
    left, right = st.columns(2, gap="medium")
    with left:
        charts.show(
            figures.network_heatmap(matrix),
            key="networks",
            alt="One number for every pair of networks; the table below holds them.",
            title=f"{len(matrix.names)} networks, {matrix.measure}, {matrix.summary}",
            table=matrix.to_frame,
        )
        st.caption(plain(f"{matrix.measure}, {matrix.summary}: {experiments.SUMMARIES[matrix.summary]}."))
    with right:
        if matrix.why_no_map:
            if complete:
                st.info(
                    f"No map and no tree: {plain(matrix.why_no_map)}. "
                    "Take procrustes_angle and the summary *same depth* for both."
                )
            return
        charts.show(
            figures.network_map(matrix),
            key="network_map",
            alt="Networks in the plane, near to one another where the metric is small.",
            title=f"Map of {len(matrix.names)} networks",
            table=lambda: pd.DataFrame(matrix.positions, columns=["first", "second"]).assign(network=matrix.names),
        )
        st.caption(f"Classical scaling; the plane holds {matrix.plane_share:.0%} of the squared distances.")
        charts.show(
            figures.network_tree(matrix),
            key="network_tree",
            alt="Average-linkage tree of the networks.",
            title=f"Tree of {len(matrix.names)} networks",
            table=lambda: pd.DataFrame(matrix.linkage, columns=["one", "other", "distance", "networks"]),
        )


def _networks(asked: Asked, rule: str, least: int) -> list[str] | None:
    """A, B and those that were added; None where there are too few."""
    known = [one.name for one in models.available() if one.name not in (asked.recipe.a, asked.recipe.b)]
    links.keep_several("nets", "Network", known)
    siblings = _siblings(asked.recipe.a)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        added = st.multiselect(
            "Networks beside A and B",
            known,
            key="nets",
            bind="query-params",
            max_selections=MOST_NETWORKS,
            placeholder="Choose networks",
            help=rule,
        )
        more = [one for one in siblings if one in known]
        if more:
            st.button(f"Add the {len(more)} of the same recipe", key="add_siblings", on_click=_add, args=(more,))
    names = list(dict.fromkeys([asked.recipe.a, asked.recipe.b, *added]))
    if len(names) < least:
        many = "networks" if len(names) > 1 else "network"
        st.info(f"{len(names)} different {many} so far; add {least - len(names)} or more.")
        return None
    return names


def _siblings(name: str) -> list[str]:
    """Networks of the same recipe with another seed."""
    cards = {one.name: one for one in models.available()}
    own = cards.get(name)
    if own is None:
        return []
    return [
        one.name
        for one in cards.values()
        if one.seed != own.seed
        and (one.architecture, one.dataset, one.epochs) == (own.architecture, own.dataset, own.epochs)
    ]


def _add(names: Sequence[str]) -> None:
    st.session_state["nets"] = list(dict.fromkeys([*st.session_state.get("nets", []), *names]))


def _seconds(asked: Asked, measure: str) -> float:
    batch, trials = (min(500, asked.recipe.n), 10) if MEASURES[measure].method is None else (0, 0)
    return asked.seconds() + estimates.subset_seconds(measure, batch, trials, asked.cells)
