"""Small pictures of figures, and the two figures that several labs share."""

import re
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from repsim_core.figures import named_bars, sketch, tidy_curves
from repsim_core.figures.sketch import EDGE, HEIGHT, MOST_CELLS, WIDTH

SVG = "{http://www.w3.org/2000/svg}"


def marks(fig, kind):
    return list(ElementTree.fromstring(sketch(fig, "a")).iter(SVG + kind))


def test_it_is_an_image_with_words_that_cannot_break_out():
    svg = sketch(go.Figure(), 'CKA "<b>" & co')
    root = ElementTree.fromstring(svg)
    assert root.get("role") == "img"
    assert root.get("aria-label") == 'CKA "<b>" & co'
    assert root.get("viewBox") == f"0 0 {WIDTH} {HEIGHT}"


def test_a_map_has_a_square_a_defined_cell_first_row_on_top():
    values = np.array([[1.0, np.nan], [0.0, 0.5]])
    fig = go.Figure(go.Heatmap(z=values, zmin=0, zmax=1, colorscale="Cividis"))
    cells = marks(fig, "rect")
    assert len(cells) == 3
    tops = [float(one.get("y")) for one in cells]
    assert tops[0] == EDGE < tops[1] == tops[2]
    bright, dark = (sum(map(int, re.findall(r"\d+", cells[k].get("fill")))) for k in (0, 1))
    assert bright > dark
    turned = go.Figure(go.Heatmap(z=values, zmin=0, zmax=1, colorscale="Cividis", reversescale=True))
    assert marks(turned, "rect")[1].get("fill") == cells[0].get("fill")


def test_a_large_map_is_thinned():
    fig = go.Figure(go.Heatmap(z=np.random.default_rng(0).random((200, 61))))
    assert len(marks(fig, "rect")) <= MOST_CELLS**2
    assert not marks(go.Figure(go.Heatmap(z=np.full((2, 2), np.nan))), "rect")


def test_lying_bars_are_as_long_as_their_values_and_start_at_0():
    bars = marks(named_bars(["a", "b"], np.array([1.0, 0.5]), title="t"), "rect")
    widths = [float(one.get("width")) for one in bars]
    assert widths[0] == pytest.approx(2 * widths[1], abs=0.2)
    assert float(bars[0].get("x")) == pytest.approx(float(bars[1].get("x")), abs=0.1)
    assert float(bars[0].get("y")) < float(bars[1].get("y"))  # the axis is reversed: the first name on top


def test_curves_rise_to_the_top_and_a_log_axis_is_even():
    table = pd.DataFrame({"n": [10, 100, 1000], "score": [0.0, 0.5, 1.0], "kind": ["one"] * 3})
    (line,) = marks(tidy_curves(table, "n", "score", "kind", log=True), "polyline")
    points = [tuple(map(float, one.split(","))) for one in line.get("points").split()]
    across, along = zip(*points, strict=True)
    assert across[1] - across[0] == pytest.approx(across[2] - across[1], abs=0.2)
    assert along[0] > along[1] > along[2] >= EDGE


def test_only_the_first_pair_of_axes_is_drawn():
    fig = go.Figure([go.Scatter(x=[0, 1], y=[0, 1]), go.Scatter(x=[0, 1], y=[0, 1], xaxis="x2", yaxis="y2")])
    assert len(marks(fig, "polyline")) == 1


def test_bars_and_curves_hold_the_numbers_and_escape_names():
    fig = named_bars(["<i>"], np.array([0.25]), title="t", spread=np.array([0.1]), line=0.5, line_name="chance")
    assert fig.data[0].x.tolist() == [0.25]
    assert fig.data[0].error_x.array.tolist() == pytest.approx([0.1])
    assert fig.data[0].y == ("&lt;i&gt;",)
    assert fig.layout.shapes[0].x0 == 0.5
    assert fig.layout.annotations[0].text == "chance"
    assert named_bars(["a"], np.array([np.nan]), title="t").data[0].text == ("undefined",)
    table = pd.DataFrame({"n": [1, 2, 1, 2], "y": [1.0, 2.0, 3.0, 4.0], "SD": [0.5] * 4, "k": ["a", "a", "b", "b"]})
    curves = tidy_curves(table, "n", "y", "k", spread="SD")
    assert [one.name for one in curves.data] == ["a", "b"]
    assert curves.data[1].y.tolist() == [3, 4]
    assert curves.data[0].error_y.array.tolist() == [0.5, 0.5]
    assert curves.data[0].marker.symbol != curves.data[1].marker.symbol
