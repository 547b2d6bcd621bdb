"""Matrices, maps and trees of networks, and bars of shares with their chance level."""

import numpy as np
import pytest
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import pdist, squareform

from repsim_core import figures
from repsim_core.types import NetworkMatrix


@pytest.fixture
def matrix():
    points = np.array([[0.0, 0.0], [3.0, 0.0], [0.0, 4.0]])
    return NetworkMatrix(
        squareform(pdist(points)),
        ("zoo/a<b>", "zoo/b", "up/c"),
        "procrustes_angle",
        "same depth",
        (0.0, np.pi / 2),
        False,
        points,
        linkage(pdist(points), "average"),
        1.0,
    )


def test_the_matrix_draws_every_pair_with_bright_for_similar(matrix):
    (trace,) = figures.network_heatmap(matrix).data
    np.testing.assert_allclose(trace.z, matrix.values)
    assert trace.reversescale
    assert trace.zmin == 0
    assert trace.zmax == pytest.approx(np.pi / 2)
    assert trace.text[0][1] == "a&lt;b&gt; × b"  # names are text, and hover says the pair


def test_the_map_puts_networks_where_they_are_on_equal_scales(matrix):
    fig = figures.network_map(matrix)
    np.testing.assert_allclose(np.stack([fig.data[0].x, fig.data[0].y], axis=1), matrix.positions)
    assert fig.layout.yaxis.scaleanchor == "x"
    assert fig.data[0].text == ("a&lt;b&gt;", "b", "c")


def test_the_tree_joins_the_nearest_first_at_their_distance(matrix):
    fig = figures.network_tree(matrix)
    assert sorted(float(max(trace.x)) for trace in fig.data) == pytest.approx([3.0, 4.5])
    assert set(fig.layout.yaxis.ticktext) == {"a&lt;b&gt;", "b", "c"}


def test_bars_stand_beside_chance_and_an_undefined_one_has_no_number():
    fig = figures.share_bars(["cka", "cca"], np.array([0.75, np.nan]), chance=0.25, errors=np.array([0.1, np.nan]))
    assert fig.data[0].text == ("75 %", "")
    assert fig.layout.shapes[0].x0 == 0.25
    assert fig.layout.xaxis.range == (0, 1)
    assert fig.data[0].error_x.array[0] == pytest.approx(0.1)
