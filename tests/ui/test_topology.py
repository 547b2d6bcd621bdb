"""The Topology page: numbers of the core, every view and panel, chosen bars, what is refused, links that are wrong."""

import json

import numpy as np
import pandas as pd
import pytest

from repsim_core import activations, datasets, models, topology
from repsim_ui import request
from repsim_ui.topology_recipes import KIND, DiagramRecipe
from tests.ui.app import charts, decoded, finished, opened, run, said, unescaped

pytestmark = pytest.mark.usefixtures("warm")

PAGE = "topology"
A, B = "zoo/digits-cnn-s10", "zoo/digits-cnn-s11"
SMALL = {"n": "60", "points": "40", "subs": "2", "noise": "none"}


def computed(**query):
    return finished(opened(PAGE, **(SMALL | {"run": "1"} | query)))


@pytest.fixture(scope="module")
def expected():
    data = datasets.load("digits", n=60, seed=0)
    return [
        topology.layer_diagrams(activations.extract(models.load(name), data), labels=data.labels, size=40, repeats=2)
        for name in (A, B)
    ]


def test_the_page_waits_with_what_it_costs():
    app = opened(PAGE, **SMALL)
    assert app.title[0].value == "Topology"
    assert not charts(app)
    assert said(app, "7 and 7 layers on 2 subsets of 40 stimuli, up to H1")
    assert app.button(key="compute")


def test_compute_draws_every_layer_with_the_bars_of_the_core(expected):
    app = opened(PAGE, **SMALL)
    app.button(key="compute").click()
    run(app)
    finished(app)
    assert app.query_params["run"] == "1"
    for chart, found in zip(charts(app)[:2], expected, strict=True):
        panels = [trace for trace in chart["data"] if trace.get("mode") == "markers"]
        assert [trace["meta"] for trace in panels] == [k for k in range(7) for _ in range(2)]
        for trace in panels:
            layer = found.layers[trace["meta"]]
            births = decoded(trace["x"])
            one = found.of(layer, 0 if not births.any() else 1)[0]
            np.testing.assert_allclose(births, one.births, rtol=1e-5)
            ends = np.isfinite(one.deaths)
            np.testing.assert_allclose(decoded(trace["y"])[ends], one.deaths[ends], rtol=1e-5)


def test_both_chosen_layers_are_at_large_on_one_scale(expected):
    app = computed(la="conv2", lb="conv4", subset="2")
    first, second = charts(app)[2:4]
    for chart, found, layer in ((first, expected[0], "conv2"), (second, expected[1], "conv4")):
        loops = next(trace for trace in chart["data"] if "loops" in (trace.get("name") or ""))
        np.testing.assert_allclose(decoded(loops["y"]), found.of(layer, 1)[1].deaths, rtol=1e-5)
        edges = found.of(layer, 1)[1].birth_simplices
        assert loops["text"][0] == " – ".join(found.stimuli[k] for k in edges[0])
    assert first["layout"]["xaxis"]["range"] == second["layout"]["xaxis"]["range"]


def test_a_chosen_bar_names_its_stimuli_and_draws_them(expected):
    app = computed(la="conv2", tbar="A H1 2")
    one = expected[0].of("conv2", 1)[0]
    words = next(text for text in unescaped(app.markdown) if text.startswith("**A H1 2**"))
    for k in (*one.birth_simplices[1], *one.death_simplices[1]):
        assert expected[0].stimuli[k] in words
    assert f"a length of **{one.lengths[1]:.3f}**" in words
    cloud = next(chart for chart in charts(app) if any(trace.get("name") == "birth" for trace in chart["data"]))
    birth = next(trace for trace in cloud["data"] if trace.get("name") == "birth")
    assert birth["text"] == [expected[0].stimuli[k] for k in one.birth_simplices[1]]
    app.selectbox(key="tbar").set_value("B H0 1")
    run(app)
    assert said(app, "that never ends: all stimuli are one cluster at last")


def test_the_noise_band_is_that_of_the_core():
    app = computed(la="conv2", noise="hausdorff")
    data = datasets.load("digits", n=60, seed=0)
    layers = activations.extract(models.load(A), data)
    found = topology.layer_diagrams(layers, labels=data.labels, size=40, repeats=2)
    noise = topology.noise_lengths(topology.layer_distances(found, layers["conv2"]), rule="hausdorff")
    band = next(trace for trace in charts(app)[2]["data"] if "noise" in (trace.get("name") or ""))
    length = min(noise.lengths[1], decoded(band["x"])[1])
    np.testing.assert_allclose(decoded(band["y"])[3], length, rtol=1e-5)
    above = int((found.of("conv2", 1)[0].lengths > noise.lengths[1]).sum())
    assert said(app, f"{above} of {len(found.of('conv2', 1)[0])} in H1")


@pytest.mark.parametrize(
    ("tab", "count"), [("Diagram", 6), ("Barcode", 6), ("Betti curve", 4), ("Matching", 3), ("Play", 4)]
)
def test_every_panel_draws(tab, count):
    assert len(charts(computed(ttab=tab))) == count


def test_play_has_a_frame_a_layer():
    app = computed(ttab="Play")
    assert [len(chart.get("frames", [])) for chart in charts(app)[2:]] == [7, 7]


def test_betti_curves_are_the_mean_over_the_subsets(expected):
    curve = charts(computed(ttab="Betti curve", la="conv2"))[2]
    grid, mean = next(
        (decoded(trace["x"]), decoded(trace["y"])) for trace in curve["data"] if "loops" in (trace.get("name") or "")
    )
    counts = [topology.betti_curve(one, np.float64(grid)) for one in expected[0].of("conv2", 1)]
    assert np.abs(mean - np.mean(counts, axis=0)).max() <= 0.5  # a step of the curve may fall between two roundings
    assert np.abs(mean - np.mean(counts, axis=0)).mean() < 0.05


def test_distances_are_those_of_the_core(expected):
    app = computed(tview="Distances", la="conv2", lb="conv4")
    matrix = topology.compare_diagrams(*expected, 1)
    found = [decoded(chart["data"][0]["z"]) for chart in charts(app)[:3]]
    np.testing.assert_allclose(found[0], matrix.values, rtol=1e-5)
    np.testing.assert_allclose(found[1], topology.compare_diagrams(expected[0], expected[0], 1).values, rtol=1e-5)
    np.testing.assert_allclose(found[2], topology.compare_diagrams(expected[1], expected[1], 1).values, rtol=1e-5)
    assert len({json.dumps(chart["data"][0]["zmax"]) for chart in charts(app)[:3]}) == 1
    pick = next(trace for trace in charts(app)[0]["data"] if trace.get("meta") == "pick")
    assert pick["selectedpoints"] == [1 * 7 + 3]
    assert said(app, f"**{matrix.value('conv2', 'conv4'):.4g}** ± ")
    table = next(one.value for one in app.dataframe if "mean step" in one.value)
    steps = [topology.smoothness(one, 1) for one in expected]
    np.testing.assert_allclose(table["mean step"], [one.mean_step for one in steps])
    np.testing.assert_allclose(table["sum of steps"], [one.path_length for one in steps])


def test_another_distance_and_dimension_are_other_matrices(expected):
    app = computed(tview="Distances", dist="bottleneck", dim="H0")
    matrix = topology.compare_diagrams(*expected, 0, kind="bottleneck")
    np.testing.assert_allclose(decoded(charts(app)[0]["data"][0]["z"]), matrix.values, rtol=1e-5)


def test_other_numbers_of_points_are_compared_only_if_meant():
    app = computed(tview="Distances", pointsb="20")
    assert any("A diagram has more and shorter bars the more points" in one for one in unescaped(app.warning))
    assert not charts(app)
    app.checkbox(key="unequal").check()
    run(app)
    finished(app)
    assert len(charts(app)) >= 4


def test_curves_have_their_means_and_other_networks_join(expected):
    app = computed(tview="Curves", number="bars")
    curve = next(trace for trace in charts(app)[0]["data"] if trace.get("name") == "digits-cnn-s10")
    counts = [np.mean([len(one) for one in expected[0].of(layer, 1)]) for layer in expected[0].layers]
    np.testing.assert_allclose(decoded(curve["y"]), counts, rtol=1e-5)
    assert said(app, "sliced wasserstein distance of H1 between digits-cnn-s10 and digits-cnn-s11")
    app.multiselect(key="more").select("zoo/digits-cnn-s12")
    run(app)
    app.button(key="compute_more").click()
    run(app)
    finished(app)
    assert "digits-cnn-s12" in {trace.get("name") for trace in charts(app)[0]["data"]}
    assert decoded(charts(app)[1]["data"][0]["z"]).shape == (3, 3)


def test_a_training_is_a_diagram_a_checkpoint():
    app = computed(tview="Along training", layer="head")
    multiples, course, play = charts(app)
    assert len({trace["meta"] for trace in multiples["data"] if trace.get("mode") == "markers"}) == 10
    assert len(play["frames"]) == 10
    distance = next(trace for trace in course["data"] if trace["name"] == "distance")
    values = decoded(distance["y"])
    assert values[-1] == 0
    assert values[0] == values.max()  # the untrained network is the farthest


def test_a_network_with_itself_is_drawn_once():
    app = computed(b=A, la="conv1", lb="conv5")
    assert len(charts(app)) == 5  # one sheet of all layers, both layers at large, the cloud, the pictures
    app = computed(b=A, tview="Distances")
    assert len([chart for chart in charts(app) if chart["data"][0]["type"] == "heatmap"]) == 1


def test_outliers_are_taken_out_of_every_diagram_and_shown():
    app = computed(out="knn", share="10")
    assert said(app, "7 of 7 layers; 36 points")
    assert said(app, "4 outliers were removed from this subset, marked by crosses.")
    cloud = next(chart for chart in charts(app) if any(trace.get("name") == "removed" for trace in chart["data"]))
    removed = next(trace for trace in cloud["data"] if trace.get("name") == "removed")
    assert len(decoded(removed["x"])) == 4


def test_too_many_points_name_the_number_that_fits(monkeypatch):
    monkeypatch.setenv("REPSIM_MEMORY_GB", "0.0001")
    app = opened(PAGE, **SMALL)
    assert "Take 37 points or fewer" in unescaped(app.warning)[0]
    assert not app.button(key="swap").disabled
    assert not [one for one in app.button if one.key == "compute"]


def test_more_points_than_stimuli_are_lowered_aloud():
    app = computed()
    app.number_input(key="n").set_value(30)
    run(app)
    assert "40 points need as many stimuli; showing 30." in unescaped(app.toast)
    assert app.number_input(key="points").value == 30


def test_a_graph_in_pieces_is_a_reason_for_each_layer():
    app = computed(tmetric="geodesic", knn="1")
    assert any("7 of 7 layers of zoo/digits-cnn-s10 are undefined" in one for one in unescaped(app.info))
    assert any("conv1 of A: undefined" in one for one in unescaped(app.info))


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("tview", "Layer", "View 'Layer' is not available here; showing Layers."),
        ("ttab", "Bars", "Panel 'Bars' is not available here; showing Diagram."),
        ("tmetric", "taxi", "Metric 'taxi' is not available here; showing euclidean."),
        ("out", "far", "Outliers 'far' is not available here; showing none."),
        ("upto", "H9", "Dimension 'H9' is not available here; showing H1."),
        ("points", "9999", "Points '9999' is no whole number from 4 to 60; showing 60."),
        ("subs", "99", "Subsets '99' is no whole number from 1 to 10; showing 3."),
        ("la", "conv9", "Layer 'conv9' is not available here; showing conv1."),
        ("noise", "loud", "Noise 'loud' is not available here; showing bootstrap."),
    ],
)
def test_an_unknown_value_in_a_link_is_said_and_replaced(key, value, words):
    app = opened(PAGE, **(SMALL | {"run": "1", key: value}))
    assert any(one.startswith(words) for one in unescaped(app.toast)), unescaped(app.toast)


def test_a_dataset_that_does_not_fit_is_a_warning():
    app = opened(PAGE, ds="wine", n="20")
    assert "takes inputs of shape (1, 8, 8)" in unescaped(app.warning)[0]


def test_the_address_of_a_view_names_everything():
    app = computed(la="conv2", ttab="Barcode", tbar="A H1 2", tmetric="cosine")
    app.session_state["copy_link"] = True
    run(app)
    link = next(one.value for one in app.code if "a=" in one.value)
    for part in (
        *("points=40", "subs=2", "upto=H1", "tmetric=cosine", "tview=Layers", "ttab=Barcode", "tbar=A+H1+2"),
        *("la=conv2", "lb=conv1", "noise=none", "run=1"),
    ):
        assert part in link


def test_a_child_finds_the_diagrams_of_the_page_under_their_key():
    recipe = DiagramRecipe(A, "digits", 60, 0, size=40, repeats=2, layers="chosen", chosen=("conv1",))
    assert request.of_kind(KIND, recipe.to_json(), "", 1.0).key == recipe.key
    assert DiagramRecipe.from_json(recipe.to_json()) == recipe


@pytest.mark.parametrize(
    "more", [{}, {"layers": "all", "scale": "none"}, {"layers": "chosen", "chosen": ("conv2", "head"), "percent": 10}]
)
def test_the_program_gives_the_same_numbers(more):
    recipe = DiagramRecipe(A, "digits", 60, 0, size=30, repeats=2, outlier_rule="knn", **more)
    names: dict[str, object] = {"print": lambda _: None}
    exec(recipe.as_python(), names)
    data = datasets.load("digits", n=60, seed=0)
    model = models.load(A)
    chosen = {"all": [one.name for one in models.layers(model, data)], "chosen": ["conv2", "head"]}
    layers = activations.extract(model, data, chosen.get(recipe.layers))
    found = topology.layer_diagrams(layers, labels=data.labels, **recipe.options)
    pd.testing.assert_frame_equal(names["diagrams"].to_frame(), found.to_frame())
