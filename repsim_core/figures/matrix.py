"""The layer-by-layer matrix: heatmap, the layer that catches clicks, and the course of the best matches."""

from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from repsim_core.figures.style import (
    FIRST,
    GRID,
    HATCH,
    MARK,
    SECOND,
    escaped,
    every_kth,
    plain_axis,
    shape_text,
    shortened,
)
from repsim_core.types import SimilarityMatrix

PICK = "pick"  # meta of the trace that only a page needs


def colour_range(matrix: SimilarityMatrix) -> tuple[float, float]:
    """What the two ends of the colour bar mean; it belongs to the measure, not to today's values.

    A similarity runs from 0 to its upper bound, a distance from 0 to its own. Only an unbounded measure has to take its
    top from the values.
    """
    top = float(matrix.bounds[1])
    if not np.isfinite(top):
        top = float(np.max(matrix.values[matrix.defined], initial=0.0)) or 1.0
    return 0.0, top


def colour_title(matrix: SimilarityMatrix) -> str:
    """The measure, which end is alike, and what the range leaves out."""
    words = [f"{escaped(matrix.measure)}: bright is similar"]
    low, high = colour_range(matrix)
    if matrix.bounds[0] < low:
        words.append("below 0 is drawn as 0")
    if not np.isfinite(matrix.bounds[1]):
        words.append(f"top fixed at {high:.3g}")
    return "<br>".join(words)


def similarity_heatmap(matrix: SimilarityMatrix) -> go.Figure:
    """Layers of A down, layers of B across; bright is similar for every measure, hatched is undefined."""
    rows, columns = matrix.values.shape
    low, high = colour_range(matrix)
    fig = go.Figure(
        go.Heatmap(
            z=matrix.values.astype("float32"),
            zmin=low,
            zmax=high,
            colorscale="Cividis" if matrix.larger_is_more_similar else "Cividis_r",
            hoverinfo="skip",
            colorbar={
                "title": {"text": colour_title(matrix), "side": "top"},
                "orientation": "h",
                "x": 0.5,
                "y": 1.01,
                "yanchor": "bottom",
                "thickness": 10,
                "len": 1.0,
                "outlinewidth": 0,
            },
        )
    )
    i, j = np.nonzero(~matrix.defined)
    if i.size:  # a heatmap has no pattern, so bars hatch what is undefined
        fig.add_bar(
            x=j.astype("float32"),
            y=np.ones(i.size, "float32"),
            base=i.astype("float32") - np.float32(0.5),
            width=1,
            hoverinfo="skip",
            showlegend=False,
            marker={
                "color": "rgba(0,0,0,0)",
                "line": {"width": 0},
                "pattern": {"shape": "/", "fgcolor": HATCH, "size": 6},
            },
            unselected={"marker": {"opacity": 1}},
        )
    across, down = every_kth(columns, 30), every_kth(rows)
    fig.update_layout(
        height=int(np.clip(34 * rows + 190, 440, 800)),
        margin={"l": 8, "r": 8, "t": 84, "b": 8},
        xaxis=plain_axis(
            escaped(matrix.model_b),
            range=[-0.5, columns - 0.5],
            tickvals=across,
            ticktext=[shortened(matrix.columns[k]) for k in across],
            showgrid=False,
        ),
        yaxis=plain_axis(
            escaped(matrix.model_a),
            range=[rows - 0.5, -0.5],
            tickvals=down,
            ticktext=[shortened(matrix.rows[k]) for k in down],
            showgrid=False,
        ),
    )
    return fig


def add_pick_layer(fig: go.Figure, matrix: SimilarityMatrix, marked: tuple[str, str] | None) -> go.Figure:
    """Invisible markers over the cells: they answer the pointer, catch the click and frame the ``marked`` cell.

    For a page only, never for an export. A click reaches no heatmap cell, only a marker.
    """
    rows, columns = matrix.values.shape
    i, j = np.indices((rows, columns), dtype="int16")
    known = matrix.chance[np.isfinite(matrix.chance)]
    one_chance = known.size > 0 and np.ptp(known) == 0  # said once, not cell by cell
    numbers = [matrix.values] if one_chance or not known.size else [matrix.values, matrix.chance]
    hover = f"%{{y}}<br>× %{{x}}<br>{escaped(matrix.measure)} %{{customdata[0]:.3f}}"
    if np.isfinite(matrix.standard_error).any():
        hover += f" ± %{{customdata[{len(numbers)}]:.2g}}"
        numbers.append(matrix.standard_error)
    if known.size:
        hover += f"<br>chance {known[0]:.3f}" if one_chance else "<br>chance %{customdata[1]:.3f}"
    undefined = not matrix.defined.all()
    chosen: list[int] = []
    if marked is not None and marked[0] in matrix.rows and marked[1] in matrix.columns:
        chosen = [matrix.rows.index(marked[0]) * columns + matrix.columns.index(marked[1])]
    fig.add_scatter(
        x=j.ravel(),
        y=i.ravel(),
        xaxis="x2",
        yaxis="y2",
        mode="markers",
        meta=PICK,
        showlegend=False,
        selectedpoints=chosen,
        customdata=np.stack([one.astype("float32").ravel() for one in numbers], axis=1),
        text=_reason_lines(matrix.reasons) if undefined else None,
        hovertemplate=hover + ("%{text}" if undefined else "") + "<extra></extra>",
        marker={"symbol": "square-open", "size": 14, "opacity": 0, "color": MARK, "line": {"width": 3}},
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 0}},
    )
    unseen: dict[str, Any] = {
        "tickmode": "array",
        "showticklabels": False,
        "ticks": "",
        "showgrid": False,
        "zeroline": False,
    }
    fig.update_layout(
        hoverdistance=-1,
        xaxis2={"overlaying": "x", "matches": "x", **_named(matrix.columns, matrix.column_shapes), **unseen},
        yaxis2={"overlaying": "y", "matches": "y", **_named(matrix.rows, matrix.row_shapes), **unseen},
    )
    return fig


def best_match_curves(matrix: SimilarityMatrix) -> go.Figure:
    """Where in the other model the most similar layer lies, from both sides; the dashed line is "same depth"."""
    to_columns, to_rows = matrix.best_match()
    fig = go.Figure()
    diagonal = np.array([0, 1], "float32")
    fig.add_scatter(
        x=diagonal,
        y=diagonal,
        mode="lines",
        hoverinfo="skip",
        name="same depth",
        line={"color": HATCH, "dash": "dot", "width": 1},
    )
    sides = (
        (_pair(matrix.model_a, matrix.model_b), matrix.rows, matrix.columns, to_columns, matrix.values, FIRST),
        (_pair(matrix.model_b, matrix.model_a), matrix.columns, matrix.rows, to_rows, matrix.values.T, SECOND),
    )
    for number, (label, own, other, best, values, colour) in enumerate(sides):
        found = np.flatnonzero(best >= 0)
        fig.add_scatter(
            x=_depth(found, len(own)),
            y=_depth(best[found], len(other)),
            mode="lines+markers",
            name=label,
            customdata=values[found, best[found]].astype("float32"),
            text=[f"{escaped(own[k])}<br>→ {escaped(other[best[k]])}" for k in found],
            hovertemplate=f"%{{text}}<br>{escaped(matrix.measure)} %{{customdata:.3f}}<extra></extra>",
            line={"color": colour, "dash": ("solid", "dash")[number]},
            marker={"color": colour, "size": 8, "symbol": ("circle", "square")[number]},
        )
    ends = {"tickvals": [0, 0.5, 1], "ticktext": ["input", "middle", "output"], "range": [-0.04, 1.04]}
    fig.update_layout(
        height=420,
        margin={"l": 8, "r": 8, "t": 30, "b": 8},
        xaxis=plain_axis("depth of a layer in its own model", **ends),
        yaxis=plain_axis("depth of its best match", gridwidth=1, **ends),
        legend={"orientation": "h", "y": -0.25, "yanchor": "top", "x": 0},
    )
    fig.update_xaxes(gridcolor=GRID)
    return fig


def _pair(own: str, other: str) -> str:
    # Two lines, without the "zoo/": the legend has to fit a telephone.
    return f"layers of {shortened(own.rsplit('/', 1)[-1], 28)}<br>in {shortened(other.rsplit('/', 1)[-1], 28)}"


def _depth(positions: NDArray[np.intp], count: int) -> NDArray[np.float32]:
    return (positions / max(count - 1, 1)).astype("float32")


def _reason_lines(reasons: NDArray[np.str_]) -> list[str]:
    return [f"<br>undefined: {escaped(one)}" if one else "" for one in reasons.ravel()]


def _named(layers: tuple[str, ...], shapes: tuple[tuple[int, ...], ...]) -> dict[str, Any]:
    # Every name once, on an axis nobody sees: hover reads it there. One string per cell would cost 800 kB at 100 × 100.
    names = [f"{escaped(layer)} ({shape_text(shape)})" for layer, shape in zip(layers, shapes, strict=True)]
    return {"tickvals": np.arange(len(layers)), "ticktext": names}
