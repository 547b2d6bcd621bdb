"""Spectra, example similarities and projections of single layers and pairs."""

import numpy as np
import pytest

from repsim_core.errors import DegenerateError
from repsim_core.similarity import aligned_projection, example_similarity, spectrum, subset
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
