"""Alignment drawn: curves over thresholds, energies on directions, spectra, stimuli along a vector, cosines, speed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.colors import hex_to_rgb

from repsim_core.figures.matrix import PICK
from repsim_core.figures.style import (
    FIRST,
    HATCH,
    MARK,
    OKABE_ITO,
    SECOND,
    SYMBOLS,
    escaped,
    every_kth,
    plain_axis,
    shortened,
)
from repsim_core.types import LabelAlignment, LayerAlignments, SingularAlignment

Floats = NDArray[np.floating[Any]]
RESOLUTION = 0.004  # of a curve: what is closer together is left out
TOP_ENERGY = 0.5  # the brightest colour; more than half of the targets on one direction is no brighter
MOST_MARKS = 3000
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
        colour = HATCH if curve.depth == 0 else _depth_colour(curve.depth)
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
    return _picks(
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


def descent_curves(
    steps: Floats, closed: Mapping[str, Floats], measured: tuple[Floats, Floats] | None = None
) -> go.Figure:
    """Share of the targets not yet learnt against steps of gradient descent; ``measured`` are steps and losses."""
    fig = go.Figure()
    names = list(closed)
    for number, name in enumerate(names):
        depth = number / max(len(names) - 1, 1)
        fig.add_scatter(
            x=(steps + 1).astype("float32"),
            y=closed[name].astype("float32"),
            mode="lines",
            name=escaped(name),
            line={"color": _depth_colour(depth), "dash": "dash" if name == "input" else "solid"},
            customdata=steps.astype("float32"),
            hovertemplate=f"{escaped(name)}<br>%{{y:.2%}} left after %{{customdata:.0f}} steps<extra></extra>",
        )
    if measured is not None:
        at, losses = measured
        fig.add_scatter(
            x=(at + 1).astype("float32"),
            y=losses.astype("float32"),
            mode="markers",
            name="measured by descending",
            customdata=at.astype("float32"),
            marker={"color": MARK, "symbol": "circle-open", "size": 8, "line": {"width": 2}},
            hovertemplate="measured<br>%{y:.2%} left after %{customdata:.0f} steps<extra></extra>",
        )
    fig.update_layout(
        height=400,
        margin={"l": 8, "r": 8, "t": 12, "b": 8},
        xaxis=plain_axis("steps + 1", type="log", dtick=1),
        yaxis=plain_axis("not yet learnt", range=[0, 1.02], tickformat=".0%"),
        legend={"orientation": "h", "y": -0.2, "yanchor": "top", "x": 0},
    )
    return fig


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
    return _picks(
        fig,
        i,
        j,
        chosen,
        np.stack([found.cosines.ravel(), i + 1, j + 1], axis=1),
        None,
        "A %{customdata[1]:.0f} × B %{customdata[2]:.0f}<br>cosine %{customdata[0]:.3f}"
        f"<br>chance ±{found.chance:.3f}",
    )


def transfer_gains(
    names: Sequence[str], areas: Floats, scores: Floats, groups: Sequence[str], *, score: str = "score"
) -> go.Figure:
    """What training on a source added to alignment and to the score of each task, one mark a task."""
    fig = go.Figure()
    for number, group in enumerate(dict.fromkeys(groups)):
        own = np.flatnonzero([one == group for one in groups])
        colour = (OKABE_ITO[0], OKABE_ITO[5], OKABE_ITO[2])[number % 3]
        fig.add_scatter(
            x=np.asarray(areas)[own].astype("float32"),
            y=np.asarray(scores)[own].astype("float32"),
            mode="markers",
            name=escaped(group),
            text=[escaped(names[int(k)]) for k in own],
            hovertemplate=f"%{{text}}<br>area %{{x:+.3f}}<br>{escaped(score)} %{{y:+.3f}}<extra></extra>",
            marker={"color": colour, "symbol": SYMBOLS[number % len(SYMBOLS)], "size": 11, "opacity": 0.85},
        )
    zero = {"color": HATCH, "width": 1, "dash": "dot"}
    fig.add_vline(x=0, line=zero)
    fig.add_hline(y=0, line=zero)
    fig.update_layout(
        height=400,
        margin={"l": 8, "r": 8, "t": 12, "b": 8},
        xaxis=plain_axis("area gained by training on the source"),
        yaxis=plain_axis(f"{escaped(score)} gained"),
        legend={"orientation": "h", "y": -0.2, "yanchor": "top", "x": 0},
    )
    return fig


def _picks(
    fig: go.Figure,
    i: NDArray[np.intp],
    j: NDArray[np.intp],
    chosen: list[int],
    numbers: Floats,
    text: list[str] | None,
    hover: str,
) -> go.Figure:
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


def _depth_colour(depth: float) -> str:
    """From blue at the input over purple to vermilion at the output; all are seen on white and on black."""
    place = 2 * float(np.clip(depth, 0, 1))
    low, high = RAMP[:2] if place <= 1 else RAMP[1:]
    share = place if place <= 1 else place - 1
    mixed = (round((1 - share) * one + share * other) for one, other in zip(low, high, strict=True))
    return f"rgb({', '.join(map(str, mixed))})"
