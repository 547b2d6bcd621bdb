"""Uploads among the choices at the side: each session sees its own, by their titles; the address has the token."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from repsim_core import uploads
from repsim_core.errors import InputError
from repsim_core.formats import shown_name
from repsim_ui import cache
from repsim_ui.messages import plain

MODELS, DATASETS = ("weights", "graph", "activations"), ("dataset", "activations")
_LENGTH = 40  # characters of a title in a box
_NAMED = re.compile(r"upload/[A-Za-z0-9_-]{12,64}", re.ASCII)


@dataclass(frozen=True)
class Own:
    """Names of the uploads of a session, "upload/<token>"."""

    models: tuple[str, ...]
    datasets: tuple[str, ...]


def names(owner: str) -> Own:
    """What a session may choose."""
    found = cache.uploads().of(owner)
    return Own(
        tuple(one.name for one in found if one.facts["kind"] in MODELS),
        tuple(one.name for one in found if one.facts["kind"] in DATASETS),
    )


def titled(name: str) -> str:
    """The title in place of the token; any other name, and what follows a name, as it is."""
    base, mark, rest = name.partition("~")
    if not base.startswith(uploads.PREFIX):
        return name
    try:
        title = str(uploads.facts(base)["title"])
    except InputError:
        return name
    return shown_name(title, _LENGTH) + mark + rest


def labelled(name: str) -> str:
    """As a box shows it: the title of an upload with its name, since titles may be equal."""
    return f"{titled(name)} ({name})" if name.startswith(uploads.PREFIX) else name


def keep_own(key: str, what: str, own: Sequence[str], default: str) -> None:
    """Before a bound box: an upload in the address becomes its name; one of another session is replaced aloud."""
    value = st.session_state.get(key, st.query_params.get(key))
    found = _NAMED.search(value) if isinstance(value, str) else None
    if found is None:
        return
    if found[0] in own:
        if value != found[0] and not value.startswith(found[0]):  # its label
            st.session_state[key] = found[0]
        return
    if key not in st.session_state:
        del st.query_params[key]
    st.session_state[key] = default
    st.toast(
        f"{what} {plain(found[0])} is not here: uploads belong to the session that made them; showing {plain(default)}."
    )


def stop_without_network(name: str, what: str) -> None:
    """End the page where a network itself is needed and only its responses were brought."""
    if name.startswith(uploads.PREFIX) and uploads.facts(name).get("kind") == "activations":
        st.info(
            f"{what} needs the network itself, and of {plain(titled(name))} only the responses were brought. "
            "Bring its weights or its graph on Models & data, or choose another model."
        )
        st.stop()
