"""Alignment against threshold or rank, of every layer or of one, and its area against depth."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.colors import hex_to_rgb

from repsim_core.figures.style import (
    FIRST,
    HATCH,
    OKABE_ITO,
    SECOND,
    escaped,
    every_kth,
    plain_axis,
    shortened,
)
from repsim_core.types import LabelAlignment, LayerAlignments

Floats = NDArray[np.floating[Any]]
RESOLUTION = 0.004  # of a curve: what is closer together is left out
RAMP = tuple(hex_to_rgb(one) for one in (FIRST, OKABE_ITO[3], SECOND))


@dataclass(frozen=True, eq=False)
class Curve:
    """A layer as it is drawn: what lies above each of its own thresholds, from the highest down."""

    name: str
    depth: float  # 0 input, 1 last layer
    thresholds: Floats  # (r,) descending
    shares: Floats  # (r,) of each direction
    area: float
    chance_area: float
    reference: bool = False


def curves_of(found: LayerAlignments, *, reference: bool = False) -> list[Curve]:
    """Every layer of a model."""
    return [
        Curve(layer, found.depths[layer], one.thresholds, one.shares, one.area, one.chance_area, reference)
        for layer, one in found.items()
    ]


def alignment_curves(
    curves: Sequence[Curve] | LayerAlignments,
    *,
    against: str = "threshold",
    scale: float = 1.0,
    chosen: str | None = None,
) -> go.Figure:
    """Share of the targets on directions above a threshold, or on the first directions; a line a layer.

    Parameters
    ----------
    curves
        All layers of a model, or lines of several; coloured by depth. Depth 0 is the input and
        grey; a ``reference`` is dashed and thin.
    against
        ``"threshold"`` or ``"rank"``.
    scale
        Factor of the thresholds: √n shows the singular values of the published form as the paper does.
    chosen
        Name of a layer that is drawn thicker.
    """
    curves = curves_of(curves) if isinstance(curves, LayerAlignments) else curves
    fig = go.Figure()
    shown: set[bool] = set()
    for curve in curves:
        x, y = _steps(curve, against, scale)
        colour = HATCH if curve.depth == 0 else depth_colour(curve.depth)
        name = escaped(curve.name) + (" untrained" if curve.reference else "")
        dash = "dash" if curve.reference or curve.depth == 0 else "solid"
        first = curve.reference not in shown
        shown.add(curve.reference)
        fig.add_scatter(
            x=x.astype("float32"),
            y=y.astype("float32"),
            mode="lines",
            name="as initialised" if curve.reference else escaped(curve.name),
            legendgroup="as initialised" if curve.reference else curve.name,
            showlegend=first if curve.reference else True,
            line={
                "color": colour,
                "width": 1.2 if curve.reference else 4 if curve.name == chosen else 2,
                "dash": dash,
                "shape": "vh" if against == "threshold" else "hv",
            },
            opacity=0.75 if curve.reference else 1,
            hovertemplate=f"{name}<br>%{{y:.1%}} at %{{x:.3g}}<br>area {curve.area:.3f}, "
            f"chance {curve.chance_area:.3f}<extra></extra>",
        )
    title = (
        "threshold τ: singular values of at least that"
        if scale != 1
        else "threshold: singular value over norm of layer"
    )
    axis: dict[str, Any] = (
        plain_axis("directions, strongest first", type="log", dtick=1)
        if against == "rank"
        else plain_axis(title, range=[0, min(scale * 1.02, 1.1 * _highest(curves) * scale)])
    )
    fig.update_layout(
        height=460,
        margin={"l": 8, "r": 8, "t": 12, "b": 8},
        xaxis=axis,
        yaxis=plain_axis("share of the targets", range=[0, 1.02], tickformat=".0%"),
        legend={"orientation": "h", "y": -0.18, "yanchor": "top", "x": 0},
    )
    return fig


def one_alignment_curve(one: LabelAlignment, *, scale: float = 1.0) -> go.Figure:
    """One layer against chance: its curve over thresholds, the mean over all pairings, the band of permutations."""
    fig = go.Figure()
    x = one.thresholds * scale
    if one.band.shape[1]:
        both = one.band / one.total
        fig.add_scatter(
            x=np.concatenate([x, x[::-1]]).astype("float32"),
            y=np.concatenate([both[1], both[0][::-1]]).astype("float32"),
            fill="toself",
            fillcolor="rgba(128, 128, 128, 0.3)",
            line={"width": 0},
            hoverinfo="skip",
            name="5 % to 95 % of permutations",
        )
    sides = (("chance", one.chance / one.total, HATCH, "dash"), (one.layer, one.shares, FIRST, "solid"))
    for name, shares, colour, dash in sides:
        curve = Curve(name, 1.0, one.thresholds, np.asarray(shares), 0.0, 0.0)
        across, up = _steps(curve, "threshold", scale)
        fig.add_scatter(
            x=across.astype("float32"),
            y=up.astype("float32"),
            mode="lines",
            name=escaped(name),
            line={"color": colour, "dash": dash, "shape": "vh", "width": 2},
            hovertemplate=f"{escaped(name)}<br>%{{y:.1%}} at %{{x:.3g}}<extra></extra>",
        )
    fig.update_layout(
        height=380,
        margin={"l": 8, "r": 8, "t": 12, "b": 8},
        xaxis=plain_axis("threshold τ" if scale != 1 else "threshold", range=[0, scale * 1.02]),
        yaxis=plain_axis("share of the targets", range=[0, 1.02], tickformat=".0%"),
        legend={"orientation": "h", "y": -0.2, "yanchor": "top", "x": 0},
    )
    return fig


def layer_areas(found: LayerAlignments, initial: LayerAlignments | None = None) -> go.Figure:
    """Area under the curve of each layer in its order, with chance and, if given, the network as initialised."""
    names = [layer for layer in found.depths if layer in found]
    sides = [
        ("trained" if initial is not None else "layer", [found[one].area for one in names], FIRST, "solid", "circle"),
        ("chance", [found[one].chance_area for one in names], HATCH, "dot", "x-thin"),
    ]
    if initial is not None:
        areas = [initial[one].area if one in initial else np.nan for one in names]
        sides.insert(1, ("as initialised", areas, OKABE_ITO[1], "dash", "square"))
    fig = go.Figure()
    for name, values, colour, dash, symbol in sides:
        fig.add_scatter(
            x=[escaped(one) for one in names],
            y=np.asarray(values, "float32"),
            mode="lines+markers",
            name=name,
            line={"color": colour, "dash": dash},
            marker={"color": colour, "symbol": symbol, "size": 8, "line": {"width": 1.5, "color": colour}},
            hovertemplate=f"%{{x}}<br>{name} %{{y:.3f}}<extra></extra>",
        )
    places = every_kth(len(names), 24)
    fig.update_layout(
        height=460,
        margin={"l": 8, "r": 8, "t": 12, "b": 8},
        xaxis=plain_axis(
            type="category",
            showgrid=False,
            tickvals=[escaped(names[k]) for k in places],
            ticktext=[shortened(names[k], 12) for k in places],
        ),
        yaxis=plain_axis("area under the curve", range=[0, 1.02]),
        legend={"orientation": "h", "y": -0.18, "yanchor": "top", "x": 0},
    )
    return fig


def _steps(curve: Curve, against: str, scale: float) -> tuple[Floats, Floats]:
    """Corners of the curve from left to right, thinned to what can be seen."""
    summed = np.cumsum(curve.shares)
    if against == "rank":
        rank = np.arange(1, len(summed) + 1)
        kept = _seen(summed, np.log(rank) / 8)
        return rank[kept].astype(float), summed[kept]
    kept = _seen(summed, np.asarray(curve.thresholds))
    x, y = np.asarray(curve.thresholds)[kept][::-1], summed[kept][::-1]
    # With "vh" the value of a point holds to its left: at the last threshold the curve falls to 0 and stays there.
    return np.concatenate([[0.0], x, [1.0]]) * scale, np.concatenate([[1.0], y, [0.0]])


def _highest(curves: Sequence[Curve]) -> float:
    """The highest threshold at which a curve is above 0, to the next tenth, so that small changes keep the axis."""
    tops = [float(one.thresholds[0]) for one in curves if not one.reference and len(one.thresholds)]
    return float(np.ceil(10 * max(tops, default=1.0)) / 10)


def _seen(first: Floats, second: Floats) -> NDArray[np.intp]:
    """Rows where one of two curves has moved since the row that was kept last; first and last always."""
    kept = [0]
    for k in range(1, len(first)):
        moved = max(abs(first[k] - first[kept[-1]]), abs(second[k] - second[kept[-1]]))
        if moved >= RESOLUTION or k == len(first) - 1:
            kept.append(k)
    return np.array(kept if len(first) else [], dtype=np.intp)


def depth_colour(depth: float) -> str:
    """From blue at the input over purple to vermilion at the output; all are seen on white and on black."""
    place = 2 * float(np.clip(depth, 0, 1))
    low, high = RAMP[:2] if place <= 1 else RAMP[1:]
    share = place if place <= 1 else place - 1
    mixed = (round((1 - share) * one + share * other) for one, other in zip(low, high, strict=True))
    return f"rgb({', '.join(map(str, mixed))})"
