import numpy as np
import pytest

from repsim_core import datasets
from repsim_core.datasets.shifts import SHIFTS
from repsim_core.errors import InputError, UnknownNameError


def test_a_stimulus_is_shifted_alike_whatever_else_is_drawn_with_it():
    few, many = datasets.load("shapes", n=20, seed=3, shift="noise:0.2"), datasets.load("shapes~noise:0.2", n=400)
    place = {one: row for row, one in enumerate(many.stimuli)}
    common = [one for one in few.stimuli if one in place]
    assert common
    for one in common:
        assert np.array_equal(few.inputs[few.stimuli.index(one)], many.inputs[place[one]])


def test_shifted_and_clean_stimuli_are_pairs():
    clean, noisy = datasets.load("digits", n=60), datasets.load("digits", n=60, shift="noise:0.3")
    assert clean.stimuli == noisy.stimuli
    assert np.array_equal(clean.labels, noisy.labels)
    assert (noisy.card.base, noisy.card.shift, noisy.name) == ("digits", "noise:0.3", "digits~noise:0.3")
    assert noisy.card.sizes == clean.card.sizes
    assert noisy.inputs.min() >= 0
    assert noisy.inputs.max() <= 1


def test_noise_has_the_deviation_it_says_and_no_two_stimuli_share_it():
    clean, noisy = datasets.load("wine"), datasets.load("wine", shift="noise:0.5")
    noise = noisy.inputs - clean.inputs
    # 89 × 13 draws: the deviation is known to 1 / √(2 · 1157) = 2 %.
    assert noise.std() == pytest.approx(0.5, rel=0.08)
    assert np.abs(np.corrcoef(noise)[np.triu_indices(89, 1)]).max() < 0.99


def test_a_quarter_turn_is_that_of_the_rotated_digits():
    clean, turned = datasets.load("digits", n=30), datasets.load("digits", n=30, shift="rotation:90")
    np.testing.assert_allclose(turned.inputs, np.rot90(clean.inputs, axes=(2, 3)), atol=1e-6)


def test_brightness_and_contrast_by_hand():
    clean = datasets.load("shapes", n=10).inputs
    brighter = datasets.load("shapes", n=10, shift="brightness:0.25").inputs
    np.testing.assert_allclose(brighter, np.minimum(clean + np.float32(0.25), 1), atol=1e-7)
    flat = datasets.load("shapes", n=10, shift="contrast:0").inputs
    np.testing.assert_allclose(flat, np.broadcast_to(clean.mean(axis=(1, 2, 3), keepdims=True), clean.shape), atol=1e-6)


def test_blur_keeps_the_mean_of_a_picture_that_does_not_touch_its_edge():
    from repsim_core.datasets.shifts import shift_named, shifted

    dot = np.zeros((1, 1, 31, 31), np.float32)
    dot[0, 0, 15, 15] = 1
    blurred = shifted(dot, ("dot",), shift_named("blur:2"), "image", "dots")
    assert blurred.sum() == pytest.approx(1, abs=1e-5)
    # The peak of a Gaussian of deviation 2: 1 / (2 π 2²) = 0.0398
    assert blurred.max() == pytest.approx(0.0398, rel=0.01)


def test_translation_moves_by_its_share_of_the_side_each_in_its_own_direction():
    from repsim_core.datasets.shifts import shift_named, shifted

    dots = np.zeros((40, 1, 41, 41), np.float32)
    dots[:, 0, 20, 20] = 1
    moved = shifted(dots, tuple(str(one) for one in range(40)), shift_named("translation:0.25"), "image", "dots")
    grid = np.arange(41)
    down = (moved[:, 0].sum(axis=2) @ grid) / moved[:, 0].sum(axis=(1, 2)) - 20
    right = (moved[:, 0].sum(axis=1) @ grid) / moved[:, 0].sum(axis=(1, 2)) - 20
    np.testing.assert_allclose(np.hypot(down, right), 10.25, atol=0.02)
    assert np.ptp(np.arctan2(down, right)) > 3


def test_another_domain_is_the_dataset_of_that_domain_under_the_same_ids():
    sketch, named = datasets.load("shapes_sketch", n=50), datasets.load("shapes", n=50, shift="domain:sketch")
    assert np.array_equal(sketch.inputs, named.inputs)
    assert sketch.stimuli == named.stimuli


def test_no_severity_leaves_pictures_as_they_are():
    clean = datasets.load("digits", n=20).inputs
    for kind in set(SHIFTS) - {"contrast"}:
        shifted = datasets.load("digits", n=20, shift=f"{kind}:0").inputs
        np.testing.assert_allclose(shifted, clean, atol=1e-6, err_msg=kind)
    np.testing.assert_allclose(datasets.load("digits", n=20, shift="contrast:1").inputs, clean, atol=1e-6)


def test_names_have_one_spelling():
    assert datasets.spelled("digits~blur:2", classes=["7", 0], shift="noise:.20") == "digits~classes:0,7~noise:0.2"
    assert datasets.spelled("digits", classes=range(10)) == "digits"
    assert datasets.load("digits~noise:0.20~classes:7,0", n=10).name == "digits~classes:0,7~noise:0.2"


def test_chosen_classes_keep_their_numbers_and_their_share():
    data = datasets.load("digits", n=30, classes=[3, "8"])
    assert set(data.labels) == {3, 8}
    assert np.bincount(data.labels)[[3, 8]].tolist() == [15, 15]
    assert data.class_names == tuple(str(one) for one in range(10))
    whole = datasets.load("digits")
    assert data.card.sizes["test"] == int(np.isin(whole.labels, [3, 8]).sum())
    assert data.card.chosen == (3, 8)
    assert datasets.card("digits~classes:3,8").sizes == data.card.sizes


REFUSED = [
    ("digits~noise", InputError, "The shift 'noise' needs a severity from 0 to 10; write noise:0.2"),
    ("digits~noise:nan", InputError, "needs a severity from 0 to 10"),
    ("digits~rotation:181", InputError, "from -180 to 180"),
    ("digits~fog:1", UnknownNameError, "No shift named 'fog'"),
    ("shapes~domain:oil", UnknownNameError, "No domain named 'oil'.*plain, texture, sketch"),
    ("digits~domain:sketch", InputError, "digits has no domains; only shapes"),
    ("wine~blur:1", InputError, "blur is for pictures, and wine has none; choose noise"),
    ("digits~noise:1~blur:1", InputError, "two parts of one kind"),
    ("digits~classes:a", InputError, "'a' is no list of class numbers"),
    ("digits~classes:10", InputError, "digits has no class 10; its 10 classes are 0, 1"),
    ("diabetes~classes:1", InputError, "diabetes has no classes to choose from"),
    ("nothing~noise:1", UnknownNameError, "No dataset named 'nothing'"),
]


@pytest.mark.parametrize(("name", "kind", "said"), REFUSED, ids=[one[0] for one in REFUSED])
def test_a_name_that_asks_for_what_there_is_not_is_refused_by_load_and_by_card(name, kind, said):
    with pytest.raises(kind, match=said):
        datasets.load(name, n=5)
    if "domain" not in name and "wine" not in name:
        with pytest.raises(kind, match=said):
            datasets.card(name)


def test_a_choice_is_given_once():
    with pytest.raises(InputError, match="has classes in its name already"):
        datasets.load("digits~classes:1,2", classes=[1])
    with pytest.raises(InputError, match="has a shift in its name already"):
        datasets.load("digits~blur:1", shift="blur:2")


def test_more_stimuli_than_the_classes_have_are_refused_with_their_number():
    with pytest.raises(InputError, match=r"digits~classes:3 \(test\) has 92 stimuli here"):
        datasets.load("digits~classes:3", n=500)
