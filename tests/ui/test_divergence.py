"""The Divergence page: numbers of the core, linked maps, bars with their stimuli, experiments, links that are wrong."""

import numpy as np
import pytest

from repsim_core import activations, datasets, models, similarity, topology
from repsim_ui import divergence_controls
from tests.ui.app import charts, decoded, finished, opened, run, unescaped

pytestmark = pytest.mark.usefixtures("warm")

PAGE = "divergence"
A, B = "zoo/digits-cnn-s10", "zoo/digits-cnn-s11"
SMALL = {"n": "60", "trials": "3", "batch": "40"}


def computed(**query):
    return finished(opened(PAGE, **(SMALL | {"run": "1"} | query)))


def expected(measure="rtd", **options):
    data = datasets.load("digits", n=60, seed=0)
    a, b = (activations.extract(models.load(name), data) for name in (A, B))
    return a, b, similarity.compare_layers(a, b, measure, **options)


def test_the_page_waits_with_what_it_costs():
    app = opened(PAGE, **SMALL)
    assert app.title[0].value == "Divergence"
    assert not charts(app)
    assert any("7 × 7 cells on 3 subsets of 40 stimuli" in one for one in unescaped(app.markdown))
    assert app.button(key="compute")


def test_compute_draws_both_maps_with_the_numbers_of_the_core():
    app = opened(PAGE, **SMALL)
    app.button(key="compute").click()
    run(app)
    finished(app)
    _, _, rtd = expected(trials=3, batch=40)
    _, _, cka = expected("cka")
    first, second = (decoded(one["data"][0]["z"]) for one in charts(app)[:2])
    np.testing.assert_allclose(first, rtd.values, rtol=1e-5)
    np.testing.assert_allclose(second, cka.values, rtol=1e-5)
    assert app.query_params["run"] == "1"


def test_the_cell_of_the_link_is_framed_in_both_maps_and_said_with_its_error():
    app = computed(la="conv2", lb="conv4")
    for chart in charts(app)[:2]:
        picks = next(trace for trace in chart["data"] if trace.get("meta") == "pick")
        assert picks["selectedpoints"] == [1 * 7 + 3]
    _, _, rtd = expected(trials=3, batch=40)
    value, error = rtd.value("conv2", "conv4"), rtd.standard_error[1, 3]
    assert f"**{value:.3f}** ± {error:.2g} RTD, batch 40, 3 subsets" in unescaped(app.markdown)


def test_another_cell_moves_both_frames_and_the_barcode():
    app = computed(la="conv2", lb="conv4")
    before = charts(app)
    app.selectbox(key="la").set_value("conv5")
    run(app)
    after = charts(app)
    for chart in after[:2]:
        picks = next(trace for trace in chart["data"] if trace.get("meta") == "pick")
        assert picks["selectedpoints"] == [4 * 7 + 3]
    assert before[2]["data"][0]["x"] != after[2]["data"][0]["x"]


def test_the_barcodes_are_those_of_the_core_in_both_directions():
    app = computed(la="conv2", lb="conv4", trial="2")
    a, b, _ = expected("cka")
    found = topology.rtd(a["conv2"], b["conv4"], trials=3, batch=40)
    forward, backward = charts(app)[2]["data"]
    for trace, diagram in ((forward, found.forward[1]), (backward, found.backward[1])):
        shown = min(60, len(diagram))
        np.testing.assert_allclose(decoded(trace["x"]), diagram.lengths[:shown], rtol=1e-5)
        np.testing.assert_allclose(decoded(trace["base"]), diagram.births[:shown], rtol=1e-5)


def test_a_chosen_bar_names_its_two_stimuli_and_both_distances():
    app = computed(la="conv2", lb="conv4", bar="B to A 2")
    a, b, _ = expected("cka")
    found = topology.rtd(a["conv2"], b["conv4"], trials=3, batch=40)
    rows = found.subsets[0][found.backward[0].birth_simplices[1]]
    said = next(one for one in unescaped(app.markdown) if "apart in" in one)
    for k in rows:
        assert a.stimuli[k] in said
    assert f"**{found.backward[0].births[1]:.3f}** apart in A conv2" in said
    app.selectbox(key="bar").set_value("A to B 1")
    run(app)
    assert f"**{found.forward[0].births[0]:.3f}** apart in B conv4" in " ".join(unescaped(app.markdown))


@pytest.mark.parametrize(("tab", "count"), [("Barcodes", 4), ("Diagram", 4), ("Batch size", 4), ("Parts", 3)])
def test_every_panel_draws(tab, count):
    assert len(charts(computed(dtab=tab))) == count


def test_a_batch_of_all_stimuli_is_one_subset_and_says_so():
    app = finished(opened(PAGE, n="60", batch="60", run="1"))
    assert any("A batch of all 60 stimuli is one subset" in one for one in unescaped(app.caption))
    assert any(one.endswith("RTD, batch 60, 1 subset") for one in unescaped(app.markdown))


def test_a_batch_above_a_smaller_n_is_lowered_aloud():
    app = computed()
    app.number_input(key="n").set_value(30)
    run(app)
    assert "A batch of 40 needs as many stimuli; showing 15." in unescaped(app.toast)
    assert app.number_input(key="batch").value is None


def test_without_a_batch_half_of_the_stimuli_make_a_subset_so_that_there_is_an_error():
    app = opened(PAGE, n="60")
    assert any("cells on 10 subsets of 30 stimuli" in one for one in unescaped(app.markdown))
    assert not any("is one subset" in one for one in unescaped(app.caption))
    assert [divergence_controls.usual_batch(n) for n in (2, 999, 1000, 5000)] == [2, 499, 500, 500]


def test_rtd_lite_carries_its_warning():
    app = computed(div="rtd_lite")
    assert unescaped(app.warning) == [topology.LITE_WARNING]


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("div", "rtdd", "Measure 'rtdd' is not available here; showing rtd."),
        ("dtab", "Bars", "Panel 'Bars' is not available here; showing Barcodes."),
        ("view", "nope", "View 'nope' is not available here; showing This pair."),
        ("metric", "taxi", "Metric 'taxi' is not available here; showing euclidean."),
        ("trials", "99", "Subsets '99' is no whole number from 1 to 10; showing 10."),
        ("batch", "99", "Batch '99' is no whole number from 2 to 60; showing 30."),
    ],
)
def test_an_unknown_value_in_a_link_is_said_and_replaced(key, value, said):
    computed()
    app = opened(PAGE, **(SMALL | {"run": "1", key: value}))
    assert any(one.startswith(said) for one in unescaped(app.toast)), unescaped(app.toast)


def test_a_dataset_that_does_not_fit_is_a_warning():
    app = opened(PAGE, ds="wine", n="20")
    assert "takes inputs of shape (1, 8, 8)" in unescaped(app.warning)[0]


def test_clusters_have_the_taus_of_the_paper():
    app = opened(PAGE, view="Clusters and rings", k="4")
    table = app.dataframe[0].value.set_index("measure")
    taus = table["Kendall's tau with k"]
    assert taus["RTD"] == pytest.approx(1)
    assert taus["RTD-Lite"] == pytest.approx(-1)
    assert taus["CKA, linear, biased"] == pytest.approx(0.238095, abs=1e-6)
    assert table.loc["RTD", "k = 4"] == pytest.approx(13.7854, abs=1e-4)
    app = opened(PAGE, view="Clusters and rings", family="rings")
    table = app.dataframe[0].value.set_index("measure")
    assert table.loc["RTD", "Kendall's tau with k"] == pytest.approx(0.8)
    assert table.loc["CKA, linear, biased", "Kendall's tau with k"] == pytest.approx(-0.2)


def test_training_ends_at_the_trained_network_and_says_who_follows_the_predictions():
    app = finished(opened(PAGE, view="Along training", n="50", layer="head"))
    rtd, cka, differ = (decoded(one["y"]) for one in charts(app)[0]["data"])
    assert len(rtd) == len(cka) == len(differ) == 10
    assert rtd[0] == rtd.max()  # the untrained network is the farthest
    assert rtd[-2] < rtd[0] / 2
    assert rtd[-1] == differ[-1] == 0
    with_rtd = np.corrcoef(rtd[:-1], differ[:-1])[0, 1]
    assert any(f"RTD **{with_rtd:.3f}**" in one for one in unescaped(app.markdown))


def test_domains_compare_the_same_shapes():
    app = finished(opened(PAGE, view="Between domains", n="40"))
    table = app.dataframe[0].value
    assert table["domains"].tolist() == [
        "shapes × shapes_texture",
        "shapes × shapes_sketch",
        "shapes_texture × shapes_sketch",
    ]
    np.testing.assert_allclose(table["cluster part"] + table["loop part"], table["RTD"], rtol=1e-9)
    assert table["accuracy, first"][0] > table["accuracy, second"][0]  # it was trained on the first


def test_the_address_of_a_view_names_everything():
    app = computed(la="conv2", dtab="Diagram", bar="A to B 2")
    app.session_state["copy_link"] = True
    run(app)
    link = next(one.value for one in app.code if "a=" in one.value)
    for part in ("div=rtd", "trials=3", "batch=40", "la=conv2", "lb=conv1", "dtab=Diagram", "bar=A+to+B+2", "run=1"):
        assert part in link
