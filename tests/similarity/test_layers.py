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
from tests.similarity.cases import CANONICAL, NAMES, VARIANTS, activations


@pytest.fixture
def pair(rng):
    x = rng.normal(size=(40, 6))
    a = {"one": x, "two": np.maximum(x @ rng.normal(size=(6, 50)), 0), "three": rng.normal(size=(40, 3))}
    b = {"left": x[:, :4].astype(np.float32), "right": rng.normal(size=(40, 90))}
    return activations(a, "A"), activations(b, "B")


@pytest.mark.parametrize(("measure", "options"), VARIANTS, ids=NAMES)
def test_every_cell_equals_the_score_of_its_pair(pair, measure, options):
    a, b = pair
    matrix = compare_layers(a, b, measure, **options)
    assert matrix.rows == ("one", "two", "three")
    assert matrix.columns == ("left", "right")
    assert matrix.bounds == MEASURES[measure].claims_of(options).bounds
    for i, j in np.ndindex(3, 2):
        x, y = a[matrix.rows[i]], b[matrix.columns[j]]
        if matrix.reasons[i, j]:
            assert np.isnan([matrix.values[i, j], matrix.chance[i, j], matrix.standard_error[i, j]]).all()
            with pytest.raises(DegenerateError) as refused:
                score(x, y, measure, **options)
            assert refused.value.reason == matrix.reasons[i, j] == "too_few_for_directions"
        else:
            assert matrix.values[i, j] == pytest.approx(score(x, y, measure, **options), abs=1e-12)
    assert matrix.defined[[0, 2], 0].all()
    assert matrix.defined.all() == (measure not in CANONICAL)


@pytest.mark.parametrize(("measure", "options"), VARIANTS, ids=NAMES)
def test_a_model_against_itself_is_as_similar_as_can_be(pair, measure, options):
    entry, matrix = MEASURES[measure], compare_layers(pair[0], pair[0], measure, **options)
    best = matrix.bounds[1 if entry.larger_is_more_similar else 0]
    if measure != "ridge":
        assert np.diag(matrix.values)[[0, 2]] == pytest.approx([best, best], abs=1e-9)
    if entry.symmetric:
        assert matrix.values == pytest.approx(matrix.values.T, abs=1e-12, nan_ok=True)
    copy = activations({name: one.values for name, one in pair[0].items()}, "copy")
    assert compare_layers(pair[0], copy, measure, **options).values == pytest.approx(
        matrix.values, abs=1e-12, nan_ok=True
    )


@pytest.mark.parametrize("measure", ["cka", "cka_rbf", "dcor"])
def test_unbiased_kernels_carry_the_exact_jackknife(pair, measure):
    a, b = pair
    matrix = compare_layers(a, b, measure)
    x, y = a["one"].values, b["left"].values
    kept = [np.delete(np.arange(40), i) for i in range(40)]
    if measure == "cka_rbf":  # the bandwidth of all rows is kept, so deletion is not recomputation
        assert (matrix.standard_error > 0).all()
        return
    without = np.array([score(x[rows], y[rows], measure) for rows in kept])
    expected = np.sqrt(39 / 40 * np.sum((without - without.mean()) ** 2))
    assert matrix.standard_error[0, 0] == pytest.approx(expected, abs=1e-9 if measure == "dcor" else 1e-8)
    assert np.isnan(compare_layers(a, b, "cka_biased").standard_error).all()


def test_what_predicts_what_is_said_and_true(rng):
    wide = rng.normal(size=(60, 6))
    a, b = activations({"wide": wide}, "A"), activations({"narrow": wide[:, :2]}, "B")
    forward = compare_layers(a, b, "linear_regression", predicted="x")
    back = compare_layers(a, b, "linear_regression", predicted="y")
    assert (forward.recipe["direction"], back.recipe["direction"]) == (
        "row predicted from column",
        "column predicted from row",
    )
    assert back.values[0, 0] == pytest.approx(1)  # a part of a layer is known from the whole
    assert forward.values[0, 0] < 0.6
    assert (forward.chance[0, 0], back.chance[0, 0]) == (2 / 59, 6 / 59)


@pytest.mark.parametrize("measure", MEASURES)
def test_too_few_stimuli_are_a_reason_in_every_cell(rng, measure):
    few = activations({"x": rng.normal(size=(1, 3)), "y": rng.normal(size=(1, 2))})
    matrix = compare_layers(few, few, measure)
    assert np.isnan(matrix.values).all()
    assert (matrix.reasons == "too_few_stimuli").all()
    assert "got 1" in "".join(matrix.warnings)


def test_too_many_directions_are_a_reason_with_the_number(pair):
    matrix = compare_layers(*pair, "cca")
    # 40 stimuli span 39 directions, which "right" fills (90 units) and "two" as well (50)
    assert matrix.reasons.tolist() == [
        ["", "too_few_for_directions"],
        ["too_few_for_directions"] * 2,
        ["", "too_few_for_directions"],
    ]
    assert matrix.warnings == (
        "CCA, mean correlation at n = 40 with up to 90 units is pulled towards 1: compare with shuffled stimuli.",
        "A/two: canonical correlations of 39 kept directions need n = 195 stimuli (5 each), got 40; "
        "take more stimuli, or svcca with a smaller share. So it is for 2 of 5 layers.",
    )


def test_ties_among_neighbours_are_counted_beside_the_matrix(rng):
    x = rng.normal(size=(20, 3))
    twins = np.vstack([x, x])
    matrix = compare_layers(
        activations({"x": twins}, "A"), activations({"y": rng.normal(size=(40, 3))}, "B"), "mutual_knn", k=2
    )
    # The nearest of each is its twin; the second place goes to one of two twins.
    assert matrix.warnings == ("A/x: ties at the neighbour number 2 of 40 of 40 stimuli, broken by row order.",)


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
    assert by_features.standard_error[0, 0] == pytest.approx(by_gram.standard_error[0, 0], rel=1e-9)
    assert by_features.warnings == by_gram.warnings
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
    low, high = matrix.chance.min(), matrix.chance.max()
    assert matrix.warnings == (
        "CKA, linear, biased at n = 40 with up to 90 units is pulled towards 1: "
        f"unrelated layers score {low:.2f} to {high:.2f} here.",
    )
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
    with pytest.raises(
        BudgetError, match=r"5 layers at 40 stimuli need 91 kB \(limit 20 kB\)\. Take 1\d stimuli or fewer, or fewer"
    ):
        compare_layers(a, b, memory_bytes=20_000)
    with pytest.raises(BudgetError, match=r"need 91 kB \(limit 500 B\)\. Take fewer layers\.$"):
        compare_layers(a, b, memory_bytes=500)
