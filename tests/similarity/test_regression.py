"""Linear and ridge regression: against least squares and scikit-learn, both directions, what is not predicted."""

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, Ridge

from repsim_core.similarity import compare_layers, score
from repsim_core.similarity.ridge import PENALTIES, held_out
from tests.similarity.cases import activations, d1


def pair(rng, n, p, q):
    x, y = rng.normal(size=(n, p)), rng.normal(size=(n, q))
    k = min(p, q, 3)
    y[:, :k] += 2 * x[:, :k]
    return x, y


def test_in_one_dimension_r_squared_is_the_squared_correlation():
    # The same data as for CKA: r² = 45/49 whichever predicts which.
    x = np.arange(4.0)[:, None]
    for side in ("x", "y"):
        assert score(x, x**2, "linear_regression", predicted=side) == pytest.approx(45 / 49, abs=1e-12)


@pytest.mark.parametrize(("n", "p", "q"), [(40, 6, 9), (40, 9, 6), (30, 12, 25), (20, 60, 5)])
def test_linear_regression_is_least_squares_of_all_units(rng, n, p, q):
    x, y = pair(rng, n, p, q)
    for target, predictor, side in ((x, y, "x"), (y, x, "y")):
        left = target - LinearRegression().fit(predictor, target).predict(predictor)
        expected = 1 - np.sum(left**2) / np.sum((target - target.mean(0)) ** 2)
        assert score(x, y, "linear_regression", predicted=side) == pytest.approx(expected, abs=1e-12)


def test_linear_regression_is_pwcca_with_squared_weights_and_correlations():
    # Kornblith et al., section 3: Σ w_i² ρ_i² / Σ w_i² with w_i² = Σ_j ⟨h_i, x_j⟩²
    x, y = d1()
    a, b = x - x.mean(0), y - y.mean(0)
    qa, qb = np.linalg.qr(a)[0], np.linalg.qr(b)[0]
    u, rho, _ = np.linalg.svd(qa.T @ qb)
    weights = np.sum(((qa @ u).T @ a) ** 2, axis=1)
    assert score(x, y, "linear_regression") == pytest.approx(np.average(rho**2, weights=weights), abs=1e-12)


def test_as_many_units_as_stimuli_explain_anything_and_chance_says_so(rng):
    a, b = activations({"x": rng.normal(size=(15, 4))}, "A"), activations({"y": rng.normal(size=(15, 40))}, "B")
    matrix = compare_layers(a, b, "linear_regression")
    assert matrix.values[0, 0] == pytest.approx(1, abs=1e-12)
    assert matrix.chance[0, 0] == 1
    assert matrix.warnings == (
        "Linear regression, R² at n = 15 with up to 40 units is pulled towards 1: unrelated layers score 1.00 here.",
    )


def ridge_by_hand(target, predictor, folds, seed):
    """Each fold: the penalty of least generalised cross-validation by explicit hat matrices, then scikit-learn."""
    n, wrong, whole = len(target), 0.0, 0.0
    for test in held_out(n, folds, seed):
        train = np.array([i for i in range(n) if i not in test])
        features = predictor[train] - predictor[train].mean(0)
        known = target[train] - target[train].mean(0)
        values = np.linalg.svd(features, compute_uv=False) ** 2
        values = values[values > 1e-12 * values[0]]
        scores = []
        for penalty in PENALTIES * values.mean():
            inner = features.T @ features + penalty * np.eye(features.shape[1])
            hat = features @ np.linalg.solve(inner, features.T) + 1 / len(train)
            scores.append(np.sum((known - hat @ known) ** 2) / (len(train) - np.trace(hat)) ** 2)
        chosen = Ridge(alpha=(PENALTIES * values.mean())[np.argmin(scores)]).fit(predictor[train], target[train])
        wrong += np.sum((target[test] - chosen.predict(predictor[test])) ** 2)
        whole += np.sum((target[test] - target[train].mean(0)) ** 2)
    return 1 - wrong / whole


@pytest.mark.parametrize(("n", "p", "q", "folds"), [(60, 6, 9, 5), (60, 9, 30, 3), (40, 12, 50, 5), (23, 60, 5, 4)])
def test_ridge_equals_fold_by_fold_regression(rng, n, p, q, folds):
    x, y = pair(rng, n, p, q)
    for target, predictor, side in ((x, y, "x"), (y, x, "y")):
        expected = ridge_by_hand(target, predictor, folds, seed=3)
        found = score(x, y, "ridge", predicted=side, folds=folds, seed=3)
        assert found == pytest.approx(expected, abs=1e-8)


def test_folds_are_seeded_and_disjoint():
    folds = held_out(23, 4, seed=1)
    assert sorted(np.concatenate(folds).tolist()) == list(range(23))
    assert {len(one) for one in folds} == {5, 6}
    assert [one.tolist() for one in held_out(23, 4, seed=1)] == [one.tolist() for one in folds]
    assert [one.tolist() for one in held_out(23, 4, seed=2)] != [one.tolist() for one in folds]


def test_out_of_sample_unrelated_layers_predict_nothing_where_in_sample_they_seem_to(rng):
    x, y = rng.normal(size=(80, 10)), rng.normal(size=(80, 60))
    assert score(x, y, "linear_regression") > 0.6
    assert -0.3 < score(x, y, "ridge") < 0.05
    noiseless = x @ rng.normal(size=(10, 4))
    assert score(noiseless, x, "ridge") > 1 - 1e-9


def test_a_predictor_that_is_constant_in_training_predicts_the_mean():
    # One unit that answers to one stimulus: where that is held out, nothing is left to learn from.
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(10, 2)), np.zeros((10, 1))
    y[4] = 1
    by_hand = 0.0
    for test in held_out(10, 5, 0):
        if 4 not in test:
            continue
        train = np.setdiff1d(np.arange(10), test)
        by_hand = np.sum((x[test] - x[train].mean(0)) ** 2)
    assert by_hand > 0
    assert np.isfinite(score(x, y, "ridge"))
    assert score(y, x, "ridge") < 1
