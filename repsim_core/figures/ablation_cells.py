"""Cells of an ablation close up: loss against distance, confusion, where the units lie, and averages of many grids."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from repsim_core.figures.ablation import SIGNED, cell_name, quantity
from repsim_core.figures.style import HATCH, MARK, escaped, plain_axis, shortened
from repsim_core.types import FUNCTIONS, AblationGrid, Average

Floats = NDArray[np.floating[Any]]


def loss_scatter(grid: AblationGrid, function: str, measure: str, *, marked: int | None = None) -> go.Figure:
    """Every cell by how far the representation moved and by what was lost, with its standard error."""
    lost, moved = quantity(grid, function), quantity(grid, measure)
    cells = np.flatnonzero(np.isfinite(lost.values) & np.isfinite(moved.values))
    errors = np.zeros(len(cells)) if lost.errors is None else np.nan_to_num(lost.errors[cells])
    fig = go.Figure(
        go.Scatter(
            x=moved.values[cells].astype("float32"),
            y=lost.values[cells].astype("float32"),
            error_y={"type": "data", "array": errors.astype("float32"), "thickness": 1.2, "width": 3, "color": HATCH},
            mode="markers",
            showlegend=False,
            customdata=cells.astype("int16"),
            text=[cell_name(grid, int(k)) for k in cells],
            hovertemplate=f"%{{text}}<br>{escaped(moved.title)} %{{x:.4g}}<br>{escaped(lost.title)} %{{y:.4g}}"
            "<extra></extra>",
            marker={
                "size": 10,
                "color": (cells // grid.bins).astype("float32"),
                "colorscale": "Cividis",
                "cmin": 0,
                "cmax": grid.bins - 1,
                "line": {"width": 0.5, "color": "#808495"},
                "colorbar": {
                    "title": {"text": "selectivity", "side": "right"},
                    "thickness": 10,
                    "tickvals": [0, grid.bins - 1],
                    "ticktext": ["low", "high"],
                },
            },
            selected={"marker": {"opacity": 1}},
            unselected={"marker": {"opacity": 0.75}},
        )
    )
    if marked is not None and marked in cells:
        fig.add_scatter(
            x=np.array([moved.values[marked]], "float32"),
            y=np.array([lost.values[marked]], "float32"),
            mode="markers",
            hoverinfo="skip",
            showlegend=False,
            marker={"symbol": "circle-open", "size": 18, "color": MARK, "line": {"width": 3}},
        )
    fig.update_layout(
        height=380,
        margin={"l": 8, "r": 8, "t": 12, "b": 8},
        xaxis=plain_axis(escaped(moved.title)),
        yaxis=plain_axis(escaped(lost.title)),
    )
    return fig


def confusions(grid: AblationGrid, cell: int) -> go.Figure:
    """Images by true and predicted class: intact, without the cell, and what changed."""
    before, after = grid.confusion(), grid.confusion(cell)
    names = list(grid.class_names) or [str(k) for k in range(len(before))]
    names += [f"#{k}" for k in range(len(names), len(before))]
    labels = [shortened(one, 8) for one in names]
    fig = make_subplots(
        rows=1, cols=2, horizontal_spacing=0.1, subplot_titles=["without the cell", "change (red: more)"]
    )
    text = [
        [f"true {escaped(a)}, said {escaped(b)}<br>{before[i, j]} → {after[i, j]} images" for j, b in enumerate(names)]
        for i, a in enumerate(names)
    ]
    change = after - before
    reach = float(max(np.abs(change).max(), 1))
    shown = (after.astype("float32"), change.astype("float32"))
    scales: tuple[dict[str, Any], ...] = (
        {"colorscale": "Cividis", "zmin": 0, "zmax": float(max(after.max(), before.max(), 1))},
        {"colorscale": SIGNED, "zmin": -reach, "zmax": reach},
    )
    for number, (values, scale) in enumerate(zip(shown, scales, strict=True)):
        fig.add_trace(
            go.Heatmap(
                z=values,
                x=labels,
                y=labels,
                text=text,
                hovertemplate="%{text}<extra></extra>",
                showscale=False,
                **scale,
            ),
            row=1,
            col=number + 1,
        )
    fig.update_xaxes(plain_axis("predicted", type="category", showgrid=False))
    fig.update_yaxes(plain_axis(None, type="category", autorange="reversed", showgrid=False))
    fig.update_yaxes(title_text="true class", row=1, col=1)
    fig.update_annotations(font={"size": 13})
    fig.update_layout(height=360, margin={"l": 8, "r": 8, "t": 34, "b": 8})
    return fig


def cell_map(grid: AblationGrid, units: NDArray[Any], *, most: int = 64) -> go.Figure:
    """Where the units of a cell lie in the layer: a small map a channel, those with most units first.

    Maps (channels × height × width) are tiled, tokens are one map of tokens × features, vectors one folded line.
    """
    inside = np.zeros(int(np.prod(grid.unit_shape)), dtype="float32")
    scalars = units
    if grid.unit == "channel" and len(grid.unit_shape) > 1:
        owner = (
            np.repeat(np.arange(grid.unit_shape[0]), int(np.prod(grid.unit_shape[1:])))
            if len(grid.unit_shape) >= 3
            else np.tile(np.arange(grid.unit_shape[-1]), int(np.prod(grid.unit_shape[:-1])))
        )
        scalars = np.flatnonzero(np.isin(owner, units))
    inside[scalars] = 1
    across, up, left_out = "", "", 0
    if len(grid.unit_shape) == 3:
        maps = inside.reshape(grid.unit_shape)
        order = np.argsort(-maps.sum(axis=(1, 2)), kind="stable")[:most]
        order = order[maps[order].sum(axis=(1, 2)) > 0]
        left_out = int((maps.sum(axis=(1, 2)) > 0).sum()) - len(order)
        sheet, text = _tiles(maps[order], order)
    elif len(grid.unit_shape) == 2:
        sheet, across, up = inside.reshape(grid.unit_shape), "feature", "token"
        text = [[f"token {i}, feature {j}" for j in range(sheet.shape[1])] for i in range(sheet.shape[0])]
    else:
        wide = int(np.ceil(np.sqrt(len(inside))))
        sheet = np.full(wide * -(-len(inside) // wide), np.nan, "float32")
        sheet[: len(inside)] = inside
        sheet = sheet.reshape(-1, wide)
        text = [[f"unit {i * wide + j}" for j in range(wide)] for i in range(len(sheet))]
    fig = go.Figure(
        go.Heatmap(
            z=sheet,
            text=text,
            hovertemplate="%{text}<extra></extra>",
            colorscale=[[0, "#c8ccd4"], [1, MARK]],
            zmin=0,
            zmax=1,
            showscale=False,
        )
    )
    if left_out:
        fig.add_annotation(
            text=f"{left_out} more channels hold units of the cell",
            x=0,
            y=1,
            xref="paper",
            yref="paper",
            xanchor="left",
            yanchor="bottom",
            showarrow=False,
        )
    fig.update_layout(
        height=320,
        margin={"l": 8, "r": 8, "t": 26, "b": 8},
        xaxis=plain_axis(across or None, showticklabels=bool(across), showgrid=False),
        yaxis=plain_axis(up or None, showticklabels=bool(up), showgrid=False, autorange="reversed", scaleanchor="x"),
    )
    return fig


def correlation_intervals(
    averages: Mapping[tuple[str, str], Average], measures: Sequence[str], functions: Sequence[str]
) -> go.Figure:
    """Mean Spearman of every measure with every function, with its interval."""
    fig = go.Figure()
    for number, function in enumerate(functions):
        known = [
            (k, averages[one, function])
            for k, one in enumerate(measures)
            if (one, function) in averages and np.isfinite(averages[one, function].mean)
        ]
        if not known:
            continue
        means, low, high = (np.array([getattr(one, side) for _, one in known]) for side in ("mean", "low", "high"))
        fig.add_scatter(
            x=means.astype("float32"),
            y=np.array([k for k, _ in known], "float32") + (number - (len(functions) - 1) / 2) * 0.22,
            mode="markers",
            name=FUNCTIONS[function].title,
            text=[escaped(measures[k]) for k, _ in known],
            error_x={
                "type": "data",
                "array": np.nan_to_num(high - means).astype("float32"),
                "arrayminus": np.nan_to_num(means - low).astype("float32"),
                "thickness": 1.5,
                "width": 4,
            },
            hovertemplate=f"%{{text}}<br>{FUNCTIONS[function].title}: ρ = %{{x:.3f}}<extra></extra>",
            marker={
                "color": ("#0072B2", "#D55E00", "#009E73", "#CC79A7")[number % 4],
                "symbol": ("circle", "square", "diamond", "cross")[number % 4],
                "size": 9,
            },
        )
    fig.add_vline(x=0, line={"color": HATCH, "dash": "dot", "width": 1})
    fig.update_layout(
        height=60 * len(measures) + 130,
        margin={"l": 8, "r": 8, "t": 40, "b": 8},
        xaxis=plain_axis("mean Spearman over layers and classes", range=[-1, 1]),
        yaxis=plain_axis(
            None,
            tickvals=list(range(len(measures))),
            ticktext=[escaped(one) for one in measures],
            range=[len(measures) - 0.5, -0.5],
            showgrid=False,
        ),
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
    )
    return fig


def _tiles(maps: Floats, order: NDArray[Any]) -> tuple[Floats, list[list[str]]]:
    """Maps side by side with a gap, and what each place is."""
    count, tall, wide = maps.shape
    columns = max(1, int(np.ceil(np.sqrt(count * tall / wide * 2))))
    rows = -(-count // columns)
    sheet = np.full((rows * (tall + 1) - 1, columns * (wide + 1) - 1), np.nan, "float32")
    text = [["" for _ in range(sheet.shape[1])] for _ in range(sheet.shape[0])]
    for k, one in enumerate(maps):
        top, left = k // columns * (tall + 1), k % columns * (wide + 1)
        sheet[top : top + tall, left : left + wide] = one
        name = f"channel {order[k]}, {int(one.sum())} of {one.size} positions"
        for i in range(tall):
            text[top + i][left : left + wide] = [name] * wide
    return sheet, text
