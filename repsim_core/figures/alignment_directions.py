"""Which directions of a layer carry the targets, and which stimuli lie along one."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from repsim_core.figures.matrix import PICK
from repsim_core.figures.style import (
    HATCH,
    MARK,
    OKABE_ITO,
    SYMBOLS,
    escaped,
    every_kth,
    plain_axis,
    shortened,
)
from repsim_core.types import LabelAlignment, LayerAlignments

Floats = NDArray[np.floating[Any]]
TOP_ENERGY = 0.5  # the brightest colour; more than half of the targets on one direction is no brighter
MOST_MARKS = 3000


def energy_heatmap(found: LayerAlignments, *, most: int = 20) -> go.Figure:
    """Layers down, directions across, strongest first; bright is where the targets lie."""
    layers = list(found)
    width = min(most, max((one.rank for one in found.values()), default=1))
    z = np.full((len(layers), width), np.nan, "float32")
    for row, one in enumerate(found.values()):
        z[row, : min(width, one.rank)] = one.shares[:width]
    fig = go.Figure(
        go.Heatmap(
            z=z,
            zmin=0,
            zmax=TOP_ENERGY,
            colorscale="Cividis",
            hoverinfo="skip",
            hoverongaps=False,
            xgap=1,
            colorbar={
                "title": {
                    "text": f"share of the targets, {TOP_ENERGY:.0%} and more alike",
                    "side": "top",
                },
                "orientation": "h",
                "y": 1.01,
                "yanchor": "bottom",
                "thickness": 10,
                "tickformat": ".0%",
                "outlinewidth": 0,
            },
        )
    )
    down = every_kth(len(layers))
    fig.update_layout(
        height=int(np.clip(26 * len(layers) + 190, 320, 700)),
        margin={"l": 8, "r": 8, "t": 78, "b": 8},
        xaxis=plain_axis(
            "direction, strongest first",
            range=[-0.5, width - 0.5],
            tickvals=np.arange(0, width, 2 if width > 10 else 1),
            ticktext=[str(k + 1) for k in range(0, width, 2 if width > 10 else 1)],
            showgrid=False,
        ),
        yaxis=plain_axis(
            range=[len(layers) - 0.5, -0.5],
            tickvals=down,
            ticktext=[shortened(layers[k], 14) for k in down],
            showgrid=False,
        ),
    )
    return fig


def add_direction_picks(fig: go.Figure, found: LayerAlignments, marked: tuple[str, int] | None) -> go.Figure:
    """Invisible markers over :func:`energy_heatmap` that answer the pointer and frame a layer's direction (from 1)."""
    z = fig.data[0].z
    i, j = np.nonzero(np.isfinite(z))
    layers = list(found)
    chosen: list[int] = []
    if marked is not None and marked[0] in layers:
        chosen = np.flatnonzero((i == layers.index(marked[0])) & (j == marked[1] - 1)).tolist()
    variance = np.concatenate([one.thresholds[: z.shape[1]] ** 2 for one in found.values()])
    chance = np.concatenate([(one.chance / one.total)[: z.shape[1]] for one in found.values()])
    return direction_picks(
        fig,
        i,
        j,
        chosen,
        np.stack([z[i, j], chance, variance, j + 1], axis=1),
        [escaped(layers[k]) for k in i],
        "%{text}, direction %{customdata[3]:.0f}<br>%{customdata[0]:.1%} of the targets, "
        "chance %{customdata[1]:.1%}<br>%{customdata[2]:.1%} of the layer",
    )


def aligned_spectrum(one: LabelAlignment, *, most: int = 60, direction: int | None = None) -> go.Figure:
    """Share of the layer on each direction as bars, their colour the share of the targets; ``direction`` from 1."""
    count = min(most, one.rank)
    heights = one.thresholds[:count] ** 2
    line = np.zeros(count)
    if direction is not None and direction <= count:
        line[direction - 1] = 2
    fig = go.Figure(
        go.Bar(
            x=np.arange(1, count + 1, dtype="float32"),
            y=heights.astype("float32"),
            customdata=one.shares[:count].astype("float32"),
            hovertemplate="direction %{x}<br>%{y:.2%} of the layer<br>%{customdata:.2%} of the targets<extra></extra>",
            marker={
                "color": one.shares[:count].astype("float32"),
                "coloraxis": "coloraxis",
                "line": {"color": MARK, "width": line},
            },
        )
    )
    left = one.rank - count
    fig.update_layout(
        height=380,
        bargap=0.1,
        margin={"l": 8, "r": 8, "t": 66, "b": 8},
        coloraxis={
            "colorscale": "Cividis",
            "cmin": 0,
            "cmax": TOP_ENERGY,
            "colorbar": {
                "title": {"text": "share of the targets", "side": "top"},
                "orientation": "h",
                "y": 1.01,
                "yanchor": "bottom",
                "thickness": 10,
                "tickformat": ".0%",
                "outlinewidth": 0,
            },
        },
        xaxis=plain_axis(
            f"direction{f', {left} weaker left out' if left else ''}", showgrid=False, dtick=1 if count <= 12 else 10
        ),
        yaxis=plain_axis("share of the layer", type="log", tickformat=".1e"),
    )
    return fig


def stimuli_along(
    loadings: Floats, groups: Sequence[str], stimuli: Sequence[str], *, title: str = "", order: Sequence[str] = ()
) -> go.Figure:
    """Every stimulus by its entry in a singular vector, a row a class; more than 3000 are thinned evenly."""
    step = -(-len(loadings) // MOST_MARKS)
    rows = np.arange(0, len(loadings), step)
    names = [one for one in (order or sorted(set(groups))) if one in set(groups)]
    fig = go.Figure()
    # A place within the row by the golden ratio: spread evenly, and the same at every drawing.
    jitter = (np.arange(len(loadings)) * 0.6180339887) % 1 - 0.5
    for number, name in enumerate(names):
        own = rows[[groups[int(k)] == name for k in rows]]
        colour = OKABE_ITO[number % len(OKABE_ITO)]
        fig.add_scatter(
            x=loadings[own].astype("float32"),
            y=(number + 0.6 * jitter[own]).astype("float32"),
            mode="markers",
            name=escaped(name),
            showlegend=False,
            customdata=own.astype("int32"),
            text=[escaped(stimuli[int(k)]) for k in own],
            hovertemplate=f"%{{text}}<br>{escaped(name)}<br>%{{x:.3f}}<extra></extra>",
            marker={"color": colour, "symbol": SYMBOLS[number % len(SYMBOLS)], "size": 6, "opacity": 0.8},
        )
    fig.add_vline(x=0, line={"color": HATCH, "width": 1, "dash": "dot"})
    reach = float(np.abs(loadings).max(initial=0.0)) * 1.08 or 1.0
    fig.update_layout(
        height=int(np.clip(30 * len(names) + 120, 240, 640)),
        margin={"l": 8, "r": 8, "t": 12, "b": 8},
        xaxis=plain_axis(title or "entry of the singular vector", range=[-reach, reach]),
        yaxis=plain_axis(
            tickvals=list(range(len(names))),
            ticktext=[shortened(one, 14) for one in names],
            range=[len(names) - 0.4, -0.6],
            showgrid=False,
        ),
    )
    return fig


def direction_picks(
    fig: go.Figure,
    i: NDArray[np.intp],
    j: NDArray[np.intp],
    chosen: list[int],
    numbers: Floats,
    text: list[str] | None,
    hover: str,
) -> go.Figure:
    """Add invisible markers that catch clicks, the chosen ones framed."""
    fig.add_scatter(
        x=j.astype("int16"),
        y=i.astype("int16"),
        mode="markers",
        meta=PICK,
        showlegend=False,
        selectedpoints=chosen,
        customdata=numbers.astype("float32"),
        text=text,
        hovertemplate=hover + "<extra></extra>",
        marker={"symbol": "square-open", "size": 14, "opacity": 0, "color": MARK, "line": {"width": 3}},
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 0}},
    )
    return fig.update_layout(hoverdistance=-1)
