"""Families of small networks: alignment against depth, width, activation and optimiser, and the claims of the paper."""

import pandas as pd
import streamlit as st

from repsim_core.alignment import FORM_SENTENCES
from repsim_core.experiments import recorded_alignment as recorded
from repsim_core.figures.topology import value_curves
from repsim_ui import alignment_controls, charts, links, state
from repsim_ui.messages import plain

FACTORS = {"depth": "hidden layers", "width": "units a layer", "activation": "activation", "optimiser": "optimiser"}
USUAL = {"depth": 3, "width": 128, "activation": "relu", "optimiser": "adam"}


def page(choices: state.Choices) -> None:
    """One factor at a time, the others as usual; recorded on the training halves."""
    names = list(FACTORS)
    links.keep_known("factor", "Factor", names, names[0])
    links.start_with("factor", names[0])
    with st.container(horizontal=True, vertical_alignment="bottom"):
        factor = str(st.segmented_control("Factor", names, key="factor", bind="query-params", required=True))
        form = alignment_controls.chosen_form()
    st.caption(f"Form *{form}*: {plain(FORM_SENTENCES[form])}.")
    families = recorded.recorded()["families"].query("form == @form")
    own = varied(families, factor)
    last = recorded.last_layers(own).sort_values(factor, kind="stable")
    steps = [str(one) for one in last[factor]]
    left, right = st.columns(2, gap="medium")
    with left:
        charts.show(
            value_curves(
                steps,
                {
                    "area of the last hidden layer": {
                        "trained": last["trained"].to_numpy(),
                        "as initialised": last["initial"].to_numpy(),
                        "chance": last["chance"].to_numpy(),
                    }
                },
                title=FACTORS[factor],
            ).update_yaxes(range=[0, 1.02]),
            key="factor_last",
            alt="Area of the last hidden layer for each value of the factor, trained, as initialised and by chance.",
            title=f"Alignment of the last hidden layer and {FACTORS[factor]}",
            table=lambda: last,
        )
    places = [str(k) for k in range(int(own["place"].max()) + 1)]
    courses = {
        str(value): rows.set_index("place")["trained"].reindex(range(len(places))).to_numpy()
        for value, rows in own.sort_values([factor, "place"], kind="stable").groupby(factor, sort=False)
    }
    with right:
        charts.show(
            value_curves(places, {"area by place, trained; 0 is the input": courses}, title="place").update_yaxes(
                range=[0, 1.02]
            ),
            key="factor_places",
            alt="Area of each layer by its place, a line for each value of the factor.",
            title=f"Alignment by layer and {FACTORS[factor]}",
            table=lambda: own,
        )
    n = int(own["n"].iloc[0])
    st.caption(
        f"Networks of the library that tell digits below five from the others, {n} training stimuli, one seed each; "
        f"the other factors at {', '.join(f'{k} {v}' for k, v in USUAL.items() if k != factor)}. Recorded when they "
        "were shipped; a test computes a part of it again."
    )
    _claims(form)


def varied(families: pd.DataFrame, factor: str) -> pd.DataFrame:
    """Networks on the binary digits that differ from the usual one in this factor alone."""
    keep = families["dataset"] == "digits_low"
    for name, usual in USUAL.items():
        if name != factor:
            keep &= families[name] == usual
    return families[keep]


def _claims(form: str) -> None:
    st.subheader("What of the paper do these networks show?", anchor=False)
    found = recorded.claims(form)
    table = pd.DataFrame(
        {
            "claim": [one.claim for one in found],
            "verdict": [one.verdict for one in found],
            "holds": [f"{one.held} of {one.tried}" for one in found],
            "numbers": [one.numbers for one in found],
        }
    )
    st.dataframe(
        table,
        hide_index=True,
        key="claims",
        column_config={
            "claim": st.column_config.TextColumn(width="large"),
            "numbers": st.column_config.TextColumn("numbers, of the exceptions where there are any", width="large"),
        },
    )
    for one in found:
        if one.held < one.tried:
            st.markdown(
                f"**{plain(one.claim)}**: {one.verdict}, {one.held} of {one.tried}. Not here: {plain(one.numbers)}."
            )
    st.caption(
        "*shown*: in every network or task tried; *partly*: in more than half; *not here*: otherwise. "
        "Which task is related was said before anything was computed. All networks are small and the data are digits "
        "and shapes, so *not here* says nothing about the paper's own networks."
    )
