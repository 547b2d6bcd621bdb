"""Experiments of the RTD paper on the page: clouds whose order is known. Which measure follows it?"""

from functools import partial

import numpy as np
import pandas as pd
import streamlit as st

from repsim_core import experiments, figures
from repsim_core.similarity import MEASURES
from repsim_core.topology import LITE_WARNING
from repsim_ui import cache, charts, links, state
from repsim_ui.messages import plain

SKELETON = 420
TITLES = {name: MEASURES[name].title for name in ("rtd", "rtd_lite", "srtd_lite", *experiments.SIMILARITIES)}
DRAWN = ("cka_biased", "svcca", "procrustes")  # similarities in the picture; the table has all
CLOUD_ALT = {"base": "Points of the first cloud.", "moved": "Points of the cloud that is compared with it."}


def clouds(choices: state.Choices) -> None:
    """Clusters and rings: which measure follows the true order?"""
    families = list(experiments.FAMILIES)
    links.keep_known("family", "Experiment", families, families[0])
    links.start_with("family", families[0])
    with st.container(horizontal=True, vertical_alignment="bottom"):
        family = str(st.segmented_control("Experiment", families, key="family", bind="query-params", required=True))
        steps = [str(k) for k in experiments.FAMILIES[family][1]]
        links.keep_known("k", "k", steps, steps[0], aloud=False)
        k = int(st.select_slider(_WHAT_K[family], steps, key="k", bind="query-params", width=320))
    with st.skeleton(height=SKELETON):
        order = cache.ordered_clouds(family)
    pair = {"base": (order.base, "the first cloud"), "moved": (order.clouds[k], f"k = {k}")}
    groups = np.repeat(np.arange(5), 100) if family == "rings" else np.arange(60).repeat(5) % k
    reach = 1.08 * max(float(np.abs(cloud).max()) for cloud, _ in pair.values())
    for slot, (key, (cloud, name)) in zip(st.columns(2), pair.items(), strict=True):
        with slot:
            st.markdown(f"**{plain(name)}**")
            drawn = figures.points(cloud, groups.astype(np.int64), [f"point {i}" for i in range(len(cloud))])
            if family == "rings":
                both = {"range": [-reach, reach]}
                drawn.update_layout(xaxis=both, yaxis=both)
            charts.show(
                drawn.update_layout(showlegend=False),
                key=f"cloud_{key}",
                alt=CLOUD_ALT[key],
                title=f"{family}, {name}",
                table=partial(pd.DataFrame, cloud, columns=["x", "y"]),
            )
    st.caption("The same points keep their colour. Each measure compares the first cloud with that of every k.")
    _order(order, steps)


def _order(order: experiments.Order, steps: list[str]) -> None:
    shown = order.values.rename(columns=TITLES).set_index("k").T
    shown.columns = [f"k = {k}" for k in order.values["k"]]
    shown.insert(0, "measure", shown.index)
    shown["Kendall's tau with k"] = list(order.tau.values())
    st.dataframe(
        shown,
        hide_index=True,
        key="order_table",
        column_config={name: st.column_config.NumberColumn(format="%.4f") for name in shown.columns[1:]},
    )
    st.caption(
        "Tau as published: the sign of a similarity is not turned, so a divergence that follows k has 1 and a "
        "similarity that follows it −1. "
        f"Here RTD has {order.tau['rtd']:.3g} and biased CKA {order.tau['cka_biased']:.3g}. "
        f"SVCCA has {order.tau['svcca']:.3g} with 99 % of the variance kept; the paper prints "
        f"{_SVCCA_PRINTED[order.family]} and does not say what it keeps."
    )
    st.warning(plain(LITE_WARNING))
    left, right = st.columns([3, 2], gap="medium")
    with left:
        charts.show(
            figures.value_curves(
                steps,
                {
                    "divergence": {TITLES[one]: order.values[one].to_numpy() for one in TITLES if "rtd" in one},
                    "similarity": {TITLES[one]: order.values[one].to_numpy() for one in DRAWN},
                },
                title="k",
            ),
            key="order_curves",
            alt="Every measure against k: divergences on the left, similarities on the right.",
            title=f"Measures on the {order.family}",
            table=lambda: order.values,
        )
    with right:
        charts.show(
            figures.stacked_parts(
                steps, order.parts["cluster_part"].to_numpy(), order.parts["loop_part"].to_numpy(), title="k"
            ),
            key="order_parts",
            alt="Cluster part and loop part of RTD for every k.",
            title=f"Parts of RTD on the {order.family}",
            table=lambda: order.parts,
        )


_SVCCA_PRINTED = {"clusters": "0.143", "rings": "−0.2"}
_WHAT_K = {"clusters": "k, clusters in the second cloud", "rings": "k, rings on top of each other"}
