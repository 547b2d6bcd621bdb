"""RTD and its kin as measures: the same numbers as the topology they stand on, refined subset by subset."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from repsim_core.errors import DegenerateError, InputError, UnknownNameError
from repsim_core.similarity import MEASURES, compare_layers, score
from repsim_core.topology import LITE_WARNING, chosen_subsets, normalised_distances, rtd, rtd_lite, srtd_lite
from repsim_core.types import LayerActivations, Representation, SimilarityMatrix

FAMILY = ["rtd", "rtd_lite", "srtd", "srtd_lite"]
SMALL = {"trials": 3, "batch": 20, "seed": 5}


def activations(layers, model):
    ids = tuple(f"s{i}" for i in range(len(next(iter(layers.values())))))
    return LayerActivations(
        model, "toy", ids, {name: Representation(x, ids, model, name) for name, x in layers.items()}, "flatten"
    )


@pytest.fixture
def pair(rng):
    one = rng.normal(size=(40, 6))
    a = activations({"one": one, "two": np.maximum(one, 0), "dead": np.ones((40, 3))}, "A")
    b = activations({"left": one[:, :2], "right": rng.normal(size=(40, 9))}, "B")
    return a, b


def test_every_cell_is_rtd_on_the_shared_subsets(pair):
    matrix = compare_layers(*pair, "rtd", **SMALL)
    subsets = chosen_subsets(40, 3, 20, 5)
    for row in ("one", "two"):
        for column in matrix.columns:
            alone = rtd(pair[0][row], pair[1][column], subsets=subsets)
            assert matrix.value(row, column) == pytest.approx(alone.value, abs=1e-12)
            cell = matrix.rows.index(row), matrix.columns.index(column)
            assert matrix.standard_error[cell] == pytest.approx(alone.standard_error, abs=1e-9)
    assert matrix.recipe["trials_done"] == 3


@pytest.mark.parametrize(("name", "of"), [("rtd_lite", rtd_lite), ("srtd_lite", srtd_lite)])
def test_tree_measures_are_means_over_the_subsets(pair, name, of):
    x, y = pair[0]["one"].values, pair[1]["right"].values
    expected = [of(normalised_distances(x[k]), normalised_distances(y[k])) for k in chosen_subsets(40, 3, 20, 5)]
    assert score(x, y, name, **SMALL) == pytest.approx(np.mean(expected))


def test_the_matrix_is_refined_after_each_subset(pair):
    seen = []
    final = compare_layers(*pair, "rtd", on_partial=seen.append, **SMALL)
    assert [one.recipe["trials_done"] for one in seen] == [1, 2]
    assert np.isnan(seen[0].standard_error).all()
    assert np.isfinite(seen[1].standard_error[:2]).all()
    first_alone = compare_layers(*pair, "rtd", **(SMALL | {"trials": 1}))
    assert np.allclose(seen[0].values[:2], first_alone.values[:2])
    assert not np.allclose(seen[0].values[:2], final.values[:2])


def test_a_layer_without_distances_is_undefined_and_leaves_the_others_alone(pair):
    matrix = compare_layers(*pair, "rtd", **SMALL)
    assert matrix.reasons[2].tolist() == ["zero_scale", "zero_scale"]
    assert np.isnan(matrix.values[2]).all()
    assert np.isfinite(matrix.values[:2]).all()
    with pytest.raises(DegenerateError, match="RTD is undefined here: zero_scale"):
        score(pair[0]["dead"], pair[1]["left"], "rtd", **SMALL)


@pytest.mark.parametrize("name", FAMILY)
def test_a_model_against_itself_needs_half_of_the_pairs_and_gives_all(pair, name):
    one = activations({key: pair[0][key].values for key in ("one", "two")}, "A")
    counts = []
    matrix = compare_layers(one, one, name, progress=lambda done, total: counts.append((done, total)), **SMALL)
    assert np.array_equal(matrix.values, matrix.values.T)
    assert np.diag(matrix.values).tolist() == [0, 0]
    assert matrix.values[0, 1] > 0
    assert counts[-1] == (3, 3)


def test_an_executor_changes_nothing_but_the_time(pair):
    with ThreadPoolExecutor(2) as executor:
        there = compare_layers(*pair, "rtd", executor=executor, **SMALL)
    assert np.array_equal(there.values, compare_layers(*pair, "rtd", **SMALL).values, equal_nan=True)


def test_without_a_batch_all_stimuli_up_to_500_are_one_subset(pair):
    matrix = compare_layers(*pair, "rtd")
    assert matrix.recipe["trials_total"] == 1
    assert matrix.value("one", "left") == pytest.approx(rtd(pair[0]["one"], pair[1]["left"], batch=40).value)


def test_a_distance_without_an_upper_bound_survives_its_file(pair, tmp_path):
    matrix = compare_layers(*pair, "rtd_lite", **SMALL)
    assert matrix.warnings == (LITE_WARNING,)
    matrix.save(tmp_path / "m.npz")
    again = SimilarityMatrix.load(tmp_path / "m.npz")
    assert again.bounds == (0, np.inf)
    assert np.array_equal(again.standard_error, matrix.standard_error, equal_nan=True)
    assert not again.larger_is_more_similar


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"batch": 41}, InputError, "A batch of 41 needs as many stimuli, there are 40; take batch = 40 or fewer"),
        ({"trials": 0}, InputError, "trials must be a whole number above 0, got 0"),
        ({"metric": "euclid"}, UnknownNameError, "No metric named 'euclid'. Did you mean 'euclidean'"),
        ({"scale": "max"}, UnknownNameError, "No scale named 'max'"),
        ({"subset": 3}, UnknownNameError, "No option of rtd named 'subset'"),
    ],
)
def test_refusals(pair, options, error, message):
    with pytest.raises(error, match=message):
        compare_layers(*pair, "rtd", **options)


@pytest.mark.parametrize("name", FAMILY)
def test_one_stimulus_is_too_few(name):
    with pytest.raises(DegenerateError, match=f"{MEASURES[name].title} needs at least 2 stimuli, got 1"):
        score(np.ones((1, 3)), np.ones((1, 2)), name)
