"""What is said about a result is computed from it."""

import ast
from pathlib import Path

import numpy as np
import pytest

from repsim_core.similarity import MEASURES
from repsim_ui import sentences
from repsim_ui.messages import REASONS, plain
from tests.figures.test_matrix import matrix


def unescaped(text):
    return text.replace("\\", "")


def test_markdown_in_names_is_shown_as_it_is():
    assert plain("**a** <b> [x](y) :red[z] $1$") == r"\*\*a\*\* \<b\> \[x\]\(y\) \:red\[z\] \$1\$"


@pytest.mark.parametrize("name", list(MEASURES))
def test_every_measure_states_its_claims(name):
    said = unescaped(sentences.claim(MEASURES[name]))
    assert MEASURES[name].title in said
    assert MEASURES[name].chance in said
    assert "more similar" in said


def test_summary_counts_layers_at_their_own_place():
    result = matrix([[0.9, 0.1], [0.8, 0.2]], rows=("x", "y"), columns=("x", "y"))
    assert unescaped(sentences.summary(result)) == (
        "2 × 2 layers; n = 9; larger is more similar; chance 0.12; "
        "1 of 2 layers of A are most similar to the layer of the same name in B."
    )


def test_summary_of_other_layers_does_not_compare_names():
    assert "same name" not in sentences.summary(matrix())


def test_undefined_cells_are_counted_with_their_reason():
    assert unescaped(sentences.undefined(matrix())) == (
        "1 of 6 cells are undefined and hatched: 1 because a layer does not vary over the stimuli."
    )
    assert sentences.undefined(matrix([[1.0]])) == ""


def test_a_cell_in_words():
    assert unescaped(sentences.cell(matrix(), "row1", "column2")) == (
        "**0.750** CKA, linear, debiased, chance 0.125, n = 9"
    )
    assert unescaped(sentences.cell(matrix(), "row0", "column2")) == (
        "Undefined: a layer does not vary over the stimuli."
    )


def test_finding_names_the_extremes_in_the_direction_of_the_measure():
    similar = unescaped(sentences.finding(matrix()))
    assert similar == "most alike are row0 and column0 (1.00), least alike are row1 and column0 (-0.12); chance 0.12."
    distance = unescaped(sentences.finding(matrix(larger_is_more_similar=False)))
    assert distance.startswith("most alike are row1 and column0 (-0.12)")
    assert sentences.finding(matrix(np.full((2, 2), np.nan))) == "no cell of this map is defined."


@pytest.mark.parametrize(("seconds", "said"), [(0.2, "under a second"), (40.2, "about 40 s"), (150, "about 2 min")])
def test_durations(seconds, said):
    assert sentences.duration(seconds) == said


def test_a_network_compared_with_itself_is_not_praised_for_its_diagonal():
    same = matrix([[1.0, 0.5], [0.25, 1.0]], rows=("x", "y"), columns=("x", "y"), model_b="A")
    assert "the diagonal says nothing" in sentences.summary(same)
    assert unescaped(sentences.finding(same)).startswith(
        "most alike are x and y (0.50), least alike are y and x (0.25)"
    )


def test_a_cell_of_a_divergence_says_its_error_its_batch_and_how_far_it_is():
    result = matrix(
        [[2.0, 4.0]],
        measure="rtd",
        bounds=(0.0, np.inf),
        larger_is_more_similar=False,
        standard_error=np.array([[0.25, np.nan]]),
        recipe={"options": {"batch": 7}, "trials_done": 3, "trials_total": 10},
    )
    assert unescaped(sentences.divergence_cell(result, "row0", "column0")) == (
        "**2.000** ± 0.25 RTD, batch 7, 3 of 10 subsets"
    )
    whole = matrix([[2.0]], measure="rtd", recipe={"options": {"batch": None}, "trials_done": 1, "trials_total": 1})
    assert unescaped(sentences.divergence_cell(whole, "row0", "column0")) == "**2.000** RTD, batch 9, 1 subset"
    assert unescaped(sentences.divergence_cell(matrix(), "row0", "column2")).startswith("Undefined: a layer does not")


def test_every_reason_that_the_core_gives_has_a_sentence():
    codes = set()
    for path in (Path(__file__).parents[2] / "repsim_core").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "DegenerateError" and len(node.args) == 2:
                codes |= {
                    one.value
                    for one in ast.walk(node.args[1])
                    if isinstance(one.value if isinstance(one, ast.Constant) else None, str)
                }
    assert len(codes) > 10
    assert {code for code in codes if code not in REASONS} == set()
