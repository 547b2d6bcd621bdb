"""Which classes of the dataset, and how its stimuli are shifted: both become part of its name at the side."""

import streamlit as st

from repsim_core import datasets
from repsim_core.datasets import SHIFTS
from repsim_core.types import DatasetCard
from repsim_ui import controls
from repsim_ui.messages import plain

CLEAN, DOMAIN = "none", "domain"
_HELP = "Shifted stimuli keep their ids, so a network on clean and on shifted stimuli can be compared row by row."


def draw(card: DatasetCard) -> None:
    """The controls; each change puts another name into the sidebar's box."""
    left, right = st.columns(2, gap="medium")
    if card.task == "classification":
        with left:
            _classes(card)
    with right:
        _shift(card)


def offered(card: DatasetCard) -> list[str]:
    """Kinds of shift for such stimuli; none where only responses to them are known."""
    if 0 in card.input_shape:
        return [CLEAN]
    domains = [DOMAIN] if card.base in datasets.DOMAINS.values() else []
    return [CLEAN, *(one for one, kind in SHIFTS.items() if card.kind in kind.data), *domains]


def _classes(card: DatasetCard) -> None:
    names = list(card.classes)
    st.session_state["data_classes"] = [names[one] for one in card.chosen]

    def changed() -> None:
        picked = st.session_state["data_classes"]
        _take(card, [names.index(one) for one in picked], card.shift)

    st.multiselect(
        "Classes",
        names,
        key="data_classes",
        on_change=changed,
        placeholder=f"all {len(names)}",
        help="Labels keep their numbers, so that the outputs of a network still fit them.",
    )


def _shift(card: DatasetCard) -> None:
    known = offered(card)
    kind, _, given = card.shift.partition(":")
    st.session_state["data_shift"] = kind or CLEAN
    about = {one: SHIFTS[one].description for one in known if one in SHIFTS}
    about |= {CLEAN: "The stimuli as they are."} | (
        {DOMAIN: "The same shapes, drawn differently."} if DOMAIN in known else {}
    )

    def kind_changed() -> None:
        picked = st.session_state["data_shift"]
        if picked == DOMAIN:
            _take(card, card.chosen, f"{DOMAIN}:{_other_domains(card)[0]}")
        else:
            _take(card, card.chosen, "" if picked == CLEAN else f"{picked}:{SHIFTS[picked].usual:g}")

    def amount_changed() -> None:
        _take(card, card.chosen, f"{kind}:{st.session_state['data_amount']}")

    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            "Shift",
            known,
            key="data_shift",
            on_change=kind_changed,
            width=200,
            help=f"{controls.pooling_help(about)}  \n{_HELP}",
        )
        if kind == DOMAIN:
            st.session_state["data_amount"] = given
            st.selectbox("Domain", _other_domains(card), key="data_amount", on_change=amount_changed, width=200)
        elif kind:
            low, high = SHIFTS[kind].low, SHIFTS[kind].high
            st.session_state["data_amount"] = float(given)
            st.number_input(
                "Severity",
                float(low),
                float(high),
                step=_step(high - low),
                format="%g",
                key="data_amount",
                on_change=amount_changed,
                width=200,
            )
    if card.shift:
        st.caption(
            f"Compare with the clean stimuli on the Layer map: *Before the comparison*, dataset of B "
            f"{plain(datasets.spelled(card.name, card.chosen))}."
        )


def _other_domains(card: DatasetCard) -> list[str]:
    return [name for name, dataset in datasets.DOMAINS.items() if dataset != card.base]


def _step(width: float) -> float:
    return 5.0 if width > 100 else 0.5 if width > 15 else 0.1 if width > 1 else 0.05


def _take(card: DatasetCard, classes: object, shift: str) -> None:
    st.session_state["ds"] = datasets.spelled(card.name, list(classes), shift)  # type: ignore[call-overload]
