"""Divergences as they are drawn: exact bars, what is left out, hover, one square scale, errors that add up."""

import numpy as np
import pytest

from repsim_core.figures import (
    add_pick_layer,
    barcode,
    persistence_diagram,
    rtd_against_batch,
    similarity_heatmap,
    stacked_parts,
    trial_curve,
    value_curves,
)
from repsim_core.types import PersistenceDiagram
from tests.figures.test_matrix import matrix, pick_of

IDS = ["s0", "s1", "s2", "<s3>"]


def diagram(births, deaths, edges=None):
    count = len(births)
    edges = [[0, 1]] * count if edges is None else edges
    return PersistenceDiagram(
        np.array(births, "float64"),
        np.array(deaths, "float64"),
        1,
        np.array(edges, "int32").reshape(count, 2),
        np.full((count, 3), -1, "int32"),
    )


# Lengths 0.25, 1 and 0.5: the longest comes first.
FORWARD = diagram([0.25, 0.5, 1.0], [0.5, 1.5, 1.5], [[0, 1], [1, 2], [2, 3]])
BACKWARD = diagram([0.125], [0.25], [[0, 3]])
SIDES = {"A → B": FORWARD, "B → A": BACKWARD}
OTHER = {"A → B": np.array([[1.5, 0.5], [1.75, 1.0], [0.75, 0.25]]), "B → A": np.array([[0.125, 0.25]])}


def test_bars_run_from_birth_to_death_longest_first():
    first, second = barcode(SIDES, stimuli=IDS, other=OTHER).data
    assert first.base.tolist() == [0.5, 1.0, 0.25]
    assert first.x.tolist() == [1.0, 0.5, 0.25]
    assert first.y.tolist() == [1, 2, 3]
    assert first.x.dtype == np.float32
    assert (second.base.tolist(), second.x.tolist()) == ([0.125], [0.125])


def test_both_barcodes_share_one_axis_and_name_their_sums():
    layout = barcode(SIDES).layout
    assert layout.xaxis.matches == "x2"
    assert [one.text for one in layout.annotations] == ["A → B: sum 1.750, 3 bars", "B → A: sum 0.125, 1 bars"]


def test_what_is_left_out_is_counted():
    figure = barcode(SIDES, most=2)
    assert figure.data[0].x.tolist() == [1.0, 0.5]
    assert figure.layout.annotations[0].text == "A → B: sum 1.750, 3 bars<br>the 2 longest drawn, 1 left out"
    assert "1 shortest left out" in persistence_diagram(SIDES, most=2).data[1].name


@pytest.mark.parametrize("draw", [barcode, persistence_diagram])
def test_hover_names_the_pair_and_both_distances(draw):
    traces = [
        one for one in draw(SIDES, stimuli=IDS, other=OTHER, spaces=("<A>", "B")).data if one.customdata is not None
    ]
    assert traces[0].text == ("s1 – s2", "s2 – &lt;s3&gt;", "s0 – s1")
    # direction, place, birth, death, distance in A, distance in B
    assert traces[0].customdata[0].tolist() == [0, 1, 0.5, 1.5, 1.5, 0.5]
    assert traces[1].customdata[0].tolist() == [1, 1, 0.125, 0.25, 0.125, 0.25]
    assert "distance in &lt;A&gt; %{customdata[4]:.3f}, in B %{customdata[5]:.3f}" in traces[0].hovertemplate


def test_hover_claims_nothing_that_is_not_known():
    (only,) = barcode({"SRTD": FORWARD}).data
    assert only.text is None
    assert "%{text}" not in only.hovertemplate
    assert "distance" not in only.hovertemplate


@pytest.mark.parametrize("draw", [barcode, persistence_diagram])
def test_no_bars_are_no_error(draw):
    empty = diagram([], [])
    figure = draw({"A → B": empty, "B → A": empty}, stimuli=IDS)
    assert sum(len(one.customdata) for one in figure.data if one.customdata is not None) == 0


def test_the_diagram_is_square_with_its_diagonal():
    figure = persistence_diagram(SIDES)
    line, first, second = figure.data
    assert (
        figure.layout.xaxis.range == figure.layout.yaxis.range == pytest.approx((0.1175, 1.59))
    )  # 6 % around 0.125 and 1.5
    assert figure.layout.yaxis.scaleanchor == "x"
    np.testing.assert_array_equal(line.x, line.y)
    assert (first.x.tolist(), first.y.tolist()) == ([0.5, 1.0, 0.25], [1.5, 1.5, 0.5])
    assert first.marker.symbol != second.marker.symbol


def test_an_endless_bar_is_not_drawn():
    assert barcode({"x": diagram([0.5, 0.0], [1.0, np.inf])}).data[0].x.tolist() == [0.5]


def test_batch_curve_has_its_errors_and_the_batch_of_the_map():
    figure = rtd_against_batch([50, 100], np.array([2.0, 4.0]), np.array([0.5, np.nan]), chosen=100)
    assert figure.data[0].y.tolist() == [2.0, 4.0]
    assert figure.data[0].error_y.array.tolist() == [0.5, 0.0]
    assert figure.layout.shapes[0].x0 == 100
    assert not rtd_against_batch([50], np.array([2.0]), np.array([0.5])).layout.shapes


def test_the_running_mean_and_its_error_by_hand():
    # 2, 4: mean 3, standard deviation √2, over √2: 1. Then 6: mean 4, deviation 2, over √3.
    trials, mean = trial_curve(np.array([2.0, 4.0, 6.0])).data
    assert trials.y.tolist() == [2, 4, 6]
    assert mean.y.tolist() == [2, 3, 4]
    np.testing.assert_allclose(mean.error_y.array, [0, 1, 2 / np.sqrt(3)], rtol=1e-6)


def test_parts_are_stacked():
    figure = stacked_parts(["k = 2", "k = 3"], np.array([1.0, 2.0]), np.array([0.5, 0.25]), title="k")
    assert figure.layout.barmode == "stack"
    assert [(one.name, one.y.tolist()) for one in figure.data] == [("clusters", [1, 2]), ("loops", [0.5, 0.25])]


def test_curves_of_different_scales_have_panels_of_their_own():
    figure = value_curves(
        ["1", "2"],
        {"divergence": {"RTD": np.array([3.0, 1.0])}, "similarity": {"CKA": np.array([0.5, 1.0])}},
        errors={"RTD": np.array([0.25, 0.5])},
    )
    assert [one.yaxis for one in figure.data] == ["y", "y2"]
    assert figure.data[0].error_y.array.tolist() == [0.25, 0.5]
    assert figure.data[1].error_y.array is None
    assert len({one.marker.symbol for one in figure.data}) == 2


def test_a_map_with_errors_says_them_on_hover():
    errors = np.array([[0.5, 0.25]])
    result = matrix(
        [[2.0, 8.0]], bounds=(0.0, np.inf), larger_is_more_similar=False, measure="rtd", standard_error=errors
    )
    drawn = similarity_heatmap(result).data[0]
    assert (drawn.zmin, drawn.zmax) == (0.0, 8.0)
    assert drawn.colorscale[0][1] == "#fee838"  # bright is similar, and 0 is the same shape
    picks = pick_of(add_pick_layer(similarity_heatmap(result), result, None))
    assert "rtd %{customdata[0]:.3f} ± %{customdata[1]:.2g}<br>chance 0.125" in picks.hovertemplate
    assert picks.customdata.tolist() == [[2.0, 0.5], [8.0, 0.25]]
    varied = matrix([[2.0, 8.0]], chance=np.array([[0.5, 0.75]]), standard_error=errors)
    picks = pick_of(add_pick_layer(similarity_heatmap(varied), varied, None))
    assert "%{customdata[0]:.3f} ± %{customdata[2]:.2g}<br>chance %{customdata[1]:.3f}" in picks.hovertemplate
