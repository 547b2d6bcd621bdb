"""What ties diagrams to something else: one diagram to another by a matching, a bar to its stimuli."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from repsim_core.figures.diagrams import MOST_POINTS, UNIT, diagonal, marks, scale_top
from repsim_core.figures.style import FIRST, HATCH, MARK, SECOND, escaped, plain_axis
from repsim_core.types import PersistenceDiagram

Floats = NDArray[np.floating[Any]]


def diagram_matching(
    a: PersistenceDiagram,
    b: PersistenceDiagram,
    moves: NDArray[np.integer[Any]],
    *,
    names: tuple[str, str],
    unit: str = UNIT,
) -> go.Figure:
    """Two diagrams on one scale with the moves of a best matching, those to the diagonal included."""
    top = scale_top([a, b])
    x: list[float | None] = []
    y: list[float | None] = []
    for i, j in moves.tolist():
        start = (a.births[i], a.deaths[i]) if i >= 0 else _nearest_on_diagonal(b, j)
        end = (b.births[j], b.deaths[j]) if j >= 0 else _nearest_on_diagonal(a, i)
        x += [float(start[0]), float(end[0]), None]
        y += [float(start[1]), float(end[1]), None]
    low = 0.94 * min((float(one.births.min(initial=top)) for one in (a, b)), default=0.0)
    fig = go.Figure(diagonal(top, low))
    fig.add_scatter(
        x=np.array(x, "float32"),
        y=np.array(y, "float32"),
        mode="lines",
        name="moves",
        hoverinfo="skip",
        line={"color": HATCH, "width": 1},
    )
    for number, (one, name) in enumerate(zip((a, b), names, strict=True)):
        shown = np.flatnonzero(np.isfinite(one.deaths))[: MOST_POINTS // 4]
        left_out = int(np.isfinite(one.deaths).sum()) - len(shown)
        trace = marks(one, shown, top, size=7, name=escaped(name) + (f", {left_out} left out" if left_out else ""))
        trace.update(
            showlegend=True,
            marker={"color": (FIRST, SECOND)[number], "symbol": ("circle", "diamond")[number], "opacity": 0.8},
        )
        fig.add_trace(trace)
    both: dict[str, Any] = {"range": [low - 0.03 * (top - low), 1.03 * top], "constrain": "domain"}
    fig.update_layout(
        height=480,
        margin={"l": 8, "r": 8, "t": 12, "b": 8},
        xaxis=plain_axis(f"birth, {escaped(unit)}", **both),
        yaxis=plain_axis("death", scaleanchor="x", **both),
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
    )
    return fig


def _nearest_on_diagonal(one: PersistenceDiagram, place: int) -> tuple[float, float]:
    middle = float(one.births[place] + one.deaths[place]) / 2
    return middle, middle


def add_bar(
    fig: go.Figure,
    scores: Floats,
    born: Sequence[int],
    died: Sequence[int],
    stimuli: Sequence[str],
    *,
    removed: Sequence[int] = (),
) -> go.Figure:
    """The stimuli of a bar over a projection: a thick edge where it is born, a dotted outline where it dies.

    ``removed`` are stimuli that were taken out of the cloud, marked by crosses.
    """
    if removed:
        rows = list(removed)
        fig.add_scatter(
            x=scores[rows, 0].astype("float32"),
            y=scores[rows, 1].astype("float32"),
            mode="markers",
            name="removed",
            text=[escaped(stimuli[k]) for k in rows],
            hovertemplate="%{text}<br>removed as an outlier<extra></extra>",
            marker={"size": 9, "symbol": "x-thin", "line": {"width": 2, "color": HATCH}},
        )
    for points, name, line in (
        (died, "death", {"color": MARK, "dash": "dot", "width": 2}),
        (born, "birth", {"color": MARK, "width": 4}),
    ):
        known = [one for one in points if one >= 0]
        if not known:
            continue
        closed = [*known, known[0]] if len(known) > 2 else known
        fig.add_scatter(
            x=scores[closed, 0].astype("float32"),
            y=scores[closed, 1].astype("float32"),
            mode="lines+markers",
            name=name,
            text=[escaped(stimuli[k]) for k in closed],
            hovertemplate=f"%{{text}}<br>{name}<extra></extra>",
            line=line,
            marker={"size": 12, "symbol": "circle-open", "color": MARK, "line": {"width": 3}},
        )
    return fig
