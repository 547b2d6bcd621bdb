"""Statistics beside a score, drawn: whether it has settled in n, and where it lies among shuffled stimuli."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from repsim_core.figures.style import HATCH, MARK, OKABE_ITO, SYMBOLS, escaped, plain_axis
from repsim_core.types import StimulusCurve

BINS = 40
DASHES = ("solid", "dash", "dot", "dashdot", "longdash")


def score_against_n(curves: Mapping[str, StimulusCurve], *, score: str = "score") -> go.Figure:
    """Mean of each curve against the number of stimuli with a band of ± SD; a ring where enough was reached.

    Sizes without a score are left out. With a single curve, dotted lines mark its tolerance around the full score.
    """
    fig = go.Figure()
    for number, (name, curve) in enumerate(curves.items()):
        colour = OKABE_ITO[number % len(OKABE_ITO)]
        shown = np.isfinite(curve.mean)
        sizes, mean = curve.sizes[shown].astype("float32"), curve.mean[shown]
        spread = np.nan_to_num(curve.spread[shown])
        shared: dict[str, Any] = {"legendgroup": str(number), "name": escaped(name)}
        fig.add_scatter(
            x=np.concatenate([sizes, sizes[::-1]]),
            y=np.concatenate([mean + spread, (mean - spread)[::-1]]).astype("float32"),
            mode="lines",
            fill="toself",
            fillcolor=_transparent(colour),
            line={"width": 0},
            hoverinfo="skip",
            showlegend=False,
            **shared,
        )
        fig.add_scatter(
            x=sizes,
            y=mean.astype("float32"),
            mode="lines+markers",
            customdata=spread.astype("float32"),
            hovertemplate=f"{escaped(name)}, %{{x:.0f}} stimuli<br>%{{y:.3f}} ± %{{customdata:.2g}}<extra></extra>",
            line={"color": colour, "dash": DASHES[number % len(DASHES)]},
            marker={"color": colour, "symbol": SYMBOLS[number % len(SYMBOLS)], "size": 7},
            **shared,
        )
        if curve.enough is not None:
            fig.add_scatter(
                x=np.array([curve.enough], "float32"),
                y=curve.mean[curve.sizes == curve.enough].astype("float32"),
                mode="markers",
                hovertemplate=f"{escaped(name)}: enough from %{{x:.0f}} stimuli<extra></extra>",
                marker={"color": MARK, "symbol": "circle-open", "size": 16, "line": {"width": 2}},
                showlegend=False,
                **shared,
            )
        if len(curves) == 1 and np.isfinite(curve.full):
            for side in (-1, 1):
                fig.add_hline(y=curve.full + side * curve.tolerance, line={"color": HATCH, "dash": "dot", "width": 1})
    ticks = sorted({int(one) for curve in curves.values() for one in curve.sizes[::-2]})  # with all stimuli in any case
    fig.update_layout(
        height=360,
        margin={"l": 8, "r": 8, "t": 30, "b": 8},
        xaxis=plain_axis("stimuli", type="log", tickvals=ticks, ticktext=list(map(str, ticks))),
        yaxis=plain_axis(escaped(score)),
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
    )
    return fig


def null_histogram(
    null: NDArray[np.floating[Any]],
    seen: float,
    *,
    score: str = "score",
    p: float | None = None,
    shuffled: str = "shuffled stimuli",
) -> go.Figure:
    """Scores of shuffled stimuli ``(permutations,)`` in bars, the score that was seen as a line with its p.

    ``null`` is that of one cell, ``PermutationTest.null[:, i, j]``, or of a best match, ``maxima[1:]``.
    """
    found = np.asarray(null, np.float64)
    found = found[np.isfinite(found)]
    counts, edges = np.histogram(found, bins=min(BINS, max(5, len(found) // 10)))
    fig = go.Figure()
    fig.add_bar(
        x=((edges[:-1] + edges[1:]) / 2).astype("float32"),
        y=counts.astype("float32"),
        width=np.diff(edges).astype("float32"),
        customdata=np.stack([edges[:-1], edges[1:]], axis=1).astype("float32"),
        hovertemplate="%{customdata[0]:.3f} to %{customdata[1]:.3f}: %{y:.0f} shuffles<extra></extra>",
        name=f"{escaped(shuffled)} ({len(found)})",
        marker={"color": OKABE_ITO[4], "line": {"width": 0}},
    )
    words = f"seen {seen:.3f}" + ("" if p is None else f", p = {p:.3g}")
    if np.isfinite(seen):
        top = float(counts.max(initial=1))
        fig.add_scatter(
            x=np.full(2, seen, "float32"),
            y=np.array([0, top], "float32"),
            mode="lines",
            name=words,
            hovertemplate=words + "<extra></extra>",
            line={"color": MARK, "width": 3, "dash": "dash"},
        )
    fig.update_layout(
        height=320,
        bargap=0,
        margin={"l": 8, "r": 8, "t": 30, "b": 8},
        xaxis=plain_axis(escaped(score)),
        yaxis=plain_axis("shuffles", rangemode="tozero"),
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        showlegend=True,
    )
    return fig


def _transparent(colour: str) -> str:
    red, green, blue = (int(colour[k : k + 2], 16) for k in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, 0.2)"
