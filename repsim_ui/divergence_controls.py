"""The choices of a map of divergences: which one, on how many subsets of how many stimuli, of which layers."""

import streamlit as st

from repsim_core.activations import POOLINGS
from repsim_core.similarity import MEASURES
from repsim_core.topology import METRICS, SCALES
from repsim_ui import controls, links
from repsim_ui.recipes import Option

FAMILY = [name for name in ("rtd", "rtd_lite", "srtd", "srtd_lite") if name in MEASURES]
PUBLISHED, MOST_TRIALS = 500, 10  # stimuli in a subset, and subsets


def chosen(n: int) -> tuple[str, tuple[Option, ...], str, str]:
    """Measure, the options that differ from their defaults, pooling, choice of layers."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        measure = _measure()
        trials, batch = _subsets(n)
        pooling, layers = _layers()
    _hint(n, batch)
    return measure, _options(trials, batch), pooling, layers


def usual_batch(n: int) -> int:
    """500 as published, or half of fewer than 1000 stimuli: subsets have to differ for a standard error."""
    return max(2, min(PUBLISHED, n // 2))


def _measure() -> str:
    links.keep_known("div", "Measure", FAMILY, FAMILY[0])
    return st.selectbox(
        "Divergence",
        FAMILY,
        key="div",
        bind="query-params",
        width=160,
        help="RTD is that of the paper; the lite forms see only how clusters merge and are a first look.",
    )


def _subsets(n: int) -> tuple[int, int]:
    """How many subsets of how many stimuli."""
    links.keep_whole_number("trials", "Subsets", 1, MOST_TRIALS, MOST_TRIALS)
    if "batch" in st.query_params:
        links.keep_whole_number("batch", "Batch", 2, n, usual_batch(n))
    held = st.session_state.get("batch")
    if held is not None and held > n:
        st.session_state["batch"] = None
        st.toast(f"A batch of {held} needs as many stimuli; showing {usual_batch(n)}.")
    trials = st.number_input(
        "Subsets", 1, MOST_TRIALS, step=1, key="trials", bind="query-params", width=150, help="Ten in the paper."
    )
    batch = st.number_input(
        "Batch",
        2,
        max(n, 2),
        value=None,
        step=50,
        placeholder=str(usual_batch(n)),
        key="batch",
        bind="query-params",
        width=150,
        help="Stimuli in a subset: 500 in the paper; left empty, half of fewer than 1000. "
        "Values grow with it: compare only those of one batch.",
    )
    return int(trials), usual_batch(n) if batch is None else int(batch)


def _hint(n: int, batch: int) -> None:
    if batch >= n:
        st.caption(
            f"A batch of all {n} stimuli is one subset, without a standard error. "
            "Take more stimuli at the side or a smaller batch."
        )


def _options(trials: int, batch: int) -> tuple[Option, ...]:
    """Options that differ from their defaults."""
    links.keep_known("metric", "Metric", METRICS, "euclidean")
    links.keep_known("scale", "Scale", SCALES, "quantile")
    with st.expander("Distances and scale"), st.container(horizontal=True):
        metric = st.selectbox(
            "Metric", list(METRICS), key="metric", bind="query-params", help=controls.pooling_help(METRICS)
        )
        scale = st.selectbox(
            "Scale", list(SCALES), key="scale", bind="query-params", help=controls.pooling_help(SCALES)
        )
    default = MEASURES[FAMILY[0]].options
    given: tuple[Option, ...] = (("trials", trials), ("metric", metric), ("scale", scale), ("batch", batch))
    return tuple((name, value) for name, value in given if value != default[name])


def _layers() -> tuple[str, str]:
    links.keep_known("pool", "Pooling", POOLINGS, "flatten")
    links.keep_known("layers", "Choice of layers", controls.LAYER_CHOICES, "blocks")
    links.start_with("layers", "blocks")
    pooling = st.selectbox(
        "Pooling", list(POOLINGS), key="pool", bind="query-params", help=controls.pooling_help(POOLINGS), width=180
    )
    layers = st.segmented_control("Layers", controls.LAYER_CHOICES, key="layers", bind="query-params", required=True)
    return pooling, str(layers or "blocks")
