"""Two measures of the same cells: where do they disagree?"""

import numpy as np
import plotly.graph_objects as go

from repsim_core.figures.style import MARK, escaped, plain_axis
from repsim_core.types import SimilarityMatrix


def cell_scatter(
    first: SimilarityMatrix, second: SimilarityMatrix, *, chosen: tuple[str, str] | None = None
) -> go.Figure:
    """Every cell by the value of both measures; colour is the depth of A's layer, a ring the chosen cell.

    ``customdata`` holds row and column of each point. Cells without one of both numbers are left out.
    """
    rows, columns = np.nonzero(first.defined & second.defined)
    depth = rows / max(1, len(first.rows) - 1)
    names = [f"{escaped(first.rows[i])} × {escaped(first.columns[j])}" for i, j in zip(rows, columns, strict=True)]
    x, y = (one.values[rows, columns].astype("float32") for one in (first, second))
    fig = go.Figure(
        go.Scatter(
            x=x,
            y=y,
            mode="markers",
            text=names,
            customdata=np.stack([rows, columns], axis=1).astype("float32"),
            marker={
                "color": depth.astype("float32"),
                "colorscale": "Cividis",
                "cmin": 0,
                "cmax": 1,
                "size": 8,
                "line": {"width": 0.5, "color": "#808495"},
                "colorbar": {"title": {"text": "depth in A", "side": "right"}, "thickness": 12},
            },
            hovertemplate="%{text}<br>"
            f"{escaped(first.measure)} %{{x:.4f}}<br>{escaped(second.measure)} %{{y:.4f}}<extra></extra>",
            showlegend=False,
        )
    )
    if chosen is not None:
        i, j = first.rows.index(chosen[0]), first.columns.index(chosen[1])
        fig.add_scatter(
            x=np.array([first.values[i, j]], "float32"),
            y=np.array([second.values[i, j]], "float32"),
            mode="markers",
            marker={"symbol": "circle-open", "size": 16, "color": MARK, "line": {"width": 2.5}},
            hoverinfo="skip",
            showlegend=False,
        )
    fig.update_layout(
        height=400,
        margin={"l": 8, "r": 8, "t": 10, "b": 8},
        xaxis=plain_axis(_axis(first)),
        yaxis=plain_axis(_axis(second)),
    )
    return fig


def _axis(matrix: SimilarityMatrix) -> str:
    return f"{escaped(matrix.measure)} ({'larger' if matrix.larger_is_more_similar else 'smaller'} is more similar)"
