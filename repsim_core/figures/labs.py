"""Figures that several labs use: curves of a tidy table, bars of named numbers with their spread."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from repsim_core.figures.style import FIRST, OKABE_ITO, SECOND, SYMBOLS, escaped, plain_axis

DASHES = ("solid", "dash", "dot", "dashdot", "longdash")


def tidy_curves(
    table: pd.DataFrame, x: str, y: str, group: str, *, spread: str | None = None, log: bool = False
) -> go.Figure:
    """Curves of ``table[y]`` over ``table[x]``, one for each ``table[group]``, with bars of ``table[spread]``."""
    fig = go.Figure()
    for number, (name, rows) in enumerate(table.groupby(group, sort=False)):
        colour = OKABE_ITO[number % len(OKABE_ITO)]
        fig.add_scatter(
            x=rows[x].to_numpy("float32"),
            y=rows[y].to_numpy("float32"),
            error_y=None if spread is None else {"array": rows[spread].to_numpy("float32"), "thickness": 1},
            mode="lines+markers",
            name=escaped(name),
            line={"color": colour, "dash": DASHES[number % len(DASHES)]},
            marker={"color": colour, "symbol": SYMBOLS[number % len(SYMBOLS)], "size": 8},
            hovertemplate=f"{escaped(name)}<br>{escaped(x)} %{{x:.4g}}: %{{y:.4g}}<extra></extra>",
        )
    ticks = np.unique(table[x].to_numpy())
    across = {"type": "log", "tickvals": ticks, "ticktext": [f"{one:g}" for one in ticks]} if log else {}
    fig.update_layout(
        height=360,
        margin={"l": 8, "r": 8, "t": 30, "b": 8},
        xaxis=plain_axis(escaped(x), **across),
        yaxis=plain_axis(escaped(y)),
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        showlegend=True,
    )
    return fig


def named_bars(
    names: Sequence[str],
    values: NDArray[np.floating],
    *,
    title: str,
    spread: NDArray[np.floating] | None = None,
    line: float | None = None,
    line_name: str = "",
    limits: tuple[float, float] | None = None,
) -> go.Figure:
    """A horizontal bar for each name; ``line`` marks a level, such as chance or what the paper prints."""
    fig = go.Figure(
        go.Bar(
            x=np.asarray(values, "float32"),
            y=[escaped(one) for one in names],
            orientation="h",
            marker={"color": FIRST},
            error_x=None if spread is None else {"array": np.asarray(spread, "float32"), "color": "#808495"},
            text=[f"{one:.3g}" if np.isfinite(one) else "undefined" for one in np.asarray(values, float)],
            textposition="auto",
            hovertemplate="%{y}: %{x:.4g}<extra></extra>",
        )
    )
    if line is not None:
        fig.add_vline(x=line, line={"color": SECOND, "dash": "dash", "width": 1.5})
        fig.add_annotation(
            x=line, y=1, yref="paper", text=escaped(line_name), showarrow=False, yanchor="bottom", xanchor="left"
        )
    fig.update_layout(
        height=max(220, 30 * len(names) + 100),
        margin={"l": 8, "r": 8, "t": 24, "b": 8},
        xaxis=plain_axis(escaped(title), range=limits),
        yaxis=plain_axis(type="category", showgrid=False, autorange="reversed"),
    )
    return fig
