"""The Labs page: cards, or one step of one lab; the address says which."""

import streamlit as st

from repsim_ui.labs import card, guesses
from repsim_ui.labs.place import Place, go, going, place
from repsim_ui.labs.step import step
from repsim_ui.labs.verdicts import verdicts
from repsim_ui.messages import plain


def page() -> None:
    """What the address asks for."""
    here = place()
    if here is None:
        _cards()
        return
    _head(here)
    if here.step == here.last:
        verdicts(here)
    else:
        step(here)
    _onward(here)


def _cards() -> None:
    teach = st.query_params.get("teach") == "1"
    st.markdown(
        "Guess first, then look: each lab takes one finding of a paper through a few questions, answered by the "
        "networks and data that ship. Leave at any point; the links and the back button bring you back."
    )
    _teaching(teach)
    card.gallery(teach=teach)


def _head(here: Place) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.header(here.lab.title, anchor=False)
        st.button("All labs", key="labs_all", icon=":material/apps:", on_click=going(lab=None, step=None))
    st.caption(plain(f"{here.lab.claim} {here.lab.paper}."))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        steps = list(range(1, here.last + 1))
        st.session_state["labs_at"] = here.step
        st.segmented_control(
            "Step",
            steps,
            key="labs_at",
            required=True,
            format_func=lambda one: _named(here, one),
            on_change=lambda: go(step=str(st.session_state["labs_at"])),
        )
        _teaching(here.teach)


def _named(here: Place, one: int) -> str:
    name = "Verdict" if one == here.last else str(one)
    done = guesses.seen(here.lab, guesses.VERDICT if one == here.last else one - 1)
    return f"{name} ✓" if done and not here.teach else name


def _teaching(teach: bool) -> None:
    st.session_state["labs_teach"] = teach
    st.toggle(
        "Instructor mode",
        key="labs_teach",
        on_change=lambda: go(teach="1" if st.session_state["labs_teach"] else None),
        help="Answers, pictures and verdicts stay hidden until you reveal them. The link keeps it.",
    )


def _onward(here: Place) -> None:
    with st.container(horizontal=True, key="labs_onward"):
        if here.step > 1:
            st.button("Back", key="labs_back", icon=":material/arrow_back:", on_click=going(step=str(here.step - 1)))
        if here.step < here.last:
            st.button("Next", key="labs_next", icon=":material/arrow_forward:", on_click=going(step=str(here.step + 1)))
