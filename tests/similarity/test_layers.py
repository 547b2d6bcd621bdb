"""All pairs of layers: the one product against pair by pair, cells that stay undefined, and what is refused."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from repsim_core.errors import (
    BudgetError,
    Cancelled,
    DegenerateError,
    InputError,
    StimulusMismatchError,
    UnknownNameError,
)
from repsim_core.similarity import MEASURES, compare_layers, score
from repsim_core.types import LayerActivations, Representation


def activations(arrays, model="toy", ids=None):
    n = len(next(iter(arrays.values()), ()))
    ids = tuple(ids or (f"s{i}" for i in range(n)))
    return LayerActivations(model, "set", ids, {k: Representation(v, ids, model, k) for k, v in arrays.items()})


@pytest.fixture
def pair(rng):
    x = rng.normal(size=(40, 6))
    a = {"one": x, "two": np.maximum(x @ rng.normal(size=(6, 50)), 0), "three": rng.normal(size=(40, 3))}
    b = {"left": x[:, :4].astype(np.float32), "right": rng.normal(size=(40, 90))}
    return activations(a, "A"), activations(b, "B")


@pytest.mark.parametrize("measure", MEASURES)
def test_every_cell_equals_the_score_of_its_pair(pair, measure):
    a, b = pair
    matrix = compare_layers(a, b, measure)
    assert matrix.rows == ("one", "two", "three")
    assert matrix.columns == ("left", "right")
    for row in matrix.rows:
        for column in matrix.columns:
            assert matrix.value(row, column) == pytest.approx(score(a[row], b[column], measure), abs=1e-9)


@pytest.mark.parametrize("measure", MEASURES)
def test_a_model_against_itself_is_as_similar_as_can_be(pair, measure):
    values = compare_layers(pair[0], pair[0], measure).values
    best = MEASURES[measure].bounds[1 if MEASURES[measure].larger_is_more_similar else 0]
    assert np.diag(values) == pytest.approx(np.full(3, best), abs=1e-9)
    assert values == pytest.approx(values.T, abs=1e-12)


def test_an_executor_changes_nothing_but_the_time(pair):
    with ThreadPoolExecutor(2) as executor:
        there = compare_layers(*pair, executor=executor)
    assert np.array_equal(there.values, compare_layers(*pair).values)


def test_many_stimuli_take_the_feature_side_and_agree_with_the_gram_side(rng, monkeypatch):
    a = activations({"p": rng.normal(size=(3000, 4)), "dead": np.full((3000, 2), 0.1)}, "A")
    b = activations({"q": rng.normal(size=(3000, 3)) + a["p"].values[:, :3]}, "B")
    by_features = compare_layers(a, b, memory_bytes=1000)  # the n × n form would need 216 MB and be refused
    monkeypatch.setattr("repsim_core.similarity.layers._feature_side_is_cheaper", lambda *_: False)
    by_gram = compare_layers(a, b)
    assert by_features.value("p", "q") == pytest.approx(by_gram.value("p", "q"), abs=1e-12)
    assert by_features.reasons.tolist() == by_gram.reasons.tolist() == [[""], ["zero_variance"]]


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda x: np.full_like(x, 0.1), "zero_variance"),
        (lambda x: np.where(np.arange(len(x))[:, None] == 3, np.nan, x), "non_finite"),
        (lambda x: np.where(np.arange(len(x))[:, None] == 3, np.inf, x), "non_finite"),
    ],
)
def test_one_broken_layer_leaves_the_other_cells_as_they_were(pair, damage, reason):
    a, b = pair
    whole = compare_layers(a, b)
    broken = {name: damage(one.values) if name == "two" else one.values for name, one in a.items()}
    matrix = compare_layers(activations(broken, "A"), b)
    assert matrix.reasons.tolist() == [["", ""], [reason, reason], ["", ""]]
    assert np.isnan(matrix.values[1]).all()
    assert np.isnan(matrix.chance[1]).all()
    assert np.array_equal(matrix.values[[0, 2]], whole.values[[0, 2]])


def test_the_biased_form_shows_its_chance_and_warns_where_units_outnumber_stimuli(pair):
    matrix = compare_layers(*pair, "cka_biased")
    assert (matrix.chance > 0).all()
    assert matrix.warnings[0].startswith("Biased CKA at n = 40 with up to 90 units is pulled towards 1")
    assert compare_layers(*pair).warnings == ()


def test_progress_counts_layers_and_can_cancel(pair):
    seen = []
    compare_layers(*pair, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(0, 5), (1, 5), (2, 5), (3, 5), (4, 5), (5, 5)]

    def stop(done, _total):
        if done == 2:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled, match="stopped"):
        compare_layers(*pair, progress=stop)


def test_the_recipe_says_how_to_do_it_again(pair):
    recipe = compare_layers(*pair, "cka_rbf", scale=0.8).recipe
    assert recipe["options"] == {"scale": 0.8, "debiased": True}
    assert recipe["layers_a"] == ["one", "two", "three"]


def test_what_cannot_be_compared_is_refused(pair, rng):
    a, b = pair
    with pytest.raises(StimulusMismatchError, match="same stimuli in a different order"):
        compare_layers(a, activations({k: v.values for k, v in b.items()}, "B", [f"s{39 - i}" for i in range(40)]))
    with pytest.raises(StimulusMismatchError, match="40 and 39 stimuli"):
        compare_layers(a, activations({"x": rng.normal(size=(39, 2))}))
    with pytest.raises(UnknownNameError, match="Did you mean 'cka_rbf'"):
        compare_layers(a, b, "cka_rfb")
    with pytest.raises(InputError, match="no layers to compare"):
        compare_layers(a, activations({}))
    with pytest.raises(DegenerateError, match="CKA, linear, debiased needs at least 4 stimuli, got 3; take n = 4"):
        compare_layers(*(activations({"x": rng.normal(size=(3, 2))}) for _ in range(2)))
    with pytest.raises(
        BudgetError, match=r"5 layers at 40 stimuli need 64 kB of n × n matrices \(limit 5.0 kB\). Take 11"
    ):
        compare_layers(a, b, memory_bytes=5000)
