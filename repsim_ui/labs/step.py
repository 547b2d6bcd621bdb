"""One step on the page: ask, take the guess, show, explain."""

from typing import Any

import streamlit as st

from repsim_ui import charts, links
from repsim_ui.labs import guesses, results
from repsim_ui.labs.lab import Choice, Number, Printed, Step
from repsim_ui.labs.place import Place
from repsim_ui.messages import plain

HEIGHT = 360


def step(here: Place) -> None:
    """The step of the address."""
    number = here.step - 1
    one = here.lab.steps[number]
    left, right = st.columns([2, 3], gap="large")
    with left:
        if one.before:
            st.markdown(plain(one.before))
        st.subheader(f"{here.step}. {one.question}", anchor=False)
        answered = _teach(here, number) if here.teach else _ask(here, one, number)
    with right, st.container(key="lab_answer"):
        if not answered:
            st.info("Make a guess, then *Show me*." if not here.teach else "The answer is hidden until you reveal it.")
            return
        with st.skeleton(height=HEIGHT):
            found = results.result(here.lab.id, number)
        if why := results.missing(found):
            with st.container(key="lab_missing"):
                st.info(plain(why))
            return
        charts.show(
            one.view.figure(found),
            key=f"lab_{here.lab.id}_{number}",
            alt=one.view.alt,
            title=f"{here.lab.title}, step {here.step}",
            table=lambda: one.view.table(found),
        )
    if here.teach and not _revealed(here, number, "explanation"):
        with right:
            st.button("Reveal the explanation", key="lab_explain", on_click=_reveal, args=(here, number, "explanation"))
        return
    with right:
        _numbers(here, one, number, found)
        with st.container(key="lab_explained"):
            st.markdown(plain(one.explain(found)))
            _try(one)


def _ask(here: Place, one: Step, number: int) -> bool:
    """The guess control, or what was guessed once the answer is shown; whether it is."""
    kept, key = guesses.guess(here.lab, number), f"guess_{here.lab.id}_{number}"
    if guesses.seen(here.lab, number):
        _options(one.guess, kept)
        st.button("Guess again", key="lab_again", on_click=guesses.forget, args=(here.lab, number))
        return True
    value: str | float | None
    if isinstance(one.guess, Choice):
        value = st.radio("Your guess", list(one.guess.options), index=None, key=key)
    else:
        value = st.slider("Your guess", key=key, **_slider(one.guess))
    with st.container(horizontal=True):
        st.button("Show me", key="lab_show", on_click=_show, args=(here, number, value), disabled=value is None)
        st.button("Skip the guess", key="lab_skip", type="tertiary", on_click=_show, args=(here, number, None))
    return False


def _options(kind: Choice | Number, kept: str | float | None = None) -> None:
    """What may be guessed as text, the guess marked."""
    if isinstance(kind, Choice):
        st.markdown("\n".join(f"* {plain(one)}" + (" **(your guess)**" if one == kept else "") for one in kind.options))
    else:
        st.markdown(f"A number from {plain(kind.form.format(kind.low))} to {plain(kind.form.format(kind.high))}.")


def _slider(kind: Number) -> dict[str, Any]:
    middle = kind.low + kind.step * round((kind.high - kind.low) / kind.step / 2)
    whole = all(float(one).is_integer() for one in (kind.low, kind.high, kind.step))
    number = int if whole else float
    shown = {"format": "percent"} if kind.form.endswith("%}") else {}
    return {
        "min_value": number(kind.low),
        "max_value": number(kind.high),
        "step": number(kind.step),
        "value": number(middle),
        **shown,
    }


def _show(here: Place, number: int, value: str | float | None) -> None:
    guesses.keep(here.lab, number, value)
    guesses.see(here.lab, number)


def _teach(here: Place, number: int) -> bool:
    """In front of a class: what may be guessed is listed, and the answer waits for a button."""
    _options(here.lab.steps[number].guess)
    if _revealed(here, number, "figure"):
        st.button("Hide again", key="lab_hide", type="tertiary", on_click=_hide, args=(here, number))
        return True
    st.button("Reveal the figure", key="lab_reveal", on_click=_reveal, args=(here, number, "figure"))
    return False


def _numbers(here: Place, one: Step, number: int, found: Any) -> None:
    """Guess, measured number and what the paper prints, side by side."""
    boxes = (["guess"] if not here.teach else []) + ["measured", "paper"]
    answer = one.guess.answer(found)
    for column, box in zip(st.columns(len(boxes)), boxes, strict=True):
        with column, st.container(border=True, height="stretch", key=f"lab_{box}"):
            if box == "guess":
                kept = guesses.guess(here.lab, number)
                st.markdown(f"**You guessed**  \n{plain(guesses.in_words(one.guess, kept))}")
                st.caption(plain(guesses.outcome(one.guess, kept, answer)))
            elif box == "measured":
                st.markdown(f"**Measured here**  \n{plain(guesses.in_words(one.guess, answer))}")
                st.caption(plain(one.reading(found)))
            else:
                _paper(one.paper)


def _paper(printed: Printed | None) -> None:
    if printed is None:
        st.markdown("**The paper**  \nprints no number for this")
        return
    st.markdown(f"**The paper**  \n{plain(printed.text)}")
    st.caption(plain(f"{printed.where}; {printed.sure}"))


def _try(one: Step) -> None:
    if one.try_it is not None:
        # A tab of its own: a session that begins there takes every value of the address; this one keeps its guesses.
        address = links.address(one.try_it.query, one.try_it.page)
        st.link_button("Try it yourself", address, icon=":material/open_in_new:", help="Opens in a new tab.")


def _revealed(here: Place, number: int, what: str) -> bool:
    return f"{here.lab.id}/{number}/{what}" in st.session_state.setdefault("labs_revealed", [])


def _reveal(here: Place, number: int, what: str) -> None:
    st.session_state["labs_revealed"].append(f"{here.lab.id}/{number}/{what}")


def _hide(here: Place, number: int) -> None:
    start = f"{here.lab.id}/{number}/"
    st.session_state["labs_revealed"] = [one for one in st.session_state["labs_revealed"] if not one.startswith(start)]
