"""The choices every page shares: which two models, on which stimuli. They live in the sidebar and in the address."""

import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from repsim_core import datasets, models
from repsim_core.errors import InputError
from repsim_core.models.preparation import preparation
from repsim_core.uploads import tokens
from repsim_ui import links, recipes, uploads_choice
from repsim_ui.messages import plain

DEFAULT_A, DEFAULT_B, DEFAULT_DATASET, DEFAULT_N = "zoo/digits-cnn-s10", "zoo/digits-cnn-s11", "digits", 500
MOST_STIMULI, LARGEST_SEED = 100_000, 2**31 - 1
LINKED = {  # bound keys of each page
    "models": ("layers", "ra", "rb"),
    "layer_map": (
        *("mview", "m", "m2", "pool", "layers", "ra", "rb", "la", "lb", "tab", "scaling", "reduction", "dimensions"),
        *("dsb", "shuffles", "within", "also", "nets", "measures", "summary"),
    ),
    "divergence": (
        *("view", "div", "trials", "batch", "metric", "scale", "pool", "layers", "ra", "rb", "la", "lb"),
        *("dtab", "trial", "bar", "family", "k", "net", "layer"),
    ),
    "topology": (
        *("tview", "points", "subs", "upto", "tmetric", "tscale", "out", "share", "knn", "pointsb", "pool", "layers"),
        *("ra", "rb", "la", "lb", "ttab", "tbar", "subset", "noise", "dim", "dist", "unequal", "number", "more"),
        *("net", "layer"),
    ),
    "ablation": (
        *("abview", "cls", "layer", "bins", "unit", "put", "probe", "kappa", "fn", "am", "acell", "abtab", "corners"),
    ),
    "alignment": (
        *("aview", "target", "form", "half", "pool", "every", "against", "layer", "dir", "atab", "anet", "at"),
        *("factor", "la", "lb", "k", "va", "vb", "tasks", "labels", "ttask"),
    ),
    "labs": ("lab", "step", "teach"),
}
PAIRED = (("a", "b"), ("la", "lb"), ("ra", "rb"))  # what Swap exchanges


@dataclass(frozen=True)
class Choices:
    """Two models and the stimuli."""

    a: str
    b: str
    dataset: str
    n: int
    seed: int

    @property
    def line(self) -> str:
        """``digits-cnn-s10 × digits-cnn-s11 · digits · n = 500 · seed 0``."""
        first, second = (uploads_choice.titled(name).split("/", 1)[-1] for name in (self.a, self.b))
        data = uploads_choice.titled(self.dataset)
        return f"{first} × {second} · {data} · n = {self.n} · seed {self.seed}"

    @property
    def brought(self) -> bool:
        """Whether an upload is among them, which no link can carry."""
        return bool(tokens([self.a, self.b, self.dataset]))

    def query(self) -> dict[str, str | list[str]]:
        """Parameters of the address."""
        return {"a": self.a, "b": self.b, "ds": self.dataset, "n": str(self.n), "seed": str(self.seed)}


def choices() -> Choices:
    """What the sidebar says now."""
    state = st.session_state
    return Choices(state["a"], state["b"], state["ds"], int(state["n"]), int(state["seed"]))


def visitor() -> str:
    """A name for this browser tab, session first, so that a shared job knows who still waits."""
    if "visitor" not in st.session_state:
        context = get_script_run_ctx()
        session = context.session_id if context is not None else ""
        st.session_state["visitor"] = f"{session}/{secrets.token_hex(8)}"
    name: str = st.session_state["visitor"]
    return name


def swap() -> None:
    """A becomes B, with everything chosen on each side."""
    for first, second in PAIRED:
        one, other = st.session_state.get(first), st.session_state.get(second)
        if one is not None and other is not None:
            st.session_state[first], st.session_state[second] = other, one
    if "la" in st.session_state and "lb" in st.session_state:
        # The map of the new pair may have to be computed first, and a control that is not drawn forgets its value.
        st.session_state["cell"] = st.session_state["la"], st.session_state["lb"]


def sidebar() -> Choices:
    """Draw the shared choices."""
    known = [card.name for card in models.available()] or ["torchvision/resnet18"]
    data = [card.name for card in datasets.available()]
    own = uploads_choice.names(visitor())
    with st.sidebar:
        for key, label, default in (("a", "Model A", DEFAULT_A), ("b", "Model B", DEFAULT_B)):
            default = default if default in known else known[0]
            uploads_choice.keep_own(key, "Model", own.models, default)
            links.keep_known(key, "Model", [*known, *own.models], default, accept=_by_hand([*known, *own.models]))
            # The default comes first: a bound box drops its first option from the address, and must find it again.
            ordered = [default, *(name for name in known if name != default), *own.models]
            st.selectbox(
                label,
                ordered,
                key=key,
                bind="query-params",
                accept_new_options=True,
                format_func=uploads_choice.labelled,
                help=_HELP,
            )
        if any(
            st.session_state[key] not in [*known, *own.models]
            and not _by_hand([*known, *own.models])(st.session_state[key])
            for key in ("a", "b")
        ):
            st.rerun()  # a control that takes new names took one from the address; the session can replace it
        st.button("Swap A and B", key="swap", on_click=swap, width="stretch")
        uploads_choice.keep_own("ds", "Dataset", own.datasets, DEFAULT_DATASET)
        data = [*data, *own.datasets]
        chosen_data = st.session_state.get("ds", st.query_params.get("ds"))
        if chosen_data not in data and _based_on(data, chosen_data):  # a choice of classes or a shift
            data.append(str(chosen_data))
        links.keep_known("ds", "Dataset", [*data, *map(uploads_choice.labelled, own.datasets)], DEFAULT_DATASET)
        st.selectbox(
            "Dataset",
            data,
            index=data.index(DEFAULT_DATASET),
            key="ds",
            bind="query-params",
            format_func=uploads_choice.labelled,
        )
        links.keep_whole_number("n", "n", 1, MOST_STIMULI, DEFAULT_N)
        links.keep_whole_number("seed", "Seed", 0, LARGEST_SEED, 0)
        left, right = st.columns(2)
        left.number_input("Stimuli n", 1, MOST_STIMULI, step=50, key="n", bind="query-params", help=_HELP_N)
        right.number_input("Seed", 0, LARGEST_SEED, step=1, key="seed", bind="query-params", help=_HELP_SEED)
        chosen = choices()
        _offer_all(chosen.dataset, chosen.n)
        st.caption(plain(chosen.line))
    return chosen


def _based_on(known: list[str], name: object) -> bool:
    """Whether it is one of these datasets with a choice of classes or a shift, and means something."""
    if not isinstance(name, str) or name.partition("~")[0] not in known:
        return False
    try:
        datasets.card(name)
    except InputError:
        return False
    return True


def _offer_all(name: str, n: int) -> None:
    """Where n is more than there is: the way out beside it."""
    with suppress(InputError):  # one without its file; the page says so
        sizes = datasets.card(name).sizes
        there = sizes.get("test", sizes.get("all", 0))
        if n > there > 0:
            title = plain(uploads_choice.titled(name))
            st.button(f"Take all {there} of {title}", key="take_all", on_click=_take, args=(there,), width="stretch")


def _take(n: int) -> None:
    st.session_state["n"] = n


def copy_link(page: str) -> None:
    """In the sidebar: the full address of this view, defaults written out, with a copy button."""
    with st.sidebar, st.popover("Copy link", width="stretch", key="copy_link", on_change="rerun") as opened:
        if opened.open:  # opening runs the page, so the link is that of the view now
            st.code(links.address(view_query(page)), language=None, wrap_lines=True)
            if choices().brought:
                st.caption(
                    "Uploads do not travel: they belong to this session, and whoever opens the link sees the default "
                    "in their place."
                )
            else:
                st.caption("Opens this view in another browser. Only names and numbers are in it.")


def view_query(page: str) -> dict[str, str | list[str]]:
    """Every parameter of the view on this page."""
    query = choices().query()
    state = {str(key): value for key, value in st.session_state.items()}
    for key in [*LINKED.get(page, ()), *sorted(key for key in state if key.startswith("o_") and page in LINKED)]:
        value = state.get(key)
        if isinstance(value, list):
            query[key] = [str(one) for one in value]
        elif value is not None:
            query[key] = str(value).lower() if isinstance(value, bool) else str(value)
    if "run" in st.query_params:
        query["run"] = "1"
    return query


def _by_hand(known: list[str]) -> Callable[[str], bool]:
    """Whether a name that stands in no list may be meant: published networks, and known ones prepared otherwise."""

    def accepted(name: str) -> bool:
        try:
            base, _ = preparation(name)
        except InputError:
            return False
        return base in known or base.startswith(recipes.PUBLISHED)

    return accepted


_HELP = "One of the library, or type a torchvision name such as torchvision/resnet18: it runs with random weights."
_HELP_N = "How many stimuli both models see: a seeded subset with every class in its share."
_HELP_SEED = "Chooses the subset of the stimuli."
