"""Addresses that restore a view, and what happens to values in them that do not exist."""

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from urllib.parse import urlencode, urlsplit, urlunsplit

import streamlit as st

from repsim_ui.messages import plain

LAYER_MAP = "../pages/layer_map.py"
NUMBERS = ("n", "seed", "dimensions")


def keep_known(
    key: str,
    what: str,
    known: Iterable[str],
    default: str,
    *,
    accept: Callable[[str], bool] = lambda _: False,
    aloud: bool = True,
) -> None:
    """Before a bound widget: replace a value that does not exist, from the address or from an earlier choice, aloud."""
    names = list(known)
    value = st.session_state.get(key, st.query_params.get(key))
    if value is None or value in names or (isinstance(value, str) and accept(value)):
        return
    if key not in st.session_state:
        del st.query_params[key]  # no widget is bound to it yet
    st.session_state[key] = default
    if aloud:
        more = _hint(str(value), names)
        st.toast(f"{what} {plain(repr(value))} is not available here; showing {plain(default)}.{more}")


def start_with(key: str, default: str) -> None:
    """Before a bound widget without a default of its own: the first value, unless the address has one."""
    if key not in st.session_state and key not in st.query_params:
        st.session_state[key] = default


def keep_several(key: str, what: str, known: Iterable[str]) -> None:
    """The same for a multiselect: unknown values are dropped, the others stay."""
    names = set(known)
    values = list(st.session_state.get(key, st.query_params.get_all(key)) or [])
    unknown = [one for one in values if one not in names]
    if unknown:
        st.session_state[key] = [one for one in values if one in names]
        more = f" and {len(unknown) - 1} more" if len(unknown) > 1 else ""
        st.toast(f"{what} {plain(repr(unknown[0]))}{more} not available here; left out.")


def keep_whole_number(key: str, what: str, low: int, high: int, default: int) -> None:
    """Before a bound number: a value outside the range, or no whole number, is replaced aloud."""
    if key in st.session_state:
        return
    if key not in st.query_params:
        st.session_state[key] = default
        return
    value = st.query_params[key]
    try:
        fits = low <= int(value) <= high
    except ValueError:
        fits = False
    if not fits:  # Streamlit would drop it without a word
        del st.query_params[key]
        st.toast(f"{what} {plain(repr(value))} is no whole number from {low} to {high}; showing {default}.")
        st.session_state[key] = default


def keep_number(key: str, what: str, low: float, high: float, default: float) -> None:
    """The same for a number that need not be whole."""
    if key in st.session_state:
        return
    value = st.query_params.get(key)
    try:
        fits = value is not None and low <= float(value) <= high
    except ValueError:
        fits = False
    if fits:
        return
    if value is not None:
        del st.query_params[key]
        st.toast(f"{what} {plain(repr(value))} is no number from {low:g} to {high:g}; showing {default:g}.")
    st.session_state[key] = default


def open_map(label: str, query: Mapping[str, str | list[str]], *, key: str, icon: str | None = None) -> None:
    """A button that opens the layer map of this query, computed.

    Not a page link: the sidebar's controls are bound already, and a bound control takes no new value from an address.
    """
    if st.button(label, key=key, icon=icon, type="tertiary", on_click=_take_over, args=(dict(query),)):
        st.switch_page(LAYER_MAP, query_params={"run": "1"})


def _take_over(query: dict[str, str | list[str]]) -> None:
    for key in ("la", "lb", *(one for one in st.session_state if str(one).startswith("o_"))):
        st.session_state.pop(key, None)
    for key, value in query.items():
        st.session_state[key] = int(value) if key in NUMBERS and isinstance(value, str) else _typed(key, value)
    st.session_state["mview"] = "Map"
    st.session_state["opened"] = True  # layers chosen in another map are dropped without a word


def _typed(key: str, value: str | list[str]) -> str | list[str] | float | bool:
    if not key.startswith("o_") or isinstance(value, list):
        return value
    if value in ("true", "false"):
        return value == "true"
    try:
        return float(value)
    except ValueError:
        return value


def address(query: Mapping[str, str | list[str]], page: str | None = None) -> str:
    """The address of the open page, or of another one, with these parameters."""
    parts = urlsplit(str(st.context.url or "http://localhost:8501/"))
    path = parts.path if page is None else parts.path.rsplit("/", 1)[0] + f"/{page}"
    return urlunsplit((parts.scheme, parts.netloc, path, urlencode(query, doseq=True), ""))


def _hint(value: str, names: list[str]) -> str:
    near = get_close_matches(value, names, n=3, cutoff=0.5)
    return f" Did you mean {plain(' or '.join(near))}?" if near else ""
