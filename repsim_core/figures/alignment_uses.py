"""What alignment is good for: speed of gradient descent, accuracy from few labels."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from repsim_core.figures.alignment_curves import depth_colour
from repsim_core.figures.style import (
    HATCH,
    MARK,
    OKABE_ITO,
    SYMBOLS,
    escaped,
    plain_axis,
)

Floats = NDArray[np.floating[Any]]


def descent_curves(
    steps: Floats, closed: Mapping[str, Floats], measured: tuple[Floats, Floats] | None = None
) -> go.Figure:
    """Share of the targets not yet learnt against steps of gradient descent; ``measured`` are steps and losses."""
    fig = go.Figure()
    names = list(closed)
    for number, name in enumerate(names):
        depth = number / max(len(names) - 1, 1)
        fig.add_scatter(
            x=(steps + 1).astype("float32"),
            y=closed[name].astype("float32"),
            mode="lines",
            name=escaped(name),
            line={"color": depth_colour(depth), "dash": "dash" if name == "input" else "solid"},
            customdata=steps.astype("float32"),
            hovertemplate=f"{escaped(name)}<br>%{{y:.2%}} left after %{{customdata:.0f}} steps<extra></extra>",
        )
    if measured is not None:
        at, losses = measured
        fig.add_scatter(
            x=(at + 1).astype("float32"),
            y=losses.astype("float32"),
            mode="markers",
            name="measured by descending",
            customdata=at.astype("float32"),
            marker={"color": MARK, "symbol": "circle-open", "size": 8, "line": {"width": 2}},
            hovertemplate="measured<br>%{y:.2%} left after %{customdata:.0f} steps<extra></extra>",
        )
    fig.update_layout(
        height=400,
        margin={"l": 8, "r": 8, "t": 12, "b": 8},
        xaxis=plain_axis("steps + 1", type="log", dtick=1),
        yaxis=plain_axis("not yet learnt", range=[0, 1.02], tickformat=".0%"),
        legend={"orientation": "h", "y": -0.2, "yanchor": "top", "x": 0},
    )
    return fig


def transfer_gains(
    names: Sequence[str], areas: Floats, scores: Floats, groups: Sequence[str], *, score: str = "score"
) -> go.Figure:
    """What training on a source added to alignment and to the score of each task, one mark a task."""
    fig = go.Figure()
    for number, group in enumerate(dict.fromkeys(groups)):
        own = np.flatnonzero([one == group for one in groups])
        colour = (OKABE_ITO[0], OKABE_ITO[5], OKABE_ITO[2])[number % 3]
        fig.add_scatter(
            x=np.asarray(areas)[own].astype("float32"),
            y=np.asarray(scores)[own].astype("float32"),
            mode="markers",
            name=escaped(group),
            text=[escaped(names[int(k)]) for k in own],
            hovertemplate=f"%{{text}}<br>area %{{x:+.3f}}<br>{escaped(score)} %{{y:+.3f}}<extra></extra>",
            marker={"color": colour, "symbol": SYMBOLS[number % len(SYMBOLS)], "size": 11, "opacity": 0.85},
        )
    zero = {"color": HATCH, "width": 1, "dash": "dot"}
    fig.add_vline(x=0, line=zero)
    fig.add_hline(y=0, line=zero)
    fig.update_layout(
        height=400,
        margin={"l": 8, "r": 8, "t": 12, "b": 8},
        xaxis=plain_axis("area gained by training on the source"),
        yaxis=plain_axis(f"{escaped(score)} gained"),
        legend={"orientation": "h", "y": -0.2, "yanchor": "top", "x": 0},
    )
    return fig
