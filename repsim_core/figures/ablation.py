"""Ablations drawn: units by selectivity and magnitude, and grids of their cells."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from repsim_core.figures.matrix import PICK
from repsim_core.figures.style import FIRST, HATCH, MARK, escaped, plain_axis, shortened
from repsim_core.types import FUNCTIONS, AblationGrid

Floats = NDArray[np.floating[Any]]
DENSITY = 60  # bins a side of the density
MOST_UNITS = 3000  # points that SVG draws at once
# The upper two thirds of Cividis: a single unit has to be seen on white and on black.
SHADES = [[0, "#4f576c"], [0.25, "#707173"], [0.5, "#9a9376"], [0.75, "#c9b966"], [1, "#fde737"]]
SIGNED = "RdBu_r"  # red is worse, or more


@dataclass(frozen=True, eq=False)
class Quantity:
    """One number of every cell, and how its colours run."""

    title: str
    values: Floats  # (cells,)
    errors: Floats | None = None  # (cells,)
    signed: bool = True  # red above 0, blue below; otherwise dark to bright
    top: float | None = None  # end of the colours, by default the largest value there is


def quantity(grid: AblationGrid, name: str, *, place: str | None = None) -> Quantity:
    """A function, a measure (as distance from the intact layer), or "units"."""
    if name == "units":
        return Quantity("units in the cell", grid.counts.astype("float64"), signed=False)
    if name in FUNCTIONS:
        nothing = np.full(len(grid.done), np.nan)
        if name not in grid.functions:
            return Quantity(FUNCTIONS[name].title, nothing)
        return Quantity(FUNCTIONS[name].title, grid.change(name), grid.standard_error(name))
    similar = grid.larger_is_more_similar[grid.measures.index(name)]
    values = grid.similarity(name, place)
    where = "" if place is None or place == grid.layer else f" at {place}"
    return Quantity(
        f"1 − {name}{where}" if similar else f"{name}{where}", 1 - values if similar else values, signed=False
    )


def unit_plane(
    grid: AblationGrid, *, marked: int | None = None, points: bool = False, chosen: Floats | None = None
) -> go.Figure:
    """Density of the units by selectivity and magnitude, with the cells drawn on it and one of them framed.

    ``points`` draws units one by one instead, evenly thinned to what a browser can carry, for a rectangle to be drawn
    around; ``chosen`` are the corners ``(s0, s1, m0, m1)`` of one.
    """
    s, m = grid.selectivity, grid.magnitude
    fig = go.Figure()
    if points:
        shown = np.linspace(0, len(s) - 1, min(len(s), MOST_UNITS)).astype(int)
        fig.add_scatter(
            x=s[shown].astype("float32"),
            y=m[shown].astype("float32"),
            mode="markers",
            name="units",
            showlegend=False,
            marker={"size": 5, "color": FIRST, "opacity": 0.5},
            hovertemplate="selectivity %{x:.3f}<br>magnitude %{y:.3f}<extra></extra>",
            selected={"marker": {"opacity": 0.9, "color": MARK}},
            unselected={"marker": {"opacity": 0.25}},
        )
    else:
        counts, across, up = np.histogram2d(s, m, bins=DENSITY)
        shades = np.where(counts.T > 0, np.log10(np.maximum(counts.T, 1)), np.nan)
        fig.add_heatmap(
            z=shades.astype("float32"),
            x=_middles(across).astype("float32"),
            y=_middles(up).astype("float32"),
            customdata=counts.T.astype("float32"),
            colorscale=SHADES,
            zmin=0,
            zmax=float(max(np.log10(max(counts.max(), 1.0)), 1.0)),
            hovertemplate="selectivity %{x:.3f}<br>magnitude %{y:.3f}<br>%{customdata:.0f} units<extra></extra>",
            colorbar={
                "title": {"text": "units", "side": "top"},
                "orientation": "h",
                "x": 0.5,
                "y": 1.01,
                "yanchor": "bottom",
                "thickness": 10,
                "tickvals": [0, 1, 2, 3, 4, 5],
                "ticktext": ["1", "10", "100", "1000", "10⁴", "10⁵"],
                "outlinewidth": 0,
            },
        )
    lines_x, lines_y = _cell_lines(grid)
    fig.add_scatter(
        x=lines_x,
        y=lines_y,
        mode="lines",
        hoverinfo="skip",
        showlegend=False,
        line={"color": HATCH, "width": 1.5},
    )
    if marked is not None and 0 <= marked < len(grid.done):
        corners = _cell_box(grid, marked)
        fig.add_scatter(**_box(corners), line={"color": MARK, "width": 3})
    if chosen is not None:
        fig.add_scatter(**_box(tuple(float(one) for one in chosen)), line={"color": MARK, "width": 3, "dash": "dash"})
    fig.update_layout(
        height=520,
        margin={"l": 8, "r": 8, "t": 64 if not points else 12, "b": 8},
        xaxis=plain_axis("class selectivity of a unit", range=_reach(s)),
        yaxis=plain_axis("activation magnitude of a unit", range=_reach(m)),
        dragmode="select" if points else "zoom",
    )
    return fig


def ablation_grid(
    grid: AblationGrid, function: str = "rank_deficit", measure: str | None = None, *, place: str | None = None
) -> go.Figure:
    """Loss of performance and of decodability, distance by a measure (by default the first), units of each cell."""
    last = quantity(grid, measure or grid.measures[0], place=place) if grid.measures else None
    shown = [quantity(grid, function), quantity(grid, "decodability"), last, quantity(grid, "units")]
    return cell_heatmaps(grid, [one for one in shown if one is not None])


def cell_heatmaps(grid: AblationGrid, quantities: Sequence[Quantity], *, columns: int = 2) -> go.Figure:
    """The same grid in several quantities: selectivity up, magnitude across; hatched is undefined, blank to come."""
    rows = -(-len(quantities) // columns)
    titles = [_panel_title(one) for one in quantities]
    fig = make_subplots(rows=rows, cols=columns, horizontal_spacing=0.12, vertical_spacing=0.16, subplot_titles=titles)
    for number, one in enumerate(quantities):
        at = {"row": number // columns + 1, "col": number % columns + 1}
        _panel(fig, grid, one, at)
        fig.update_xaxes(_bin_axis(grid.bins, "magnitude" if at["row"] == rows else None), **at)
        first = at["col"] == 1  # beside each other the panels of a telephone have no room for more words
        fig.update_yaxes(_bin_axis(grid.bins, "selectivity" if first else None, ticks=first), **at)
    fig.update_annotations(font={"size": 13})
    fig.update_layout(height=260 * rows + 20, margin={"l": 8, "r": 8, "t": 52, "b": 8}, bargap=0)
    return fig


def add_cell_picks(
    fig: go.Figure, grid: AblationGrid, quantities: Sequence[Quantity], marked: int | None, *, columns: int = 2
) -> go.Figure:
    """Invisible markers over every cell of every panel: they answer the pointer, catch the click, frame one cell.

    ``customdata`` holds the number of the cell. For a page only, never for an export.
    """
    cells = np.arange(len(grid.done))
    for number, one in enumerate(quantities):
        known = np.isfinite(one.values)
        words = [
            _cell_words(grid, one, int(k)) if known[k] else ("undefined" if grid.done[k] else "still to come")
            for k in cells
        ]
        fig.add_trace(
            go.Scatter(
                x=(cells % grid.bins).astype("float32"),
                y=(cells // grid.bins).astype("float32"),
                mode="markers",
                meta=PICK,
                showlegend=False,
                customdata=cells.astype("int16"),
                text=[f"{cell_name(grid, int(k))}<br>{words[k]}" for k in cells],
                hovertemplate="%{text}<extra></extra>",
                selectedpoints=[] if marked is None else [marked],
                marker={"symbol": "square-open", "size": 26, "opacity": 0, "color": MARK, "line": {"width": 3}},
                selected={"marker": {"opacity": 1}},
                unselected={"marker": {"opacity": 0}},
            ),
            row=number // columns + 1,
            col=number % columns + 1,
        )
    return fig.update_layout(hoverdistance=-1)


def grid_multiples(grids: Sequence[AblationGrid], name: str, *, columns: int = 4) -> go.Figure:
    """One quantity of several layers as small grids on one colour scale."""
    found = [quantity(one, name) for one in grids]
    top = max((_top(one) for one in found), default=1.0)
    rows = max(1, -(-len(grids) // columns))
    fig = make_subplots(
        rows=rows,
        cols=columns,
        horizontal_spacing=0.05,
        vertical_spacing=min(0.16, 0.4 / rows),
        subplot_titles=[shortened(one.layer, 18) for one in grids],
    )
    for number, (grid, one) in enumerate(zip(grids, found, strict=True)):
        at = {"row": number // columns + 1, "col": number % columns + 1}
        same = Quantity(one.title, one.values, one.errors, one.signed, top)
        _panel(fig, grid, same, at, bar=number == 0)
        cells = np.arange(len(grid.done))
        fig.add_trace(
            go.Scatter(
                x=(cells % grid.bins).astype("float32"),
                y=(cells // grid.bins).astype("float32"),
                mode="markers",
                showlegend=False,
                meta=number,
                marker={"size": 20, "opacity": 0, "color": MARK},
                text=[f"{escaped(grid.layer)}, cell {k}<br>{_cell_words(grid, one, int(k))}" for k in cells],
                hovertemplate="%{text}<extra></extra>",
                selected={"marker": {"opacity": 0}},
                unselected={"marker": {"opacity": 0}},
            ),
            **at,
        )
        fig.update_xaxes(_bin_axis(grid.bins, None, ticks=False), **at)
        fig.update_yaxes(_bin_axis(grid.bins, None, ticks=False), **at)
    fig.update_annotations(font={"size": 12})
    fig.update_layout(height=230 * rows + 100, margin={"l": 8, "r": 8, "t": 100, "b": 8}, bargap=0, hoverdistance=-1)
    return fig


def _panel(fig: go.Figure, grid: AblationGrid, one: Quantity, at: dict[str, int], *, bar: bool = False) -> None:
    top = _top(one)
    values = grid.square(one.values)
    fig.add_trace(
        go.Heatmap(
            z=values.astype("float32"),
            zmin=-top if one.signed else 0,
            zmax=top,
            colorscale=SIGNED if one.signed else "Cividis",
            hoverinfo="skip",
            showscale=bar,
            xgap=1,
            ygap=1,
            colorbar={
                "title": {"text": _panel_title(one), "side": "top"},
                "orientation": "h",
                "x": 0.5,
                "y": 1.0,
                "yanchor": "bottom",
                "ypad": 28,
                "thickness": 10,
                "outlinewidth": 0,
            },
        ),
        **at,
    )
    missing = np.flatnonzero(~np.isfinite(one.values) & grid.done)
    if missing.size:  # a heatmap has no pattern, so bars hatch what is undefined
        fig.add_trace(
            go.Bar(
                x=(missing % grid.bins).astype("float32"),
                y=np.ones(missing.size, "float32"),
                base=(missing // grid.bins).astype("float32") - np.float32(0.5),
                width=1,
                hoverinfo="skip",
                showlegend=False,
                marker={
                    "color": "rgba(0,0,0,0)",
                    "line": {"width": 0},
                    "pattern": {"shape": "/", "fgcolor": HATCH, "size": 6},
                },
                unselected={"marker": {"opacity": 1}},
            ),
            **at,
        )


def _top(one: Quantity) -> float:
    if one.top is not None:
        return one.top
    known = one.values[np.isfinite(one.values)]
    return float(np.abs(known).max(initial=0.0)) or 1.0


def _panel_title(one: Quantity) -> str:
    known = one.values[np.isfinite(one.values)]
    if not known.size:
        return f"{escaped(one.title)}<br>not measured"
    top = _top(one)
    colours = f"red {top:.2g}, blue −{top:.2g}" if one.signed else f"bright {top:.3g}"
    if not known.any():
        colours = "0 in every cell"
    return f"{escaped(one.title)}<br><span style='font-size:11px'>{colours}</span>"


def cell_name(grid: AblationGrid, cell: int) -> str:
    """Number of a cell and its place in the grid, from 1."""
    return f"cell {cell}: selectivity {cell // grid.bins + 1}, magnitude {cell % grid.bins + 1}"


def _cell_words(grid: AblationGrid, one: Quantity, cell: int) -> str:
    value = f"{one.values[cell]:.4g}" if np.isfinite(one.values[cell]) else "undefined"
    error = "" if one.errors is None or not np.isfinite(one.errors[cell]) else f" ± {one.errors[cell]:.2g}"
    return f"{escaped(one.title)} {value}{error}<br>{grid.counts[cell]} units"


def _bin_axis(bins: int, title: str | None, *, ticks: bool = True) -> dict[str, Any]:
    return plain_axis(
        title,
        range=[-0.5, bins - 0.5],
        tickvals=[0, bins - 1] if ticks else [],
        ticktext=["low", "high"],
        showgrid=False,
        constrain="domain",
        fixedrange=True,
    )


def _middles(edges: Floats) -> Floats:
    return np.asarray((edges[:-1] + edges[1:]) / 2)


def _reach(values: Floats) -> list[float]:
    low, high = float(values.min()), float(values.max())
    room = 0.04 * (high - low) or 0.5
    return [low - room, high + room]


def _strips(grid: AblationGrid) -> list[tuple[float, float]]:
    """Edges of each strip of selectivity: half way to the next one, and the ends of all units."""
    strips = [np.flatnonzero((grid.cell_of >= 0) & (grid.cell_of // grid.bins == k)) for k in range(grid.bins)]
    s = grid.selectivity
    edges = [_reach(s)[0]]
    for below, above in pairwise(strips):
        edges.append(float(s[below].max() + s[above].min()) / 2)
    edges.append(_reach(s)[1])
    return list(pairwise(edges))


def _levels(grid: AblationGrid, strip: int) -> list[float]:
    """Edges of the quantiles of magnitude inside a strip."""
    m, cells = grid.magnitude, grid.cells
    own = [cells[strip * grid.bins + k] for k in range(grid.bins)]
    middle = [float(m[a].max() + m[b].min()) / 2 for a, b in pairwise(own)]
    return [_reach(m)[0], *middle, _reach(m)[1]]


def _cell_lines(grid: AblationGrid) -> tuple[list[float | None], list[float | None]]:
    if grid.bins < 2 or (grid.cell_of < 0).any():
        return [], []
    x: list[float | None] = []
    y: list[float | None] = []
    low, high = _reach(grid.magnitude)
    for strip, (left, right) in enumerate(_strips(grid)):
        if strip:
            x += [left, left, None]
            y += [low, high, None]
        for level in _levels(grid, strip)[1:-1]:
            x += [left, right, None]
            y += [level, level, None]
    return x, y


def _cell_box(grid: AblationGrid, cell: int) -> tuple[float, float, float, float]:
    if grid.bins < 2:
        units = grid.cells[cell]
        s, m = grid.selectivity[units], grid.magnitude[units]
        return float(s.min()), float(s.max()), float(m.min()), float(m.max())
    left, right = _strips(grid)[cell // grid.bins]
    levels = _levels(grid, cell // grid.bins)
    return left, right, levels[cell % grid.bins], levels[cell % grid.bins + 1]


def _box(corners: tuple[float, ...]) -> dict[str, Any]:
    left, right, low, high = corners
    return {
        "x": [left, right, right, left, left],
        "y": [low, low, high, high, low],
        "mode": "lines",
        "hoverinfo": "skip",
        "showlegend": False,
    }
