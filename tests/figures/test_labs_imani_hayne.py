"""Figures of the labs on label directions and on similarity and function."""

import numpy as np

from repsim_core.figures.labs_hayne import cell_means, lost_against_moved
from repsim_core.figures.labs_imani import before_and_after


def test_cells_are_drawn_as_they_are_on_a_scale_symmetric_about_zero():
    values = np.arange(16.0).reshape(4, 4) - 5
    one = cell_means(values, "Loss <b>").data[0]
    np.testing.assert_array_equal(one.z, values.astype("float32"))
    assert (one.zmin, one.zmax) == (-10, 10)
    assert one.colorbar.title.text == "Loss &lt;b&gt;"
    assert cell_means(np.zeros((4, 4)), "none").data[0].zmax == 1


def test_undefined_cells_do_not_set_the_scale():
    values = np.array([[np.nan, 1.0], [2.0, -3.0]])
    assert cell_means(values, "loss").data[0].zmax == 3


def test_each_loss_has_a_panel_with_the_same_points_across():
    moved = np.array([0.1, 0.2, 0.4])
    fig = lost_against_moved(moved, {"a": moved * 2, "b": moved * 3}, title="1 − CKA", names=["x", "y", "z<"])
    assert [one.text for one in fig.layout.annotations] == ["a", "b"]
    for one, factor in zip(fig.data, (2, 3), strict=True):
        np.testing.assert_allclose(one.x, moved, rtol=1e-6)
        np.testing.assert_allclose(one.y, factor * moved, rtol=1e-6)
        assert list(one.text) == ["x", "y", "z&lt;"]
    assert fig.layout.xaxis2.title.text == "1 − CKA"


def test_a_line_leads_from_before_to_after():
    fig = before_and_after(["n", "m"], np.array([0.1, 0.2]), np.array([0.5, 0.4]), title="area")
    line, before, after = fig.data
    np.testing.assert_allclose(line.x, [0.1, 0.5, np.nan, 0.2, 0.4, np.nan], rtol=1e-6)
    np.testing.assert_array_equal(line.y, [0, 0, 0, 1, 1, 1])
    np.testing.assert_allclose(before.x, [0.1, 0.2], rtol=1e-6)
    np.testing.assert_allclose(after.x, [0.5, 0.4], rtol=1e-6)
    assert [before.name, after.name] == ["as initialised", "trained"]
    assert list(fig.layout.yaxis.ticktext) == ["n", "m"]
