"""What lies behind a layer: its directions with their stimuli, its curve against chance, how fast it is learnt from."""

from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray

from repsim_core import figures
from repsim_core.alignment import descent_curve
from repsim_core.types import Dataset, LayerAlignments
from repsim_ui import alignment_cache, alignment_files, charts, library, links, request
from repsim_ui.alignment_controls import Asked
from repsim_ui.messages import plain, shown_to_the_user

TABS = ["Stimuli", "Chance", "Speed"]
HEIGHT = 380
EXTREMES = 6  # stimuli at each end
STEPS, MOST_SECONDS = 1000, 20.0


def behind(name: str, trained: bool, own: LayerAlignments, asked: Asked) -> None:
    """The heatmap of all directions, and the tabs on the chosen one."""
    st.subheader("Which directions carry the targets?", anchor=False)
    known = list(own)
    # What a bound box drops from the address is its first option, so the deepest layer comes first.
    offered = known[::-1]
    links.keep_known("layer", "Layer", offered, offered[0], aloud=False)
    links.keep_known("atab", "Panel", TABS, TABS[0], aloud=False)
    st.session_state.pop("marked_direction", None)  # a full run: the address decides
    _linked(name, trained, own, asked, offered)


@st.fragment
def _linked(name: str, trained: bool, own: LayerAlignments, asked: Asked, offered: list[str]) -> None:
    """A click must not change the figure that was clicked: only the boxes move its frame."""

    def clicked() -> None:
        points = st.session_state["directions"].selection.points
        if points:
            st.session_state["layer"] = list(own)[int(points[0]["y"])]
            st.session_state["dir"] = str(int(points[0]["x"]) + 1)
        else:
            chosen()  # a second click takes the frame away: put it back

    def chosen() -> None:
        st.session_state["marked_direction"] = st.session_state["layer"], int(st.session_state.get("dir", "1"))

    with st.container(horizontal=True, vertical_alignment="bottom"):
        layer = st.selectbox("Layer", offered, key="layer", bind="query-params", on_change=chosen, width=220)
        one = own[layer]
        directions = [str(k + 1) for k in range(min(one.rank, one.vectors.shape[1]))]
        held = st.session_state.get("dir", st.query_params.get("dir", "1"))
        links.keep_known("dir", "Direction", directions, directions[0], aloud=str(held).isdigit() is False)
        direction = int(
            st.selectbox("Direction", directions, key="dir", bind="query-params", on_change=chosen, width=140)
        )
    marked = st.session_state.setdefault("marked_direction", (layer, direction))

    def pick(fig: go.Figure) -> go.Figure:
        return figures.add_direction_picks(fig, own, marked)

    left, right = st.columns([3, 2], gap="medium")
    with left:
        charts.show(
            figures.energy_heatmap(own),
            key="directions",
            alt="Share of the targets on each of the first directions of every layer; its table holds the numbers.",
            title=f"Label energy of {name} on {asked.task}",
            table=partial(alignment_files.directions, own),
            pick=pick,
            on_select=clicked,
            selection_mode="points",
        )
    with right:
        charts.show(
            figures.aligned_spectrum(one, direction=direction),
            key="spectrum",
            alt="Share of the layer on each direction, coloured by the share of the targets.",
            title=f"Spectrum of {layer}",
            table=one.to_frame,
        )
    with st.container(key="direction_sentence"):
        share, chance = one.shares[direction - 1], one.chance[direction - 1] / one.total
        st.markdown(
            f"{plain(layer)}, direction {direction}: **{share:.1%}** of the targets (chance {chance:.1%}) on "
            f"{one.thresholds[direction - 1] ** 2:.1%} of the layer, singular value "
            f"{one.singular_values[direction - 1]:.4g}."
        )
    tabs = st.tabs(TABS, key="atab", on_change="rerun", bind="query-params")
    shown: tuple[Callable[[], None], ...] = (
        partial(_stimuli, own, layer, direction, asked),
        partial(_chance, own, layer),
        partial(_speed, name, trained, own, layer, asked),
    )
    for tab, show in zip(tabs, shown, strict=True):
        if tab.open:
            with tab, shown_to_the_user():
                show()


def _stimuli(own: LayerAlignments, layer: str, direction: int, asked: Asked) -> None:
    data = alignment_cache.half(asked.dataset, asked.split, asked.n, asked.seed)
    along_vector(
        data, own[layer].vectors[:, direction - 1], asked, key="along", title=f"{layer}, direction {direction}"
    )


def along_vector(data: Dataset, loadings: NDArray[np.float64], asked: Asked, *, key: str, title: str) -> None:
    """Stimuli laid out along a singular vector by their answers, and those at both ends."""
    words, order = alignment_cache.answers(asked.dataset, asked.split, asked.n, asked.seed, asked.task)
    charts.show(
        figures.stimuli_along(loadings, words, data.stimuli, order=order),
        key=key,
        alt="Every stimulus by its entry in the singular vector, a row for each answer.",
        title=title,
        table=lambda: pd.DataFrame({"stimulus": data.stimuli, "answer": words, "entry": loadings}),
    )
    st.markdown("Highest entries above, lowest below:")
    extremes(data, both_ends(loadings), loadings, key=f"{key}_ends")


def both_ends(loadings: NDArray[np.float64]) -> NDArray[np.intp]:
    """Rows of the highest entries, the highest first, then of the lowest, the lowest first."""
    ranked = np.argsort(loadings, kind="stable")
    count = min(EXTREMES, len(ranked) // 2)
    return np.concatenate([ranked[::-1][:count], ranked[:count]])


def extremes(data: Dataset, rows: NDArray[np.intp], loadings: NDArray[np.float64], *, key: str) -> None:
    """A few stimuli as pictures in two lines, or rows of a table."""
    few = Dataset(
        data.card,
        data.split,
        data.inputs[rows],
        None if data.labels is None else data.labels[rows],
        tuple(data.stimuli[k] for k in rows),
        data.seed,
    )
    entries = pd.DataFrame({"stimulus": few.stimuli, "label": library.captions(few), "entry": loadings[rows]})
    if data.card.kind != "image":
        table = library.rows_table(few)
        table.insert(1, "entry", loadings[rows])
        st.dataframe(table, hide_index=True, key=f"{key}_rows")
        return
    charts.show(
        figures.stimuli_grid(few.inputs, library.captions(few), columns=len(rows) // 2).update_layout(height=180),
        key=key,
        alt="Stimuli at both ends of the singular vector: the highest entries above, the lowest below.",
        title="Stimuli at both ends of a direction",
        table=lambda: entries,
    )


def _chance(own: LayerAlignments, layer: str) -> None:
    from repsim_ui.alignment import threshold_scale

    one = own[layer]
    scale = threshold_scale(own)
    thresholds = np.linspace(0, one.singular_values[0], 60)
    charts.show(
        figures.one_alignment_curve(one, scale=scale),
        key="chance",
        alt="Curve of the layer with the mean over all pairings and the band of permutations.",
        title=f"{layer} against chance",
        table=lambda: pd.DataFrame(
            {
                "threshold": thresholds,
                "energy": one.curve(thresholds),
                "mean over all pairings": one.chance_curve(thresholds),
                "random subspace": one.random_subspace_curve(thresholds),
                "total": one.total,
            }
        ),
    )
    st.caption(
        f"Dashes: the exact mean over all pairings of stimuli and targets; grey: {len(one.null_areas)} random ones. "
        f"Area {one.area:.3f}, chance {one.chance_area:.3f}, p = {one.p_value:.2g}. The table has the curve of a "
        "random subspace of the same spectrum too."
    )


def _speed(name: str, trained: bool, own: LayerAlignments, layer: str, asked: Asked) -> None:
    steps = np.unique(np.concatenate([[0], np.geomspace(1, 1e5, 120).round()]))
    closed = {each: descent_curve(one, steps) for each, one in own.items() if one.complete}
    cost = STEPS * own[layer].n_stimuli * float(own[layer].recipe["units"]) * 4e-9 + 0.5
    recipe = asked.recipe(network=name, trained=trained, layer=layer, steps=STEPS)
    (found,) = request.results(
        [request.of_kind("alignment_descent", recipe, f"descent on {layer} of {name}", cost)],
        HEIGHT,
        said="" if cost < MOST_SECONDS else f"{STEPS} steps on {layer}",
        name="descend",
        linked=False,
    )
    measured = None
    if found.value is not None:
        table = found.value.to_frame()
        at = np.unique(np.concatenate([[0], np.geomspace(1, STEPS, 16).round()]).astype(int))
        measured = at.astype(float), table["not yet learnt"].to_numpy()[at]
        apart = float(np.abs(table["not yet learnt"] - descent_curve(own[layer], table["step"])).max())
    charts.show(
        figures.descent_curves(steps, closed, measured),
        key="speed",
        alt="Share of the targets not yet learnt by gradient descent against steps, a line a layer.",
        title=f"Learning {asked.task} from the layers of {name}",
        table=lambda: pd.DataFrame({"steps": steps} | closed),
    )
    st.caption(
        "A linear model on each layer, gradient descent from 0 with the step 1/σ₁²: lines from the spectrum alone, "
        f"rings by descending on {plain(layer)}"
        + (f"; both differ by {apart:.1e} at most over {STEPS} steps." if measured is not None else ".")
        + " The more label energy on strong directions, the faster."
    )
