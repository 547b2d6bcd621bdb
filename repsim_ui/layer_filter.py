"""Which layers of a network are looked at: by a search, by kind, by depth in the tree."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from repsim_core.types import LayerInfo
from repsim_ui.messages import plain

LONGEST_PATTERN, MOST_REPEATS = 100, 3


@dataclass(frozen=True)
class Filter:
    """What was typed and ticked; ``depth`` cuts the tree, None leaves it whole."""

    search: str = ""
    by_pattern: bool = False
    kinds: tuple[str, ...] = ()
    depth: int | None = None

    @property
    def is_active(self) -> bool:
        """Whether anything may be hidden."""
        return self != Filter()

    def shown(self, infos: Sequence[LayerInfo]) -> list[LayerInfo]:
        """The layers that pass, in execution order; a pattern that cannot be read lets none pass."""
        pattern = _pattern(self.search.strip(), self.by_pattern)
        if pattern is None:
            return []
        cut = set(cut_at(infos, self.depth)) if self.depth is not None else {one.name for one in infos}
        return [
            one
            for one in infos
            if one.name in cut
            and (not self.kinds or one.kind in self.kinds)
            and (pattern.search(one.name) or (not self.by_pattern and pattern.search(f"{one.name} {one.kind}")))
        ]


def level(name: str) -> int:
    """Depth of a layer in the tree of modules, 1 at the top."""
    return name.count(".") + 1


def cut_at(infos: Sequence[LayerInfo], depth: int) -> list[str]:
    """The tree cut at a depth: what stands there, and leaves that end above it."""
    names = [one.name for one in infos]
    parents = {name.rpartition(".")[0] for name in names}
    return [one for one in names if level(one) == depth or (level(one) < depth and one not in parents)]


def choose(key: str, infos: Sequence[LayerInfo], search_key: str = "") -> Filter:
    """Draw the controls."""
    deepest = max((level(one.name) for one in infos), default=1)
    kinds = list(dict.fromkeys(one.kind for one in infos))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        search = st.text_input(
            "Search layers",
            key=search_key or f"{key}_search",
            placeholder="name or kind, such as conv",
            type="search",
            max_chars=LONGEST_PATTERN,
            width=260,
        )
        by_pattern = st.checkbox(
            "Regular expression", key=f"{key}_pattern", help=r"Of the name alone: ^layer\d, or conv2$"
        )
        held = st.session_state.get(f"{key}_kinds")
        if held is not None:  # kinds of another network
            st.session_state[f"{key}_kinds"] = [one for one in held if one in kinds]
        chosen = st.multiselect("Kind", kinds, key=f"{key}_kinds", placeholder="every kind", width=260)
        depth = None
        if deepest > 1:
            limit = min(st.session_state.get(f"{key}_depth", deepest + 1), deepest + 1)
            st.session_state[f"{key}_depth"] = limit
            at = st.slider(
                "Depth",
                1,
                deepest + 1,
                key=f"{key}_depth",
                help=f"Cuts the tree: 1 is the outermost modules, {deepest} the innermost, {deepest + 1} all levels.",
                width=200,
            )
            depth = None if at > deepest else int(at)
    if by_pattern and _pattern(search.strip(), True) is None:
        st.caption(plain(f"{search!r} {_UNREADABLE}, so no layer matches."))
    return Filter(search, by_pattern, tuple(chosen), depth)


_UNREADABLE = f"is no regular expression, repeats a group, or repeats more than {MOST_REPEATS} times"


def _pattern(text: str, by_pattern: bool) -> re.Pattern[str] | None:
    """None for what cannot be read, and for what could take for ever: a repeated group, or many repeats."""
    if by_pattern and (re.search(r"\)[*+{]", text) or len(re.findall(r"[*+{]", text)) > MOST_REPEATS):
        return None
    try:
        return re.compile(text if by_pattern else re.escape(text), re.IGNORECASE)
    except re.error:
        return None
