"""Experiments of the RTD paper on the page: clouds of a known order, checkpoints of a training, domains of the data."""

import re
from collections import defaultdict
from functools import partial
from itertools import combinations

import numpy as np
import pandas as pd
import streamlit as st

from repsim_core import activations, datasets, experiments, figures, models
from repsim_core.similarity import MEASURES
from repsim_core.topology import LITE_WARNING
from repsim_core.types import ModelCard
from repsim_ui import cache, charts, links, state
from repsim_ui.messages import plain

TRIALS, LARGEST_BATCH = 5, 300  # of the two experiments on networks
FEWEST_CHECKPOINTS = 3
DOMAINS = ("shapes", "shapes_texture", "shapes_sketch")  # the same stimuli, drawn differently
SKELETON = 420
TITLES = {name: MEASURES[name].title for name in ("rtd", "rtd_lite", "srtd_lite", "cka_biased", "cka")}
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
        f"Here RTD has {order.tau['rtd']:.3g} and biased CKA {order.tau['cka_biased']:.3g}."
    )
    st.warning(plain(LITE_WARNING))
    left, right = st.columns([3, 2], gap="medium")
    with left:
        charts.show(
            figures.value_curves(
                steps,
                {
                    "divergence": {TITLES[one]: order.values[one].to_numpy() for one in TITLES if "rtd" in one},
                    "similarity": {TITLES[one]: order.values[one].to_numpy() for one in TITLES if "cka" in one},
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


def training(choices: state.Choices) -> None:
    """RTD of each checkpoint of a training to the network it became."""
    found = _trainings()
    if not found:
        st.info("No network of the library has checkpoints.")
        return
    own = re.sub(r"-epoch\d+$", "", choices.a)
    default = own if own in found else next(iter(found))
    name, layer = _network([default, *(one for one in found if one != default)])
    final = cache.card(name)
    n, batch = _stimuli(final.dataset, choices.n)
    rows = []
    with st.skeleton(height=SKELETON):
        for card in found[name]:
            divergence, cka = cache.divergence_between(
                (card.name, final.dataset), (name, final.dataset), layer, n, choices.seed, TRIALS, batch
            )
            rows.append((f"{card.epochs:g}", divergence.value, divergence.standard_error, cka))
    table = pd.DataFrame(rows, columns=["epoch", "RTD", "standard error", "CKA"])
    charts.show(
        figures.value_curves(
            table["epoch"].tolist(),
            {"RTD to the last epoch": {"RTD": table["RTD"].to_numpy()}, "CKA": {"CKA": table["CKA"].to_numpy()}},
            errors={"RTD": table["standard error"].to_numpy()},
            title="epoch",
        ),
        key="training_curves",
        alt="RTD and CKA of each checkpoint and the trained network.",
        title=f"{name}, {layer}: checkpoints against epoch {final.epochs:g}",
        table=lambda: table,
    )
    st.caption(
        f"{plain(layer)} of each checkpoint against the same layer after epoch {final.epochs:g}, {n} stimuli of "
        f"{plain(final.dataset)}, {TRIALS} subsets of {batch}; CKA debiased. "
        "Epochs are not evenly spaced."
    )


def domains(choices: state.Choices) -> None:
    """The same stimuli drawn differently, in one layer of one network."""
    known = [card.name for card in models.available() if card.dataset in DOMAINS]
    if not known:
        st.info("No network of the library was trained on shapes.")
        return
    default = choices.a if choices.a in known else known[0]
    name, layer = _network([default, *(one for one in known if one != default)])
    n, batch = _stimuli(DOMAINS[0], choices.n)
    rows = []
    with st.skeleton(height=SKELETON):
        for first, second in combinations(DOMAINS, 2):
            found, cka = cache.divergence_between((name, first), (name, second), layer, n, choices.seed, TRIALS, batch)
            parts = found.cluster_part.mean(), found.loop_part.mean()
            rows.append((f"{first} × {second}", found.value, found.standard_error, *parts, cka))
    table = pd.DataFrame(rows, columns=["domains", "RTD", "standard error", "cluster part", "loop part", "CKA"])
    charts.show(
        figures.stacked_parts(
            table["domains"].tolist(), table["cluster part"].to_numpy(), table["loop part"].to_numpy()
        ),
        key="domain_parts",
        alt="RTD of one layer between each two domains, clusters and loops stacked.",
        title=f"{name}, {layer}: RTD between domains",
        table=lambda: table,
    )
    number = st.column_config.NumberColumn(format="%.3f")
    st.dataframe(table, hide_index=True, key="domain_table", column_config=dict.fromkeys(table.columns[1:], number))
    st.caption(
        f"{plain(layer)} of {plain(name)}, trained on {plain(cache.card(name).dataset)}: the same {n} shapes in each "
        f"domain, {TRIALS} subsets of {batch}; CKA debiased."
    )


def _trainings() -> dict[str, list[ModelCard]]:
    """Networks with at least three checkpoints, which come in the order of their epochs."""
    cards = {card.name: card for card in models.available()}
    found: dict[str, list[ModelCard]] = defaultdict(list)
    for name, card in cards.items():
        final = re.sub(r"-epoch\d+$", "", name)
        if final != name and final in cards and card.epochs is not None:
            found[final].append(card)
    return {
        name: sorted(those, key=lambda card: card.epochs or 0.0)
        for name, those in found.items()
        if len(those) >= FEWEST_CHECKPOINTS
    }


def _network(names: list[str]) -> tuple[str, str]:
    """The network and one of its layers."""
    links.keep_known("net", "Network", names, names[0], aloud=False)
    with st.container(horizontal=True):
        name = st.selectbox("Network", names, key="net", bind="query-params", width=280)
        found = activations.default_layers(cache.layer_infos(name, cache.card(name).dataset))
        layers = list(found)[::-1]  # the last one first: it is small, and where networks differ most
        links.keep_known("layer", "Layer", layers, layers[0], aloud=False)
        layer = st.selectbox("Layer", layers, key="layer", bind="query-params", width=200)
    return name, layer


def _stimuli(dataset: str, n: int) -> tuple[int, int]:
    """As many stimuli as there are and were asked for, and a batch that leaves room for several subsets."""
    sizes = next(card.sizes for card in datasets.available() if card.name == dataset)
    n = max(4, min(n, sizes.get("test", sizes.get("all", 0))))
    return n, min(LARGEST_BATCH, max(2, n * 3 // 5))


_WHAT_K = {"clusters": "k, clusters in the second cloud", "rings": "k, rings on top of each other"}
