"""Divergences drawn: cross-barcodes, diagrams, what the batch and the number of trials do, clusters against loops."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from repsim_core.figures.style import FIRST, HATCH, OKABE_ITO, SECOND, escaped, plain_axis, shortened
from repsim_core.types import PersistenceDiagram

Floats = NDArray[np.floating[Any]]
MOST_BARS, MOST_POINTS = 60, 1500  # per direction: bars of 4 pixels, and points that SVG draws at once
COLOURS, MARKS = (FIRST, SECOND), ("circle", "diamond")


def barcode(
    sides: Mapping[str, PersistenceDiagram],
    *,
    stimuli: Sequence[str] = (),
    other: Mapping[str, Floats] | None = None,
    spaces: tuple[str, str] = ("A", "B"),
    most: int = MOST_BARS,
) -> go.Figure:
    """Bars of each direction on one axis, longest first; the title of a panel says how many are left out.

    Parameters
    ----------
    sides
        Name of a direction → its cross-barcode.
    stimuli
        Ids of the compared points; hover names the pair whose edge makes the bar.
    other
        Name of a direction → distances ``(bars, 2)`` of that pair in both ``spaces``.
    """
    titles = [_barcode_title(name, diagram, most) for name, diagram in sides.items()]
    fig = make_subplots(rows=len(titles), cols=1, shared_xaxes=True, vertical_spacing=0.16, subplot_titles=titles)
    for number, (name, diagram) in enumerate(sides.items()):
        shown = np.flatnonzero(np.isfinite(diagram.deaths))[:most]
        fig.add_trace(
            go.Bar(
                orientation="h",
                x=diagram.lengths[shown].astype("float32"),
                base=diagram.births[shown].astype("float32"),
                y=(np.arange(len(shown)) + 1).astype("float32"),
                width=np.float32(0.8),
                name=escaped(name),
                showlegend=False,
                customdata=_numbers(diagram, shown, number, None if other is None else other[name]),
                text=_pairs(diagram, shown, stimuli),
                textposition="none",
                hovertemplate=_hover(name, spaces, named=len(stimuli) > 0, distances=other is not None),
                marker={"color": COLOURS[number % 2], "line": {"width": 0}},
                unselected={"marker": {"opacity": 0.45}},
            ),
            row=number + 1,
            col=1,
        )
        fig.update_yaxes(
            plain_axis("bar", range=[max(len(shown), 8) + 1, 0], showgrid=False, nticks=5), row=number + 1, col=1
        )
    fig.update_xaxes(plain_axis())
    fig.update_xaxes(title_text="distance over the scale of its space", row=len(titles), col=1)
    fig.update_layout(height=240 * len(titles) + 60, margin={"l": 8, "r": 8, "t": 48, "b": 8}, bargap=0)
    fig.update_annotations(x=0, xanchor="left", align="left", font={"size": 13})
    return fig


def persistence_diagram(
    sides: Mapping[str, PersistenceDiagram],
    *,
    stimuli: Sequence[str] = (),
    other: Mapping[str, Floats] | None = None,
    spaces: tuple[str, str] = ("A", "B"),
    most: int = MOST_POINTS,
) -> go.Figure:
    """Birth against death of one or two barcodes on one square scale; a bar's length is its height over the diagonal.

    Takes what :func:`barcode` takes.
    """
    kept = {name: np.flatnonzero(np.isfinite(one.deaths))[:most] for name, one in sides.items()}
    top = max((float(one.deaths[kept[name]].max(initial=0.0)) for name, one in sides.items()), default=0.0)
    low = min((float(one.births[kept[name]].min(initial=top)) for name, one in sides.items()), default=0.0)
    low, top = 0.94 * low, 1.06 * top or 1.0
    fig = go.Figure()
    fig.add_scatter(
        x=np.array([low, top], "float32"),
        y=np.array([low, top], "float32"),
        mode="lines",
        hoverinfo="skip",
        showlegend=False,
        line={"color": HATCH, "dash": "dot", "width": 1},
    )
    for number, (name, diagram) in enumerate(sides.items()):
        shown = kept[name]
        left_out = len(diagram) - len(shown)
        fig.add_scatter(
            x=diagram.births[shown].astype("float32"),
            y=diagram.deaths[shown].astype("float32"),
            mode="markers",
            name=escaped(name) + (f", {left_out} shortest left out" if left_out else ""),
            customdata=_numbers(diagram, shown, number, None if other is None else other[name]),
            text=_pairs(diagram, shown, stimuli),
            hovertemplate=_hover(name, spaces, named=len(stimuli) > 0, distances=other is not None),
            marker={"color": COLOURS[number % 2], "symbol": MARKS[number % 2], "size": 7, "opacity": 0.75},
            unselected={"marker": {"opacity": 0.35}},
        )
    both: dict[str, Any] = {"range": [low, top]}
    fig.update_layout(
        height=480,
        margin={"l": 8, "r": 8, "t": 12, "b": 8},
        xaxis=plain_axis("birth: joined in one of the two", constrain="domain", **both),
        yaxis=plain_axis("death: joined in the first too", scaleanchor="x", constrain="domain", **both),
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
    )
    return fig


def rtd_against_batch(
    batches: Sequence[int], values: Floats, errors: Floats, *, chosen: int | None = None, measure: str = "RTD"
) -> go.Figure:
    """Mean over subsets for several batch sizes with standard errors; ``chosen`` is the batch of the map."""
    fig = go.Figure()
    fig.add_scatter(
        x=np.asarray(batches, "float32"),
        y=np.asarray(values, "float32"),
        error_y=_error(errors),
        mode="lines+markers",
        showlegend=False,
        customdata=np.asarray(errors, "float32"),
        hovertemplate=f"batch %{{x:.0f}}<br>{escaped(measure)} %{{y:.3f}} ± %{{customdata:.2g}}<extra></extra>",
        line={"color": FIRST},
        marker={"color": FIRST, "size": 8},
    )
    if chosen is not None:
        fig.add_vline(x=chosen, line={"color": HATCH, "dash": "dot", "width": 1}, annotation_text="batch of the map")
    fig.update_layout(
        height=340,
        margin={"l": 8, "r": 8, "t": 30, "b": 8},
        xaxis=plain_axis("stimuli in a subset", rangemode="tozero"),
        yaxis=plain_axis(escaped(measure), rangemode="tozero"),
    )
    return fig


def trial_curve(values: Floats, *, measure: str = "RTD") -> go.Figure:
    """Each trial, and the running mean with its standard error."""
    values = np.asarray(values, "float64")
    count = np.arange(1, len(values) + 1)
    mean = np.cumsum(values) / count
    errors = np.array([values[:k].std(ddof=1) / np.sqrt(k) if k > 1 else np.nan for k in count])
    fig = go.Figure()
    fig.add_scatter(
        x=count.astype("float32"),
        y=values.astype("float32"),
        mode="markers",
        name="one subset",
        hovertemplate="subset %{x:.0f}: %{y:.3f}<extra></extra>",
        marker={"color": HATCH, "symbol": "x-thin", "size": 8, "line": {"width": 2, "color": HATCH}},
    )
    fig.add_scatter(
        x=count.astype("float32"),
        y=mean.astype("float32"),
        error_y=_error(errors),
        mode="lines+markers",
        name="mean so far, with its standard error",
        customdata=errors.astype("float32"),
        hovertemplate=(
            f"after %{{x:.0f}} subsets<br>{escaped(measure)} %{{y:.3f}} ± %{{customdata:.2g}}<extra></extra>"
        ),
        line={"color": FIRST},
        marker={"color": FIRST, "size": 7},
    )
    fig.update_layout(
        height=340,
        margin={"l": 8, "r": 8, "t": 30, "b": 8},
        xaxis=plain_axis("subsets", dtick=1),
        yaxis=plain_axis(escaped(measure)),
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
    )
    return fig


def stacked_parts(names: Sequence[str], cluster: Floats, loop: Floats, *, title: str = "") -> go.Figure:
    """What clusters and what loops add to RTD, stacked."""
    fig = go.Figure()
    for number, (part, values) in enumerate((("clusters", cluster), ("loops", loop))):
        fig.add_bar(
            x=[escaped(one) for one in names],
            y=np.asarray(values, "float32"),
            name=part,
            marker={
                "color": (OKABE_ITO[4], OKABE_ITO[1])[number],
                "pattern": {
                    "shape": ("", "/")[number],
                    "fgcolor": "#101418",
                    "fillmode": "overlay",
                    "fgopacity": 0.5,
                    "size": 7,
                },
            },
            hovertemplate=f"%{{x}}<br>{part} %{{y:.3f}}<extra></extra>",
        )
    fig.update_layout(
        barmode="stack",
        height=340,
        margin={"l": 8, "r": 8, "t": 30, "b": 8},
        xaxis=plain_axis(title or None, type="category", showgrid=False),
        yaxis=plain_axis("RTD", rangemode="tozero"),
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "traceorder": "normal"},
    )
    return fig


def value_curves(
    steps: Sequence[str],
    panels: Mapping[str, Mapping[str, Floats]],
    *,
    errors: Mapping[str, Floats] | None = None,
    title: str = "",
) -> go.Figure:
    """Curves over the same steps, a panel per scale; ``panels``: title → name → values."""
    titles = [escaped(one) for one in panels]
    fig = make_subplots(rows=1, cols=len(panels), horizontal_spacing=0.14, subplot_titles=titles)
    names = [escaped(one) for one in steps]
    style = 0
    for column, curves in enumerate(panels.values(), start=1):
        for name, values in curves.items():
            error = None if errors is None or name not in errors else errors[name]
            colour = OKABE_ITO[style % len(OKABE_ITO)]
            fig.add_trace(
                go.Scatter(
                    x=names,
                    y=np.asarray(values, "float32"),
                    error_y=None if error is None else _error(error),
                    mode="lines+markers",
                    name=escaped(name),
                    hovertemplate=f"%{{x}}<br>{escaped(name)} %{{y:.4g}}<extra></extra>",
                    line={"color": colour, "dash": ("solid", "dash", "dot", "dashdot", "longdash")[style % 5]},
                    marker={
                        "color": colour,
                        "size": 8,
                        "symbol": ("circle", "square", "diamond", "cross", "x")[style % 5],
                    },
                ),
                row=1,
                col=column,
            )
            style += 1
        fig.update_xaxes(plain_axis(title or None, type="category", showgrid=False), row=1, col=column)
        fig.update_yaxes(plain_axis(rangemode="tozero"), row=1, col=column)
    fig.update_annotations(font={"size": 13})
    fig.update_layout(
        height=400,
        margin={"l": 8, "r": 8, "t": 34, "b": 8},
        legend={"orientation": "h", "y": -0.22, "yanchor": "top", "x": 0},
    )
    return fig


def _barcode_title(name: str, diagram: PersistenceDiagram, most: int) -> str:
    drawn = min(most, int(np.isfinite(diagram.deaths).sum()))
    words = f"{shortened(name, 24)}: sum {diagram.total:.3f}, {len(diagram)} bars"
    # A second line: a telephone has no room for one.
    return words + (f"<br>the {drawn} longest drawn, {len(diagram) - drawn} left out" if drawn < len(diagram) else "")


def _numbers(diagram: PersistenceDiagram, shown: NDArray[np.intp], side: int, other: Floats | None) -> Floats:
    """Of every mark: number of the direction, place of the bar from 1, birth, death, and both distances if known."""
    columns = [np.full(len(shown), side), shown + 1, diagram.births[shown], diagram.deaths[shown]]
    if other is not None:
        columns += [other[shown, 0], other[shown, 1]]
    return np.stack(columns, axis=1).astype("float32")


def _pairs(diagram: PersistenceDiagram, shown: NDArray[np.intp], stimuli: Sequence[str]) -> list[str] | None:
    if not len(stimuli):
        return None
    edges = diagram.birth_simplices[shown][:, :2].tolist()
    return [" – ".join(escaped(stimuli[one]) for one in edge if one >= 0) for edge in edges]


def _hover(name: str, spaces: tuple[str, str], *, named: bool, distances: bool) -> str:
    words = f"{escaped(name)}, bar %{{customdata[1]:.0f}}" + ("<br>%{text}" if named else "")
    words += "<br>from %{customdata[2]:.3f} to %{customdata[3]:.3f}"
    if distances:
        first, second = (escaped(one) for one in spaces)
        words += f"<br>distance in {first} %{{customdata[4]:.3f}}, in {second} %{{customdata[5]:.3f}}"
    return words + "<extra></extra>"


def _error(errors: Floats) -> dict[str, Any]:
    return {"type": "data", "array": np.nan_to_num(np.asarray(errors, "float32")), "thickness": 1.5, "width": 4}
