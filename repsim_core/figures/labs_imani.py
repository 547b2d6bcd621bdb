"""One number of many networks before and after training."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from repsim_core.figures.style import FIRST, HATCH, OKABE_ITO, escaped, plain_axis

Floats = NDArray[np.float64]


def before_and_after(names: Sequence[str], before: Floats, after: Floats, *, title: str) -> go.Figure:
    """A line a network from an open square, as initialised, to a disc, trained."""
    places = np.arange(len(names), dtype="float32")
    x = np.stack([before, after, np.full(len(names), np.nan)], axis=1).ravel().astype("float32")
    fig = go.Figure(
        go.Scatter(
            x=x,
            y=np.repeat(places, 3),
            mode="lines",
            line={"color": HATCH, "width": 1.5},
            hoverinfo="skip",
            showlegend=False,
        )
    )
    for said, values, colour, symbol in (
        ("as initialised", before, OKABE_ITO[1], "square-open"),
        ("trained", after, FIRST, "circle"),
    ):
        fig.add_scatter(
            x=np.asarray(values, "float32"),
            y=places,
            mode="markers",
            name=said,
            text=[escaped(one) for one in names],
            marker={"color": colour, "symbol": symbol, "size": 9},
            hovertemplate=f"%{{text}}, {said}<br>%{{x:.4f}}<extra></extra>",
        )
    fig.update_layout(
        height=22 * len(names) + 110,
        margin={"l": 8, "r": 8, "t": 30, "b": 8},
        xaxis=plain_axis(escaped(title), rangemode="tozero"),
        yaxis=plain_axis(
            tickvals=places, ticktext=[escaped(one) for one in names], showgrid=False, range=[len(names) - 0.5, -0.5]
        ),
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0},
    )
    return fig
