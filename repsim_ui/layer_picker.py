"""Choosing layers of a network: the tree in execution order with tick boxes, and what the choice costs.

The choice itself is a bound multiselect, so it is in the address and can be made by keyboard; the tree writes into it.
"""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from repsim_core.activations import default_layers
from repsim_core.compute.memory import readable_bytes
from repsim_core.types import LayerInfo, digest
from repsim_ui import layer_filter, library
from repsim_ui.layer_filter import Filter
from repsim_ui.links import keep_several

TREE_HEIGHT = 360
_REMEMBERED = "layers_of_architectures"


def picked(key: str, label: str, infos: Sequence[LayerInfo], n: int, architecture: str) -> tuple[str, ...]:
    """A multiselect with the tree behind a button: for pages that have other things to show."""
    names = _prepared(key, infos, architecture)
    st.multiselect(label, names, key=key, bind="query-params", placeholder="Choose layers")
    with st.popover("Tree of layers", key=f"{key}_tree", on_change="rerun", width="stretch") as opened:
        if opened.open:
            tree(key, infos, layer_filter.choose(key, infos), n)
    return _chosen(key, names, architecture)


def listed(
    key: str, label: str, infos: Sequence[LayerInfo], n: int, architecture: str, seen: Filter, *, choosing: bool
) -> tuple[str, ...]:
    """The tree in full, ticked where ``choosing``, with the multiselect below it."""
    names = _prepared(key, infos, architecture) if choosing else []
    tree(key, infos, seen, n, choosing=choosing)
    if not choosing:
        return ()
    st.multiselect(label, names, key=key, bind="query-params", placeholder="Tick layers above, or choose here")
    return _chosen(key, names, architecture)


def tree(key: str, infos: Sequence[LayerInfo], seen: Filter, n: int, *, choosing: bool = True) -> None:
    """The table of layers; ticks and buttons write into the choice of this key."""
    shown = seen.shown(infos)
    table = library.layer_table(shown, n)
    table.insert(0, "tree", [_indented(one.name) for one in shown])
    hidden = "tree" if seen.is_active else "layer"
    options: dict[str, Any] = {"hide_index": True, "height": TREE_HEIGHT, "column_config": {hidden: None}}
    if not choosing:
        st.dataframe(table, key=f"{key}_layers", **options)
        return
    usable = [one.name for one in infos if one.usable]
    visible = [one.name for one in shown]
    held = [one for one in _held(key) if one in usable]
    table_key = f"{key}_layers_{st.session_state.get(f'{key}_version', 0)}_{digest(*visible)[:8]}"

    def ticked() -> None:
        rows = st.session_state[table_key].selection.rows
        ticks = {visible[row] for row in rows if row < len(visible)}
        _choose(key, [one for one in usable if (one in ticks if one in visible else one in held)], ticked=True)

    st.dataframe(
        table,
        key=table_key,
        on_select=ticked,
        selection_mode="multi-row",
        selection_default={"selection": {"rows": [row for row, one in enumerate(visible) if one in held]}},
        **options,
    )
    blocks = default_layers(list(infos))
    matching = [one for one in visible if one in usable]
    with st.container(horizontal=True):
        for name, what, choice in (
            ("blocks", "Every block", blocks),
            ("only", f"These {len(matching)}", matching),
            ("add", "Add these", [one for one in usable if one in held or one in matching]),
            ("none", "None", []),
        ):
            st.button(what, key=f"{key}_{name}", on_click=_choose, args=(key, choice))


def by_rule(infos: Sequence[LayerInfo], layers: str) -> list[str]:
    """What "blocks" and "all" choose."""
    return list(default_layers(list(infos))) if layers == "blocks" else [one.name for one in infos if one.usable]


def cost(infos: Sequence[LayerInfo], chosen: Sequence[str], n: int) -> str:
    """What the chosen layers take."""
    held = sum(one.bytes_for(n) for one in infos if one.name in chosen)
    return f"{len(chosen)} are compared: {readable_bytes(held)} of responses at {n} stimuli."


def _prepared(key: str, infos: Sequence[LayerInfo], architecture: str) -> list[str]:
    """Names to choose from; another architecture brings back what was chosen of it last."""
    names = [one.name for one in infos if one.usable]
    before = st.session_state.get(f"{key}_architecture")
    held_before = st.session_state.get(_REMEMBERED, {})
    remembered = held_before.get((key, architecture)) or next(
        (names for (_, one), names in held_before.items() if one == architecture), ()
    )
    if before not in (None, architecture) and remembered:
        _choose(key, [one for one in names if one in remembered])
    st.session_state[f"{key}_architecture"] = architecture
    keep_several(key, "Layer", names)
    held = tuple(_held(key))
    if held != st.session_state.get(f"{key}_ticks"):  # changed by other hands than the tree's: draw its ticks anew
        st.session_state[f"{key}_version"] = st.session_state.get(f"{key}_version", 0) + 1
        st.session_state[f"{key}_ticks"] = held
    return names


def _chosen(key: str, names: Sequence[str], architecture: str) -> tuple[str, ...]:
    """The choice in execution order, whatever the order of clicks."""
    held = _held(key)
    chosen = tuple(one for one in names if one in held)
    if chosen:
        st.session_state[_REMEMBERED] = {**st.session_state.get(_REMEMBERED, {}), (key, architecture): chosen}
    return chosen


def _held(key: str) -> list[str]:
    """The names of the choice, before its widget is drawn too."""
    return list(st.session_state.get(key, st.query_params.get_all(key)) or [])


def _choose(key: str, names: Sequence[str], *, ticked: bool = False) -> None:
    """Set the choice; ``ticked`` where the tree shows it already."""
    st.session_state[key] = list(names)
    if ticked:
        st.session_state[f"{key}_ticks"] = tuple(names)


def _indented(name: str) -> str:
    return "\u2003" * (layer_filter.level(name) - 1) + name.rpartition(".")[2]
