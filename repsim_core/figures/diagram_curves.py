"""Curves of persistence diagrams: bars over the scale, steps and summaries over the depth of a network."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from repsim_core.figures.diagrams import COLOURS, DIMENSIONS, UNIT
from repsim_core.figures.style import FIRST, OKABE_ITO, SECOND, SYMBOLS, escaped, plain_axis
from repsim_core.types.diagram_results import Smoothness

Floats = NDArray[np.floating[Any]]
DASHES = ("solid", "dash", "dot", "dashdot", "longdash")


def betti_curves(grid: Floats, curves: Mapping[int, tuple[Floats, Floats, Floats]], *, unit: str = UNIT) -> go.Figure:
    """Number of bars alive at each scale, a panel a dimension: the mean over subsets, low and high of its band."""
    fig = make_subplots(
        rows=len(curves),
        cols=1,
        shared_xaxes=True,
        vertical_spacing=0.1,
        subplot_titles=[DIMENSIONS[k] for k in curves],
    )
    x = np.asarray(grid, "float32")
    for row, (dimension, (mean, low, high)) in enumerate(curves.items(), start=1):
        if np.isfinite(low).any():
            for trace in _band(x, low, high, COLOURS[dimension]):
                fig.add_trace(trace, row=row, col=1)
        fig.add_trace(
            go.Scatter(
                x=x,
                y=np.asarray(mean, "float32"),
                mode="lines",
                line={"color": COLOURS[dimension], "shape": "hv", "width": 2},
                name=DIMENSIONS[dimension],
                hovertemplate="at %{x:.3f}: %{y:.1f} bars<extra></extra>",
            ),
            row=row,
            col=1,
        )
        fig.update_yaxes(plain_axis("bars", rangemode="tozero"), row=row, col=1)
    fig.update_xaxes(plain_axis())
    fig.update_xaxes(title_text=escaped(unit), row=len(curves), col=1)
    fig.update_annotations(font={"size": 13})
    fig.update_layout(height=460, margin={"l": 8, "r": 8, "t": 34, "b": 8}, showlegend=False)
    return fig


def layer_steps(models: Mapping[str, Smoothness]) -> go.Figure:
    """Distance of each layer's diagram from the next one's over relative depth, mean over subsets with their spread."""
    fig = go.Figure()
    for number, (name, found) in enumerate(models.items()):
        count = len(found.steps)
        middle = (np.arange(count) + 0.5) / max(count, 1)
        mean = found.steps.mean(axis=1) if count else np.zeros(0)
        spread = found.steps.std(axis=1, ddof=1) if count and found.steps.shape[1] > 1 else np.zeros(count)
        texts = [
            f"{escaped(one)} → {escaped(other)}" for one, other in zip(found.layers, found.layers[1:], strict=False)
        ]
        fig.add_scatter(
            x=middle.astype("float32"),
            y=mean.astype("float32"),
            error_y={
                "type": "data",
                "array": np.nan_to_num(spread).astype("float32"),
                "thickness": 1.5,
                "width": 3,
            },
            mode="lines+markers",
            name=escaped(name),
            text=texts,
            hovertemplate="%{text}<br>%{y:.4g}<extra></extra>",
            **_style(number),
        )
    fig.update_layout(
        height=360,
        margin={"l": 8, "r": 8, "t": 20, "b": 8},
        xaxis=_depth_axis(),
        yaxis=plain_axis("distance to the next layer", rangemode="tozero"),
        legend={"orientation": "h", "y": -0.25, "yanchor": "top", "x": 0},
    )
    return fig


def summary_curves(
    models: Mapping[str, tuple[Floats, Floats, Floats, Floats]], *, value: str, layers: Mapping[str, Sequence[str]]
) -> go.Figure:
    """One number of every layer over relative depth, a curve a network: depth, mean, low and high of its band."""
    fig = go.Figure()
    for number, (name, (depth, mean, low, high)) in enumerate(models.items()):
        style = _style(number)
        if np.isfinite(low).any():
            for trace in _band(np.asarray(depth, "float32"), low, high, style["line"]["color"]):
                fig.add_trace(trace)
        fig.add_scatter(
            x=np.asarray(depth, "float32"),
            y=np.asarray(mean, "float32"),
            mode="lines+markers",
            name=escaped(name),
            text=[escaped(one) for one in layers[name]],
            hovertemplate=f"%{{text}}<br>{escaped(value)} %{{y:.4g}}<extra></extra>",
            **style,
        )
    fig.update_layout(
        height=440,
        margin={"l": 8, "r": 8, "t": 20, "b": 8},
        xaxis=_depth_axis(),
        yaxis=plain_axis(escaped(value), rangemode="tozero"),
        legend={"orientation": "h", "y": -0.2, "yanchor": "top", "x": 0},
    )
    return fig


def _band(x: Floats, low: Floats, high: Floats, colour: str) -> list[go.Scatter]:
    """Low edge and the area up to the high one."""
    edge: dict[str, Any] = {
        "x": x,
        "mode": "lines",
        "line": {"width": 0},
        "hoverinfo": "skip",
        "showlegend": False,
    }
    red, green, blue = (int(colour[k : k + 2], 16) for k in (1, 3, 5))
    return [
        go.Scatter(y=np.asarray(low, "float32"), **edge),
        go.Scatter(
            y=np.asarray(high, "float32"), fill="tonexty", fillcolor=f"rgba({red}, {green}, {blue}, 0.2)", **edge
        ),
    ]


def _style(number: int) -> dict[str, Any]:
    colour = (FIRST, SECOND, *OKABE_ITO[1:5])[number % 6]
    return {
        "line": {"color": colour, "dash": DASHES[number % len(DASHES)]},
        "marker": {"color": colour, "size": 7, "symbol": SYMBOLS[number % len(SYMBOLS)]},
    }


def _depth_axis() -> dict[str, Any]:
    ends = {"tickvals": [0, 0.5, 1], "ticktext": ["first layer", "middle", "last"], "range": [-0.04, 1.04]}
    return plain_axis("relative depth", **ends)
