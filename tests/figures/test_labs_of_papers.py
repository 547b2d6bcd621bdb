"""Figures of the labs on two papers: what is drawn where, and names that stay text."""

import numpy as np
import pytest

from repsim_core.figures.labs_barannikov import clouds_and_course
from repsim_core.figures.labs_kornblith import beside_print, layer_maps, match_places


def test_matches_are_drawn_from_0_to_1_with_both_layers_on_hover():
    shares = np.array([[0.75, 0.25], [0.0, 1.0]])
    fig = match_places(shares, ["a<b", "c"], ["d", "e"], titles=("rows", "columns"))
    (drawn,) = fig.data
    assert np.asarray(drawn.z).tolist() == shares.tolist()
    assert (drawn.zmin, drawn.zmax) == (0, 1)
    assert drawn.customdata[0][1] == "a&lt;b → e"
    assert fig.layout.yaxis.autorange == "reversed"
    assert (fig.layout.yaxis.title.text, fig.layout.xaxis.title.text) == ("rows", "columns")


def test_measured_and_printed_stand_side_by_side_and_what_is_not_printed_has_no_bar():
    errors = np.array([0.02, 0.03])
    fig = beside_print(
        ["CKA", "RTD"], np.array([0.8, 0.9]), np.array([0.99, np.nan]), errors=errors, chance=0.2, title="x"
    )
    here, printed = fig.data
    assert (here.name, printed.name) == ("here", "the paper")
    assert list(here.y) == list(printed.y) == ["CKA", "RTD"]
    assert np.asarray(here.x) == pytest.approx([0.8, 0.9])
    assert np.isnan(np.asarray(printed.x)[1])
    assert np.asarray(here.error_x.array) == pytest.approx(errors)
    assert fig.layout.shapes[0].x0 == 0.2


def test_every_network_has_a_map_of_one_range_and_counts_its_layers_from_1():
    maps = {f"{k}×": np.eye(k + 1) for k in (1, 2, 4)}
    fig = layer_maps(maps)
    assert [np.asarray(one.z).shape for one in fig.data] == [(2, 2), (3, 3), (5, 5)]
    assert {(one.zmin, one.zmax, one.x0, one.y0) for one in fig.data} == {(0, 1, 1, 1)}
    assert [one.text for one in fig.layout.annotations] == ["1×", "2×", "4×"]
    assert sum(bool(one.showscale) for one in fig.data) == 1


def test_clouds_stand_above_the_course_in_one_frame(rng):
    clouds = {"k = 1": rng.normal(size=(6, 2)), "k = 2": 5 * rng.normal(size=(6, 2))}
    groups = np.array([0, 0, 0, 1, 1, 1])
    fig = clouds_and_course(
        clouds, groups, ["1", "2"], {"RTD": np.array([1.0, 2.0]), "CKA": np.array([0.5, 0.4])}, title="k"
    )
    first, second, rtd, cka = fig.data
    assert np.asarray(second.x) == pytest.approx(clouds["k = 2"][:, 0], rel=1e-6)
    assert len(set(first.marker.color[:3])) == 1
    assert first.marker.color[0] != first.marker.color[5]
    assert fig.layout.xaxis.range == fig.layout.xaxis2.range == fig.layout.yaxis.range
    assert (rtd.name, cka.name) == ("RTD", "CKA")
    assert rtd.line.dash != cka.line.dash
    assert rtd.xaxis == cka.xaxis != first.xaxis
