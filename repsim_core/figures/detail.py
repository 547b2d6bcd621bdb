"""Two layers close up: which stimuli they hold alike, how loud their directions are, and both clouds in the plane."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from repsim_core.figures.style import FIRST, OKABE_ITO, SECOND, SYMBOLS, escaped, plain_axis, shortened


def example_matrices(
    first: NDArray[np.float32],
    second: NDArray[np.float32],
    stimuli: Sequence[str],
    *,
    titles: tuple[str, str],
    groups: Sequence[str] | None = None,
    difference: bool = False,
) -> go.Figure:
    """Similarity of every stimulus to every other in two layers, on one colour range from −1 to 1.

    ``groups`` names the class of each stimulus; sorted by class, a class is a block on the diagonal. ``difference``
    adds the first minus the second.
    """
    ids = [escaped(one) for one in stimuli]
    panels = [(titles[0], first), (titles[1], second)]
    if difference:
        panels.append(("difference, first − second", first - second))
    fig = make_subplots(
        rows=1,
        cols=len(panels),
        horizontal_spacing=0.04,
        subplot_titles=[shortened(title, 28) for title, _ in panels],
    )
    middles, names = _blocks(groups, len(ids))
    for column, (_, values) in enumerate(panels, start=1):
        fig.add_trace(
            go.Heatmap(
                z=np.asarray(values, "float32"),
                x=ids,
                y=ids,
                coloraxis="coloraxis",
                hovertemplate="%{y}<br>× %{x}<br>%{z:.3f}<extra></extra>",
            ),
            row=1,
            col=column,
        )
        ticks: dict[str, Any] = {"type": "category", "tickvals": [ids[k] for k in middles], "ticktext": names}
        fig.update_xaxes(plain_axis(showgrid=False, **ticks), row=1, col=column)
        fig.update_yaxes(
            plain_axis(showgrid=False, autorange="reversed", showticklabels=column == 1, **ticks), row=1, col=column
        )
    fig.update_layout(
        height=440,
        margin={"l": 8, "r": 8, "t": 40, "b": 8},
        coloraxis={
            "colorscale": "RdBu",
            "cmin": -1,
            "cmid": 0,
            "cmax": 1,
            "colorbar": {
                "title": {"text": "cosine of centred responses: blue alike, red opposed", "side": "top"},
                "orientation": "h",
                "y": -0.16,
                "yanchor": "top",
                "thickness": 10,
                "outlinewidth": 0,
            },
        },
    )
    return fig


def spectra(curves: Mapping[str, NDArray[np.floating[Any]]]) -> go.Figure:
    """Share of the variance along each direction of a layer, strongest first; ``curves``: label → singular values."""
    fig = go.Figure()
    for number, (label, values) in enumerate(curves.items()):
        power = np.asarray(values, "float64") ** 2
        share = power / power.sum() if power.sum() > 0 else power
        rank = np.flatnonzero(share > 0)
        fig.add_scatter(
            x=(rank + 1).astype("float32"),
            y=share[rank].astype("float32"),
            mode="lines+markers",
            name=escaped(label),
            line={"color": (FIRST, SECOND)[number % 2], "dash": ("solid", "dash")[number % 2]},
            marker={
                "color": (FIRST, SECOND)[number % 2],
                "symbol": ("circle", "square")[number % 2],
                "size": 5,
                "maxdisplayed": 40,
            },
            hovertemplate="direction %{x}<br>%{y:.2%} of the variance<extra></extra>",
        )
    fig.update_layout(
        height=380,
        margin={"l": 8, "r": 8, "t": 20, "b": 8},
        xaxis=plain_axis("direction, strongest first", type="log", dtick=1),
        yaxis=plain_axis(
            "share of variance", type="log", range=[-6, 0.1], tickvals=[1e-6, 1e-4, 1e-2, 1], tickformat="~%"
        ),
        legend={"orientation": "h", "y": -0.25, "yanchor": "top", "x": 0},
    )
    return fig


def projection(
    scores: NDArray[np.floating[Any]],
    labels: NDArray[Any] | None,
    stimuli: Sequence[str],
    *,
    title: str,
    share: Sequence[float] | NDArray[np.floating[Any]],
    class_names: Sequence[str] = (),
    selected: Sequence[int] | None = None,
) -> go.Figure:
    """One cloud of stimuli in its first two directions, coloured by class; ``selected`` stimuli stay, the others fade.

    Row numbers travel in ``customdata``, so that a lasso here can mark the same stimuli in another cloud.
    """
    fig = go.Figure()
    marked = None if selected is None else np.asarray(selected, "int64")
    for number, (name, members, colour) in enumerate(_clouds(labels, len(scores), class_names)):
        continuous = not isinstance(colour, str)
        marker: dict[str, Any] = {
            "size": 7,
            "opacity": 0.85,
            "symbol": SYMBOLS[number % len(SYMBOLS)],
            "color": colour,
            "line": {"width": 0},
        }
        if continuous:
            marker |= {"colorscale": "Cividis", "colorbar": {"title": {"text": "target"}, "thickness": 10}}
        fig.add_scatter(
            x=scores[members, 0].astype("float32"),
            y=scores[members, 1].astype("float32"),
            mode="markers",
            name=escaped(name),
            showlegend=name != "",
            customdata=members.astype("int32"),
            text=[escaped(stimuli[k]) for k in members],
            hovertemplate="%{text}" + (f"<br>{escaped(name)}" if name else "") + "<extra></extra>",
            marker=marker,
            selectedpoints=None if marked is None else np.flatnonzero(np.isin(members, marked)),
            selected={"marker": {"opacity": 1}},
            unselected={"marker": {"opacity": 0.12}},
        )
    reach = float(np.abs(scores).max(initial=0.0)) * 1.08 or 1.0
    both = {"range": [-reach, reach], "showticklabels": False}  # one scale for both directions: distances are seen
    fig.update_layout(
        height=430,
        margin={"l": 8, "r": 8, "t": 34, "b": 8},
        title={"text": shortened(title, 40), "x": 0, "font": {"size": 14}},
        xaxis=plain_axis(f"direction 1 ({share[0]:.0%} of the variance)", **both),
        yaxis=plain_axis(f"direction 2 ({share[1]:.0%} of the variance)", **both),
        legend={"orientation": "h", "y": -0.12, "yanchor": "top", "x": 0, "itemsizing": "constant"},
        dragmode="lasso",
    )
    return fig


def _blocks(groups: Sequence[str] | None, count: int) -> tuple[list[int], list[str]]:
    """Middle of each run of equal groups, and its name."""
    if groups is None or count == 0:
        return [], []
    starts = [0] + [k for k in range(1, count) if groups[k] != groups[k - 1]]
    ends = [*starts[1:], count]
    middles = [(a + b - 1) // 2 for a, b in zip(starts, ends, strict=True)]
    return middles, [shortened(groups[a], 12) for a in starts]


def _clouds(
    labels: NDArray[Any] | None, count: int, class_names: Sequence[str]
) -> list[tuple[str, NDArray[np.intp], Any]]:
    everything = np.arange(count)
    if labels is None:
        return [("", everything, FIRST)]
    if not np.issubdtype(labels.dtype, np.integer):
        return [("", everything, labels.astype("float32"))]
    present = np.unique(labels)
    return [
        (
            class_names[k] if 0 <= k < len(class_names) else str(k),
            np.flatnonzero(labels == k),
            OKABE_ITO[order % len(OKABE_ITO)],
        )
        for order, k in enumerate(int(one) for one in present)
    ]
