"""Figures of persistence diagrams: every number that is drawn, what is left out and said, labels that stay text."""

import numpy as np
import pytest

from repsim_core.figures import coloured, for_export, projection
from repsim_core.figures.diagram_curves import betti_curves, layer_steps, summary_curves
from repsim_core.figures.diagram_links import add_bar, diagram_matching
from repsim_core.figures.diagrams import (
    add_play,
    diagram_multiples,
    layer_barcode,
    layer_diagram,
    multiples_drawn,
    scale_top,
)
from repsim_core.types import PersistenceDiagram
from repsim_core.types.diagram_results import Smoothness
from repsim_core.types.diagrams import LayerDiagrams

INF = np.inf


def diagram(pairs, dimension=1, born=None, died=None):
    pairs = np.asarray(pairs, float).reshape(-1, 2)
    nobody = [np.full((len(pairs), dimension + 1 + k), -1, np.int32) for k in (0, 1)]
    return PersistenceDiagram(
        pairs[:, 0],
        pairs[:, 1],
        dimension,
        nobody[0] if born is None else np.array(born),
        nobody[1] if died is None else np.array(died),
    )


COMPONENTS = diagram([(0, 1), (0, INF), (0, 0.5)], 0, died=[[0, 1], [-1, -1], [1, 2]])
LOOPS = diagram([(0.5, 0.7), (0.4, 1.2)], 1, born=[[0, 2], [1, 3]])
STIMULI = ["s0", "s<1>", "s2", "s3"]


def study(**layers):
    return LayerDiagrams(
        "net",
        "toys",
        tuple(layers),
        ((2,),) * len(layers),
        tuple(STIMULI),
        np.arange(4)[None],
        {name: (one,) for name, one in layers.items() if not isinstance(one, str)},
        reasons={name: one for name, one in layers.items() if isinstance(one, str)},
    )


def named(fig, name):
    return next(trace for trace in fig.data if trace.name and name in trace.name)


def test_a_diagram_draws_every_bar_and_the_endless_one_on_its_line():
    fig = layer_diagram((COMPONENTS, LOOPS), stimuli=STIMULI)
    top = np.float32(1.08 * 1.2)
    first, second = named(fig, "components"), named(fig, "loops")
    np.testing.assert_array_equal(first.x, np.zeros(3, "float32"))
    np.testing.assert_array_equal(first.y, np.array([top, 1, 0.5], "float32"))  # longest first
    np.testing.assert_array_equal(second.x, np.array([0.4, 0.5], "float32"))
    np.testing.assert_array_equal(second.y, np.array([1.2, 0.7], "float32"))
    line = next(trace for trace in fig.data if trace.text is not None and "∞" in list(trace.text))
    np.testing.assert_array_equal(line.y, [top, top])
    np.testing.assert_array_equal(second.customdata, np.array([[1, 0.4, 1.2], [2, 0.5, 0.7]], "float32"))
    assert second.text == ("s&lt;1&gt; – s3", "s0 – s2")
    assert first.text == ("", "s0 – s&lt;1&gt;", "s&lt;1&gt; – s2")  # the edge that ends the component
    assert fig.layout.xaxis.range == fig.layout.yaxis.range


def test_the_noise_band_lies_over_the_diagonal_of_the_largest_dimension():
    fig = layer_diagram((COMPONENTS, LOOPS), noise={0: 0.6, 1: 0.25})
    band = named(fig, "may be noise in H₁")
    top = scale_top((COMPONENTS, LOOPS))
    np.testing.assert_allclose(band.x, [0, top, top - 0.25, 0], rtol=1e-6)
    np.testing.assert_allclose(band.y, [0, top, top, 0.25], rtol=1e-6)
    assert all("noise" not in (trace.name or "") for trace in layer_diagram((COMPONENTS, LOOPS)).data)


def test_a_layer_has_its_panel_and_all_share_one_scale():
    fig = diagram_multiples(study(conv1=(COMPONENTS, LOOPS), dead="zero_scale", later="pending"), columns=2)
    panels = [trace for trace in fig.data if trace.mode == "markers"]
    assert [(trace.meta, trace.xaxis) for trace in panels] == [(0, "x"), (0, "x")]
    words = [one.text for one in fig.layout.annotations]
    assert words[:3] == ["conv1", "dead", "later"]
    assert words[3:] == ["undefined", "not yet"]
    assert len({tuple(axis.range) for axis in fig.select_xaxes() if axis.range}) == 1


def test_a_chart_of_many_layers_draws_the_longest_bars_only(rng):
    births = rng.random(400)
    many = diagram(np.column_stack([births, births + rng.random(400)]))
    found = study(**{f"l{k}": (many,) for k in range(30)})
    assert multiples_drawn(found) == 100
    panels = [trace for trace in diagram_multiples(found).data if trace.mode == "markers"]
    assert {len(trace.x) for trace in panels} == {100}
    lengths = panels[0].y - panels[0].x
    assert lengths.min() >= np.sort(many.lengths)[-100] - 1e-6


def test_a_barcode_runs_from_birth_to_death_and_counts_what_is_above_noise():
    fig = layer_barcode((COMPONENTS, LOOPS), noise={1: 0.3})
    top = 1.08 * 1.2
    np.testing.assert_allclose(fig.data[0].x, [1.04 * top, 1, 0.5], rtol=1e-6)
    np.testing.assert_allclose(fig.data[1].base.tolist(), [0.4, 0.5], rtol=1e-6)
    np.testing.assert_allclose(fig.data[1].x, [0.8, 0.2], rtol=1e-6)
    titles = [one.text for one in fig.layout.annotations]
    assert titles == ["H₀ components: 3 bars, sum 1.500", "H₁ loops: 2 bars, sum 1.000, 1 longer than noise"]
    short = layer_barcode((LOOPS,), most=1)
    assert short.layout.annotations[0].text.endswith("<br>the 1 longest drawn")
    assert len(short.data[0].x) == 1


def test_play_has_a_frame_a_layer_and_none_in_an_export():
    found = study(conv1=(COMPONENTS, LOOPS), dead="zero_scale", conv2=(COMPONENTS, diagram([(0.1, 3.0)])))
    still = layer_diagram(found.diagrams["conv1"][0], top=scale_top(found.diagrams["conv2"][0]))
    fig = add_play(layer_diagram(found.diagrams["conv1"][0]), found, top=scale_top(found.diagrams["conv2"][0]))
    assert [frame.name for frame in fig.frames] == ["conv1", "conv2"]
    assert [step.label for step in fig.layout.sliders[0].steps] == ["conv1", "conv2"]
    assert [len(frame.data) for frame in fig.frames] == [len(still.data)] * 2
    np.testing.assert_array_equal(fig.frames[1].data[-1].y, np.array([3.0], "float32"))
    assert [button.label for button in fig.layout.updatemenus[0].buttons] == ["▶", "❚❚"]
    exported = for_export(still, title="x")
    assert not exported.frames
    assert not exported.layout.sliders


def test_betti_curves_have_their_band():
    grid = np.linspace(0, 1, 4)
    mean, low, high = np.array([3.0, 2, 1, 0]), np.array([2.0, 1, 1, 0]), np.array([4.0, 3, 1, 0])
    nothing = np.full(4, np.nan)
    fig = betti_curves(grid, {0: (mean, low, high), 1: (mean, nothing, nothing)})
    assert [len(list(fig.select_traces(row=row))) for row in (1, 2)] == [3, 1]
    np.testing.assert_array_equal(fig.data[0].y, low)
    np.testing.assert_array_equal(fig.data[1].y, high)
    assert fig.data[1].fill == "tonexty"
    np.testing.assert_array_equal(fig.data[2].y, mean)
    assert [one.text for one in fig.layout.annotations] == ["H₀ components", "H₁ loops"]


def test_a_bar_is_an_edge_and_a_triangle_over_the_cloud():
    scores = np.arange(8, dtype=float).reshape(4, 2)
    cloud = projection(scores, None, STIMULI, title="conv1", share=(0.5, 0.2))
    fig = add_bar(cloud, scores, born=[1, 3], died=[0, 1, 2], stimuli=STIMULI)
    death, birth = fig.data[-2:]
    assert (death.name, birth.name) == ("death", "birth")
    np.testing.assert_array_equal(birth.x, [2, 6])
    np.testing.assert_array_equal(death.x, [0, 2, 4, 0])  # closed
    assert birth.text == ("s&lt;1&gt;", "s3")
    none = add_bar(projection(scores, None, STIMULI, title="", share=(0, 0)), scores, [2], [-1, -1], STIMULI)
    assert [trace.name for trace in none.data[1:]] == ["birth"]
    cloud = projection(scores, None, STIMULI, title="", share=(0, 0))
    crosses = add_bar(cloud, scores, [2], [-1, -1], STIMULI, removed=[3, 0]).data[1]
    assert (crosses.name, crosses.x.tolist(), crosses.text) == ("removed", [6, 0], ("s3", "s0"))


def test_a_matching_moves_every_bar_to_its_partner_or_the_diagonal():
    one, other = diagram([(0, 1), (0.2, 0.4)]), diagram([(0.1, 1.2)])
    fig = diagram_matching(one, other, np.array([[0, 0], [1, -1]]), names=("A <x>", "B"))
    moves = named(fig, "moves")
    np.testing.assert_allclose(moves.x[[0, 1, 3, 4]], [0, 0.1, 0.2, 0.3], rtol=1e-6)
    np.testing.assert_allclose(moves.y[[0, 1, 3, 4]], [1, 1.2, 0.4, 0.3], rtol=1e-6)
    assert np.isnan(moves.x[[2, 5]]).all()
    assert named(fig, "A").name == "A &lt;x&gt;"
    np.testing.assert_array_equal(named(fig, "B").y, np.array([1.2], "float32"))


def test_steps_lie_between_their_layers_with_the_spread_over_subsets():
    found = Smoothness(np.array([[1.0, 3.0], [np.nan, np.nan]]), ("a", "b", "c"))
    fig = layer_steps({"net": found, "other": Smoothness(np.zeros((0, 2)), ("a",))})
    np.testing.assert_allclose(fig.data[0].x, [0.25, 0.75])
    assert fig.data[0].y[0] == 2
    assert np.isnan(fig.data[0].y[1])
    np.testing.assert_allclose(fig.data[0].error_y.array, [np.sqrt(2), 0], rtol=1e-6)
    assert fig.data[0].text == ("a → b", "b → c")
    assert len(fig.data[1].x) == 0


def test_curves_over_depth_have_a_band_where_there_is_one():
    depth, mean = np.array([0.0, 1.0]), np.array([4.0, 2.0])
    nothing = np.full(2, np.nan)
    fig = summary_curves(
        {"a": (depth, mean, mean - 1, mean + 1), "b": (depth, mean, nothing, nothing)},
        value="bars",
        layers={"a": ["x", "y"], "b": ["u", "v"]},
    )
    assert [trace.name for trace in fig.data] == [None, None, "a", "b"]
    np.testing.assert_array_equal(fig.data[1].y, [5, 3])
    assert fig.data[2].text == ("x", "y")
    assert fig.layout.yaxis.title.text == "bars"


@pytest.mark.parametrize("dimension", [0, 1, 2])
def test_an_empty_diagram_is_a_figure_too(dimension):
    empty = diagram([], dimension)
    for fig in (layer_diagram((empty,)), layer_barcode((empty,)), diagram_multiples(study(one=(empty,)))):
        assert coloured(for_export(fig), "#000000").to_json()
