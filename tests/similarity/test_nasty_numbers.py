"""Every measure on numbers that break others: dead layers, one NaN, large means, extreme scales, other dtypes."""

import numpy as np
import pytest

from repsim_core.similarity import MEASURES, compare_layers, score
from tests.similarity.cases import NAMES, VARIANTS, activations

every_variant = pytest.mark.parametrize(("measure", "options"), VARIANTS, ids=NAMES)


@every_variant
def test_broken_layers_are_named_and_leave_the_other_cells_alone(rng, measure, options):
    x, y = rng.normal(size=(2, 40, 5))
    x[:, :2] += y[:, :2]
    whole = compare_layers(activations({"x": x, "two": x**2}, "A"), activations({"y": y}, "B"), measure, **options)
    infinite = x.copy()
    infinite[7, 1] = np.inf
    a = {"x": x, "dead": np.tile([0.1, -1 / 3, 3e-30, 7.7], (40, 1)), "broken": infinite, "two": x**2}
    found = compare_layers(activations(a, "A"), activations({"y": y}, "B"), measure, **options)
    assert found.values[[0, 3], 0] == pytest.approx(whole.values[:, 0], abs=1e-13)
    assert np.isnan(found.values[[1, 2], 0]).all()
    assert found.reasons[[0, 2, 3], 0].tolist() == ["", "non_finite", ""]
    assert found.reasons[1, 0] in (("zero_variance",) if MEASURES[measure].method else ("zero_scale", "zero_variance"))
    if MEASURES[measure].method:
        assert any("A/dead does not vary over its 40 stimuli" in one for one in found.warnings)
        assert any("A/broken has NaN or infinity" in one for one in found.warnings)


@pytest.mark.parametrize("constant", [0, 0.1, 1 / 3, 1e-3, -7.7, 3e-30, 1e30])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_constant_layer_is_undefined_for_every_measure(rng, constant, dtype):
    dead = activations({"dead": np.full((200, 3), constant, dtype)}, "A")
    live = activations({"live": rng.normal(size=(200, 4))}, "B")
    for name, entry in MEASURES.items():
        if entry.method is None:
            continue
        reason = compare_layers(dead, live, name).reasons[0, 0]
        # Equal rows of zeros or of one number have, before that, no angle and no correlation.
        allowed = {"zero_variance", "zero_vector", "constant_row"} if name in ("rsa", "mutual_knn", "cknna") else set()
        assert reason in allowed | {"zero_variance"}, name


@every_variant
def test_the_scale_of_the_responses_costs_nothing(rng, measure, options):
    x, y = rng.normal(size=(2, 40, 5))
    x[:, :2] += y[:, :2]
    if "scaling" not in MEASURES[measure].claims_of(options).invariant_to:
        return
    plain = score(x, y, measure, **options)
    for factor in (1e-200, 1e-30, 1e30, 1e200):
        assert score(factor * x, y, measure, **options) == pytest.approx(plain, rel=1e-9, abs=1e-12), factor
        if 1e-31 < factor < 1e31:
            found = score((factor * x).astype(np.float32), y, measure, **options)
            assert found == pytest.approx(plain, rel=1e-4, abs=1e-5), factor


@every_variant
def test_a_large_mean_in_float32_costs_few_digits(rng, measure, options):
    claims = MEASURES[measure].claims_of(options)
    x = (rng.normal(size=(60, 8)) + 1000).astype(np.float32)
    y = (x[:, :5] + 0.5 * rng.normal(size=(60, 5))).astype(np.float32)
    wide = score(x.astype(np.float64), y.astype(np.float64), measure, **options)
    assert score(x, y, measure, **options) == pytest.approx(wide, rel=1e-5, abs=1e-5)
    if "translation" in claims.invariant_to:
        far = score((x.astype(np.float64) - 1000), y.astype(np.float64) - 1000, measure, **options)
        assert wide == pytest.approx(far, rel=1e-6, abs=1e-6)


@every_variant
@pytest.mark.parametrize("dtype", ["float16", "bool"])
def test_other_dtypes_and_read_only_arrays_give_the_same_number(rng, measure, options, dtype):
    x = rng.integers(0, 2, size=(60, 6)).astype(dtype)
    x[:, 0] = np.arange(60) % 2
    x[:, 1] = ~x[:, 0].astype(bool)  # so no row is constant or zero
    y = rng.normal(size=(60, 4))
    expected = score(x.astype(np.float64), y, measure, **options)
    x.flags.writeable = False
    found = score(np.asfortranarray(x), y, measure, **options)
    assert found == pytest.approx(expected, rel=1e-5, abs=1e-5)
