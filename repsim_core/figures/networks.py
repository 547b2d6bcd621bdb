"""Several networks: who is like whom, as a matrix, a map and a tree; and how many layers find their twin."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from repsim_core.figures.style import FIRST, SECOND, escaped, plain_axis, shortened
from repsim_core.types import NetworkMatrix

CELL = 34  # pixels


def network_heatmap(matrix: NetworkMatrix) -> go.Figure:
    """Every network against every other; bright is similar."""
    short = [shortened(one.split("/", 1)[-1], 22) for one in matrix.names]
    places = np.arange(len(short), dtype="float32")
    low, high = matrix.bounds
    finite = matrix.values[np.isfinite(matrix.values)]
    top = float(finite.max()) if finite.size else 1.0
    scale = {"zmin": max(low, -1.0), "zmax": high if np.isfinite(high) else top or 1.0}
    fig = go.Figure(
        go.Heatmap(
            z=matrix.values.astype("float32"),
            x=places,
            y=places,
            text=[[f"{first} × {second}" for second in short] for first in short],
            colorscale="Cividis",
            reversescale=not matrix.larger_is_more_similar,
            hovertemplate=f"%{{text}}<br>{escaped(matrix.measure)} %{{z:.4f}}<extra></extra>",
            colorbar={"title": {"text": escaped(matrix.measure), "side": "right"}, "thickness": 12},
            **scale,
        )
    )
    side = max(240, CELL * len(short))
    fig.update_layout(
        height=side + 130,
        margin={"l": 8, "r": 8, "t": 10, "b": 8},
        xaxis=plain_axis(tickvals=places, ticktext=short, showgrid=False, tickangle=-45),
        yaxis=plain_axis(tickvals=places, ticktext=short, showgrid=False, autorange="reversed"),
    )
    return fig


def network_map(matrix: NetworkMatrix) -> go.Figure:
    """Networks in the plane, their distances as near to those of the metric as two dimensions allow."""
    names = [escaped(one.split("/", 1)[-1]) for one in matrix.names]
    low, high = (float(one(matrix.positions[:, 0])) for one in (np.min, np.max))
    wide = high - low or 1.0  # room for the names on both sides
    fig = go.Figure(
        go.Scatter(
            x=matrix.positions[:, 0].astype("float32"),
            y=matrix.positions[:, 1].astype("float32"),
            mode="markers+text",
            text=names,
            textposition="top center",
            marker={"color": FIRST, "size": 10},
            hovertemplate="%{text}<extra></extra>",
            cliponaxis=False,
        )
    )
    fig.update_layout(
        height=420,
        margin={"l": 8, "r": 8, "t": 24, "b": 8},
        xaxis=plain_axis(f"{escaped(matrix.measure)}, first axis", range=[low - 0.25 * wide, high + 0.25 * wide]),
        yaxis=plain_axis("second axis", scaleanchor="x"),
    )
    return fig


def network_tree(matrix: NetworkMatrix) -> go.Figure:
    """Average-linkage clusters; a joint stands at the mean distance of what it joins."""
    from scipy.cluster.hierarchy import dendrogram  # here, since importing it takes a while

    names = [one.split("/", 1)[-1] for one in matrix.names]
    drawn = dendrogram(matrix.linkage, no_plot=True, labels=names)
    fig = go.Figure()
    for across, along in zip(drawn["icoord"], drawn["dcoord"], strict=True):
        fig.add_scatter(
            x=np.array(along, "float32"),
            y=np.array(across, "float32"),
            mode="lines",
            line={"color": FIRST, "width": 1.5},
            hovertemplate="%{x:.4f}<extra></extra>",
            showlegend=False,
        )
    fig.update_layout(
        height=max(260, 26 * len(names) + 90),
        margin={"l": 8, "r": 8, "t": 10, "b": 8},
        xaxis=plain_axis(escaped(matrix.measure), rangemode="tozero"),
        yaxis=plain_axis(
            tickvals=[5 + 10 * k for k in range(len(names))],
            ticktext=[shortened(one, 26) for one in drawn["ivl"]],
            showgrid=False,
        ),
    )
    return fig


def share_bars(
    names: Sequence[str],
    shares: NDArray[np.float64],
    *,
    chance: float,
    errors: NDArray[np.float64] | None = None,
    title: str = "",
) -> go.Figure:
    """Shares from 0 to 1, a bar each, with a line at chance."""
    fig = go.Figure(
        go.Bar(
            x=np.asarray(shares, "float32"),
            y=[escaped(one) for one in names],
            orientation="h",
            marker={"color": FIRST},
            error_x=None if errors is None else {"array": np.asarray(errors, "float32"), "color": "#808495"},
            text=[f"{100 * one:.0f} %" if np.isfinite(one) else "" for one in shares],
            textposition="auto",
            hovertemplate="%{y}: %{x:.1%}<extra></extra>",
        )
    )
    fig.add_vline(x=chance, line={"color": SECOND, "dash": "dash", "width": 1.5})
    fig.add_annotation(x=chance, y=1, yref="paper", text="chance", showarrow=False, yanchor="bottom", xanchor="left")
    fig.update_layout(
        height=max(220, 28 * len(names) + 90),
        margin={"l": 8, "r": 8, "t": 24, "b": 8},
        xaxis=plain_axis(escaped(title) or None, range=[0, 1], tickformat=".0%"),
        yaxis=plain_axis(type="category", showgrid=False, autorange="reversed"),
    )
    return fig
