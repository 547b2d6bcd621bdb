"""Models & data: choosing layers, weights, classes and shifts."""

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from repsim_core import activations, datasets, models
from repsim_core.compute.memory import readable_bytes
from tests.ui.app import charts, opened, run, unescaped

pytestmark = pytest.mark.usefixtures("warm")

PAGE, MAP = "models", "layer_map"


def buttons(app):
    return {one.key: one for one in app.button}


def table(app, column):
    return [one.value for one in app.dataframe if column in one.value.columns]


def captions(app):
    return unescaped(app.caption)


def test_every_block_is_chosen_by_a_button_and_what_it_costs_is_said():
    app = opened(PAGE, layers="chosen", n="100")
    assert app.multiselect(key="ra").value == []
    assert "Choose at least one layer of each network." in captions(app)
    for key in ("ra", "rb"):
        app.button(key=f"{key}_blocks").click()
        run(app)
    infos = models.layers(models.load("zoo/digits-cnn-s10"), datasets.load("digits", n=2))
    blocks = activations.default_layers(infos)
    assert app.multiselect(key="ra").value == blocks
    assert any(f"A layer map of {len(blocks)} × {len(blocks)} layers at 100 stimuli" in one for one in captions(app))
    held = readable_bytes(sum(one.bytes_for(100) for one in infos if one.name in blocks))
    assert any(f"{len(blocks)} are compared: {held} of responses at 100 stimuli" in one for one in captions(app))


def test_what_a_filter_shows_can_be_chosen_and_added():
    app = opened(PAGE, layers="chosen", ra=["conv1"], n="50")
    app.text_input(key="models_search").set_value("norm$")
    app.checkbox(key="models_pattern").check()
    run(app)
    shown = table(app, "layer")[0]["layer"].tolist()
    assert shown == [f"conv{k}.norm" for k in range(1, 6)]
    app.button(key="ra_add").click()
    run(app)
    order = [one for k in range(1, 6) for one in ([f"conv{k}"] if k == 1 else []) + [f"conv{k}.norm"]]
    assert app.multiselect(key="ra").value == order
    app.button(key="ra_only").click()
    run(app)
    assert app.multiselect(key="ra").value == shown
    app.button(key="ra_none").click()
    run(app)
    assert app.multiselect(key="ra").value == []


def test_a_pattern_that_cannot_be_read_is_said():
    app = opened(PAGE, n="50")
    app.text_input(key="models_search").set_value("(a+)+")
    app.checkbox(key="models_pattern").check()
    run(app)
    assert any("is no regular expression, repeats a group" in one for one in captions(app))
    assert table(app, "layer")[0].empty


def test_the_choice_is_that_of_the_layer_map_and_comes_back_with_its_architecture():
    app = opened(MAP, layers="chosen", ra=["conv2", "conv4"], rb=["conv1"], n="50")
    assert app.multiselect(key="ra").value == ["conv2", "conv4"]
    app.selectbox(key="a").set_value("zoo/digits-vit-small-s10")
    run(app)
    assert app.multiselect(key="ra").value == []
    app.selectbox(key="a").set_value("zoo/digits-cnn-s13")
    run(app)
    assert app.multiselect(key="ra").value == ["conv2", "conv4"]
    assert app.multiselect(key="rb").value == ["conv1"]


def test_rules_choose_without_ticks():
    app = opened(PAGE, layers="all", n="50")
    assert not [one for one in app.multiselect if one.key == "ra"]
    assert any("23 of 23 layers shown, in execution order. 23 are compared" in one for one in captions(app))


def test_a_shift_becomes_the_name_of_the_dataset_and_shows_pairs():
    app = opened(PAGE, n="40")
    app.selectbox(key="data_shift").set_value("noise")
    run(app)
    assert app.selectbox(key="ds").value == "digits~noise:0.2"
    assert any("Clean, and shifted by noise:0.2" in one for one in unescaped(app.markdown))
    app.number_input(key="data_amount").set_value(0.5)
    run(app)
    assert app.selectbox(key="ds").value == "digits~noise:0.5"
    app.selectbox(key="data_shift").set_value("none")
    run(app)
    assert app.selectbox(key="ds").value == "digits"
    assert not any("Clean, and shifted" in one for one in unescaped(app.markdown))


def test_classes_and_another_domain_are_chosen_together():
    app = opened(PAGE, ds="shapes", a="zoo/shapes-cnn-s10", b="zoo/shapes-cnn-s11", n="40")
    app.multiselect(key="data_classes").set_value(["star", "circle"])
    run(app)
    assert app.selectbox(key="ds").value == "shapes~classes:0,4"
    app.selectbox(key="data_shift").set_value("domain")
    run(app)
    assert app.selectbox(key="ds").value == "shapes~classes:0,4~domain:texture"
    app.selectbox(key="data_amount").set_value("sketch")
    run(app)
    assert app.selectbox(key="ds").value == "shapes~classes:0,4~domain:sketch"
    app.multiselect(key="data_classes").set_value([])
    run(app)
    assert app.selectbox(key="ds").value == "shapes~domain:sketch"


def test_tables_offer_noise_alone():
    app = opened(PAGE, ds="wine", a="zoo/wine-mlp-s10", b="zoo/wine-mlp-s11", n="40")
    assert app.selectbox(key="data_shift").options == ["none", "noise"]
    app.selectbox(key="data_shift").set_value("noise")
    run(app)
    changed = table(app, "mean change")[0]
    assert (changed["mean change"] > 0).all()


def test_a_shifted_dataset_is_offered_for_b_and_compared():
    app = opened(MAP, n="60", run="1", dsb="digits~noise:0.4")
    assert app.selectbox(key="dsb").value == "digits~noise:0.4"
    assert {"digits~noise:0.2", "digits~blur:1", "digits_low"} <= set(app.selectbox(key="dsb").options)
    assert charts(app)
    assert not app.warning


@pytest.mark.parametrize("wrong", ["digits~fog:1", "digits~noise:99", "torchvision/cifar10", "upload/abcdefghijklmn"])
def test_a_dataset_of_b_that_is_not_there_is_said(wrong, monkeypatch, tmp_path):
    monkeypatch.setenv("REPSIM_DATA", str(tmp_path))
    app = opened(MAP, n="60", dsb=wrong)
    assert app.selectbox(key="dsb").value == "same"
    assert any("is not available here; showing same" in one for one in unescaped(app.toast))


def chosen_weights():
    import streamlit as st

    from repsim_ui import weights_choice

    st.session_state.setdefault("a", "torchvision/squeezenet1_1")
    st.write("here" if weights_choice.choose("a", st.session_state["a"]) else "to download")


def test_published_weights_are_offered_with_what_they_are_and_refused_in_one_line(monkeypatch, tmp_path):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    monkeypatch.setattr(torch.hub, "download_url_to_file", unreachable)
    name, app = "torchvision/squeezenet1_1", run(AppTest.from_function(chosen_weights, default_timeout=120))
    box = app.selectbox(key="weights_a")
    assert box.value == "random"
    assert box.options[1] == "IMAGENET1K_V1: 58.2% on ImageNet, 224 × 224, 5.0 MB to download"
    box.set_value("IMAGENET1K_V1")
    run(app)
    assert app.session_state["a"] == f"{name}@IMAGENET1K_V1"
    assert app.markdown[0].value == "to download"
    assert "squeezenet1_1-b8a52dc0.pth is not on this machine" in unescaped(app.info)[0]
    app.button(key="download_a").click()
    run(app)
    assert "cannot be downloaded (no route to host)" in unescaped(app.warning)[0]
    app.selectbox(key="weights_a").set_value("random")
    run(app)
    assert app.session_state["a"] == name
    (tmp_path / "hub" / "checkpoints").mkdir(parents=True, exist_ok=True)
    (tmp_path / "hub" / "checkpoints" / "squeezenet1_1-b8a52dc0.pth").write_bytes(b"")
    run(app)
    app.selectbox(key="weights_a").set_value("IMAGENET1K_V1")
    run(app)
    assert app.markdown[0].value == "here"
    assert not app.info


def unreachable(*_, **__):
    raise OSError("no route to host")


def test_datasets_to_download_say_their_size_and_where_to_put_the_file(monkeypatch, tmp_path):
    import torchvision

    monkeypatch.setenv("REPSIM_DATA", str(tmp_path))
    monkeypatch.setattr(torchvision.datasets.CIFAR10, "url", "http://127.0.0.1:9/cifar-10-python.tar.gz")
    app = opened(PAGE, n="20")
    app.session_state["more_data"] = True
    run(app)
    assert any("torchvision/cifar10" in one and "not downloaded, 170 MB" in one for one in unescaped(app.markdown))
    app.button(key="download_torchvision/cifar10").click()
    run(app)
    said = unescaped(app.warning)
    assert any("put cifar-10-python.tar.gz from http://127.0.0.1:9/" in one for one in said), said


def test_samples_of_a_shift_are_drawn_from_the_shifted_stimuli():
    clean, noisy = (charts(opened(PAGE, n="30", ds=name)) for name in ("digits", "digits~noise:0.5"))
    assert len(noisy) == len(clean) + 1
    assert clean[1]["data"][0]["source"] != noisy[1]["data"][0]["source"]
    assert np.isfinite(datasets.load("digits~noise:0.5", n=30).inputs).all()


def test_another_size_of_the_input_becomes_part_of_the_name():
    app = opened(PAGE, a="zoo/digits-cnn-s10~side:16", n="20")
    assert app.number_input(key="side_a").value == 16
    assert any("enlarged from 8×8 to 16×16" in one for one in unescaped(app.markdown))
    assert app.session_state["a"] == "zoo/digits-cnn-s10~side:16"


def test_a_size_that_a_network_cannot_take_leaves_the_way_back():
    app = opened(PAGE, a="zoo/low-mlp-s10~side:16", n="20")
    assert "is made for pictures of 8 × 8 and cannot run on 16 × 16" in unescaped(app.warning)[0]
    assert app.number_input(key="side_a").value == 16


def test_a_preparation_that_means_nothing_is_said():
    app = opened(PAGE, a="zoo/digits-cnn-s10~side:9999", n="20")
    assert app.selectbox(key="a").value == "zoo/digits-cnn-s10"
    assert any("is not available here" in one for one in unescaped(app.toast))
