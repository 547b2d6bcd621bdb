"""What was shown to the models: pictures, points, and how many of each class."""

import base64
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.express as px
import plotly.graph_objects as go
from numpy.typing import NDArray
from PIL import Image

from repsim_core.figures.detail import projection
from repsim_core.figures.style import FIRST, escaped, plain_axis, shortened


def stimuli_pairs(
    clean: NDArray[np.floating[Any]], shifted: NDArray[np.floating[Any]], captions: Sequence[str]
) -> go.Figure:
    """Pictures ``(n, channels, height, width)`` in [0, 1] in one row, below each the same one after a shift."""
    return stimuli_grid(np.concatenate([clean, shifted]), [*captions, *["shifted"] * len(captions)], columns=len(clean))


def stimuli_grid(images: NDArray[np.floating[Any]], captions: Sequence[str], *, columns: int = 8) -> go.Figure:
    """Pictures ``(n, channels, height, width)`` in [0, 1], row by row, each with its caption below.

    Those larger than 112 pixels a side are reduced by averages over whole pixels.
    """
    images = _reduced(images, max(images.shape[2:]) // 112)
    count, channels, height, width = images.shape
    zoom = max(1, 56 // max(height, width))  # whole pixels: small digits stay sharp
    pixels = np.clip(np.nan_to_num(images) * 255, 0, 255).astype("uint8").transpose(0, 2, 3, 1)
    pixels = np.repeat(pixels, 3, axis=3) if channels == 1 else pixels[..., :3]
    pixels = pixels.repeat(zoom, axis=1).repeat(zoom, axis=2)
    tall, wide = pixels.shape[1:3]
    gap, line = max(2, wide // 10), max(12, tall // 3)
    lines = -(-count // columns)
    sheet = np.zeros((lines * (tall + line), columns * (wide + gap) - gap, 4), "uint8")  # transparent between pictures
    for k in range(count):
        top, left = (k // columns) * (tall + line), (k % columns) * (wide + gap)
        sheet[top : top + tall, left : left + wide, :3] = pixels[k]
        sheet[top : top + tall, left : left + wide, 3] = 255
    fig = px.imshow(sheet, binary_string=True, binary_compression_level=6)
    fig.update_traces(hoverinfo="skip", hovertemplate=None)
    for k in range(count):
        fig.add_annotation(
            x=(k % columns) * (wide + gap) + wide / 2,
            y=(k // columns) * (tall + line) + tall,
            text=shortened(captions[k], 9),
            showarrow=False,
            yanchor="top",
            font={"size": 11},
        )
    fig.update_xaxes(visible=False, fixedrange=True)
    fig.update_yaxes(visible=False, fixedrange=True)
    fig.update_layout(
        height=90 * lines, margin={"l": 0, "r": 0, "t": 4, "b": 4}, plot_bgcolor="rgba(0,0,0,0)", dragmode=False
    )
    return fig


def _reduced(images: NDArray[np.floating[Any]], factor: int) -> NDArray[np.floating[Any]]:
    if factor < 2:
        return images
    count, channels, height, width = images.shape
    tall, wide = height // factor, width // factor
    whole = images[:, :, : tall * factor, : wide * factor]
    reduced: NDArray[np.floating[Any]] = whole.reshape(count, channels, tall, factor, wide, factor).mean(axis=(3, 5))
    return reduced


def thumbnail(image: NDArray[np.floating[Any]]) -> str:
    """A picture ``(channels, height, width)`` in [0, 1] as the address of a PNG that holds it."""
    pixels = np.clip(np.nan_to_num(image) * 255, 0, 255).astype("uint8").transpose(1, 2, 0)
    out = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels[..., :3]).save(out, "png")
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()


def class_balance(counts: Sequence[int], names: Sequence[str]) -> go.Figure:
    """Stimuli per class."""
    fig = go.Figure(
        go.Bar(
            x=[escaped(name) for name in names],
            y=np.asarray(counts, "float32"),
            marker={"color": FIRST},
            hovertemplate="%{x}: %{y:.0f} stimuli<extra></extra>",
        )
    )
    fig.update_layout(
        height=260,
        margin={"l": 8, "r": 8, "t": 10, "b": 8},
        xaxis=plain_axis("class", type="category", showgrid=False),
        yaxis=plain_axis("stimuli", rangemode="tozero"),
    )
    return fig


def target_histogram(targets: NDArray[np.floating[Any]]) -> go.Figure:
    """Stimuli per interval of a regression target."""
    counts, edges = np.histogram(targets, bins=24)
    fig = go.Figure(
        go.Bar(
            x=((edges[:-1] + edges[1:]) / 2).astype("float32"),
            y=counts.astype("float32"),
            marker={"color": FIRST},
            hovertemplate="%{y:.0f} stimuli near %{x:.3g}<extra></extra>",
        )
    )
    fig.update_layout(
        height=260,
        bargap=0.02,
        margin={"l": 8, "r": 8, "t": 10, "b": 8},
        xaxis=plain_axis("target", showgrid=False),
        yaxis=plain_axis("stimuli", rangemode="tozero"),
    )
    return fig


def points(
    inputs: NDArray[np.floating[Any]],
    labels: NDArray[Any] | None,
    stimuli: Sequence[str],
    class_names: Sequence[str] = (),
) -> go.Figure:
    """Points of the plane by their first two coordinates."""
    plane = np.column_stack([inputs[:, 0], inputs[:, 1] if inputs.shape[1] > 1 else np.zeros(len(inputs))])
    fig = projection(plane, labels, stimuli, title="", share=(0, 0), class_names=class_names)
    reach = float(np.abs(plane).max(initial=0.0)) * 1.08 or 1.0
    fig.update_layout(
        dragmode="zoom",
        title=None,
        xaxis=plain_axis("coordinate 1", range=[-reach, reach], showticklabels=True),
        yaxis=plain_axis("coordinate 2", range=[-reach, reach], scaleanchor="x", showticklabels=True),
    )
    return fig
