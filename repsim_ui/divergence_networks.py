"""Experiments of the RTD paper on networks: checkpoints of a training, domains of the data. Each is a job."""

import numpy as np
import pandas as pd
import streamlit as st

from repsim_core import datasets, figures, models
from repsim_ui import cache, charts, request, state
from repsim_ui.messages import plain
from repsim_ui.trainings import FEWEST_CHECKPOINTS, network_and_layer, trained, trainings

TRIALS, LARGEST_BATCH = 5, 300
DOMAINS = ("shapes", "shapes_texture", "shapes_sketch")  # the same stimuli, drawn differently
SKELETON = 420
SECONDS = 4.0  # either experiment on two cores
DECIMALS = st.column_config.NumberColumn(format="%.3f")


def training(choices: state.Choices) -> None:
    """RTD of each checkpoint of a training to the network it became."""
    known = trainings()
    if not known:
        st.info("No network of the library has checkpoints.")
        return
    own = trained(choices.a)
    default = own if own in known else next(iter(known))
    name, layer = network_and_layer([default, *(one for one in known if one != default)])
    final = cache.card(name)
    n, batch = _stimuli(final.dataset, choices.n)
    recipe = {
        "checkpoints": [card.name for card in known[name]],
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
    name, layer = network_and_layer([default, *(one for one in known if one != default)])
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


def _stimuli(dataset: str, n: int) -> tuple[int, int]:
    """As many stimuli as there are and were asked for, and a batch that leaves room for several subsets."""
    sizes = next(card.sizes for card in datasets.available() if card.name == dataset)
    n = max(4, min(n, sizes.get("test", sizes.get("all", 0))))
    return n, min(LARGEST_BATCH, max(2, n * 3 // 5))
