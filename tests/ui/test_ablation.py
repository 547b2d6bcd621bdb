"""The Ablation page: numbers of the core, linked cells, every view, links that are wrong, data that do not fit."""

import json

import numpy as np
import pytest

from repsim_core import ablation, datasets, models
from repsim_core.types import FUNCTIONS
from repsim_ui import cache
from repsim_ui.ablation_recipes import MEASURES, AblationRecipe
from tests.ui.app import charts, decoded, finished, opened, run, unescaped

pytestmark = pytest.mark.usefixtures("warm")

PAGE = "ablation"
MODEL = "zoo/digits-cnn-w4-s10"
SMALL = {"a": MODEL, "n": "80", "bins": "2", "layer": "conv4", "cls": "3"}


def computed(**query):
    return finished(opened(PAGE, **(SMALL | {"run": "1"} | query)))


@pytest.fixture(scope="module")
def grid():
    return ablation.ablation_grid(
        models.load(MODEL), "conv4", datasets.load("digits", n=80, seed=0), "3", bins=2, measures=MEASURES
    )


def panels(app):
    return [one for one in charts(app)[1]["data"] if one["type"] == "heatmap"]


def test_the_page_waits_with_what_it_costs():
    app = opened(PAGE, **SMALL, seed="7")
    assert app.title[0].value == "Ablation"
    assert not charts(app)
    assert any(one.startswith("4 cells on 80 stimuli: ") for one in unescaped(app.markdown))
    assert app.button(key="compute")


def test_compute_draws_the_numbers_of_the_core(grid):
    app = opened(PAGE, **SMALL)
    app.button(key="compute").click()
    run(app)
    app = finished(app)
    shown = [decoded(one["z"]) for one in panels(app)]
    for drawn, expected in zip(
        shown,
        (grid.change("rank_deficit"), grid.change("decodability"), 1 - grid.similarity("cka"), grid.counts),
        strict=True,
    ):
        np.testing.assert_allclose(drawn, grid.square(expected), rtol=1e-4, atol=1e-6)
    assert app.query_params["run"] == "1"


def test_a_cell_of_the_link_is_framed_everywhere_and_said(grid):
    app = computed(acell="1")
    picks = [one for one in charts(app)[1]["data"] if one.get("meta") == "pick"]
    assert [one["selectedpoints"] for one in picks] == [[1]] * 4
    said = next(one for one in unescaped(app.markdown) if one.startswith("**Cell 1**"))
    assert f"{grid.counts[1]} units" in said
    assert f"{grid.before('class_accuracy'):.3f} → **{grid.after('class_accuracy')[1]:.3f}**" in said
    assert f"procrustes {grid.similarity('procrustes')[1]:.4f}" in said
    app.selectbox(key="acell").set_value("2")
    run(app)
    picks = [one for one in charts(app)[1]["data"] if one.get("meta") == "pick"]
    assert [one["selectedpoints"] for one in picks] == [[2]] * 4


def test_another_measure_and_function_are_drawn_without_a_new_job(grid):
    app = computed()
    jobs = len(cache.jobs()._jobs)
    app.selectbox(key="am").set_value("procrustes")
    app.selectbox(key="fn").set_value("cross_entropy")
    run(app)
    shown = panels(app)
    np.testing.assert_allclose(decoded(shown[0]["z"]), grid.square(grid.change("cross_entropy")), rtol=1e-4)
    np.testing.assert_allclose(decoded(shown[2]["z"]), grid.square(1 - grid.similarity("procrustes")), rtol=1e-4)
    assert len(cache.jobs()._jobs) == jobs
    rho = ablation.spearman(grid.dissimilarity("procrustes"), grid.change("cross_entropy"))
    assert any(f"against procrustes: Spearman **{rho:.2f}**, 4 cells" in one for one in unescaped(app.markdown))


def test_the_summary_names_the_cell_that_costs_most(grid):
    app = computed(fn="cross_entropy")
    worst = int(np.argmax(grid.change("cross_entropy")))
    assert any(f"most by cell **{worst}**" in one for one in unescaped(app.markdown))


@pytest.mark.parametrize(("tab", "count"), [("Function and similarity", 4), ("Units", 3), ("Confusion", 3)])
def test_every_panel_draws(tab, count):
    assert len(charts(computed(abtab=tab))) == count


def test_the_stimuli_of_a_cell_are_those_that_drive_it(grid):
    app = computed(abtab="Stimuli")
    assert "**Drive these units most**" in unescaped(app.markdown)
    lost = (grid.predicted[0] == grid.labels) & (grid.predicted[4] != grid.labels)
    own = int((lost & (grid.labels == 3)).sum())
    assert f"**Right before, wrong without**: {lost.sum()} stimuli, {own} of 3" in unescaped(app.markdown)


def test_all_layers_are_small_multiples_on_one_scale():
    app = computed(abview="All layers")
    found = [one for one in charts(app)[0]["data"] if one["type"] == "heatmap"]
    names = ["conv1", "conv2", "conv3", "conv4", "conv5", "pool"]
    assert app.dataframe[0].value["layer"].tolist() == names
    assert len(found) == len(names)
    assert len({one["zmax"] for one in found}) == 1


def test_the_question_of_the_paper_has_its_table_beside_the_published_numbers():
    app = computed(a="zoo/wine-mlp-s10", ds="wine", n="40", layer="act1", cls="class_0", abview="The paper's question")
    table = app.dataframe[0].value
    assert table["network"].tolist()[:3] == ["zoo/wine-mlp-s10", "zoo/wine-mlp-s10", "AlexNet (paper)"]
    assert table["function"].tolist()[:2] == [FUNCTIONS["decodability"].title, FUNCTIONS["rank_deficit"].title]
    assert table["procrustes"].tolist()[2] == ablation.PUBLISHED["AlexNet", "decodability"]["procrustes"]
    contrasts = app.dataframe[1].value["contrast"].tolist()
    assert len(contrasts) == 3
    assert any("t over layers and classes" in one for one in unescaped(app.caption))


def test_a_lesion_by_hand_is_that_of_the_core(grid):
    app = computed(abview="By hand")
    units = grid.cells[-1]
    inside = next(one for one in unescaped(app.markdown) if "lie in the rectangle" in one)
    assert int(inside.split("**")[1]) >= len(units)
    app.number_input(key="corner_s0").set_value(0.0)
    app.number_input(key="corner_m0").set_value(0.0)
    run(app)
    app.button(key="lesion").click()
    run(app)
    app = finished(app)
    chosen = np.flatnonzero(
        (grid.selectivity >= 0)
        & (grid.selectivity <= app.number_input(key="corner_s1").value)
        & (grid.magnitude >= 0)
        & (grid.magnitude <= app.number_input(key="corner_m1").value)
    )
    assert any(one.startswith(f"**{len(chosen)} units off**") for one in unescaped(app.markdown))
    found = ablation.lesion(
        models.load(MODEL), "conv4", datasets.load("digits", n=80, seed=0), "3", chosen, measures=MEASURES
    )
    table = app.dataframe[0].value.set_index("what")
    name = FUNCTIONS["cross_entropy"].title
    assert table.loc[name, "loss"] == pytest.approx(found.change("cross_entropy")[0], abs=1e-5)
    assert table.loc["procrustes to the intact layer", "without"] == pytest.approx(
        found.similarity("procrustes")[0], abs=1e-6
    )


def test_corners_travel_in_a_link():
    app = computed(abview="By hand", corners="0_1_0_2")
    assert [app.number_input(key=f"corner_{one}").value for one in ("s0", "s1", "m0", "m1")] == [0, 1, 0, 2]
    app.session_state["copy_link"] = True
    run(app)
    link = next(one.value for one in app.code if "a=" in one.value)
    for part in ("corners=0_1_0_2", "layer=conv4", "cls=3", "bins=2", "abview=By+hand", "run=1"):
        assert part in link
    app = opened(PAGE, **(SMALL | {"run": "1", "abview": "By hand", "corners": "a_b"}))
    assert "Corners a_b are no four numbers; showing the last cell." in unescaped(app.toast)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("cls", "eleven", "Class 'eleven' is not available here; showing 0."),
        ("layer", "conv9", "Layer 'conv9' is not available here; showing conv5."),
        ("bins", "13", "Bins '13' is no whole number from 2 to 12; showing 4."),
        ("am", "ckaa", "Measure 'ckaa' is not available here; showing cka."),
        ("fn", "speed", "Function 'speed' is not available here; showing rank_deficit."),
        ("put", "noise", "Replacement 'noise' is not available here; showing zero."),
        ("abview", "None", "View 'None' is not available here; showing One layer."),
    ],
)
def test_an_unknown_value_in_a_link_is_said_and_replaced(key, value, said):
    if key in ("am", "fn"):  # drawn beside the result alone
        computed()
    toasts = unescaped(opened(PAGE, **(SMALL | {"run": "1" if key in ("am", "fn") else "0", key: value})).toast)
    assert any(one.startswith(said) for one in toasts), toasts


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"a": "zoo/diabetes-mlp-s10", "ds": "diabetes", "n": "40"}, "diabetes has no classes, and units are scored"),
        (
            {"a": "zoo/wine-mlp-s10", "ds": "wine", "n": "40", "bins": "12"},
            "No layer of zoo/wine-mlp-s10 has 144 units",
        ),
        ({"ds": "wine", "n": "20"}, "takes inputs of shape (1, 8, 8)"),
    ],
)
def test_what_does_not_fit_is_a_warning(query, said):
    app = opened(PAGE, **query)
    assert any(said in one for one in unescaped(app.warning)), unescaped(app.warning)
    assert not charts(app)


def test_a_network_for_other_classes_is_measured_as_far_as_it_goes():
    app = computed(a="zoo/digits04-cnn-s10")
    assert any("5 outputs, but digits has 10 classes" in one for one in unescaped(app.info))
    assert len(panels(app)) == 4


def test_a_recipe_is_a_program_that_runs():
    recipe = AblationRecipe(MODEL, "digits", 60, 0, ("conv4",), ("3",), bins=2)
    assert AblationRecipe.from_json(json.loads(json.dumps(recipe.to_json()))) == recipe
    names = {}
    exec(recipe.as_python().replace("print(", "str("), names)
    assert names["study"].layers == ("conv4",)
