"""Files and programs that leave the page."""

import io
import json
from contextlib import redirect_stdout

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from repsim_core import activations, datasets, models, similarity
from repsim_core.types import SimilarityMatrix
from repsim_ui.exports import csv_bytes, file_stem, html_bytes, recipe_json, result_files
from repsim_ui.recipes import Recipe, as_python

SHAPES = "zoo/shapes-cnn-s10"
RECIPE = Recipe("zoo/digits-cnn-s10", "zoo/digits-cnn-s11", "digits", 40, 3)


@pytest.fixture(scope="module")
def matrix():
    data = datasets.load("digits", n=40, seed=3)
    a, b = (activations.extract(models.load(name), data) for name in (RECIPE.a, RECIPE.b))
    return similarity.compare_layers(a, b)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@sum", "\tx"])
def test_a_spreadsheet_runs_no_cell(text):
    frame = pd.DataFrame({"layer": [text], "value": [-0.5]})
    assert pd.read_csv(io.BytesIO(csv_bytes(frame)))["layer"][0] == f"'{text}"
    assert b"-0.5" in csv_bytes(frame)  # a number stays a number


def test_csv_leaves_the_frame_as_it_is():
    frame = pd.DataFrame({"=x": ["=1"]})
    assert csv_bytes(frame).decode().splitlines() == ["'=x", "'=1"]
    assert frame.iloc[0, 0] == "=1"


def test_files_of_a_map_hold_its_numbers(matrix):
    files = {label: content() for label, _, _, content in result_files(RECIPE, matrix)}
    np.testing.assert_array_equal(SimilarityMatrix.from_bytes(files["NPZ"]).values, matrix.values)
    table = pd.read_csv(io.BytesIO(files["CSV"]))
    np.testing.assert_allclose(table["cka"], matrix.values.ravel(), rtol=1e-12)
    assert json.loads(files["JSON recipe"])["request"]["a"] == RECIPE.a
    assert files["Python"].decode() == as_python(RECIPE)


def test_recipe_says_how_the_answer_came_about(matrix):
    answer = json.loads(recipe_json(RECIPE, matrix))["answer"]
    assert answer["a"]["stimuli"] == datasets.load("digits", n=40, seed=3).digest


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"measure": "cka_biased", "pooling": "mean"},
        {"layers": "all"},
        {"layers": "chosen", "rows": ("conv1", "head"), "columns": ("conv2",)},
        {"measure": "cka_rbf", "options": (("scale", 0.25), ("debiased", False))},
        {"scaling": "zscore", "reduction": "projection", "dimensions": 20},
        {"a": SHAPES, "b": SHAPES, "dataset": "shapes", "dataset_b": "shapes_sketch"},
    ],
)
def test_the_program_runs_and_gives_the_same_numbers(changes):
    recipe = Recipe(**(vars(RECIPE) | changes))
    sides = []
    for side, chosen in (("a", recipe.rows), ("b", recipe.columns)):
        data = datasets.load(recipe.data(side), n=recipe.n, seed=recipe.seed)
        model = models.load(recipe.model(side))
        layers = {"blocks": None, "all": [one.name for one in models.layers(model, data)], "chosen": list(chosen)}
        found = activations.extract(model, data, layers[recipe.layers], pooling=recipe.pooling)
        sides.append(similarity.preprocessed(found, **recipe.preprocessing))
    expected = similarity.compare_layers(*sides, measure=recipe.measure, **dict(recipe.options))
    scope: dict[str, object] = {}
    with redirect_stdout(io.StringIO()) as printed:
        exec(as_python(recipe), scope)
    np.testing.assert_array_equal(scope["matrix"].values, expected.values)
    assert "layer_a" in printed.getvalue()


def test_the_program_quotes_what_it_is_given():
    hostile = Recipe("x'); print('owned", "b", "d", 5, 0)
    assert "models.load(\"x'); print('owned\"" in as_python(hostile)
    compile(as_python(hostile), "program", "exec")


def test_random_architectures_are_not_downloaded():
    program = as_python(Recipe("torchvision/resnet18", "zoo/digits-cnn-s10", "digits", 5, 0))
    assert "models.load('torchvision/resnet18', weights=None)" in program
    assert "models.load('zoo/digits-cnn-s10', weights='DEFAULT')" in program


def test_equal_requests_have_equal_keys_and_others_do_not():
    assert RECIPE.key == Recipe(*list(vars(RECIPE).values())).key
    others = [{"n": 41}, {"seed": 4}, {"measure": "cka_rbf"}, {"pooling": "mean"}, {"layers": "all"}]
    others += [{"dataset_b": "digits_low"}, {"scaling": "zscore"}, {"reduction": "pca"}, {"dimensions": 9}]
    keys = {Recipe(**(vars(RECIPE) | change)).key for change in others}
    assert len(keys | {RECIPE.key}) == 10


def test_the_query_of_a_recipe_names_everything():
    chosen = Recipe(
        **(
            vars(RECIPE)
            | {"layers": "chosen", "rows": ("conv1",), "columns": ("head",), "options": (("debiased", False),)}
        )
    )
    assert chosen.query(run="1", la=None) == {
        "a": RECIPE.a,
        "b": RECIPE.b,
        "ds": "digits",
        "n": "40",
        "seed": "3",
        "m": "cka",
        "pool": "flatten",
        "layers": "chosen",
        "ra": ["conv1"],
        "rb": ["head"],
        "o_cka_debiased": "false",
        "run": "1",
    }


def test_the_query_names_what_differs_from_responses_as_they_are():
    query = Recipe(**(vars(RECIPE) | {"dataset_b": "x", "scaling": "zscore", "reduction": "pca"})).query()
    assert (query["dsb"], query["scaling"], query["reduction"], query["dimensions"]) == ("x", "zscore", "pca", "50")
    assert not {"dsb", "scaling", "reduction", "dimensions", "seed_b"} & set(RECIPE.query())


def test_a_page_works_offline():
    page = html_bytes(go.Figure(go.Bar(y=[1])), "My figure").decode()
    assert "Plotly.newPlot" in page
    assert '<script src="http' not in page
    assert "my-figure" in page


def test_file_names_are_harmless():
    assert file_stem("../../etc/<passwd> ×") == "etc-passwd"
    assert file_stem("…") == "repsim"
