"""Experiments of the RTD paper on networks: checkpoints of a training, domains of the data. Each is a job."""

import re
from collections import defaultdict

import numpy as np
import pandas as pd
import streamlit as st

from repsim_core import activations, datasets, figures, models
from repsim_core.types import ModelCard
from repsim_ui import cache, charts, links, request, state
from repsim_ui.messages import plain

TRIALS, LARGEST_BATCH = 5, 300
FEWEST_CHECKPOINTS = 3
DOMAINS = ("shapes", "shapes_texture", "shapes_sketch")  # the same stimuli, drawn differently
SKELETON = 420
SECONDS = 4.0  # either experiment on two cores
DECIMALS = st.column_config.NumberColumn(format="%.3f")


def training(choices: state.Choices) -> None:
    """RTD of each checkpoint of a training to the network it became."""
    trainings = _trainings()
    if not trainings:
        st.info("No network of the library has checkpoints.")
        return
    own = re.sub(r"-epoch\d+$", "", choices.a)
    default = own if own in trainings else next(iter(trainings))
    name, layer = _network([default, *(one for one in trainings if one != default)])
    final = cache.card(name)
    n, batch = _stimuli(final.dataset, choices.n)
    recipe = {
        "checkpoints": [*(card.name for card in trainings[name]), name],
        "layer": layer,
        "dataset": final.dataset,
        "n": n,
        "seed": choices.seed,
        "trials": TRIALS,
        "batch": batch,
    }
    (found,) = request.results([request.of_kind("training", recipe, f"{name}, {layer}", SECONDS)], SKELETON)
    result = found.value
    if result is None:
        return
    table = result.to_frame()
    epochs = [f"{one:g}" for one in table["epoch"]]
    charts.show(
        figures.value_curves(
            epochs,
            {
                "RTD to the last checkpoint": {"RTD": table["rtd"].to_numpy()},
                "1 − CKA and disagreement": {
                    "1 − CKA": 1 - table["cka"].to_numpy(),
                    "other class predicted": table["disagreement"].to_numpy(),
                },
            },
            errors={
                "RTD": table["standard_error"].to_numpy(),
                "other class predicted": table["disagreement_error"].to_numpy(),
            },
            title="epoch",
        ),
        key="training_curves",
        alt="RTD, 1 − CKA and share of other predictions of each checkpoint against the last.",
        title=f"{name}, {layer}: checkpoints against epoch {final.epochs:g}",
        table=result.to_frame,
    )
    if found.complete:
        st.markdown(_who_follows(table))
    st.caption(
        f"{plain(layer)} of each checkpoint against the same layer after epoch {final.epochs:g}, {n} stimuli of "
        f"{plain(final.dataset)}, {TRIALS} subsets of {batch}; CKA debiased. Bars are standard errors, of RTD over the "
        "subsets and of the share over the stimuli. Epochs are not evenly spaced."
    )


def _who_follows(table: pd.DataFrame) -> str:
    """Which of the two goes along with the predictions."""
    before = table.iloc[:-1]  # the last one is 0 by definition
    differ = before["disagreement"].to_numpy()
    if len(before) < FEWEST_CHECKPOINTS or not np.ptp(differ) > 0:
        return ""
    with_rtd, with_cka = (float(np.corrcoef(one, differ)[0, 1]) for one in (before["rtd"], 1 - before["cka"]))
    return (
        f"Pearson correlation with the share of other predictions over {len(before)} checkpoints: RTD "
        f"**{with_rtd:.3f}**, 1 − CKA **{with_cka:.3f}**. The paper finds RTD closer; one training is one sample."
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
    recipe = {
        "network": name,
        "layer": layer,
        "domains": list(DOMAINS),
        "n": n,
        "seed": choices.seed,
        "trials": TRIALS,
        "batch": batch,
    }
    (found,) = request.results([request.of_kind("domains", recipe, f"{name}, {layer}", SECONDS)], SKELETON)
    result = found.value
    if result is None:
        return
    table = _of_pairs(result.to_frame())
    charts.show(
        figures.stacked_parts(
            table["domains"].tolist(), table["cluster part"].to_numpy(), table["loop part"].to_numpy()
        ),
        key="domain_parts",
        alt="RTD of one layer between each two domains, clusters and loops stacked.",
        title=f"{name}, {layer}: RTD between domains",
        table=result.to_frame,
    )
    st.dataframe(table, hide_index=True, key="domain_table", column_config=dict.fromkeys(table.columns[1:], DECIMALS))
    st.caption(
        f"{plain(layer)} of {plain(name)}, trained on {plain(cache.card(name).dataset)}: the same {n} shapes in each "
        f"domain, {TRIALS} subsets of {batch}; CKA debiased; share of shapes named rightly in the first and the second."
    )


def _of_pairs(table: pd.DataFrame) -> pd.DataFrame:
    names = {"rtd": "RTD", "cka": "CKA", "accuracy_first": "accuracy, first", "accuracy_second": "accuracy, second"}
    found = table.rename(columns=lambda one: names.get(one, one.replace("_", " ")))
    found.insert(0, "domains", found.pop("first") + " × " + found.pop("second"))
    return found


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
