"""The Alignment page: numbers of the core, its five views, transitions, refusals, links that are wrong."""

import json

import numpy as np
import pytest

from repsim_core import datasets
from repsim_core.alignment import singular_vector_alignment
from repsim_core.experiments import recorded_alignment
from repsim_core.experiments.alignment import Network, checkpoint_curves, network_alignments, transfer
from repsim_core.types import LayerAlignments
from repsim_ui import alignment_controls, alignment_files
from tests.ui.app import charts, decoded, finished, opened, run, unescaped

pytestmark = pytest.mark.usefixtures("warm")

PAGE = "alignment"
A = "zoo/low-mlp-s10"
SMALL = {"a": A, "ds": "digits_low", "n": "60"}


def computed(**query):
    return finished(opened(PAGE, **(SMALL | query)))


def expected(form="centred", task="all classes", split="test", trained=True, n=60):
    data = datasets.load("digits_low", n=n, split=split)
    return network_alignments(Network(A, trained), data, task, form=form, permutations=100, keep=20)


def test_all_layers_are_drawn_with_the_numbers_of_the_core_beside_the_untrained_network():
    app = computed()
    own, initial = expected(), expected(trained=False)
    curves, areas, heat = charts(app)[:3]
    assert [one["name"] for one in curves["data"][:5]] == ["input", "act1", "act2", "act3", "head"]
    assert [one["name"] for one in curves["data"][5:]] == ["as initialised"] * 4
    np.testing.assert_allclose(decoded(areas["data"][0]["y"]), [one.area for one in own.values()], rtol=1e-5)
    np.testing.assert_allclose(decoded(areas["data"][1]["y"]), [one.area for one in initial.values()], rtol=1e-5)
    np.testing.assert_allclose(decoded(heat["data"][0]["z"])[2], own["act2"].shares[:20], rtol=1e-4, atol=1e-7)
    said = next(one for one in unescaped(app.markdown) if one.startswith("Best aligned"))
    best = max((one for one in own if one != "input"), key=lambda one: own[one].area)
    assert f"Best aligned is {best}: area **{own[best].area:.3f}**, chance {own[best].chance_area:.3f}" in said


def test_the_form_is_explained_and_changes_the_numbers():
    app = computed(form="published", half="training half")
    own = expected("published", split="train")
    np.testing.assert_allclose(decoded(charts(app)[1]["data"][0]["y"]), [one.area for one in own.values()], rtol=1e-5)
    assert any("a column of ones is appended" in one for one in unescaped(app.caption))
    # Thresholds are singular values there, up to √60.
    assert decoded(charts(app)[0]["data"][0]["x"])[-1] == pytest.approx(np.sqrt(60))
    app.segmented_control(key="form").set_value("centred")
    finished(run(app))
    assert any("units and targets minus their means" in one for one in unescaped(app.caption))
    own = expected(split="train")
    np.testing.assert_allclose(decoded(charts(app)[1]["data"][0]["y"]), [one.area for one in own.values()], rtol=1e-5)


def test_another_layer_and_direction_lay_out_their_stimuli():
    app = computed(layer="act2", dir="2")
    own = expected()
    along = charts(app)[4]
    for trace in along["data"][:2]:
        rows = decoded(trace["customdata"])
        np.testing.assert_allclose(decoded(trace["x"]), own["act2"].vectors[rows, 1], rtol=1e-4, atol=1e-6)
    one = own["act2"]
    said = next(each for each in unescaped(app.markdown) if each.startswith("act2, direction 2"))
    assert f"**{one.shares[1]:.1%}** of the targets (chance {1 / 59:.1%})" in said
    app.selectbox(key="layer").set_value("act3")
    run(app)
    assert app.selectbox(key="dir").value == "2"
    assert any(each.startswith("act3, direction 2") for each in unescaped(app.markdown))
    picks = next(trace for trace in charts(app)[2]["data"] if trace.get("meta") == "pick")
    place = picks["selectedpoints"][0]
    assert (decoded(picks["y"])[place], decoded(picks["x"])[place]) == (3, 1)


def test_a_direction_that_another_layer_lacks_is_replaced():
    app = computed(layer="act2", dir="15")
    app.selectbox(key="layer").set_value("head")  # a single unit
    run(app)
    assert app.selectbox(key="dir").value == "1"


def test_the_curve_against_chance_has_its_band():
    app = computed(layer="act3", atab="Chance")
    one = expected()["act3"]
    band = charts(app)[4]["data"][0]
    np.testing.assert_allclose(decoded(band["y"])[: one.rank], one.band[1] / one.total, rtol=1e-4, atol=1e-7)
    assert any(f"p = {one.p_value:.2g}" in each for each in unescaped(app.caption))


def test_speed_agrees_with_descending():
    app = computed(layer="act1", atab="Speed")
    chart = charts(app)[4]
    assert [one["name"] for one in chart["data"]] == ["input", "act1", "act2", "act3", "head", "measured by descending"]
    said = next(one for one in unescaped(app.caption) if "both differ by" in one)
    assert float(said.split("both differ by ")[1].split()[0]) < 1e-6  # float32 responses, squared in float64


def test_training_draws_the_checkpoint_of_the_slider():
    app = computed(a="zoo/digits-cnn-s10", ds="digits", n="50", aview="Training", at="2", anet="zoo/digits-cnn-s10")
    data = datasets.load("digits", n=50)
    moments = [("0", Network("zoo/digits-cnn-s10", False)), ("2", Network("zoo/digits-cnn-s10-epoch02"))]
    table = checkpoint_curves(moments, data, form="centred").frame.drop_duplicates(["checkpoint", "layer"])
    areas = table.pivot(index="checkpoint", columns="layer", values="area")
    curves, course = charts(app)[:2]
    assert len(curves["data"]) == 8 + 7
    for trace in course["data"]:
        drawn = decoded(trace["y"])
        assert len(drawn) == 10
        assert drawn[0] == pytest.approx(areas.loc["0", trace["name"]], rel=1e-5)
        assert drawn[2] == pytest.approx(areas.loc["2", trace["name"]], rel=1e-5)
    app.select_slider(key="at").set_value("40")
    run(app)
    assert charts(app)[0] != curves
    assert charts(app)[1] == course


def test_the_files_hold_the_same_numbers(tmp_path):
    asked = alignment_controls.Asked("digits_low", "train", 60, 0, "shuffled", "published", "mean", True)
    program = alignment_files.as_python(asked, A, True).replace("print(found.to_frame())", "result = found")
    scope = {}
    exec(program, scope)
    own = scope["result"]
    again = network_alignments(
        Network(A),
        datasets.load("digits_low", n=60, split="train"),
        "shuffled",
        form="published",
        pooling="mean",
        every=True,
    )
    assert own.to_bytes() == again.to_bytes()
    files = {label: content() for label, _, _, content in alignment_files.files(own, asked, A, True)}
    assert LayerAlignments.from_bytes(files["NPZ"])["act2"].area == own["act2"].area
    assert json.loads(files["JSON recipe"])["answer"]["target"] == "shuffled"
    assert files["CSV"].count(b"\n") == 1 + sum(one.rank for one in own.values())


@pytest.mark.parametrize("factor", ["depth", "width", "activation", "optimiser"])
def test_families_show_what_was_recorded(factor):
    app = computed(aview="Families", factor=factor, form="published")
    recorded = recorded_alignment.recorded()["families"].query("form == 'published' and dataset == 'digits_low'")
    trace = charts(app)[0]["data"][0]
    for value, drawn in zip(trace["x"], decoded(trace["y"]), strict=True):
        usual = {"depth": 3, "width": 128, "activation": "relu", "optimiser": "adam"} | {factor: value}
        own = recorded[np.all([recorded[k].astype(str) == str(v) for k, v in usual.items()], axis=0)]
        assert drawn == pytest.approx(own.sort_values("place")["trained"].iloc[-1], rel=1e-5)
    assert len(trace["x"]) >= 3


def test_what_the_zoo_does_not_show_is_said_with_its_numbers():
    app = computed(aview="Families", form="published")
    claims = app.dataframe[-1].value
    assert claims["verdict"].tolist().count("partly") == 5
    said = " ".join(unescaped(app.markdown))
    assert "partly, 20 of 24. Not here: diabetes-mlp-s10: 0.737 → 0.726" in said


def test_vectors_of_two_models_and_their_stimuli():
    app = computed(aview="Vectors", b="zoo/low-mlp-tanh-s10", la="act2", lb="act3", va="2", vb="1")
    from repsim_core import activations, models

    data = datasets.load("digits_low", n=60)
    sides = [
        activations.extract(models.load(name), data, [layer])[layer]
        for name, layer in ((A, "act2"), ("zoo/low-mlp-tanh-s10", "act3"))
    ]
    found = singular_vector_alignment(*sides)
    np.testing.assert_allclose(decoded(charts(app)[0]["data"][0]["z"]), found.cosines, atol=1e-5)
    said = next(one for one in unescaped(app.markdown) if one.startswith("Vector 2 of A and 1 of B"))
    assert f"cosine **{found.cosines[1, 0]:.3f}**" in said
    app.selectbox(key="va").set_value("1")
    run(app)
    assert any(one.startswith("Vector 1 of A and 1 of B") for one in unescaped(app.markdown))


def test_k_above_the_rank_is_a_warning_with_the_way_out():
    app = computed(aview="Vectors", b="zoo/low-mlp-tanh-s10", la="head", k="5")
    assert any("k = 5 was asked for; take 1 to 1" in one for one in unescaped(app.warning))


def test_transfer_waits_with_its_cost_then_shows_both_sides():
    query = {"aview": "Transfer", "ds": "digits", "n": "100", "tasks": "odd", "labels": "40"}
    app = computed(**query)
    assert any("1 tasks on every layer of zoo/low-mlp-s10" in one for one in unescaped(app.markdown))
    app.button(key="compute").click()
    finished(run(app))
    table = transfer(A, datasets.load("digits", n=100), ["odd"], labelled=40).frame
    drawn = charts(app)[0]["data"]
    np.testing.assert_allclose(decoded(drawn[0]["y"]), table["area"], rtol=1e-4)
    np.testing.assert_allclose(decoded(drawn[3]["y"]), table["score"], atol=0.02)
    assert any("Last layer before the head" in one for one in unescaped(app.markdown))


def test_transfer_without_training_still_shows_what_was_recorded():
    app = opened(
        PAGE, aview="Transfer", a="torchvision/resnet18"
    )  # once: the test's own select box does not know names that were typed
    assert any("Transfer needs a trained network" in one for one in unescaped(app.info))
    assert len(charts(app)) == 1


def test_a_dataset_without_labels_names_some_that_have_them():
    app = computed(ds="clusters_1", a="zoo/clusters-mlp-s10")
    assert "clusters_1 has no labels" in unescaped(app.info)[0]
    assert not charts(app)


def test_numbers_are_targets_too():
    app = computed(ds="diabetes", a="zoo/diabetes-mlp-s10")
    assert len(charts(app)) >= 5
    assert charts(app)[4]["layout"]["yaxis"]["ticktext"][0] == "lowest quarter"


def test_a_rare_class_in_the_published_form_is_doubted():
    app = computed(ds="digits", a="zoo/digits-cnn-s10", form="published")
    assert any("lies mostly on the constant direction" in one for one in unescaped(app.warning))


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"ds": "wine"}, "takes inputs of shape (1, 8, 8)"),
        ({"ds": "digits", "a": "zoo/digits-cnn-s10", "n": "5"}, "has no stimulus among these 5"),
        ({"n": "2000"}, "digits_low (test) has 899 stimuli here, but n = 2000 were asked for"),
    ],
)
def test_what_cannot_be_aligned_is_a_warning(query, message):
    app = computed(**query)
    assert any(message in one for one in unescaped(app.warning)), unescaped(app.warning)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("aview", "nope", "View 'nope' is not available here; showing Layers."),
        ("target", "odd", "Target 'odd' is not available here; showing all classes."),
        ("form", "pubished", "Form 'pubished' is not available here; showing centred."),
        ("half", "train", "Half 'train' is not available here; showing test half."),
        ("against", "time", "Axis 'time' is not available here; showing threshold."),
    ],
)
def test_an_unknown_value_in_a_link_is_said_and_replaced(key, value, said):
    computed()  # so that the first run has its results
    app = opened(PAGE, **(SMALL | {key: value}))
    assert any(one.startswith(said) for one in unescaped(app.toast)), unescaped(app.toast)


def test_the_address_names_everything():
    app = computed(layer="act2", dir="2", form="published", atab="Chance")
    app.session_state["copy_link"] = True
    run(app)
    link = next(one.value for one in app.code if "a=" in one.value)
    for part in ("aview=Layers", "target=all+classes", "form=published", "layer=act2", "dir=2", "atab=Chance"):
        assert part in link
