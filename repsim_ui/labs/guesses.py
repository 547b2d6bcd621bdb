"""What the learner guessed and has seen; it lives in the session, as words and numbers."""

from typing import Any

import streamlit as st

from repsim_ui.labs.lab import Choice, Lab, Number

GUESSES, SEEN = "labs_guesses", "labs_seen"
VERDICT = "verdict"


def guess(lab: Lab, step: int) -> str | float | None:
    """The guess at a step, ``None`` if there is none or it was skipped."""
    return _kept(GUESSES).get(_name(lab, step))


def keep(lab: Lab, step: int, value: str | float | None) -> None:
    """Remember a guess."""
    _kept(GUESSES)[_name(lab, step)] = value


def see(lab: Lab, step: int | str) -> None:
    """Note that this step was shown, or the verdicts were."""
    _kept(SEEN)[_name(lab, step)] = True


def seen(lab: Lab, step: int | str) -> bool:
    """Whether the answer of this step was shown in this session."""
    return bool(_kept(SEEN).get(_name(lab, step)))


def forget(lab: Lab, step: int) -> None:
    """Ask this step anew."""
    for place in (GUESSES, SEEN):
        _kept(place).pop(_name(lab, step), None)


def progress(lab: Lab) -> tuple[int, int]:
    """Steps shown, and all of them, the verdicts included."""
    parts = [*range(len(lab.steps)), VERDICT]
    return sum(seen(lab, one) for one in parts), len(parts)


def in_words(kind: Choice | Number, value: str | float | None) -> str:
    """A guess as it is shown beside the measured number."""
    if value is None:
        return "skipped"
    if not isinstance(kind, Number):
        return str(value)
    text = kind.form.format(value)
    return text if any(one in "123456789" for one in text) else text.lstrip("-")  # no −0.00


def outcome(kind: Choice | Number, value: str | float | None, answer: str | float) -> str:
    """How the guess did: right or not for a choice, how far off for a number; "" without a guess."""
    if value is None:
        return ""
    if isinstance(kind, Choice):
        return "right" if value == answer else "not this time"
    off = abs(float(value) - float(answer))
    return "right on the step" if off <= kind.step / 2 else f"off by {kind.form.format(off)}"


def _kept(place: str) -> dict[str, Any]:
    found: dict[str, Any] = st.session_state.setdefault(place, {})
    return found


def _name(lab: Lab, step: int | str) -> str:
    return f"{lab.id}/{step}"
