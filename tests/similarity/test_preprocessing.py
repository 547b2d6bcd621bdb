"""Scalings and reductions: by hand, seeded, recorded, and what they meet on the way."""

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from repsim_core.errors import InputError, UnknownNameError
from repsim_core.similarity.preprocessing import preprocessed
from repsim_core.types import LayerActivations, Representation


def layers(**values):
    n = len(next(iter(values.values())))
    ids = tuple(map(str, range(n)))
    made = {name: Representation(one, ids, "m", name, (one.shape[1],)) for name, one in values.items()}
    return LayerActivations("m", "d", ids, made, recipe={"n": n})


@pytest.fixture
def x(rng):
    return rng.normal(size=(30, 6)) * [1, 10, 100, 1e3, 1e4, 1e5] + 7


def test_nothing_asked_is_nothing_done(x):
    given = layers(a=x)
    assert preprocessed(given) is given


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_zscored_units_have_mean_0_and_deviation_1_and_constant_ones_are_0_and_named(x, dtype):
    x = x.astype(dtype)
    x[:, 2] = 0.1
    found = preprocessed(layers(a=x), scaling="zscore")
    values = found["a"].values
    np.testing.assert_allclose(values.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(np.delete(values.std(axis=0), 2), 1, rtol=1e-5)
    assert not values[:, 2].any()
    assert found.notes == ("a: 1 of 6 units are constant and became 0.",)
    assert found.recipe == {"n": 30, "scaling": "zscore", "reduction": "none"}


def test_rows_have_length_1_and_those_of_zeros_stay_and_are_named(x):
    x[4] = 0
    found = preprocessed(layers(a=x), scaling="rownorm")
    lengths = np.linalg.norm(found["a"].values, axis=1)
    np.testing.assert_allclose(np.delete(lengths, 4), 1)
    assert lengths[4] == 0
    assert found.notes == ("a: 1 of 30 rows are all zero and stayed so.",)


def test_principal_directions_keep_the_distances_of_what_they_span(rng):
    x = rng.normal(size=(30, 3)) @ rng.normal(size=(3, 20))
    values = preprocessed(layers(a=x), reduction="pca", dimensions=3)["a"].values
    assert values.shape == (30, 3)
    np.testing.assert_allclose(pdist(values), pdist(x))
    assert preprocessed(layers(a=rng.normal(size=(5, 20))), reduction="pca", dimensions=19)["a"].values.shape == (5, 4)


def test_a_projection_is_seeded_and_recorded_and_keeps_distances_roughly(rng):
    x = rng.normal(size=(20, 4000))
    first, again, other = (
        preprocessed(layers(a=x), reduction="projection", dimensions=500, seed=seed) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first["a"].values, again["a"].values)
    assert not np.allclose(first["a"].values, other["a"].values)
    np.testing.assert_allclose(pdist(first["a"].values), pdist(x), rtol=0.2)
    assert first.recipe["dimensions"] == 500
    assert first.recipe["reduction_seed"] == 1
    assert first["a"].unit_shape == (500,)


def test_a_small_layer_and_one_that_is_not_finite_are_left_as_they_are(x):
    bad = np.full((30, 60), np.nan)
    found = preprocessed(layers(a=x, b=bad), reduction="pca", dimensions=6)
    np.testing.assert_array_equal(found["a"].values, x)
    assert np.isnan(found["b"].values).all()


def test_the_order_is_scaling_then_reduction(x):
    both = preprocessed(layers(a=x), scaling="zscore", reduction="pca", dimensions=2)["a"].values
    steps = preprocessed(preprocessed(layers(a=x), scaling="zscore"), reduction="pca", dimensions=2)["a"].values
    np.testing.assert_allclose(both, steps)


def test_other_names_and_sizes_are_refused(x):
    with pytest.raises(UnknownNameError, match="zscore"):
        preprocessed(layers(a=x), scaling="zscored")
    with pytest.raises(UnknownNameError, match="projection"):
        preprocessed(layers(a=x), reduction="projections")
    with pytest.raises(InputError, match="at least 1 dimension, got 0"):
        preprocessed(layers(a=x), reduction="pca", dimensions=0)
