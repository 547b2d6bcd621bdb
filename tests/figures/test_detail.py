"""Close-ups: example matrices, spectra, clouds, pictures."""

import numpy as np
import pytest

from repsim_core.figures import (
    class_balance,
    example_matrices,
    points,
    projection,
    spectra,
    stimuli_grid,
    target_histogram,
)

IDS = ["s0", "s1", "s2", "s3"]
CLOUD = np.array([[0.0, 1.0], [2.0, -1.0], [-4.0, 0.5], [1.0, 3.0]])


def test_example_matrices_share_one_fixed_range():
    first, second = np.eye(4, dtype="float32"), np.full((4, 4), -0.5, "float32")
    figure = example_matrices(first, second, IDS, titles=("A: x", "B: y"), groups=["0", "0", "1", "1"])
    assert [trace.type for trace in figure.data] == ["heatmap", "heatmap"]
    np.testing.assert_array_equal(figure.data[0].z, first)
    np.testing.assert_array_equal(figure.data[1].z, second)
    assert (figure.layout.coloraxis.cmin, figure.layout.coloraxis.cmid, figure.layout.coloraxis.cmax) == (-1, 0, 1)
    assert figure.layout.xaxis.ticktext == ("0", "1")
    assert figure.layout.xaxis.tickvals == ("s0", "s2")
    assert figure.layout.xaxis.type == "category"  # ids such as "12" are names


def test_example_difference_is_first_minus_second():
    first, second = np.eye(4, dtype="float32"), np.full((4, 4), 0.25, "float32")
    figure = example_matrices(first, second, IDS, titles=("A", "B"), difference=True)
    np.testing.assert_array_equal(figure.data[2].z, first - second)


def test_spectra_are_shares_of_the_variance():
    # Squares 9, 1, 0 of 10: shares 0.9 and 0.1; the zero has no place on a logarithmic axis.
    curve = spectra({"<A>": np.array([3.0, 1.0, 0.0])}).data[0]
    np.testing.assert_allclose(curve.y, [0.9, 0.1], rtol=1e-6)
    assert curve.x.tolist() == [1, 2]
    assert curve.name == "&lt;A&gt;"


def test_a_silent_layer_has_an_empty_spectrum():
    assert spectra({"A": np.zeros(3)}).data[0].x.size == 0


def test_a_cloud_per_class_with_symbol_and_colour():
    labels = np.array([1, 0, 1, 0])
    clouds = projection(CLOUD, labels, IDS, title="A", share=(0.5, 0.25), class_names=("zero", "one")).data
    assert [cloud.name for cloud in clouds] == ["zero", "one"]
    assert clouds[0].customdata.tolist() == [1, 3]
    assert clouds[0].x.tolist() == [2.0, 1.0]
    assert clouds[0].marker.color != clouds[1].marker.color
    assert clouds[0].marker.symbol != clouds[1].marker.symbol


def test_ten_classes_differ_in_colour_or_symbol():
    labels = np.arange(10)
    clouds = projection(np.zeros((10, 2)), labels, [str(k) for k in labels], title="", share=(1, 0)).data
    assert len({(cloud.marker.color, cloud.marker.symbol) for cloud in clouds}) == 10


def test_selected_stimuli_are_marked_in_each_cloud():
    clouds = projection(CLOUD, np.array([1, 0, 1, 0]), IDS, title="A", share=(1, 0), selected=[3, 2]).data
    assert [list(cloud.selectedpoints) for cloud in clouds] == [[1], [1]]


def test_regression_targets_are_a_scale_and_no_classes():
    (cloud,) = projection(CLOUD, np.array([0.5, 1.5, 2.5, 3.5]), IDS, title="A", share=(1, 0)).data
    assert cloud.marker.color.tolist() == [0.5, 1.5, 2.5, 3.5]


def test_axes_of_a_cloud_reach_the_farthest_point_both_ways():
    layout = projection(CLOUD, None, IDS, title="A", share=(0.5, 0.25)).layout
    assert layout.xaxis.range == layout.yaxis.range
    assert layout.xaxis.range[1] == pytest.approx(4 * 1.08)
    assert layout.xaxis.title.text == "direction 1 (50% of the variance)"


@pytest.mark.parametrize("channels", [1, 3])
def test_pictures_keep_their_captions(channels):
    figure = stimuli_grid(np.zeros((5, channels, 8, 8), "float32"), list("abcde"), columns=3)
    assert [one.text for one in figure.layout.annotations] == list("abcde")
    assert figure.layout.height == 180


def test_class_balance_counts():
    figure = class_balance([3, 5], ["<x>", "y"])
    assert figure.data[0].y.tolist() == [3, 5]
    assert figure.data[0].x == ("&lt;x&gt;", "y")


def test_target_histogram_counts_every_stimulus():
    assert target_histogram(np.linspace(0, 1, 50)).data[0].y.sum() == 50


def test_points_lie_where_they_are():
    figure = points(CLOUD, None, IDS)
    assert figure.data[0].x.tolist() == [0.0, 2.0, -4.0, 1.0]
    assert figure.layout.yaxis.scaleanchor == "x"
