"""Means over many ablation grids as one grid, and what was lost against how far the representation moved."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from repsim_core.figures.ablation import SIGNED
from repsim_core.figures.style import FIRST, escaped, plain_axis

Floats = NDArray[np.float64]


def cell_means(values: Floats, title: str) -> go.Figure:
    """Losses of the cells ``(bins, bins)``, selectivity down and magnitude across; red costs the class something."""
    top = float(np.abs(values[np.isfinite(values)]).max(initial=0.0)) or 1.0
    bins = len(values)
    fig = go.Figure(
        go.Heatmap(
            z=values.astype("float32"),
            zmin=-top,
            zmax=top,
            colorscale=SIGNED,
            xgap=1,
            ygap=1,
            texttemplate="%{z:.3g}",
            hovertemplate="selectivity %{y}, magnitude %{x}<br>%{z:.4g}<extra></extra>",
            colorbar={"title": {"text": escaped(title), "side": "right"}, "thickness": 10, "outlinewidth": 0},
        )
    )
    ticks = {"tickvals": [0, bins - 1], "ticktext": ["low", "high"], "showgrid": False}
    fig.update_layout(
        height=360,
        margin={"l": 8, "r": 8, "t": 12, "b": 8},
        xaxis=plain_axis("magnitude of the units", **ticks),
        yaxis=plain_axis("selectivity of the units", **ticks),
    )
    return fig


def lost_against_moved(moved: Floats, lost: Mapping[str, Floats], *, title: str, names: Sequence[str]) -> go.Figure:
    """A panel for each loss: a point a cell, how far the representation moved across, what was lost up."""
    fig = make_subplots(1, len(lost), subplot_titles=[escaped(one) for one in lost], horizontal_spacing=0.12)
    for column, values in enumerate(lost.values(), start=1):
        fig.add_scatter(
            x=np.asarray(moved, "float32"),
            y=np.asarray(values, "float32"),
            mode="markers",
            showlegend=False,
            text=[escaped(one) for one in names],
            marker={"color": FIRST, "size": 9},
            hovertemplate="%{text}<br>moved %{x:.4g}, lost %{y:.4g}<extra></extra>",
            row=1,
            col=column,
        )
        fig.update_xaxes(plain_axis(escaped(title)), row=1, col=column)
        fig.update_yaxes(plain_axis("lost"), row=1, col=column)
    fig.update_layout(height=360, margin={"l": 8, "r": 8, "t": 40, "b": 8})
    return fig
