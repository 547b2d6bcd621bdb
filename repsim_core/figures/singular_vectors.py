"""Cosines of the singular vectors of two layers."""

from typing import Any

import numpy as np
import plotly.graph_objects as go

from repsim_core.figures.alignment_directions import direction_picks
from repsim_core.figures.style import (
    HATCH,
    every_kth,
    plain_axis,
    shortened,
)
from repsim_core.types import SingularAlignment


def cosine_matrix(found: SingularAlignment) -> go.Figure:
    """Cosines of singular vectors, the first layer down; frames hold vectors that cannot be told apart."""
    k = found.k
    fig = go.Figure(
        go.Heatmap(
            z=found.cosines.astype("float32"),
            zmin=-1,
            zmid=0,
            zmax=1,
            colorscale="RdBu",
            hoverinfo="skip",
            colorbar={
                "title": {"text": "cosine: blue alike, red opposed", "side": "top"},
                "orientation": "h",
                "y": 1.01,
                "yanchor": "bottom",
                "thickness": 10,
                "outlinewidth": 0,
            },
        )
    )
    for blocks, down in ((found.blocks_x, True), (found.blocks_y, False)):
        for block in np.unique(blocks):
            own = np.flatnonzero(blocks == block)
            if len(own) > 1:
                low, high = own[0] - 0.5, own[-1] + 0.5
                sides = {"x0": -0.5, "x1": k - 0.5, "y0": low, "y1": high}
                if not down:
                    sides = {"x0": low, "x1": high, "y0": -0.5, "y1": k - 0.5}
                fig.add_shape(type="rect", **sides, line={"color": HATCH, "dash": "dot", "width": 2})
    places = every_kth(k, 12)
    ticks: dict[str, Any] = {"tickvals": places, "ticktext": [str(one + 1) for one in places], "showgrid": False}
    names = [shortened(one.rsplit("/", 1)[-1], 20) for one in found.names]
    fig.update_layout(
        height=480,
        margin={"l": 8, "r": 8, "t": 70, "b": 8},
        xaxis=plain_axis(f"direction of {names[1]} (B)", range=[-0.5, k - 0.5], **ticks),
        yaxis=plain_axis(f"direction of {names[0]} (A)", range=[k - 0.5, -0.5], **ticks),
    )
    return fig


def add_cosine_picks(fig: go.Figure, found: SingularAlignment, marked: tuple[int, int] | None) -> go.Figure:
    """Invisible markers over :func:`cosine_matrix`; ``marked`` is a direction of each layer, from 1."""
    i, j = (one.ravel() for one in np.indices(found.cosines.shape))
    chosen = [] if marked is None else [(marked[0] - 1) * found.k + marked[1] - 1]
    return direction_picks(
        fig,
        i,
        j,
        chosen,
        np.stack([found.cosines.ravel(), i + 1, j + 1], axis=1),
        None,
        "A %{customdata[1]:.0f} × B %{customdata[2]:.0f}<br>cosine %{customdata[0]:.3f}"
        f"<br>chance ±{found.chance:.3f}",
    )
