"""A number of each layer against its relative depth, a curve a network."""

import pandas as pd
import plotly.graph_objects as go

from repsim_core.figures.style import OKABE_ITO, SYMBOLS, escaped, plain_axis


def depth_curves(table: pd.DataFrame, column: str) -> go.Figure:
    """Curves of ``table[column]`` over ``depth`` for each ``network`` and ``data``; layers are named on hover."""
    fig = go.Figure()
    sides = list(table.groupby(["network", "data"], sort=False))
    for number, ((network, data), rows) in enumerate(sides):
        name = escaped(network) if len({one[1] for one, _ in sides}) == 1 else f"{escaped(network)} on {escaped(data)}"
        colour = OKABE_ITO[(0, 5, 2, 3, 1, 4, 6)[number % 7]]
        fig.add_scatter(
            x=rows["depth"].to_numpy("float32"),
            y=rows[column].to_numpy("float32"),
            text=[escaped(one) for one in rows["layer"]],
            mode="lines+markers",
            name=name,
            line={"color": colour, "dash": "dash" if number else "solid"},
            marker={"color": colour, "symbol": SYMBOLS[number % len(SYMBOLS)], "size": 8},
            hovertemplate=f"{name}, %{{text}}<br>%{{y:.4g}}<extra></extra>",
        )
    fig.update_layout(
        height=360,
        margin={"l": 8, "r": 8, "t": 30, "b": 8},
        xaxis=plain_axis("relative depth", range=[-0.03, 1.03]),
        yaxis=plain_axis(escaped(column.replace("_", " "))),
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        showlegend=True,
    )
    return fig
