"""Bringing files: one control a purpose, the uploads of this session, and what was refused and why."""

from typing import Any

import streamlit as st

from repsim_core import models
from repsim_core.compute.memory import readable_bytes
from repsim_core.errors import Cancelled, InputError, RepsimError
from repsim_core.formats import shown_name
from repsim_core.limits import LIMITS, MB
from repsim_core.uploads import Upload
from repsim_ui import cache, sandboxed, uploads_import
from repsim_ui.job import Job
from repsim_ui.messages import plain, shareable
from repsim_ui.state import visitor

PURPOSES = {
    "weights": "Weights of a known architecture",
    "activations": "Activations from any framework",
    "data": "Data",
    "graph": "A whole network (experimental)",
}
ENDINGS = {
    "weights": ["safetensors", "pt", "pth"],
    "activations": ["npz", "safetensors"],
    "data": ["zip", "npz", "csv"],
    "graph": ["pt2"],
}
HELP = {
    "weights": "A state dict: safetensors, or .pt and .pth without a pickled module.",
    "activations": "Arrays by layer name, one row a stimulus; ids and labels are optional. repsim export writes them.",
    "data": "A zip of PNG or JPEG files in one folder a class, a .npz with inputs and labels, or a CSV table.",
    "graph": "A file of torch.export.save. It is rebuilt from known operations and runs in the sandbox alone.",
}
VERDICTS = {
    "weights": "weights, accepted",
    "graph": "graph, accepted; it runs in the sandbox",
    "activations": "activations, accepted",
    "dataset": "data, accepted",
}
FIND = "found by the names in the file"


def draw() -> None:
    """The whole section."""
    if st.session_state.pop("chosen_by_button", False):
        st.rerun()  # Streamlit writes into the address what a button chose one run late
    st.subheader("Your files", anchor=False)
    st.caption(
        f"Up to {LIMITS.upload_bytes // MB} MB a file, {LIMITS.session_files} files and "
        f"{readable_bytes(LIMITS.session_bytes)} a session. Only this session sees them, and they go with it, at the "
        f"latest after {LIMITS.upload_seconds / 3600:g} hours. They are opened in a process of their own, without "
        "network and without other files."
    )
    _refusals()
    purpose = st.segmented_control(
        "What do you bring?",
        list(PURPOSES),
        default="weights",
        format_func=PURPOSES.__getitem__,
        key="bring",
        required=True,
    )
    if purpose == "graph" and not sandboxed.offered().graphs:
        st.info("This server cannot hold a graph from outside (no Landlock); bring weights or activations instead.")
    elif purpose is not None:
        _bring(str(purpose))
    _own()


def _bring(purpose: str) -> None:
    choices = _choices(purpose)
    # A new key after each file: Streamlit lets go of the bytes it held for the old one.
    key = f"bring_{purpose}_{st.session_state.get('brought', 0)}"
    file = st.file_uploader(
        PURPOSES[purpose],
        type=ENDINGS[purpose],
        key=key,
        help=HELP[purpose],
        max_upload_size=LIMITS.upload_bytes // MB,
    )
    if file is None:
        return
    title, bar = shown_name(file.name), st.progress(0.0, text="Looking at the file")

    def told(job: Job) -> None:
        words = (
            "Waiting for its turn" if job.state == "queued" else plain(job.stage).capitalize() or "Looking at the file"
        )
        bar.progress(job.fraction, text=words)

    try:
        kept = uploads_import.imported(file.getbuffer(), title, purpose, visitor(), choices, told)
    except Cancelled:
        pass
    except InputError as error:
        _refused(title, str(error))
    except RepsimError as error:
        _refused(title, f"{error} Nothing else is affected.")
    else:
        st.session_state["accepted"] = kept.token
    st.session_state["brought"] = st.session_state.get("brought", 0) + 1
    st.session_state.pop(key, None)
    st.rerun()


def _choices(purpose: str) -> dict[str, Any]:
    if purpose == "weights":
        names = [card.name for card in (*models.available(), *models.available("torchvision"))]
        chosen = st.selectbox("Architecture", [FIND, *names], key="bring_architecture", width=420)
        return {} if chosen == FIND else {"architecture": chosen}
    if purpose == "data":
        with st.container(horizontal=True):
            label = st.text_input(
                "Label column of a table",
                key="bring_label",
                placeholder="name or number; none for no labels",
                width=300,
            )
            side = st.number_input(
                "Side of pictures", 8, 512, value=None, placeholder="as they are", key="bring_side", width=180
            )
        found = {"label": label.strip() or None, "side": None if side is None else int(side)}
        return {name: value for name, value in found.items() if value is not None}
    if purpose == "activations":
        drop = st.checkbox("Leave out stimuli with a number that is not finite, in all layers", key="bring_drop")
        return {"drop_rows": True} if drop else {}
    return {}


def _own() -> None:
    found = cache.uploads().of(visitor())
    if not found:
        st.caption("Nothing was brought in this session.")
        return
    used = sum(one.bytes for one in found)
    words = f"{readable_bytes(used)} of {readable_bytes(LIMITS.session_bytes)}"
    words += f", {len(found)} of {LIMITS.session_files} files"
    st.progress(min(1.0, used / LIMITS.session_bytes), text=words)
    for one in found:
        with st.container(border=True):
            _card(one)


def _card(one: Upload) -> None:
    kind = str(one.facts["kind"])
    st.markdown(f"**{plain(one.title)}**: {VERDICTS[kind]}")
    description = one.facts.get("card", {}).get("description", "")
    st.caption(
        plain(
            f"{readable_bytes(one.bytes)}, SHA-256 {one.digest[:12]}, expires in {_remaining(one.seconds_left)}"
            + (f". {str(description)[:300]}" if description else "")
        )
    )
    for note in one.facts.get("notes", [])[:6]:
        st.caption(plain(str(note)[:300]))
    with st.container(horizontal=True):
        if kind != "dataset":
            st.button("Use as A", key=f"use_a_{one.token}", on_click=_use, args=("a", one.name))
            st.button("Use as B", key=f"use_b_{one.token}", on_click=_use, args=("b", one.name))
        if kind in ("dataset", "activations"):
            label = "Use its stimuli" if kind == "activations" else "Use as dataset"
            st.button(label, key=f"use_ds_{one.token}", on_click=_use, args=("ds", one.name))
        st.button("Remove", key=f"remove_{one.token}", on_click=_remove, args=(one,), type="tertiary")


def _remaining(seconds: float) -> str:
    minutes = max(0, int(seconds // 60))
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"


def _use(key: str, name: str) -> None:
    st.session_state[key] = name
    st.session_state["chosen_by_button"] = True


def _remove(one: Upload) -> None:
    cache.uploads().discard(one)


def _refused(title: str, why: str) -> None:
    st.session_state["refusals"] = [*st.session_state.get("refusals", []), (title, why)][-LIMITS.session_files :]


def _refusals() -> None:
    for number, (title, why) in enumerate(st.session_state.get("refusals", [])):
        st.error(("" if title in why else f"**{plain(title)}**: ") + f"Not taken. {shareable(why)}")
        st.button("Dismiss", key=f"dismiss_refusal_{number}", on_click=_dismiss, args=(number,), type="tertiary")


def _dismiss(number: int) -> None:
    left = list(st.session_state.get("refusals", []))
    del left[number : number + 1]
    st.session_state["refusals"] = left
