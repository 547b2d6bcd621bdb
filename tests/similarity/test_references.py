"""Every measure against the values that other tools and independent scripts give on the reference data."""

import json
from pathlib import Path

import numpy as np
import pytest

from repsim_core.errors import DegenerateError
from repsim_core.similarity import compare_layers, score
from tests.similarity.cases import activations, d1

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "similarity.json").read_text())
FULL, TEN_DIGITS = 1e-12, 1.01e-10  # what the file holds of each value

VALUES = [
    ("cka", {}, "cka", FULL),
    ("cka_biased", {}, "cka_biased", FULL),
    ("cka_rbf", {"scale": 0.5, "debiased": False}, "cka_rbf_biased_scale0.5", FULL),
    *(("cka_rbf", {"scale": scale}, f"cka_rbf_scale{scale:g}", TEN_DIGITS) for scale in (0.2, 0.4, 0.5, 0.8, 100)),
    ("cca", {}, "mean_cca", FULL),
    ("cca", {"squared": True}, "mean_cca_squared", FULL),
    ("svcca", {}, "svcca", TEN_DIGITS),
    ("pwcca", {}, "pwcca_x", FULL),
    ("pwcca", {"side": "y"}, "pwcca_y", FULL),
    ("linear_regression", {}, "linear_regression_x", TEN_DIGITS),
    ("linear_regression", {"predicted": "y"}, "linear_regression_y", TEN_DIGITS),
    ("procrustes", {}, "procrustes", FULL),
    ("procrustes_angle", {}, "angular_shape_distance", FULL),
    ("procrustes_size", {}, "size_and_shape", TEN_DIGITS),
    ("rsa", {}, "rsa_correlation_spearman", FULL),
    ("rsa", {"compare": "pearson"}, "rsa_correlation_pearson", TEN_DIGITS),
    ("rsa", {"dissimilarity": "sqeuclidean", "compare": "pearson"}, "rsa_sqeuclidean_pearson", FULL),
    ("rsa", {"dissimilarity": "sqeuclidean"}, "rsa_sqeuclidean_spearman", FULL),
    ("rsa", {"dissimilarity": "euclidean"}, "rsa_sqeuclidean_spearman", FULL),  # the same order
    ("rsa", {"dissimilarity": "sqeuclidean", "compare": "kendall"}, "rsa_sqeuclidean_kendall", TEN_DIGITS),
    ("mutual_knn", {"metric": "euclidean"}, "mutual_knn_k10_euclidean", FULL),
    ("mutual_knn", {}, "mutual_knn_k10_cosine", FULL),
    ("mutual_knn", {"metric": "euclidean", "form": "jaccard"}, "jaccard_k10_euclidean", TEN_DIGITS),
    ("mutual_knn", {"form": "jaccard"}, "jaccard_k10_cosine", TEN_DIGITS),
    ("cknna", {}, "cknna_k10_cosine", TEN_DIGITS),
    ("cknna", {"metric": "euclidean"}, "cknna_k10_euclidean", TEN_DIGITS),
    ("cknna", {"k": 99}, "cknna_k99", TEN_DIGITS),
    ("dcor", {}, "dcor", TEN_DIGITS),
    ("dcor", {"debiased": False}, "dcor_biased", TEN_DIGITS),
]


@pytest.mark.parametrize(("measure", "options", "key", "digits"), VALUES)
def test_published_values_come_out(measure, options, key, digits):
    expected = REFERENCE["D1"][key]
    assert score(*d1(), measure, **options) == pytest.approx(expected, abs=digits * max(1, expected))


def test_a_matrix_carries_the_published_chance_and_standard_error():
    x, y = d1()
    a, b = activations({"x": x}), activations({"y": y})
    debiased, biased = (compare_layers(a, b, name) for name in ("cka", "cka_biased"))
    assert debiased.standard_error[0, 0] == pytest.approx(REFERENCE["D1"]["cka_jackknife_standard_error"], abs=1e-10)
    assert debiased.chance[0, 0] == 0
    assert biased.chance[0, 0] == pytest.approx(REFERENCE["D1"]["cka_biased_chance"], abs=1e-10)
    assert np.isnan(biased.standard_error[0, 0])


def test_few_stimuli_and_many_units():
    np.random.seed(0)
    x, y = np.random.randn(20, 200), np.random.randn(20, 200)
    for measure in ("cka", "cka_biased"):
        assert score(x, y, measure) == pytest.approx(REFERENCE["D2"][measure], abs=1e-9)
    # All 19 canonical correlations are exactly 1: no number is shown for that.
    for measure in ("cca", "svcca", "pwcca"):
        with pytest.raises(DegenerateError, match=r"x: canonical correlations of 1\d kept directions need n = \d\d"):
            score(x, y, measure)
