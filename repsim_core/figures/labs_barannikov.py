"""Clouds of a known order above the measure that should follow it."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from repsim_core.figures.style import FIRST, OKABE_ITO, SYMBOLS, escaped, plain_axis

Floats = NDArray[np.float64]


def clouds_and_course(
    clouds: Mapping[str, Floats],
    groups: NDArray[np.intp],
    steps: Sequence[str],
    values: Mapping[str, Floats],
    *,
    title: str,
) -> go.Figure:
    """Clouds of the same points, one colour a group, and below them each measure over the steps of the family."""
    count = len(clouds)
    fig = make_subplots(
        rows=2,
        cols=count,
        specs=[[{}] * count, [{"colspan": count}] + [None] * (count - 1)],
        row_heights=[0.45, 0.55],
        vertical_spacing=0.12,
        horizontal_spacing=0.04,
        subplot_titles=[*(escaped(one) for one in clouds), ""],
    )
    reach = 1.08 * max(float(np.abs(one).max()) for one in clouds.values())
    colours = [OKABE_ITO[int(one) % len(OKABE_ITO)] for one in groups]
    for column, cloud in enumerate(clouds.values(), start=1):
        fig.add_trace(
            go.Scatter(
                x=cloud[:, 0].astype("float32"),
                y=cloud[:, 1].astype("float32"),
                mode="markers",
                marker={"color": colours, "size": 3},
                hoverinfo="skip",
                showlegend=False,
            ),
            row=1,
            col=column,
        )
        frame = {"range": [-reach, reach], "showticklabels": False, "showgrid": False, "zeroline": False}
        fig.update_xaxes(frame, row=1, col=column)
        fig.update_yaxes(frame | {"scaleanchor": f"x{column if column > 1 else ''}"}, row=1, col=column)
    for number, (name, course) in enumerate(values.items()):
        colour = FIRST if number == 0 else OKABE_ITO[number % len(OKABE_ITO)]
        fig.add_trace(
            go.Scatter(
                x=[escaped(one) for one in steps],
                y=np.asarray(course, "float32"),
                mode="lines+markers",
                name=escaped(name),
                line={"color": colour, "dash": ("solid", "dash", "dot")[number % 3]},
                marker={"color": colour, "size": 8, "symbol": SYMBOLS[number % len(SYMBOLS)]},
                hovertemplate=f"%{{x}}<br>{escaped(name)} %{{y:.4g}}<extra></extra>",
            ),
            row=2,
            col=1,
        )
    fig.update_xaxes(plain_axis(escaped(title), type="category", showgrid=False), row=2, col=1)
    fig.update_yaxes(plain_axis(rangemode="tozero"), row=2, col=1)
    fig.update_annotations(font={"size": 13})
    fig.update_layout(
        height=520,
        margin={"l": 8, "r": 8, "t": 30, "b": 8},
        showlegend=True,
        legend={"orientation": "h", "y": -0.16, "yanchor": "top", "x": 0},
    )
    return fig
