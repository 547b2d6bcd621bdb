"""A figure in small, as an SVG of a few kilobytes: bars, curves, points and maps without words, for a card."""

from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.colors import sample_colorscale

from repsim_core.figures.style import OKABE_ITO, escaped

WIDTH, HEIGHT, EDGE = 320, 150, 6
MOST_CELLS = 30  # rows or columns of a map
Floats = NDArray[np.float64]


def sketch(fig: go.Figure, alt: str) -> str:
    """An ``<svg>`` of the first pair of axes of ``fig``, with ``alt`` as its alternative text.

    Scatter, bar and heatmap traces are drawn; other kinds, hatching and pick layers are left out.
    """
    traces = [one for one in fig.data if _first_axes(one) and one.type in ("scatter", "bar", "heatmap")]
    maps = [one for one in traces if one.type == "heatmap"]
    marks = _map(maps[0]) if maps else _plot(fig, [one for one in traces if one.type != "heatmap"])
    return (
        f'<svg role="img" aria-label="{escaped(alt).replace(chr(34), "&quot;")}" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'xmlns="http://www.w3.org/2000/svg" width="100%" preserveAspectRatio="xMidYMid meet">{"".join(marks)}</svg>'
    )


def _first_axes(trace: Any) -> bool:
    return (trace.xaxis or "x") == "x" and (trace.yaxis or "y") == "y"


def _map(trace: Any) -> list[str]:
    values = np.asarray(trace.z, float)
    values = values[:: -(-len(values) // MOST_CELLS), :: -(-values.shape[1] // MOST_CELLS)]
    finite = values[np.isfinite(values)]
    if not finite.size:
        return []
    low = float(finite.min()) if trace.zmin is None else float(trace.zmin)
    high = float(finite.max()) if trace.zmax is None else float(trace.zmax)
    side = min((WIDTH - 2 * EDGE) / values.shape[1], (HEIGHT - 2 * EDGE) / len(values))
    left = (WIDTH - side * values.shape[1]) / 2
    scaled = np.clip((values - low) / ((high - low) or 1.0), 0, 1)
    scaled = 1 - scaled if trace.reversescale else scaled
    scale = [list(one) for one in trace.colorscale] if trace.colorscale is not None else "Cividis"
    return [
        f'<rect x="{left + j * side:.1f}" y="{EDGE + i * side:.1f}" width="{side + 0.3:.1f}" '
        f'height="{side + 0.3:.1f}" fill="{sample_colorscale(scale, float(scaled[i, j]))[0]}"/>'
        for i, j in np.argwhere(np.isfinite(values)).tolist()
    ]


def _plot(fig: go.Figure, traces: list[Any]) -> list[str]:
    names: dict[str, dict[object, int]] = {"x": {}, "y": {}}
    drawn = [(one, _numbers(one, "x", fig, names), _numbers(one, "y", fig, names)) for one in traces]
    drawn = [(one, x, y) for one, x, y in drawn if len(x) and len(x) == len(y)]
    across = [one for _, x, _ in drawn for one in x[np.isfinite(x)]]
    along = [one for _, _, y in drawn for one in y[np.isfinite(y)]]
    if not across or not along:
        return []
    for trace, _, _ in drawn:  # bars stand on 0
        if trace.type == "bar":
            (across if trace.orientation == "h" else along).append(0.0)
    x_of, y_of = _scale(across, WIDTH, fig.layout.xaxis), _scale(along, HEIGHT, fig.layout.yaxis, up=True)
    marks = []
    for number, (trace, x, y) in enumerate(drawn):
        colour = _colour(trace, number)
        places = [(x_of(a), y_of(b)) for a, b in zip(x, y, strict=True) if np.isfinite(a) and np.isfinite(b)]
        if trace.type == "bar":
            marks += _bars(places, trace.orientation == "h", (x_of(0.0), y_of(0.0)), colour)
        elif "lines" in (trace.mode or "lines") and not trace.fill:
            way = " ".join(f"{a:.1f},{b:.1f}" for a, b in places)
            marks.append(f'<polyline points="{way}" fill="none" stroke="{colour}" stroke-width="2"/>')
        if trace.type == "scatter" and "markers" in (trace.mode or ""):
            marks += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="2.5" fill="{colour}"/>' for a, b in places[:400]]
    return marks


def _numbers(trace: Any, axis: str, fig: go.Figure, names: dict[str, dict[object, int]]) -> Floats:
    values = trace[axis]
    if values is None:
        return np.zeros(0)
    array = np.asarray(values)
    if array.dtype.kind not in "fiub":
        known = names[axis]
        return np.array([float(known.setdefault(one, len(known))) for one in array.tolist()])
    array = array.astype(np.float64)
    if fig.layout[f"{axis}axis"].type == "log":
        array = np.log10(np.where(array > 0, array, np.nan))
    return array


def _scale(values: list[float], size: int, axis: Any, up: bool = False) -> Any:
    low, high = min(values), max(values)
    slack = 0.04 * ((high - low) or 1.0)
    low, high = low - slack, high + slack
    turned = up != (axis.autorange == "reversed")

    def place(one: float) -> float:
        share = (one - low) / (high - low)
        return EDGE + (size - 2 * EDGE) * ((1 - share) if turned else share)

    return place


def _bars(places: list[tuple[float, float]], lying: bool, zero: tuple[float, float], colour: str) -> list[str]:
    room = (HEIGHT if lying else WIDTH) - 2 * EDGE
    thick = max(1.0, 0.7 * room / (len(places) + 1))
    found = []
    for x, y in places:
        left, top = (min(x, zero[0]), y - thick / 2) if lying else (x - thick / 2, min(y, zero[1]))
        wide, tall = (abs(x - zero[0]), thick) if lying else (thick, abs(y - zero[1]))
        found.append(f'<rect x="{left:.1f}" y="{top:.1f}" width="{wide:.1f}" height="{tall:.1f}" fill="{colour}"/>')
    return found


def _colour(trace: Any, number: int) -> str:
    own = trace.marker.color if trace.type == "bar" else (trace.line.color or trace.marker.color)
    return escaped(own) if isinstance(own, str) else OKABE_ITO[number % len(OKABE_ITO)]
