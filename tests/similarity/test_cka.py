"""CKA: by hand, as theorems, against loops, against published values, and what it refuses."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from repsim_core.errors import DegenerateError, InputError, ShapeError, StimulusMismatchError, UnknownNameError
from repsim_core.similarity import score
from repsim_core.similarity.embedding import u_centred, within_bounds
from repsim_core.similarity.features import linear_cka_from_features
from repsim_core.types import Representation
from tests.similarity.cases import d1

LINEAR = ("cka", "cka_biased")


# by hand ------------------------------------------------------------------------------------------------------------


def test_in_one_dimension_biased_cka_is_the_squared_correlation():
    # x = (−3, −1, 1, 3)/2, y centred = (−7, −5, 1, 11)/2: r² = (3·7+5+1+33)² / (20 · 196) = 45/49
    x = np.arange(4.0)[:, None]
    assert score(x, x**2, "cka_biased") == pytest.approx(45 / 49, abs=1e-12)


@pytest.mark.parametrize("n", [8, 16, 40])
def test_crossed_labels_score_zero_biased_and_below_zero_debiased(n):
    # Balanced 2 × 2 labels: the centred Grams are orthogonal; taking out their diagonals leaves −1/(n − 2).
    a, b = np.tile([0, 0, 1, 1], n // 4), np.tile([0, 1, 0, 1], n // 4)
    x, y = np.eye(2)[a], np.eye(2)[b]
    assert score(x, y, "cka_biased") == pytest.approx(0, abs=1e-12)
    assert score(x, y) == pytest.approx(-1 / (n - 2), abs=1e-12)


# oracles ------------------------------------------------------------------------------------------------------------


def hsic1_by_loops(k, l):  # noqa: E741
    """Song et al. (2012), equation 5, term by term."""
    n = len(k)
    k, l = k.copy(), l.copy()  # noqa: E741
    for i in range(n):
        k[i, i] = l[i, i] = 0
    trace = sum(k[i, j] * l[j, i] for i in range(n) for j in range(n))
    sums = sum(map(sum, k)) * sum(map(sum, l)) / ((n - 1) * (n - 2))
    rows = sum(k[i, j] * l[j, m] for i in range(n) for j in range(n) for m in range(n))
    return (trace + sums - 2 / (n - 2) * rows) / (n * (n - 3))


@pytest.mark.parametrize(("n", "p", "q"), [(4, 2, 3), (7, 7, 2), (9, 12, 20)])
def test_debiased_cka_equals_the_definition_in_loops(rng, n, p, q):
    x, y = rng.normal(size=(n, p)), rng.normal(size=(n, q))
    k, l = x @ x.T, y @ y.T  # noqa: E741
    expected = hsic1_by_loops(k, l) / np.sqrt(hsic1_by_loops(k, k) * hsic1_by_loops(l, l))
    assert score(x, y) == pytest.approx(expected, abs=1e-11)


@pytest.mark.parametrize(("n", "p", "q"), [(50, 5, 9), (30, 30, 30), (20, 40, 7), (8, 100, 200)])
def test_feature_form_equals_gram_form(rng, n, p, q):
    x, y = rng.normal(size=(n, p)), rng.normal(size=(n, q))
    x[:, 0] += y[:, 0]
    assert linear_cka_from_features(x, y) == pytest.approx(score(x, y), abs=1e-12)


def test_biased_cka_is_the_ratio_of_frobenius_norms(rng):
    x, y = rng.normal(size=(30, 6)), rng.normal(size=(30, 4))
    a, b = x - x.mean(0), y - y.mean(0)
    expected = np.linalg.norm(a.T @ b) ** 2 / (np.linalg.norm(a.T @ a) * np.linalg.norm(b.T @ b))
    assert score(x, y, "cka_biased") == pytest.approx(expected, abs=1e-12)


# theorems -----------------------------------------------------------------------------------------------------------


@given(seed=st.integers(0, 2**16))
@pytest.mark.parametrize("measure", ["cka", "cka_biased"])
def test_the_angle_of_cka_obeys_the_triangle_inequality(measure, seed):
    rng = np.random.default_rng(seed)
    x, y, z = (rng.normal(size=(10, p)) for p in (2, 5, 9))
    y[:, :2] += 2 * x
    angle = [np.arccos(score(a, b, measure)) for a, b in ((x, y), (y, z), (x, z))]
    assert angle[2] <= angle[0] + angle[1] + 1e-12


def test_rows_of_a_u_centred_kernel_sum_to_zero_and_ignore_row_effects(rng):
    k = rng.normal(size=(9, 9))
    k, u = k + k.T, rng.normal(size=9)
    assert u_centred(k).sum(axis=0) == pytest.approx(np.zeros(9), abs=1e-12)
    assert u_centred(k + u[:, None] + u[None, :]) == pytest.approx(u_centred(k), abs=1e-12)


def test_independent_data_score_zero_debiased_and_follow_the_bias_formula_biased():
    # E[biased] ≈ √(p q / ((n + p)(n + q))); the allowance 0.006 is for the approximation itself.
    n, p, q = 64, 100, 300
    drawn = [np.random.default_rng(seed) for seed in range(40)]
    pairs = [(r.normal(size=(n, p)), r.normal(size=(n, q))) for r in drawn]
    for measure, expected in (("cka", 0.0), ("cka_biased", np.sqrt(p * q / ((n + p) * (n + q))))):
        values = np.array([score(x, y, measure) for x, y in pairs])
        assert abs(values.mean() - expected) < 3 * values.std(ddof=1) / np.sqrt(40) + 0.006


def test_a_very_wide_kernel_gives_linear_cka():
    assert score(*d1(), "cka_rbf", scale=100) == pytest.approx(score(*d1()), abs=1e-5)


# nasty numbers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("offset", [0, 1, 10, 100, 1000, 10_000])
@pytest.mark.parametrize("measure", LINEAR)
def test_a_large_mean_in_float32_costs_no_digits(rng, measure, offset):
    x = (rng.normal(size=(200, 30)) + offset).astype(np.float32)
    assert score(x, x[:, ::-1], measure) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("factor", [1e-200, 1e-30, 1e-20, 1e20, 1e30, 1e200])
def test_extreme_scales_change_nothing(rng, factor):
    x, y = rng.normal(size=(30, 5)), rng.normal(size=(30, 4))
    assert score(factor * x, y) == pytest.approx(score(x, y), abs=1e-12)
    if 1e-31 < factor < 1e31:
        assert score((factor * x).astype(np.float32), y) == pytest.approx(score(x, y), abs=1e-6)


@pytest.mark.parametrize("constant", [0, 0.1, 1 / 3, 1e-3, -7.7, 3e-30, 1e30])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n", [200, 20_000])
def test_a_constant_layer_is_undefined_not_a_number(rng, constant, dtype, n):
    x = np.full((n, 3), constant, dtype)
    with pytest.raises(DegenerateError, match=f"does not vary over its {n} stimuli") as caught:
        linear_cka_from_features(x, rng.normal(size=(n, 2)))
    assert caught.value.reason == "zero_variance"


def test_a_live_layer_far_from_zero_is_accepted(rng):
    x = (rng.normal(size=(5000, 3)) + 1e4).astype(np.float32)
    assert linear_cka_from_features(x, x) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("dtype", ["float16", "float32", "int16", "bool", ">f8"])
def test_other_dtypes_and_memory_orders_give_the_same_number(rng, dtype):
    x = (rng.normal(size=(40, 6)) > 0).astype(dtype)
    y = rng.normal(size=(40, 5))
    expected = score(x.astype(np.float64), y)
    assert score(x, y) == pytest.approx(expected, abs=1e-6)
    assert score(np.asfortranarray(x), y[:, :]) == pytest.approx(expected, abs=1e-6)
    assert score(np.repeat(x, 2, axis=1)[:, ::2], y) == pytest.approx(expected, abs=1e-6)


# refusals -----------------------------------------------------------------------------------------------------------


def labelled(values, ids, layer="body"):
    return Representation(values, tuple(ids), "toy", layer)


def refused(rng):
    x, y = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
    broken = x.copy()
    broken[2, 1] = np.nan
    infinite = x.copy()
    infinite[0, 0] = np.inf
    ids = list("abcde")
    return [
        ((x[:, :, None], y), {}, ShapeError, r"x: expected \(n_stimuli, n_units\), got shape \(5, 3, 1\)"),
        ((x.astype(complex), y), {}, ShapeError, "x: expected real numbers, got dtype complex128"),
        ((np.array([["a"]] * 5), y), {}, ShapeError, "x: expected real numbers, got dtype <U1"),
        ((x, y[:4]), {}, StimulusMismatchError, "have 5 and 4 stimuli"),
        (
            (labelled(x, ids), labelled(y, ids[::-1], "head")),
            {},
            StimulusMismatchError,
            "toy/body and toy/head have the same stimuli in a different order; reorder one of them",
        ),
        (
            (labelled(x, ids), labelled(y, "abcdz")),
            {},
            StimulusMismatchError,
            "row 4 is 'e' in one and 'z' in the other",
        ),
        ((broken, y), {}, DegenerateError, "array/x has NaN or infinity in 1 of 5 rows, first for stimulus '2'"),
        (
            (x, infinite[:, :2]),
            {},
            DegenerateError,
            "array/y has NaN or infinity in 1 of 5 rows, first for stimulus '0'",
        ),
        ((x[:3], y[:3]), {}, DegenerateError, "Debiased CKA needs at least 4 stimuli, got 3; take n = 4 or more"),
        ((x[:1], y[:1]), {"measure": "cka_biased"}, DegenerateError, "CKA needs at least 2 stimuli, got 1"),
        ((x, y), {"measure": "ckaa"}, UnknownNameError, "No measure named 'ckaa'. Did you mean 'cka'"),
        ((x, y), {"scale": 1}, InputError, "cka takes no options, got 'scale'"),
        ((x, y), {"measure": "cka_rbf", "scales": 1}, UnknownNameError, "Did you mean 'scale'"),
        ((x, y), {"measure": "cka_rbf", "scale": 0}, InputError, "RBF scale must be a number above 0, got 0"),
        ((x, y), {"measure": "cka_rbf", "scale": np.nan}, InputError, "RBF scale must be a number above 0, got nan"),
        (
            (np.eye(5)[[0, 0, 0, 0, 1]], y),
            {"measure": "cka_rbf"},
            DegenerateError,
            "more than half of its squared distances are 0",
        ),
        ((np.eye(5), y), {}, DegenerateError, "all pairs of its 5 stimuli are equally alike"),
    ]


@pytest.mark.parametrize("case", range(17))
def test_refusals_say_what_came_and_what_to_do(rng, case):
    arguments, options, kind, message = refused(rng)[case]
    with pytest.raises(kind, match=message):
        score(*arguments, **options)


def test_the_feature_form_refuses_equidistant_stimuli(rng):
    with pytest.raises(DegenerateError, match="x: all pairs of its 4 stimuli are equally alike, so debiased"):
        linear_cka_from_features(np.eye(4) * 2, rng.normal(size=(4, 2)))


def test_four_stimuli_are_enough(rng):
    assert -1 <= score(rng.normal(size=(4, 3)), rng.normal(size=(4, 2))) <= 1


def test_a_cosine_out_of_bounds_is_our_fault_and_said_so():
    with pytest.raises(ArithmeticError, match=r"A cosine came out as 1\.01"):
        within_bounds(1.01, -1.0)
