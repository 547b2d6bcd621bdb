"""Figures of ablations: exact numbers, places, ranges, words."""

import numpy as np
import pytest

from repsim_core import figures
from repsim_core.figures import ablation as drawings
from repsim_core.figures import ablation_cells as cells
from repsim_core.figures import for_export
from repsim_core.types import AblationGrid, Average


def grid(bins=2, units=8, undefined=(), todo=(), shape=None):
    rng = np.random.default_rng(0)
    count, n = bins**2, 6
    done = np.ones(count, bool)
    done[list(todo)] = False
    values = np.linspace(0.9, 1.0, count)[None, None, :].copy()
    reasons = np.full(values.shape, "", "<U20")
    for one in undefined:
        values[0, 0, one], reasons[0, 0, one] = np.nan, "zero_variance"
    values[0, 0, ~done] = np.nan
    predicted = np.tile(np.arange(n) % 2, (count + 1, 1))
    predicted[count, :2] = 1 - predicted[count, :2]  # the last cell costs one image of each class
    return AblationGrid(
        selectivity=np.sort(rng.normal(size=units)),
        magnitude=rng.normal(size=units),
        cell_of=np.repeat(np.arange(count), units // count).astype(np.int32),
        done=done,
        predicted=predicted.astype(np.int32),
        ranks=(predicted != np.arange(n) % 2).astype(np.float32),
        cross_entropies=np.zeros((count + 1, n), np.float32),
        probe_losses=np.zeros((count + 1, n), np.float32),
        values=values,
        reasons=reasons,
        labels=np.arange(n) % 2,
        bins=bins,
        unit="scalar",
        unit_shape=shape or (units,),
        target_class=0,
        class_names=("cat", "<dog>"),
        measures=("cka",),
        larger_is_more_similar=(True,),
        places=("conv",),
        model="toy",
        dataset="toy",
        layer="conv",
        replacement="zero",
        probe="cross_validated",
    )


def of_type(fig, kind):
    return [one for one in fig.data if one.type == kind]


def test_heatmaps_hold_loss_distance_and_counts_with_selectivity_up():
    found = grid()
    shown = [drawings.quantity(found, one) for one in ("class_accuracy", "decodability", "cka", "units")]
    fig = drawings.cell_heatmaps(found, shown)
    panels = of_type(fig, "heatmap")
    np.testing.assert_allclose(panels[0].z, [[0, 0], [0, 1 / 3]], atol=1e-7)
    np.testing.assert_allclose(panels[2].z, 1 - np.linspace(0.9, 1, 4).reshape(2, 2), atol=1e-7)
    np.testing.assert_array_equal(panels[3].z, [[2, 2], [2, 2]])
    assert (panels[0].zmin, panels[0].zmax) == pytest.approx((-1 / 3, 1 / 3))
    assert panels[2].zmin == 0
    assert fig.layout.yaxis.range == (-0.5, 1.5)
    assert fig.layout.yaxis.title.text == "selectivity"
    assert "red 0.33, blue −0.33" in fig.layout.annotations[0].text


def test_the_whole_figure_of_a_grid_has_what_was_measured():
    found = grid()
    assert len(of_type(figures.ablation_grid(found), "heatmap")) == 4
    object.__setattr__(found, "measures", ())
    assert len(of_type(figures.ablation_grid(found), "heatmap")) == 3


def test_undefined_cells_are_hatched_and_cells_to_come_are_not():
    found = grid(undefined=[1], todo=[3])
    fig = drawings.cell_heatmaps(found, [drawings.quantity(found, "cka")])
    (hatch,) = of_type(fig, "bar")
    assert (list(hatch.x), list(hatch.base)) == ([1], [-0.5])
    picks = drawings.add_cell_picks(fig, found, [drawings.quantity(found, "cka")], 2).data[-1]
    assert "undefined" in picks.text[1]
    assert "still to come" in picks.text[3]
    assert picks.selectedpoints == (2,)


def test_hover_gives_the_number_its_error_and_the_units():
    found = grid()
    shown = [drawings.quantity(found, "class_accuracy")]
    fig = drawings.add_cell_picks(drawings.cell_heatmaps(found, shown), found, shown, 3)
    assert fig.data[-1].text[3] == (
        "cell 3: selectivity 2, magnitude 2<br>Loss of class accuracy 0.3333 ± 0.33<br>2 units"
    )
    assert all(one.meta != "pick" for one in for_export(fig).data)


def test_what_was_not_measured_says_so():
    found = grid()
    object.__setattr__(found, "predicted", np.empty((0, 0), np.int32))
    fig = drawings.cell_heatmaps(found, [drawings.quantity(found, "rank_deficit")])
    assert fig.layout.annotations[0].text == "Rank deficit<br>not measured"


def test_the_plane_counts_every_unit_and_frames_a_cell():
    found = grid(units=400)
    found = drawings_grid(found)
    fig = drawings.unit_plane(found, marked=3)
    (density,) = of_type(fig, "heatmap")
    assert np.nansum(density.customdata) == 400
    frame = fig.data[-1]
    inside = found.cells[3]
    s, m = found.selectivity[inside], found.magnitude[inside]
    assert min(frame.x) <= s.min()
    assert s.max() <= max(frame.x)
    assert min(frame.y) <= m.min()
    assert m.max() <= max(frame.y)
    outside = np.setdiff1d(np.arange(400), inside)
    left = (found.selectivity[outside] > min(frame.x)) & (found.magnitude[outside] > min(frame.y))
    assert not left.any()  # the corner holds its own units alone


def drawings_grid(found):
    """The same units cut as a real grid."""
    from repsim_core.ablation import equal_count_grid

    cell_of = np.empty(len(found.selectivity), np.int32)
    for number, units in enumerate(equal_count_grid(found.selectivity, found.magnitude, found.bins).ravel()):
        cell_of[units] = number
    object.__setattr__(found, "cell_of", cell_of)
    return found


def test_units_one_by_one_are_thinned_to_what_a_browser_carries():
    fig = drawings.unit_plane(grid(units=8000), points=True)
    assert len(fig.data[0].x) == drawings.MOST_UNITS
    assert fig.layout.dragmode == "select"


def test_small_multiples_share_a_scale():
    first, second = grid(), grid()
    predicted = np.array(second.predicted)
    predicted[-1] = 1 - predicted[-1]
    object.__setattr__(second, "predicted", predicted)
    fig = drawings.grid_multiples([first, second], "class_accuracy")
    panels = of_type(fig, "heatmap")
    assert [one.zmax for one in panels] == pytest.approx([2 / 3, 2 / 3])
    assert [one.text for one in fig.layout.annotations] == ["conv", "conv"]
    assert [one.meta for one in of_type(fig, "scatter")] == [0, 1]


def test_the_scatter_has_a_point_a_defined_cell():
    found = grid(undefined=[1])
    fig = cells.loss_scatter(found, "class_accuracy", "cka", marked=3)
    assert list(fig.data[0].customdata) == [0, 2, 3]
    np.testing.assert_allclose(fig.data[0].y, [0, 0, 1 / 3], atol=1e-7)
    assert len(fig.data) == 2
    assert fig.layout.xaxis.title.text == "1 − cka"
    assert len(cells.loss_scatter(found, "class_accuracy", "cka", marked=1).data) == 1


def test_confusion_shows_before_and_after_and_escapes_names():
    fig = cells.confusions(grid(), 3)
    after, change = fig.data
    np.testing.assert_array_equal(after.z, [[2, 1], [1, 2]])
    np.testing.assert_array_equal(change.z, [[-1, 1], [1, -1]])
    assert change.text[0][1] == "true cat, said &lt;dog&gt;<br>0 → 1 images"


@pytest.mark.parametrize("shape", [(2, 2, 2), (4, 2), (8,)])
def test_the_map_of_a_cell_marks_its_units(shape):
    found = grid(shape=shape)
    fig = cells.cell_map(found, found.cells[1])
    assert np.nansum(fig.data[0].z) == 2
    if shape == (2, 2, 2):
        assert fig.data[0].text[0][0] == "channel 0, 2 of 4 positions"


def test_channels_are_marked_with_their_positions():
    found = grid(shape=(8, 3, 3))
    object.__setattr__(found, "unit", "channel")
    assert np.nansum(cells.cell_map(found, found.cells[0]).data[0].z) == 18


def test_channels_beyond_the_map_are_counted():
    found = grid(units=400, shape=(100, 2, 2))
    fig = cells.cell_map(found, np.arange(0, 400, 4), most=64)
    assert fig.layout.annotations[0].text == "36 more channels hold units of the cell"


def test_intervals_have_a_row_a_measure():
    averages = {
        ("cka", "decodability"): Average(0.5, 0.2, 0.7, 0.01, 6, 0),
        ("cka", "rank_deficit"): Average(np.nan, np.nan, np.nan, np.nan, 0, 6),
        ("procrustes", "decodability"): Average(0.4, np.nan, np.nan, np.nan, 1, 0),
    }
    fig = cells.correlation_intervals(averages, ["cka", "procrustes"], ["decodability", "rank_deficit"])
    assert len(fig.data) == 1
    np.testing.assert_allclose(fig.data[0].x, [0.5, 0.4])
    np.testing.assert_allclose(fig.data[0].error_x.array, [0.2, 0], atol=1e-7)
    assert fig.layout.yaxis.ticktext == ("cka", "procrustes")
