"""Where best matches fall, indices beside those printed, and the maps of networks of several depths."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from repsim_core.figures.style import FIRST, OKABE_ITO, escaped, every_kth, plain_axis, shortened

Floats = NDArray[np.float64]
_HATCHED = {"shape": "/", "fgcolor": "#101418", "fillmode": "overlay", "fgopacity": 0.5, "size": 7}


def match_places(shares: Floats, rows: Sequence[str], columns: Sequence[str], *, titles: tuple[str, str]) -> go.Figure:
    """Share of best matches that fall on each layer of the other network, ``(rows, columns)``, from 0 to 1."""
    down, across = every_kth(len(rows), 25), every_kth(len(columns), 25)
    fig = go.Figure(
        go.Heatmap(
            z=shares.astype("float32"),
            zmin=0,
            zmax=1,
            colorscale="Cividis",
            texttemplate="%{z:.0%}",
            hovertemplate="%{customdata}<br>%{z:.1%} of the matches<extra></extra>",
            customdata=[[f"{escaped(row)} → {escaped(column)}" for column in columns] for row in rows],
            colorbar={"tickformat": ".0%", "outlinewidth": 0, "thickness": 10},
        )
    )
    fig.update_layout(
        height=int(np.clip(38 * len(rows) + 110, 300, 700)),
        margin={"l": 8, "r": 8, "t": 16, "b": 8},
        xaxis=plain_axis(
            escaped(titles[1]), tickvals=across, ticktext=[shortened(columns[k]) for k in across], showgrid=False
        ),
        yaxis=plain_axis(
            escaped(titles[0]),
            tickvals=down,
            ticktext=[shortened(rows[k]) for k in down],
            showgrid=False,
            autorange="reversed",
        ),
    )
    return fig


def beside_print(
    names: Sequence[str], here: Floats, printed: Floats, *, errors: Floats, chance: float, title: str
) -> go.Figure:
    """Two bars a name, measured here with its standard error and as printed, NaN for none; a line at chance."""
    labels = [escaped(one) for one in names]
    fig = go.Figure(
        [
            go.Bar(
                x=np.asarray(here, "float32"),
                y=labels,
                orientation="h",
                name="here",
                marker={"color": FIRST},
                error_x={"array": np.asarray(errors, "float32"), "color": "#808495", "thickness": 1},
                hovertemplate="%{y}, here: %{x:.1%}<extra></extra>",
            ),
            go.Bar(
                x=np.asarray(printed, "float32"),
                y=labels,
                orientation="h",
                name="the paper",
                marker={"color": OKABE_ITO[1], "pattern": _HATCHED},
                hovertemplate="%{y}, the paper: %{x:.1%}<extra></extra>",
            ),
        ]
    )
    fig.add_vline(x=chance, line={"color": "#808495", "dash": "dash", "width": 1.5})
    fig.add_annotation(x=chance, y=0, yref="paper", text="chance", showarrow=False, yanchor="bottom", xanchor="left")
    fig.update_layout(
        barmode="group",
        height=34 * len(labels) + 110,
        margin={"l": 8, "r": 8, "t": 34, "b": 8},
        xaxis=plain_axis(escaped(title), range=[0, 1.02], tickformat=".0%"),
        yaxis=plain_axis(type="category", showgrid=False, autorange="reversed"),
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "traceorder": "normal"},
    )
    return fig


def layer_maps(maps: Mapping[str, Floats]) -> go.Figure:
    """Maps of networks against themselves, two a row, first layer top left, one colour range from 0 to 1."""
    titles = [escaped(one) for one in maps]
    lines = -(-len(titles) // 2)
    fig = make_subplots(rows=lines, cols=2, subplot_titles=titles, horizontal_spacing=0.1, vertical_spacing=0.14)
    for place, values in enumerate(maps.values()):
        row, column = divmod(place, 2)
        fig.add_trace(
            go.Heatmap(
                z=values.astype("float32"),
                zmin=0,
                zmax=1,
                colorscale="Cividis",
                showscale=place == 0,
                colorbar={"outlinewidth": 0, "thickness": 10, "title": {"text": "CKA"}},
                hovertemplate="layers %{y} and %{x}: %{z:.3f}<extra></extra>",
                x0=1,
                y0=1,
            ),
            row=row + 1,
            col=column + 1,
        )
        fig.update_xaxes(plain_axis(showgrid=False), row=row + 1, col=column + 1)
        fig.update_yaxes(plain_axis(showgrid=False, autorange="reversed"), row=row + 1, col=column + 1)
    fig.update_annotations(font={"size": 13})
    fig.update_layout(height=260 * lines + 20, margin={"l": 8, "r": 8, "t": 34, "b": 8})
    return fig
