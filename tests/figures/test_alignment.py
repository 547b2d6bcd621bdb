"""Alignment as it is drawn: exact corners of the curves, what is thinned, picks, frames, colours, names as text."""

import numpy as np
import pytest

from repsim_core.alignment import FORMS, align_layers, label_alignment, singular_vector_alignment
from repsim_core.figures import (
    Curve,
    add_cosine_picks,
    add_direction_picks,
    aligned_spectrum,
    alignment_curves,
    coloured,
    cosine_matrix,
    curves_of,
    descent_curves,
    energy_heatmap,
    for_export,
    layer_areas,
    one_alignment_curve,
    stimuli_along,
    transfer_gains,
)
from repsim_core.types import LayerActivations, Representation

STIMULI = tuple(f"s{k}" for k in range(40))
Y = np.arange(40) % 2


@pytest.fixture
def layers(rng):
    values = {"<a>": rng.normal(size=(40, 6)), "dead": np.ones((40, 2)), "b": Y[:, None] + rng.normal(size=(40, 30))}
    found = {name: Representation(one, STIMULI, "net", name) for name, one in values.items()}
    return LayerActivations("net", "data", STIMULI, found)


@pytest.fixture
def found(layers, rng):
    inputs = Representation(rng.normal(size=(40, 4)), STIMULI, "net", "input")
    return align_layers(layers, Y, inputs=inputs, permutations=20, keep=3, **FORMS["centred"])


# Three directions with 0.5, 0.25 and 0.125 of the targets at thresholds 0.8, 0.5 and 0.1.
CURVE = Curve("one", 1.0, np.array([0.8, 0.5, 0.1]), np.array([0.5, 0.25, 0.125]), 0.5, 0.1)


def test_a_curve_has_its_corners_and_falls_to_the_right():
    line = alignment_curves([CURVE]).data[0]
    # "vh": a value holds to the left of its point, so the third one from 0 to 0.1, and 1 at 0 alone.
    assert line.line.shape == "vh"
    assert line.x.tolist() == pytest.approx([0, 0.1, 0.5, 0.8, 1])
    assert line.y.tolist() == pytest.approx([1, 0.875, 0.75, 0.5, 0])


def test_a_model_is_drawn_as_its_layers(found):
    assert alignment_curves(found).to_json() == alignment_curves(curves_of(found)).to_json()


def test_the_published_thresholds_are_singular_values_and_ranks_are_counted():
    assert alignment_curves([CURVE], scale=20).data[0].x.tolist() == pytest.approx([0, 2, 10, 16, 20])
    assert alignment_curves([CURVE], scale=20).layout.xaxis.title.text.startswith("threshold τ")
    line = alignment_curves([CURVE], against="rank").data[0]
    assert line.x.tolist() == [1, 2, 3]
    assert line.y.tolist() == pytest.approx([0.5, 0.75, 0.875])
    assert line.line.shape == "hv"


def test_a_curve_is_nowhere_off_by_more_than_can_be_seen(rng):
    shares = rng.random(2000)
    thresholds = np.sort(rng.random(2000))[::-1]
    whole = Curve("one", 1.0, thresholds, shares / shares.sum(), 0, 0)
    line = alignment_curves([whole]).data[0]
    assert len(line.x) < 600
    at = np.linspace(0.01, thresholds[0] - 1e-3, 300)
    drawn = np.array([line.y[np.searchsorted(line.x, one)] for one in at])
    true = np.array([whole.shares[thresholds >= one].sum() for one in at])
    assert np.abs(drawn - true).max() < 0.01


def test_input_and_initialisation_are_dashed_and_named_once(found):
    fig = alignment_curves([*curves_of(found), *curves_of(found, reference=True)], chosen="b")
    names = [(one.name, one.line.dash, one.showlegend) for one in fig.data]
    assert names[:3] == [("input", "dash", True), ("&lt;a&gt;", "solid", True), ("b", "solid", True)]
    assert [one for one in names[3:] if one[2]] == [("as initialised", "dash", True)]
    assert fig.data[2].line.width > fig.data[1].line.width
    assert len({one.line.color for one in fig.data[:3]}) == 3
    assert f"area {found['b'].area:.3f}" in fig.data[2].hovertemplate


def test_one_layer_stands_before_its_band(found):
    band, chance, own = one_alignment_curve(found["b"]).data
    one = found["b"]
    assert band.y[: one.rank].tolist() == pytest.approx((one.band[1] / one.total).tolist(), rel=1e-6)
    assert own.y[1] == pytest.approx(one.captured, rel=1e-6)
    assert chance.y[1] == pytest.approx(one.chance.sum() / one.total, rel=1e-6)
    assert len(one_alignment_curve(label_alignment(np.eye(5) + 1, np.arange(5.0))).data) == 2


def test_areas_come_in_the_order_of_the_layers(found):
    fig = layer_areas(found, found)
    assert [one.name for one in fig.data] == ["trained", "as initialised", "chance"]
    assert list(fig.data[0].x) == ["input", "&lt;a&gt;", "b"]
    assert fig.data[0].y.tolist() == pytest.approx([one.area for one in found.values()], rel=1e-6)
    assert [one.name for one in layer_areas(found).data] == ["layer", "chance"]


def test_the_heatmap_holds_the_shares_and_a_click_finds_layer_and_direction(found):
    fig = energy_heatmap(found, most=5)
    z = fig.data[0].z
    assert z.shape == (3, 5)
    assert np.isnan(z[0, 4])  # the input has four directions
    assert z[2].tolist() == pytest.approx(found["b"].shares[:5].tolist(), rel=1e-6)
    assert (fig.data[0].zmin, fig.data[0].zmax) == (0, 0.5)
    picks = add_direction_picks(fig, found, ("b", 2)).data[1]
    place = picks.selectedpoints[0]
    assert (picks.y[place], picks.x[place]) == (2, 1)
    one = found["b"]
    expected = [one.shares[1], one.chance[1] / one.total, one.thresholds[1] ** 2, 2]
    assert picks.customdata[place].tolist() == pytest.approx(expected, rel=1e-6)
    assert picks.text[-1] == "b"
    assert "&lt;a&gt;" in picks.text


def test_an_export_has_no_picks_and_every_text_a_colour(found):
    drawn = add_direction_picks(energy_heatmap(found), found, None)
    assert len(for_export(drawn, title="x").data) == 1
    spectrum = coloured(aligned_spectrum(found["b"], direction=1), "#123456")
    assert spectrum.layout.coloraxis.colorbar.tickfont.color == "#123456"
    heat = coloured(energy_heatmap(found), "#123456")
    assert heat.data[0].colorbar.tickfont.color == "#123456"


def test_the_spectrum_sums_up_to_the_layer_and_counts_what_it_leaves_out(found):
    fig = aligned_spectrum(found["b"])
    assert fig.data[0].y.sum() == pytest.approx(1, rel=1e-5)
    assert fig.data[0].marker.color.tolist() == pytest.approx(found["b"].shares.tolist(), rel=1e-6)
    assert "20 weaker left out" in aligned_spectrum(found["b"], most=10).layout.xaxis.title.text
    assert aligned_spectrum(found["b"], direction=2).data[0].marker.line.width[1] == 2


def test_every_stimulus_lies_in_the_row_of_its_class_at_its_entry(rng):
    loadings = rng.normal(size=40)
    groups = ["even" if k % 2 == 0 else "odd" for k in range(40)]
    fig = stimuli_along(loadings, groups, STIMULI, order=["odd", "even", "absent"])
    assert [one.name for one in fig.data] == ["odd", "even"]
    assert fig.data[0].customdata.tolist() == list(range(1, 40, 2))
    assert fig.data[0].x.tolist() == pytest.approx(loadings[1::2].tolist(), rel=1e-6)
    assert (np.abs(fig.data[1].y - 1) <= 0.3).all()
    assert stimuli_along(loadings, groups, STIMULI).to_json() == stimuli_along(loadings, groups, STIMULI).to_json()
    many = stimuli_along(rng.normal(size=7000), ["a"] * 7000, [str(k) for k in range(7000)])
    assert len(many.data[0].x) <= 3000


def test_cosines_have_a_fixed_range_and_blocks_a_frame(rng):
    basis = np.linalg.qr(rng.normal(size=(40, 4)) - 0)[0]
    basis -= basis.mean(axis=0)
    same = np.linalg.qr(basis)[0] * np.array([5, 2, 2, 1.0])
    one = singular_vector_alignment(same, rng.normal(size=(40, 5)), k=4, centre=False)
    fig = cosine_matrix(one)
    assert (fig.data[0].zmin, fig.data[0].zmid, fig.data[0].zmax) == (-1, 0, 1)
    assert fig.data[0].z.tolist() == one.cosines.astype("float32").tolist()
    assert [(shape.y0, shape.y1) for shape in fig.layout.shapes] == [(0.5, 2.5)]
    picks = add_cosine_picks(fig, one, (2, 3)).data[1]
    assert picks.selectedpoints == (1 * 4 + 2,)
    assert picks.customdata[6].tolist() == pytest.approx([one.cosines[1, 2], 2, 3], rel=1e-6)


def test_steps_start_at_one_on_the_logarithmic_axis():
    steps = np.array([0.0, 1, 9])
    fig = descent_curves(
        steps, {"input": np.array([1, 0.5, 0.2]), "b": np.array([1, 0.1, 0])}, (steps, np.array([1, 0.1, 0]))
    )
    assert fig.data[0].x.tolist() == [1, 2, 10]
    assert fig.data[0].line.dash == "dash"
    assert fig.data[2].mode == "markers"
    assert len(descent_curves(steps, {"b": np.array([1, 0.1, 0])}).data) == 1


def test_gains_are_marked_by_group():
    fig = transfer_gains(["t1", "<t2>", "t3"], np.array([0.1, -0.2, 0.3]), np.array([1, 2, 3.0]), ["r", "u", "r"])
    assert [(one.name, one.x.tolist()) for one in fig.data] == [
        ("r", pytest.approx([0.1, 0.3])),
        ("u", pytest.approx([-0.2])),
    ]
    assert fig.data[1].text == ("&lt;t2&gt;",)
