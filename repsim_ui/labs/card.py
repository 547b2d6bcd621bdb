"""The labs as cards: on their page, and on Start."""

import streamlit as st

from repsim_core.claims import recorded
from repsim_ui.labs import guesses, results
from repsim_ui.labs.catalogue import labs
from repsim_ui.labs.lab import Lab
from repsim_ui.labs.place import going
from repsim_ui.messages import plain

PAGE, ICON = "../pages/labs.py", ":material/science:"


def gallery(*, teach: bool = False, short: bool = False) -> None:
    """Cards, three in a row; with ``teach`` neither pictures nor verdicts are given away."""
    found = labs()
    for start in range(0, len(found), 3):
        for column, one in zip(st.columns(3), found[start : start + 3], strict=False):
            with column, st.container(border=True, height="stretch", key=f"lab_card_{one.id}"):
                _card(one, teach, short)


def _card(lab: Lab, teach: bool, short: bool) -> None:
    picture = "" if teach else results.thumbnail(lab.id)
    if picture:
        st.image(picture, alt=results.alt(lab.id), width="stretch")
    done, steps = guesses.progress(lab)
    if short:
        st.page_link(PAGE, label=f"**{plain(lab.title)}**", query_params={"lab": lab.id}, icon=ICON)
        st.markdown(plain(lab.claim))
        return
    # A button, since a page link to the page that is open changes nothing.
    opening = going(lab=lab.id, step="1")
    st.button(f"**{plain(lab.title)}**", key=f"lab_open_{lab.id}", type="tertiary", icon=ICON, on_click=opening)
    st.markdown(plain(lab.claim))
    st.caption(plain(f"{lab.paper} · {lab.minutes} minutes · {steps} steps"))
    if not teach:
        st.progress(done / steps, text=f"{done} of {steps} steps done")
        if guesses.seen(lab, guesses.VERDICT):
            st.caption(plain("; ".join(f"{id}: {recorded(id).verdict}" for id in lab.claims)))
