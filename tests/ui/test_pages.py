"""Pages run as a browser's session runs them: first renders, transitions, links that are wrong."""

import numpy as np
import pytest

from repsim_core import activations, datasets, models, similarity
from tests.ui.app import charts, decoded, opened, run, unescaped

pytestmark = pytest.mark.usefixtures("warm")

MAP = "layer_map"
PAGES = {
    "Ablation": "ablation",
    "Alignment": "alignment",
    "Divergence": "divergence",
    "Labs": "labs",
    "Layer map": MAP,
    "Models & data": "models",
    "RepSim": "start",
    "Topology": "topology",
}


def cells(app):
    heatmap = charts(app)[0]["data"][0]
    assert heatmap["type"] == "heatmap"
    return decoded(heatmap["z"])


@pytest.mark.parametrize("title", PAGES)
def test_every_page_opens(title):
    app = opened(PAGES[title])
    assert app.title[0].value == title
    assert app.selectbox(key="a").value == "zoo/digits-cnn-s10"
    assert app.selectbox(key="b").value == "zoo/digits-cnn-s11"
    assert not app.warning
    assert not app.toast


def test_the_map_waits_for_a_click_and_then_shows_the_numbers_of_the_core():
    app = opened(MAP, n="60", seed="5")
    assert not charts(app)
    assert any("49 cells on 60 stimuli" in one.value.replace("\\", "") for one in app.markdown)
    app.button(key="compute").click()
    run(app)
    data = datasets.load("digits", n=60, seed=5)
    a, b = (activations.extract(models.load(f"zoo/digits-cnn-s{seed}"), data) for seed in (10, 11))
    expected = similarity.compare_layers(a, b)
    np.testing.assert_allclose(cells(app), expected.values, rtol=1e-6)
    assert app.query_params["run"] == "1"


def test_a_link_restores_the_computed_view_with_its_cell():
    app = opened(MAP, n="50", run="1", la="conv2", lb="conv4", m="cka_biased", tab="Spectra")
    assert (app.selectbox(key="la").value, app.selectbox(key="lb").value) == ("conv2", "conv4")
    picks = next(trace for trace in charts(app)[0]["data"] if trace.get("meta") == "pick")
    assert picks["selectedpoints"] == [1 * 7 + 3]
    assert [one["layout"]["xaxis"]["title"]["text"] for one in charts(app)[2:]] == ["direction, strongest first"]


def test_another_measure_waits_again_and_comes_back_at_once():
    app = opened(MAP, n="50", run="1")
    assert charts(app)
    app.selectbox(key="m").set_value("cka_rbf")
    run(app)
    assert not charts(app)
    assert "run" not in app.query_params
    app.button(key="compute").click()
    run(app)
    assert charts(app)
    app.selectbox(key="m").set_value("cka")
    run(app)
    assert charts(app)


def test_another_option_is_another_result():
    app = opened(MAP, n="50", run="1", m="cka_rbf")
    before = cells(app)
    app.slider(key="o_cka_rbf_scale").set_value(0.25)
    run(app)
    app.button(key="compute").click()
    run(app)
    assert not np.allclose(before, cells(app))


def test_another_model_while_a_layer_is_chosen():
    app = opened(MAP, n="50", run="1", la="conv2", lb="conv3")
    app.selectbox(key="b").set_value("zoo/digits-vit-small-s10")
    run(app)
    app.button(key="compute").click()
    run(app)
    assert app.selectbox(key="la").value == "conv2"
    assert app.selectbox(key="lb").value in app.selectbox(key="lb").options
    assert "Layer 'conv3' is not available here" in " ".join(unescaped(app.toast))


def test_swap_exchanges_models_and_layers():
    app = opened(MAP, n="50", run="1", la="conv2", lb="conv4")
    before = cells(app)
    app.button(key="swap").click()
    run(app)
    assert (app.selectbox(key="a").value, app.selectbox(key="b").value) == ("zoo/digits-cnn-s11", "zoo/digits-cnn-s10")
    app.button(key="compute").click()
    run(app)
    assert (app.selectbox(key="la").value, app.selectbox(key="lb").value) == ("conv4", "conv2")
    np.testing.assert_allclose(cells(app), before.T, rtol=1e-5)


def test_chosen_layers_alone_are_compared():
    app = opened(MAP, n="50", run="1", layers="chosen", ra="conv1", rb=["conv5", "head"])
    assert cells(app).shape == (1, 2)
    app.multiselect(key="ra").set_value([])
    run(app)
    assert [one.value for one in app.info] == ["Choose at least one layer of each model."]


def test_all_layers():
    app = opened(MAP, n="20", run="1", layers="all")
    infos = models.layers(models.load("zoo/digits-cnn-s10"), datasets.load("digits", n=2))
    assert cells(app).shape == (len(infos), len(infos))


@pytest.mark.parametrize("tab", ["Examples", "Spectra", "Projection"])
def test_every_panel_draws(tab):
    app = opened(MAP, n="50", run="1", tab=tab)
    assert len(charts(app)) == {"Examples": 3, "Spectra": 3, "Projection": 4}[tab]


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("a", "zoo/digits-cnn-s1", "Model 'zoo/digits-cnn-s1' is not available here; showing zoo/digits-cnn-s10."),
        ("b", "<script>", "Model '<script>' is not available here; showing zoo/digits-cnn-s11."),
        ("ds", "digitz", "Dataset 'digitz' is not available here; showing digits. Did you mean digits"),
        ("m", "ckaa", "Measure 'ckaa' is not available here; showing cka. Did you mean cka"),
        ("pool", "nope", "Pooling 'nope' is not available here; showing flatten."),
        ("layers", "most", "Choice of layers 'most' is not available here; showing blocks."),
        ("n", "-1", "n '-1' is no whole number from 1 to 100000; showing 500."),
        ("n", "NaN", "n 'NaN' is no whole number from 1 to 100000; showing 500."),
        ("seed", "1.5", "Seed '1.5' is no whole number from 0 to 2147483647; showing 0."),
    ],
)
def test_an_unknown_value_in_a_link_is_said_and_replaced(key, value, said):
    app = opened(MAP, **{key: value})
    assert any(one.startswith(said) for one in unescaped(app.toast)), unescaped(app.toast)
    assert not app.warning


def test_unknown_layers_in_a_link():
    app = opened(MAP, n="50", run="1", la="conv9", layers="chosen", ra=["conv1", "gone"], rb="head")
    assert any("Layer 'gone' not available here; left out" in one for one in unescaped(app.toast))
    assert any("Layer 'conv9' is not available here; showing conv1" in one for one in unescaped(app.toast))
    assert cells(app).shape == (1, 1)


def test_too_few_stimuli_for_the_measure_say_so():
    app = opened(MAP, n="3", run="1")
    assert "Debiased CKA needs at least 4 stimuli, got 3; take n = 4 or more." in unescaped(app.warning)[0]
    assert np.isnan(cells(app)).all()


def test_more_stimuli_than_there_are_offer_the_way_out():
    app = opened(MAP, n="5000")
    assert "n = 5000 were asked for" in unescaped(app.warning)[0]
    app.button(key="take_all").click()
    run(app)
    assert not app.warning
    assert app.number_input(key="n").value == len(datasets.load("digits"))


def test_a_dataset_that_does_not_fit_is_a_warning_on_both_pages():
    for page in (MAP, PAGES["Models & data"]):
        app = opened(page, ds="wine", n="20")
        assert "takes inputs of shape (1, 8, 8)" in unescaped(app.warning)[0]


def test_an_unknown_architecture_is_a_warning():
    app = opened(MAP, b="torchvision/resnet19")
    assert unescaped(app.warning)
    assert "resnet18" in unescaped(app.warning)[0]


def test_models_page_lists_layers_in_order_and_searches_them():
    app = opened(PAGES["Models & data"])
    infos = models.layers(models.load("zoo/digits-cnn-s10"), datasets.load("digits", n=2))
    assert app.dataframe[0].value["layer"].tolist() == [one.name for one in infos]
    app.text_input(key="models_search").set_value("relu")
    run(app)
    found = app.dataframe[0].value["layer"].tolist()
    assert found == [one.name for one in infos if "relu" in f"{one.name} {one.kind}".lower()]


@pytest.mark.parametrize("dataset", [card.name for card in datasets.available()])
def test_every_dataset_can_be_looked_at(dataset):
    app = opened(PAGES["Models & data"], ds=dataset, n="20")
    assert any("Balance" in one.value or "labels" in one.value for one in [*app.markdown, *app.info])


def test_a_card_opens_its_pair_computed():
    app = opened(PAGES["RepSim"], a="zoo/low-mlp-s10", ds="digits_low")
    app.button(key="open_Before and after training").click()
    run(app)
    assert app.title[0].value == "Layer map"
    assert app.selectbox(key="a").value == "zoo/digits-cnn-s10-epoch00"
    assert app.selectbox(key="b").value == "zoo/digits-cnn-s10"
    assert app.selectbox(key="ds").value == "digits"
    assert charts(app)
    assert not app.toast


def test_a_finished_map_is_listed_on_the_start_page():
    assert charts(opened(MAP, n="45", run="1"))
    labels = [one.label for one in opened(PAGES["RepSim"]).button]
    assert any("digits-cnn-s10 × digits-cnn-s11 on digits, cka, n = 45" in one.replace("\\", "") for one in labels)


def test_the_address_of_a_view_names_everything():
    app = opened(MAP, n="50", run="1", la="conv2")
    app.session_state["copy_link"] = True
    run(app)
    link = next(one.value for one in app.code if "layer_map" in one.value or "a=" in one.value)
    for part in ("a=zoo%2Fdigits-cnn-s10", "b=zoo%2Fdigits-cnn-s11", "n=50", "m=cka", "la=conv2", "lb=conv1", "run=1"):
        assert part in link


def test_the_first_option_of_every_box_is_the_one_an_address_leaves_out():
    # A bound box drops its first option from the address; whatever else came first would be lost on a reload.
    app = opened(MAP, n="50", run="1")
    firsts = {key: app.selectbox(key=key).options[0] for key in ("a", "b", "ds", "m", "pool", "la", "lb")}
    assert firsts == {key: app.selectbox(key=key).value for key in firsts}
