"""Statistics as they are drawn: the band, where enough was reached, bars that add up, the score that was seen."""

import numpy as np
import pytest

from repsim_core.figures.inference import null_histogram, score_against_n
from repsim_core.types import StimulusCurve


def curve(values, sizes=(10, 20, 40, 80), tolerance=0.1):
    return StimulusCurve(np.array(sizes), np.array(values, float), tolerance, np.full(len(sizes), ""))


SETTLED = curve([[0.75, 0.5, 0.5, 0.5], [0.25, 0.5, 0.5, 0.5]])
OPEN = curve([[np.nan, 1.5, 1.0, 0.5], [np.nan, 2.5, 1.0, 0.5]])


def test_the_band_is_mean_plus_minus_sd():
    band, line, ring = score_against_n({"<cka>": SETTLED}, score="<CKA>").data
    sd = np.float32(np.std([0.75, 0.25], ddof=1))
    assert line.x.tolist() == [10, 20, 40, 80]
    assert line.y.tolist() == [0.5] * 4
    assert line.customdata.tolist() == [sd, 0, 0, 0]
    assert band.x.tolist() == [10, 20, 40, 80, 80, 40, 20, 10]
    assert band.y == pytest.approx([0.5 + sd, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5 - sd])
    assert (band.fill, band.fillcolor) == ("toself", "rgba(0, 114, 178, 0.2)")
    assert (ring.x.tolist(), ring.y.tolist()) == ([20], [0.5])
    assert "&lt;cka&gt;: enough from %{x:.0f} stimuli" in ring.hovertemplate
    assert line.y.dtype == np.float32


def test_the_tolerance_is_drawn_for_a_single_curve():
    figure = score_against_n({"cka": SETTLED}, score="<CKA>")
    assert sorted(one.y0 for one in figure.layout.shapes) == pytest.approx([0.4, 0.6])
    assert figure.layout.yaxis.title.text == "&lt;CKA&gt;"
    assert figure.layout.xaxis.type == "log"
    assert figure.layout.xaxis.tickvals == (20, 80)
    assert figure.layout.xaxis.ticktext == ("20", "80")
    assert not score_against_n({"a": SETTLED, "b": OPEN}).layout.shapes


def test_sizes_without_a_score_are_left_out_and_an_open_curve_has_no_ring():
    traces = score_against_n({"a": SETTLED, "b": OPEN}).data
    assert len(traces) == 5
    assert traces[4].x.tolist() == [20, 40, 80]
    assert traces[4].y.tolist() == [2, 1, 0.5]
    assert traces[1].marker.color != traces[4].marker.color
    assert traces[1].line.dash != traces[4].line.dash


def test_the_bars_hold_every_shuffle_once():
    null = np.arange(100) / 100
    bars, seen = null_histogram(null, 1.25, score="<CKA>", p=0.01).data
    assert bars.y.sum() == 100
    assert bars.y.tolist() == [10] * 10  # a tenth of the shuffles as bins, each 10 of a hundred
    assert bars.x - bars.width / 2 == pytest.approx(bars.customdata[:, 0], abs=1e-6)
    assert bars.customdata[0, 0] == 0
    assert bars.customdata[-1, 1] == np.float32(0.99)
    assert seen.x.tolist() == [1.25, 1.25]
    assert seen.y.tolist() == [0, 10]
    assert seen.name == "seen 1.250, p = 0.01"
    assert bars.name == "shuffled stimuli (100)"


def test_names_stay_text_and_an_undefined_score_has_no_line():
    figure = null_histogram(np.array([0.5, np.nan, 0.25]), np.nan, score="<b>", shuffled="<within>")
    (bars,) = figure.data
    assert bars.y.sum() == 2
    assert bars.name == "&lt;within&gt; (2)"
    assert figure.layout.xaxis.title.text == "&lt;b&gt;"
    assert null_histogram(np.zeros(19), 0.5).data[1].name == "seen 0.500"
