"""Persistence diagrams of layers: many at once on one scale, one at large with its noise, barcodes, a play button."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from repsim_core.figures.style import FIRST, GRID, HATCH, OKABE_ITO, SECOND, escaped, plain_axis, shortened
from repsim_core.types import PersistenceDiagram
from repsim_core.types.diagrams import PENDING, LayerDiagrams

Floats = NDArray[np.floating[Any]]
MOST_POINTS, MOST_BARS = 3000, 60  # points that SVG draws at once, bars of four pixels
PLAYED = 200  # points of a frame: thirty frames are sent at once
COLOURS, MARKS = (FIRST, SECOND, OKABE_ITO[2]), ("circle", "diamond", "square")  # of dimension 0, 1, 2
DIMENSIONS = ("H₀ components", "H₁ loops", "H₂ cavities")
UNIT = "distance over the scale of the layer"


def scale_top(diagrams: Sequence[PersistenceDiagram]) -> float:
    """Where an axis ends that has to hold every finite death; infinite ones sit on the line above."""
    deaths = [one.deaths[np.isfinite(one.deaths)] for one in diagrams]
    return 1.08 * max((float(one.max(initial=0.0)) for one in deaths), default=0.0) or 1.0


def diagram_multiples(
    found: LayerDiagrams, *, subset: int = 0, columns: int = 4, top: float | None = None
) -> go.Figure:
    """A small diagram a layer, in execution order and on one scale; ``meta`` of a trace is the place of its layer.

    Only the longest bars are drawn, equally many of every layer: a chart holds 3000 points. A layer without diagrams
    has a panel that says so.
    """
    rows = -(-len(found.layers) // columns)
    titles = [shortened(name, 14) for name in found.layers]
    fig = make_subplots(
        rows=rows,
        cols=columns,
        shared_xaxes="all",
        shared_yaxes="all",
        horizontal_spacing=0.02,
        vertical_spacing=min(0.12, 0.36 / rows),
        subplot_titles=titles,
    )
    every = [one for layer in found.done for one in found.diagrams[layer][subset]]
    top = scale_top(every) if top is None else top
    most = multiples_drawn(found)
    for place, layer in enumerate(found.layers):
        at: dict[str, int] = {"row": place // columns + 1, "col": place % columns + 1}
        fig.add_trace(diagonal(top), **at)
        for one in found.diagrams[layer][subset] if layer in found.diagrams else ():
            shown = np.arange(min(len(one), most))
            fig.add_trace(marks(one, shown, top, size=4, name=layer, meta=place), **at)
        if layer not in found.diagrams:
            why = "not yet" if found.reasons.get(layer) == PENDING else "undefined"
            fig.add_annotation(text=why, x=top / 2, y=top / 2, showarrow=False, font={"size": 11}, **at)
    both: dict[str, Any] = {"range": [-0.04 * top, 1.04 * top], "nticks": 3}
    fig.update_xaxes(plain_axis(**both))
    fig.update_yaxes(plain_axis(**both))
    fig.update_annotations(font={"size": 11})
    fig.update_layout(height=46 + int(rows * 640 / columns), margin={"l": 8, "r": 8, "t": 26, "b": 8}, showlegend=False)
    return fig


def multiples_drawn(found: LayerDiagrams) -> int:
    """How many bars of each dimension a panel of :func:`diagram_multiples` has at most."""
    return max(1, MOST_POINTS // max(1, len(found.layers) * max(1, found.dimensions)))


def layer_diagram(
    diagrams: Sequence[PersistenceDiagram],
    *,
    noise: Mapping[int, float] | None = None,
    stimuli: Sequence[str] = (),
    top: float | None = None,
    most: int = MOST_POINTS // 2,
    unit: str = UNIT,
) -> go.Figure:
    """Birth against death of one layer, a mark for each dimension; infinite deaths sit on the line ∞.

    ``noise`` is the length, by dimension, up to which a bar may be noise: a band over the diagonal, drawn for the
    largest dimension that has one. The names of the points that made a bar are on hover.
    """
    top = scale_top(diagrams) if top is None else top
    fig = go.Figure()
    for dimension in sorted(noise or {})[-1:]:
        fig.add_trace(_noise_band(dimension, float((noise or {})[dimension]), top))
    fig.add_trace(diagonal(top))
    fig.add_trace(_infinity(top))
    most = most // max(1, len(diagrams))
    for one in diagrams:
        left_out = len(one) - min(len(one), most)
        more = f", {left_out} shortest left out" if left_out else ""
        trace = marks(one, np.arange(min(len(one), most)), top, size=8, name=f"{DIMENSIONS[one.dimension]}{more}")
        trace.update(text=_names(one, most, stimuli), showlegend=True)
        fig.add_trace(trace)
    both: dict[str, Any] = {"range": [-0.03 * top, 1.06 * top], "constrain": "domain"}
    fig.update_layout(
        height=460,
        margin={"l": 8, "r": 8, "t": 12, "b": 8},
        xaxis=plain_axis(f"birth, {escaped(unit)}", **both),
        yaxis=plain_axis("death", scaleanchor="x", **both),
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
    )
    return fig


def add_play(fig: go.Figure, found: LayerDiagrams, *, top: float, subset: int = 0, word: str = "layer") -> go.Figure:
    """Frames of every layer with a play button and a slider.

    They replace a :func:`layer_diagram` with the same ``top``, without noise and names.

    For a page only: it answers in the browser, without the server.
    """
    done = found.done
    frames = []
    for layer in done:
        drawn = layer_diagram(found.diagrams[layer][subset], top=top, most=PLAYED)
        frames.append(go.Frame(data=drawn.data, name=escaped(layer)))
    fig.frames = frames
    now = {"frame": {"duration": 0, "redraw": False}, "mode": "immediate", "transition": {"duration": 0}}
    steps = [{"method": "animate", "label": shortened(layer, 12), "args": [[escaped(layer)], now]} for layer in done]
    run = {"frame": {"duration": 700, "redraw": False}, "fromcurrent": True, "transition": {"duration": 300}}
    fig.update_layout(
        height=580,
        sliders=[
            {
                "steps": steps,
                "currentvalue": {"prefix": f"{word} ", "font": {"size": 14}, "xanchor": "right"},
                "pad": {"t": 84},
                "x": 0,
                "len": 1,
                "ticklen": 0,
                "minorticklen": 0,
                "font": {"size": 10},
            }
        ],
        updatemenus=[
            {
                "type": "buttons",
                "direction": "left",
                "showactive": False,
                "x": 0,
                "xanchor": "left",
                "y": 0,
                "yanchor": "top",
                "pad": {"t": 60},
                "bgcolor": "rgba(128,128,128,0.15)",
                "buttons": [
                    {"label": "▶", "method": "animate", "args": [None, run]},
                    {"label": "❚❚", "method": "animate", "args": [[None], now]},
                ],
            }
        ],
    )
    return fig


def layer_barcode(
    diagrams: Sequence[PersistenceDiagram],
    *,
    noise: Mapping[int, float] | None = None,
    stimuli: Sequence[str] = (),
    top: float | None = None,
    most: int = MOST_BARS,
    unit: str = UNIT,
) -> go.Figure:
    """The longest bars of each dimension, the longest first; a bar without an end runs to the edge."""
    top = scale_top(diagrams) if top is None else top
    titles = [_barcode_title(one, most, (noise or {}).get(one.dimension)) for one in diagrams]
    shares = [max(6, min(len(one), most)) for one in diagrams]
    fig = make_subplots(
        rows=len(diagrams),
        cols=1,
        shared_xaxes=True,
        vertical_spacing=0.12 if len(diagrams) < 3 else 0.09,
        subplot_titles=titles,
        row_heights=shares,
    )
    for row, one in enumerate(diagrams, start=1):
        shown = np.arange(min(len(one), most))
        ends = np.minimum(one.deaths[shown], 1.04 * top)
        fig.add_trace(
            go.Bar(
                orientation="h",
                base=one.births[shown].astype("float32"),
                x=(ends - one.births[shown]).astype("float32"),
                y=(shown + 1).astype("float32"),
                width=np.float32(0.8),
                showlegend=False,
                meta=one.dimension,
                customdata=_numbers(one, shown),
                text=_names(one, most, stimuli),
                textposition="none",
                hovertemplate=_hover(one.dimension, named=len(stimuli) > 0),
                marker={"color": COLOURS[one.dimension], "line": {"width": 0}},
                unselected={"marker": {"opacity": 0.45}},
            ),
            row=row,
            col=1,
        )
        fig.update_yaxes(plain_axis("bar", range=[max(len(shown), 6) + 1, 0], showgrid=False, nticks=4), row=row, col=1)
    fig.update_xaxes(plain_axis(range=[0, 1.04 * top]))
    fig.update_xaxes(title_text=escaped(unit), row=len(diagrams), col=1)
    fig.update_layout(height=460, margin={"l": 8, "r": 8, "t": 40, "b": 8}, bargap=0)
    fig.update_annotations(x=0, xanchor="left", align="left", font={"size": 13})
    return fig


def marks(
    one: PersistenceDiagram, shown: NDArray[np.intp], top: float, *, size: int, name: str, meta: int | None = None
) -> go.Scatter:
    """Points of one diagram; deaths above ``top`` are drawn on it."""
    return go.Scatter(
        x=one.births[shown].astype("float32"),
        y=np.minimum(one.deaths[shown], top).astype("float32"),
        mode="markers",
        name=escaped(name) if meta is not None else name,
        meta=one.dimension if meta is None else meta,
        showlegend=False,
        customdata=_numbers(one, shown),
        hovertemplate=_hover(one.dimension, named=False, title=escaped(name) if meta is not None else ""),
        marker={"color": COLOURS[one.dimension], "symbol": MARKS[one.dimension], "size": size, "opacity": 0.85},
        unselected={"marker": {"opacity": 0.35}},
    )


def diagonal(top: float, low: float = 0.0) -> go.Scatter:
    """Where a bar would have no length."""
    ends = np.array([low, top], "float32")
    return go.Scatter(
        x=ends,
        y=ends,
        mode="lines",
        hoverinfo="skip",
        showlegend=False,
        line={"color": HATCH, "dash": "dot", "width": 1},
    )


def _infinity(top: float) -> go.Scatter:
    return go.Scatter(
        x=np.array([0, top], "float32"),
        y=np.array([top, top], "float32"),
        mode="lines+text",
        text=["", "∞"],
        textposition="top left",
        hoverinfo="skip",
        showlegend=False,
        line={"color": HATCH, "dash": "dash", "width": 1},
    )


def _noise_band(dimension: int, length: float, top: float) -> go.Scatter:
    length = min(length, top)
    return go.Scatter(
        x=np.array([0, top, top - length, 0], "float32"),
        y=np.array([0, top, top, length], "float32"),
        fill="toself",
        mode="lines",
        line={"width": 0},
        fillcolor=GRID,
        hoverinfo="skip",
        name=f"may be noise in H{'₀₁₂'[dimension]}",
        showlegend=True,
    )


def _numbers(one: PersistenceDiagram, shown: NDArray[np.intp]) -> Floats:
    """Of every mark: place of the bar from 1, birth, death."""
    return np.stack([shown + 1, one.births[shown], one.deaths[shown]], axis=1).astype("float32")


def _names(one: PersistenceDiagram, most: int, stimuli: Sequence[str]) -> list[str] | None:
    """The stimuli whose edge makes the bar; in dimension 0 those whose edge ends it."""
    if not len(stimuli):
        return None
    cells = one.death_simplices if one.dimension == 0 else one.birth_simplices
    return [" – ".join(escaped(stimuli[k]) for k in cell if k >= 0) for cell in cells[:most].tolist()]


def _hover(dimension: int, *, named: bool, title: str = "") -> str:
    head = f"{title}<br>" if title else ""
    words = f"{head}H{'₀₁₂'[dimension]}, bar %{{customdata[0]:.0f}}" + ("<br>%{text}" if named else "")
    return words + "<br>from %{customdata[1]:.3f} to %{customdata[2]:.3f}<extra></extra>"


def _barcode_title(one: PersistenceDiagram, most: int, noise: float | None) -> str:
    words = f"{DIMENSIONS[one.dimension]}: {len(one)} bars, sum {one.total:.3f}"
    if noise is not None:
        above = int((one.lengths[np.isfinite(one.lengths)] > noise).sum())
        words += f", {above} longer than noise"
    return words + (f"<br>the {most} longest drawn" if len(one) > most else "")
