"""Spectra, example similarities and projections of single layers and pairs."""

import numpy as np
import pytest

from repsim_core.errors import DegenerateError, InputError
from repsim_core.similarity import (
    aligned_projection,
    example_similarity,
    layer_profile,
    spectrum,
    spectrum_slope,
    subset,
    twonn_dimension,
)
from repsim_core.types import Representation


def representation(values):
    return Representation(values, tuple(map(str, range(len(values)))), "toy", "layer")


def test_spectrum_of_known_singular_values():
    # Orthonormal centred columns times 4, 2, 1: λ = 16, 4, 1.
    left = np.linalg.qr(np.random.default_rng(0).normal(size=(20, 4)) @ np.diag([1, 1, 1, 0]) + 1e-3)[0]
    left = np.linalg.qr(left - left.mean(0))[0][:, :3]
    one = spectrum(representation(left * [4, 2, 1] + 7))
    assert one.singular_values == pytest.approx([4, 2, 1])
    assert one.participation_ratio == pytest.approx(21**2 / (256 + 16 + 1))
    assert one.first_share == pytest.approx(16 / 21)
    share = np.array([16, 4, 1]) / 21
    assert one.effective_rank == pytest.approx(np.exp(-(share * np.log(share)).sum()))


def test_reference_profile_of_d1():
    # measures of data D1 by the definition: effective rank and participation ratio
    np.random.seed(1337)
    one = spectrum(representation(np.random.randn(100, 10)))
    assert one.effective_rank == pytest.approx(9.536129891, abs=1e-8)
    assert one.participation_ratio == pytest.approx(9.150791356, abs=1e-8)
    np.random.seed(1337)
    assert twonn_dimension(representation(np.random.randn(100, 10))) == pytest.approx(8.243116237, abs=1e-8)


def test_slope_of_a_power_law_is_its_exponent():
    values = np.arange(1.0, 41) ** -0.75  # σ ∝ j^(−3/4), so λ ∝ j^(−3/2)
    for first, last in ((1, 40), (5, 20), (39, 40)):
        assert spectrum_slope(values, first, last) == pytest.approx(-1.5, abs=1e-9)
    bent = np.where(np.arange(1, 41) <= 10, 1.0, values)
    assert spectrum_slope(bent, 1, 10) == pytest.approx(0)


def test_twonn_by_hand():
    # Points 0, 1, 3, 7 on a line: nearest two at (1, 3), (1, 2), (2, 3), (4, 6).
    expected = 3 / (np.log(3) + np.log(2) + np.log(3 / 2) + np.log(6 / 4))
    assert twonn_dimension(representation(np.array([[0.0], [1], [3], [7]]))) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("dimension", [1, 2, 5])
def test_twonn_finds_the_dimension_of_a_cube_wherever_it_lies(dimension):
    # Facco et al.: the estimate of n points spreads by d/√n, here 3 % of d, and the cube's faces cost a little.
    rng = np.random.default_rng(3)
    cube = rng.uniform(size=(1000, dimension)) @ np.linalg.qr(rng.normal(size=(30, dimension)))[0].T + 4
    assert twonn_dimension(representation(cube)) == pytest.approx(dimension, rel=0.12)


def test_a_profile_is_its_parts_and_states_the_range_of_its_slope(rng):
    x = representation(rng.normal(size=(100, 40)))
    one, parts = layer_profile(x), spectrum(x)
    assert (one.rank, one.slope_ranks) == (40, (2, 20))
    assert (one.effective_rank, one.first_share) == (parts.effective_rank, parts.first_share)
    assert one.slope == spectrum_slope(parts.singular_values, 2, 20)
    assert one.dimension == twonn_dimension(x)
    assert one.reasons == {}
    assert layer_profile(x, slope_ranks=(1, 10)).slope == spectrum_slope(parts.singular_values, 1, 10)
    assert one.to_dict()["slope_last"] == 20


def test_what_a_profile_cannot_say_is_named(rng):
    dead = layer_profile(representation(np.full((6, 3), 0.1)))
    assert set(dead.reasons.values()) == {"zero_variance"}
    assert np.isnan([dead.effective_rank, dead.slope, dead.dimension]).all()
    twice = rng.normal(size=(10, 3))
    one = layer_profile(representation(np.vstack([twice, twice])))
    assert one.reasons == {"slope": "too_few_directions", "dimension": "duplicate_stimuli"}
    assert one.effective_rank > 1
    assert layer_profile(representation(rng.normal(size=(9, 5))), slope_ranks=(1, 6)).reasons == {
        "slope": "too_few_directions"
    }


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: spectrum_slope(np.ones(5), 3, 3), InputError, "first below the last, got 3 to 3"),
        (lambda: spectrum_slope(np.ones(5), 0, 3), InputError, "ranks from 1 up with the first below the last, got 0"),
        (lambda: spectrum_slope(np.ones(5), 1, 6), DegenerateError, "1 to 6 needs 6 singular values, there are 5"),
        (lambda: twonn_dimension(representation(np.eye(2))), DegenerateError, "needs at least 3 stimuli, got 2"),
        (lambda: twonn_dimension(representation(np.eye(4))), DegenerateError, "equally far from their two nearest"),
        (
            lambda: twonn_dimension(representation(np.array([[1.0], [2], [5], [2]]))),
            DegenerateError,
            "2 of 4 stimuli have a twin with the same responses, first row 1",
        ),
    ],
)
def test_refusals_of_a_profile(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("shape", [(30, 200), (200, 30)])
def test_float32_spectrum_equals_the_svd_and_drops_round_off(rng, shape):
    low = (rng.normal(size=(shape[0], 10)) @ rng.normal(size=(10, shape[1]))).astype(np.float32)
    expected = np.linalg.svd((low - low.mean(0)).astype(np.float64), compute_uv=False)[:10]
    values = spectrum(representation(low)).singular_values
    assert len(values) == 10
    assert values == pytest.approx(expected, rel=1e-4)


def test_example_similarity_is_the_correlation_of_centred_rows(rng):
    values = rng.normal(size=(12, 7))
    centred = values - values.mean(0)
    expected = (centred @ centred.T) / np.outer(*[np.linalg.norm(centred, axis=1)] * 2)
    assert example_similarity(representation(values)) == pytest.approx(expected, abs=1e-6)


def test_a_stimulus_at_the_mean_has_no_cosine():
    values = np.array([[1.0, 0], [-1, 0], [0, 0], [0, 2], [0, -2]])
    seen = example_similarity(representation(values))
    assert np.isnan(seen[2]).all()
    assert np.isfinite(seen[np.ix_([0, 1, 3, 4], [0, 1, 3, 4])]).all()


def test_projection_of_a_rotated_copy_lies_on_the_original(rng):
    x = rng.normal(size=(50, 5)) * [9, 5, 1, 1, 1]
    turned = x @ np.linalg.qr(rng.normal(size=(5, 5)))[0] * 3
    a, b, share_a, share_b = aligned_projection(representation(x), representation(turned))
    assert b == pytest.approx(a, abs=1e-9)
    assert share_a == pytest.approx(share_b)
    assert share_a.sum() == pytest.approx(np.var(a, axis=0).sum())


def test_subset_keeps_ids_with_rows(rng):
    x = representation(rng.normal(size=(5, 2)))
    some = subset(x, [3, 1])
    assert some.stimuli == ("3", "1")
    assert np.array_equal(some.values, x.values[[3, 1]])


def test_a_constant_layer_has_no_profile():
    for function in (spectrum, example_similarity):
        with pytest.raises(DegenerateError, match="toy/layer does not vary over its 6 stimuli"):
            function(representation(np.full((6, 3), 0.1)))
