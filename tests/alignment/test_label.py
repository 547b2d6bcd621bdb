"""Label alignment: the values of the reference, its theorems, slow twins, hand cases, and what it refuses."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from repsim_core import datasets
from repsim_core.alignment import FORMS, Targets, class_targets, dataset_targets, label_alignment
from repsim_core.errors import BudgetError, DegenerateError, FormatError, InputError, ShapeError, StimulusMismatchError
from repsim_core.types import LabelAlignment, Representation

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "alignment.json").read_text())
CENTRED = FORMS["centred"]


def example(n=60):
    """The data of the reference, as its "about" says."""
    r = np.random.default_rng(2)
    y = np.where(r.random(60) < 0.5, -1.0, 1.0)
    x = r.normal(size=(60, 8))
    x[:, 0] += 3 * y
    return np.maximum(x, 0)[:n], y[:n]


def energies_by_definition(x, y, centre=False, bias=True, normalise=True):
    """The demo line by line, with its full U."""
    if bias:
        x = np.hstack([x, np.ones((len(x), 1))])
    if normalise:
        x = np.array([row / np.sqrt(sum(one * one for one in row)) for row in x])
    if centre:
        x, y = x - x.mean(axis=0), y - y.mean()
    u, s, _ = np.linalg.svd(x, full_matrices=True)
    energies = np.array([(u[:, i] @ y) ** 2 for i in range(len(s))])
    return s, energies / (y @ y) if centre else energies


# reference ----------------------------------------------------------------------------------------------------------


def test_the_published_form_has_the_values_of_the_reference():
    x, y = example()
    found, expected = label_alignment(x, y), REFERENCE["demo"]
    assert found.singular_values == pytest.approx(expected["singular_values"], abs=1e-9)
    assert found.energies == pytest.approx(expected["energies"], abs=1e-9)
    assert found.curve(expected["thresholds"]) == pytest.approx(expected["curve"], abs=1e-9)
    assert float(found.curve(0)) == pytest.approx(expected["norm_y_squared"], abs=1e-9)


def test_the_centred_form_has_the_values_of_the_reference():
    x, y = example()
    found, expected = label_alignment(x, y, **CENTRED), REFERENCE["centred"]
    assert found.singular_values == pytest.approx(expected["singular_values"], abs=1e-9)
    assert found.energies == pytest.approx(expected["energies"], abs=1e-9)
    assert found.total == pytest.approx(1)


# by hand ------------------------------------------------------------------------------------------------------------


def test_a_layer_that_is_the_label_holds_it_all_in_one_direction():
    y = np.array([1.0, 1.0, -1.0, -1.0])
    found = label_alignment(2 * y[:, None], y, **CENTRED)
    assert found.energies == pytest.approx([1])
    assert (found.area, found.captured, found.effective_directions) == pytest.approx((1, 1, 1))
    assert found.singular_values == pytest.approx([4])  # 2 · ‖y‖


def test_two_directions_by_hand():
    # Columns 2(1, −1, 0, 0)/√2 and (0, 0, 1, −1)/√2: singular values 2 and 1. y = (1, −1, 3, −3) has ‖y‖² = 20,
    # (u₁ᵀy)² = 2 and (u₂ᵀy)² = 18. ‖X‖ = √5, so the area is (2 · 0.1 + 1 · 0.9) / √5.
    x = np.array([[2, 0], [-2, 0], [0, 1], [0, -1]]) / np.sqrt(2)
    found = label_alignment(x, np.array([1.0, -1, 3, -3]), **CENTRED)
    assert found.singular_values == pytest.approx([2, 1])
    assert found.energies == pytest.approx([0.1, 0.9])
    assert found.area == pytest.approx(1.1 / np.sqrt(5))
    assert found.share_of_top(1) == pytest.approx(0.1)
    assert found.curve([2.5, 1.99, 1.5, 0.99, 0.5, 0]) == pytest.approx([0, 0.1, 0.1, 1, 1, 1])
    assert found.effective_directions == pytest.approx(np.exp(-0.1 * np.log(0.1) - 0.9 * np.log(0.9)))


def test_a_rare_class_lies_on_the_constant_direction_in_the_published_form_alone():
    # One of ten: the share of y on the constant vector is ȳ² = 0.64 whatever the layer says.
    rng = np.random.default_rng(0)
    x = 100 + rng.normal(size=(50, 3))
    y = np.where(np.arange(50) % 10 == 0, 1.0, -1.0)
    assert label_alignment(x, y).shares[0] == pytest.approx(0.64, abs=0.01)
    assert label_alignment(x, y, **CENTRED).captured < 0.2


# theorems -----------------------------------------------------------------------------------------------------------


@given(seed=st.integers(0, 2**16), n=st.integers(5, 30), p=st.integers(1, 40))
def test_energies_are_non_negative_and_sum_up_to_at_most_the_whole(seed, n, p):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(n, p)), rng.normal(size=n)
    for form in FORMS.values():
        found = label_alignment(x, y, **form)
        assert found.energies.min() >= 0
        assert found.energies.sum() <= found.total * (1 + 1e-12)
        assert 0 <= found.area <= 1 + 1e-12
        curve = found.curve(np.linspace(0, found.singular_values[0] * 1.1, 30))
        assert (np.diff(curve) <= 1e-12 * found.total).all()  # a higher threshold leaves less
        assert curve[-1] == 0


def test_the_area_is_the_integral_of_the_curve(rng):
    x, y = example()
    found = label_alignment(x, y)
    assert found.curve(found.singular_values).tolist() == np.cumsum(found.energies).tolist()  # "at least"
    top = np.sqrt(60)
    steps = (np.arange(200_000) + 0.5) / 200_000 * top
    # A step function, so a midpoint rule is off by a step's width a jump.
    assert found.area == pytest.approx(found.curve(steps).mean() / 60, abs=1e-4)
    assert found.norm == pytest.approx(top)


@pytest.mark.parametrize("form", FORMS)
def test_the_energies_do_not_see_a_rotation_of_the_units(rng, form):
    x, y = example()
    turned = x @ np.linalg.qr(rng.normal(size=(8, 8)))[0]
    one, other = label_alignment(x, y, **FORMS[form]), label_alignment(turned, y, **FORMS[form])
    assert other.energies == pytest.approx(one.energies, abs=1e-9)
    assert other.singular_values == pytest.approx(one.singular_values, abs=1e-9)


def test_the_centred_form_alone_overlooks_translation_and_scale(rng):
    x, y = example()
    moved = 3 * x + rng.normal(size=8)
    assert label_alignment(moved, y, **CENTRED).energies == pytest.approx(label_alignment(x, y, **CENTRED).energies)
    assert np.abs(label_alignment(moved, y).energies - label_alignment(x, y).energies).max() > 0.5


def test_both_sides_centred_capture_r_squared_of_a_linear_fit():
    from sklearn.linear_model import LinearRegression

    x, y = example()
    assert label_alignment(x, y, **CENTRED).captured == pytest.approx(LinearRegression().fit(x, y).score(x, y))


def test_one_hot_and_sign_columns_are_the_same_once_centred(rng):
    x, labels = rng.normal(size=(40, 5)), rng.integers(0, 3, 40)
    one, other = (label_alignment(x, labels, coding=coding, **CENTRED) for coding in ("sign", "one_hot"))
    assert one.energies == pytest.approx(other.energies)
    published = [label_alignment(x, labels, coding=coding).area for coding in ("sign", "one_hot")]
    assert abs(published[0] - published[1]) > 0.01


def test_several_targets_share_a_decomposition_and_are_what_each_is_alone(rng):
    x, labels = rng.normal(size=(40, 5)), rng.integers(0, 3, 40)
    together = label_alignment(x, labels)
    assert together.names == ("0", "1", "2")
    for k in range(3):
        alone = label_alignment(x, np.where(labels == k, 1.0, -1.0))
        assert together.parts[k] == pytest.approx(alone.energies)
        assert together.areas[k] == pytest.approx(alone.area)
    assert together.areas.mean() == pytest.approx(together.area)  # ±1: every class has the same norm
    assert together.curve(0) == pytest.approx(3 * 40)


@pytest.mark.parametrize("form", FORMS)
def test_chance_is_the_mean_over_all_pairings(form):
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(6, 2)), np.array([1.0, 1, 1, -1, 1, 3])
    found = label_alignment(x, y, **FORMS[form])
    every = [label_alignment(x, np.array(one), **FORMS[form]).energies for one in itertools.permutations(y)]
    assert found.chance == pytest.approx(np.mean(every, axis=0), abs=1e-12)
    assert found.chance_area == pytest.approx(found.thresholds @ np.mean(every, axis=0) / found.total)
    if form == "centred":
        assert found.chance == pytest.approx(np.full(found.rank, 1 / 5))
        assert found.random_subspace_curve(1e-3) == pytest.approx(found.rank / 5)


def test_a_random_subspace_of_the_same_spectrum_has_the_closed_form(rng):
    n, spectrum, y = 12, np.array([4.0, 2.0, 1.0]), rng.normal(size=12)
    seen = []
    for _ in range(3000):
        x = np.linalg.qr(rng.normal(size=(n, 3)))[0] * spectrum
        seen.append(label_alignment(x, y, centre=False, bias=False, normalise=False).curve([3, 1.5, 0.5]))
    expected = label_alignment(x, y, centre=False, bias=False, normalise=False).random_subspace_curve([3, 1.5, 0.5])
    spread = np.std(seen, axis=0) / np.sqrt(len(seen))
    assert (np.abs(np.mean(seen, axis=0) - expected) < 4 * spread).all()


def test_a_band_of_permutations_holds_chance_and_not_the_labels(monkeypatch):
    x, y = example()
    found = label_alignment(x, y, permutations=200, seed=1)
    low, high = found.band
    cumulated = np.cumsum(found.chance)
    assert ((low <= cumulated) & (cumulated <= high)).all()
    assert np.cumsum(found.energies)[1] > high[1]
    assert found.null_areas.mean() == pytest.approx(found.chance_area, abs=4 * found.null_areas.std() / np.sqrt(200))
    assert found.p_value == 1 / 201
    monkeypatch.setattr("repsim_core.alignment.label.PERMUTED_NUMBERS", 7 * 60)
    again = label_alignment(x, y, permutations=200, seed=1)
    assert again.null_areas == pytest.approx(found.null_areas, rel=1e-12)


def test_p_values_of_noise_are_uniform():
    rng = np.random.default_rng(5)
    p = [
        label_alignment(rng.normal(size=(20, 3)), rng.normal(size=20), permutations=19, seed=k, **CENTRED).p_value
        for k in range(300)
    ]
    # Multiples of 1/20, each as likely as the next: 300 draws, standard error 0.0167.
    assert np.mean(p) == pytest.approx(0.525, abs=0.05)
    assert np.mean(np.array(p) <= 0.1) == pytest.approx(0.1, abs=0.06)


# oracle -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(60, 8), (20, 50), (30, 30)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("form", FORMS)
def test_every_way_gives_what_the_demo_gives(rng, shape, dtype, form):
    x, y = rng.normal(size=shape).astype(dtype) + 1, rng.normal(size=shape[0])
    found = label_alignment(x, y, **FORMS[form])
    values, energies = energies_by_definition(x.astype("float64"), y, **FORMS[form])
    r = found.rank
    assert found.singular_values == pytest.approx(values[:r], rel=1e-8)
    assert found.energies == pytest.approx(energies[:r], rel=1e-6, abs=1e-8)
    assert r >= min(shape) - 1


def test_weak_directions_of_float32_are_found_by_qr(rng):
    left, right = (np.linalg.qr(rng.normal(size=(n, 6)))[0] for n in (80, 6))
    x = (left * np.logspace(0, -5.5, 6) @ right.T).astype("float32")
    found = label_alignment(x, left[:, 5], centre=False, bias=False, normalise=False)
    values, energies = energies_by_definition(x.astype("float64"), left[:, 5], False, False, False)
    assert found.rank == 6
    assert found.singular_values == pytest.approx(values, rel=1e-6)
    assert found.energies == pytest.approx(energies, abs=1e-6)


def test_the_strongest_directions_alone_agree_and_the_rest_is_not_known(rng):
    x = rng.normal(size=(120, 60)) * np.logspace(0, -2, 60)
    y = rng.normal(size=120)
    whole, top = label_alignment(x, y, **CENTRED), label_alignment(x, y, rank=10, **CENTRED)
    assert top.singular_values == pytest.approx(whole.singular_values[:10], rel=1e-9)
    assert top.energies == pytest.approx(whole.energies[:10], abs=1e-6)
    assert top.norm == pytest.approx(whole.norm)
    below = whole.singular_values[20]
    assert np.isnan(top.curve(below))
    between = 0.999 * whole.singular_values[5]
    assert top.curve([0, between]) == pytest.approx(whole.curve([0, between]))
    assert label_alignment(x, y, rank=60, **CENTRED).complete


@pytest.mark.parametrize("shape", [(30, 6), (20, 50)])
def test_kept_vectors_carry_the_energies(rng, shape):
    x, y = rng.normal(size=shape), rng.normal(size=shape[0])
    found = label_alignment(x, y, keep=4)
    assert (found.vectors.T @ y) ** 2 == pytest.approx(found.energies[:4])
    assert found.vectors.T @ found.vectors == pytest.approx(np.eye(4), abs=1e-10)
    assert (found.vectors.max(axis=0) == np.abs(found.vectors).max(axis=0)).all()
    assert label_alignment(x, y, keep=900).vectors.shape == (shape[0], found.rank)


def test_blocks_do_not_change_a_number(rng, monkeypatch):
    x, y = rng.normal(size=(50, 7)).astype("float32"), rng.normal(size=50)
    wide = rng.normal(size=(12, 40))
    before = [label_alignment(x, y), label_alignment(wide, y[:12], **CENTRED)]
    monkeypatch.setattr("repsim_core.alignment.features.BLOCK", 30)
    after = [label_alignment(x, y), label_alignment(wide, y[:12], **CENTRED)]
    for one, other in zip(before, after, strict=True):
        assert other.energies == pytest.approx(one.energies, abs=1e-10)


# nasty input --------------------------------------------------------------------------------------------------------


def test_a_rank_deficient_layer_has_as_many_directions_as_its_rank(rng):
    x = rng.normal(size=(40, 3)) @ rng.normal(size=(3, 20))
    for one in (x, x.astype("float32")):
        assert label_alignment(one, rng.normal(size=40), centre=True, bias=False, normalise=False).rank == 3


@pytest.mark.parametrize("scale", [1e-200, 1e-30, 1e30, 1e200])
def test_an_extreme_scale_changes_nothing(scale):
    x, y = example()
    one, other = label_alignment(x, y, **CENTRED), label_alignment(x * scale, y * scale, **CENTRED)
    assert other.energies == pytest.approx(one.energies, rel=1e-9)
    assert other.singular_values == pytest.approx(one.singular_values * scale, rel=1e-9)
    assert other.area == pytest.approx(one.area)


def test_a_read_only_strided_array_and_duplicates_are_fine(rng):
    x = np.repeat(rng.normal(size=(10, 8)), 2, axis=0)[:, ::2]
    x.flags.writeable = False
    found = label_alignment(x, np.arange(20) % 2)
    assert np.isfinite(found.energies).all()


# targets ------------------------------------------------------------------------------------------------------------


def test_targets_of_a_dataset_carry_its_ids_and_classes():
    data = datasets.load("digits", n=60)
    found = dataset_targets(data)
    assert found.names == tuple("0123456789")
    assert found.stimuli == data.stimuli
    assert (found.values == np.where(np.eye(10)[data.labels] == 1, 1, -1)).all()
    assert dataset_targets(datasets.load("digits_low", n=20)).names == ("five and up against below five",)
    diabetes = datasets.load("diabetes")
    assert (dataset_targets(diabetes).values[:, 0] == diabetes.labels).all()
    assert found.only("3").values[:, 0].tolist() == found.values[:, 3].tolist()


def test_strings_and_booleans_are_classes():
    assert class_targets(["b", "a", "b"]).values.ravel().tolist() == [1, -1, 1]
    x = np.random.default_rng(0).normal(size=(4, 2))
    one, other = label_alignment(x, np.array([True, False, True, True])), label_alignment(x, [1, 0, 1, 1])
    assert (one.energies == other.energies).all()
    assert label_alignment(x, np.array(["u", "v", "v", "u"], dtype=object)).names == ("v against u",)


X = np.random.default_rng(3).normal(size=(10, 3))
Y = np.arange(10.0)
NAN = np.array([0, 1, np.nan, 3, 4, 5, 6, 7, np.inf, 9])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: label_alignment(X, Y[:9]), ShapeError, "array/x has 10 stimuli, but there are 9 targets"),
        (
            lambda: label_alignment(X, NAN),
            DegenerateError,
            "'target' is NaN or infinite for 2 of 10 stimuli, first in row 2",
        ),
        (lambda: label_alignment(X, np.full(10, 0.1)), DegenerateError, "'target' is the same for all 10 stimuli"),
        (lambda: label_alignment(X, np.zeros(10, int)), DegenerateError, "All 10 stimuli are of one class"),
        (
            lambda: class_targets([0, 2, 0, 2], classes=("a", "b", "c")),
            DegenerateError,
            "Class 'b' has no stimulus among these 4; take more",
        ),
        (
            lambda: class_targets([0, 0], classes=("a", "b", "c")),
            DegenerateError,
            "Class 'b' has no stimulus among these 2, and 1 more of 3 have none",
        ),
        (lambda: class_targets([0, 3], classes=("a", "b")), InputError, "whole numbers from 0 to 1"),
        (lambda: class_targets([[0, 1]]), ShapeError, r"one a stimulus, got shape \(1, 2\)"),
        (lambda: class_targets([0, 1], coding="signs"), InputError, "coding must be one of sign, one_hot, got 'signs'"),
        (lambda: label_alignment(X, np.ones((10, 2, 2))), ShapeError, r"numbers a stimulus, got shape \(10, 2, 2\)"),
        (lambda: label_alignment(X, Y * 1j), InputError, "real numbers, got dtype complex128"),
        (lambda: Targets(np.ones((3, 2)), ("a",)), ShapeError, r"got shape \(3, 2\) and 1 names"),
        (lambda: class_targets([0, 1]).only("x"), InputError, "No target named 'x'; choose one of: 1 against 0"),
        (lambda: dataset_targets(datasets.load("clusters_1")), InputError, "clusters_1 has no labels"),
        (lambda: label_alignment(np.full((10, 3), 0.1), Y), DegenerateError, "does not vary over its 10 stimuli"),
        (
            lambda: label_alignment(np.full((10, 1), 0.1, "float32") * (1 + 1e-9), Y, **CENTRED),
            DegenerateError,
            "does not vary over its 10 stimuli",
        ),
        (lambda: label_alignment(X * NAN[:, None], Y), DegenerateError, "NaN or infinity in 2 of 10 rows"),
        (
            lambda: label_alignment(X * (Y > 3)[:, None], Y, bias=False),
            DegenerateError,
            "silent for 4 of 10 stimuli",
        ),
        (lambda: label_alignment(X[:2], Y[:2]), DegenerateError, "needs at least 3 stimuli, got 2"),
        (lambda: label_alignment(X[:, 0], Y), ShapeError, r"expected \(n_stimuli, n_units\), got shape \(10,\)"),
        (
            lambda: label_alignment(X, Y, rank=5),
            InputError,
            "at most 4 directions, but rank = 5 was asked for; take 1 to 4",
        ),
        (lambda: label_alignment(X, Y, keep=-1), InputError, "keep must be 0 or more, got -1"),
        (lambda: label_alignment(X, Y, permutations=-1), InputError, "permutations must be 0 or more, got -1"),
        (
            lambda: label_alignment(X, Y).share_of_top(9),
            InputError,
            "has 4 directions, but k = 9 was asked for; take 1 to 4",
        ),
        (lambda: label_alignment(X, Y).curve([np.nan]), InputError, "A threshold is NaN"),
    ],
)
def test_what_cannot_be_aligned_is_refused_with_the_way_out(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_targets_of_other_stimuli_are_refused():
    x = Representation(X, tuple(f"s{k}" for k in range(10)), "net", "fc")
    targets = Targets(Y[:, None], ("y",), (*tuple(f"s{k}" for k in range(9)), "other"))
    with pytest.raises(StimulusMismatchError, match="row 9 is 'other' there and 's9' here"):
        label_alignment(x, targets)


def test_two_long_sides_are_refused_before_they_fill_the_memory(rng, monkeypatch):
    monkeypatch.setenv("REPSIM_MEMORY_GB", "0.00001")
    with pytest.raises(BudgetError, match=r"60 stimuli × 40 units\) need 38 kB \(limit 10 kB\). Take rank = 256"):
        label_alignment(rng.normal(size=(60, 40)), np.arange(60.0), **CENTRED)


# files --------------------------------------------------------------------------------------------------------------


def test_a_result_comes_back_from_its_file(tmp_path):
    x, y = example()
    found = label_alignment(x, y, permutations=20)
    found.save(tmp_path / "one.npz")
    again = LabelAlignment.load(tmp_path / "one.npz")
    assert again.to_bytes() == found.to_bytes()
    assert (again.energies == found.energies).all()
    assert again.recipe == found.recipe
    frame = again.to_frame()
    assert frame["energy"].tolist() == found.energies.tolist()
    assert frame["direction"].tolist() == list(range(1, 10))
    with pytest.raises(ValueError, match="read-only"):
        found.singular_values[0] = 1


def test_another_file_is_refused(tmp_path):
    (tmp_path / "no.npz").write_bytes(b"no")
    with pytest.raises(FormatError, match=r"no.npz is not a RepSim label alignment"):
        LabelAlignment.load(tmp_path / "no.npz")
