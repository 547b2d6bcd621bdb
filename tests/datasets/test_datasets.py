import hashlib

import numpy as np
import pytest

from repsim_core import datasets
from repsim_core.datasets.outlines import OUTLINES
from repsim_core.errors import InputError, UnknownNameError

CARDS = {card.name: card for card in datasets.available()}
EVERY_SPLIT = [(name, split) for name, card in CARDS.items() for split in card.sizes]


def fingerprint(array: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()[:16]


@pytest.mark.parametrize(("name", "split"), EVERY_SPLIT)
def test_the_card_tells_the_truth(name, split):
    card, data = CARDS[name], datasets.load(name, split=split)
    assert data.card is card
    assert len(data) == card.sizes[split]
    assert data.inputs.shape == (card.sizes[split], *card.input_shape)
    assert data.inputs.dtype == np.float32
    assert np.isfinite(data.inputs).all()
    assert card.description
    assert card.source
    if card.kind == "image":
        assert data.inputs.min() >= 0
        assert data.inputs.max() <= 1
    if card.task == "none":
        assert data.labels is None
    elif card.task == "regression":
        assert data.labels.dtype == np.float64
        assert card.classes == ()
    else:
        assert data.labels.dtype == np.int64
        assert np.unique(data.labels).tolist() == list(range(len(card.classes)))


@pytest.mark.parametrize("name", [name for name, card in CARDS.items() if "train" in card.sizes])
def test_training_and_test_stimuli_are_apart(name):
    train, test = (set(datasets.load(name, split=split).stimuli) for split in ("train", "test"))
    assert not train & test
    if "all" in CARDS[name].sizes:
        assert train | test == set(datasets.load(name, split="all").stimuli)


# sha256 of the bytes, first 16 digits; written by this module, so that another machine or library version is noticed.
GOLDEN = {
    "digits": "fb35e0166e8f0f4e",
    "digits_rotated": "8e98206c8a0895d1",
    "shapes": "1bb6c402eafdefe3",
    "shapes_texture": "69d834f7d3aeba22",
    "shapes_sketch": "e03eb38e79fb78c4",
    "diabetes": "422fa7ebbc5fcac9",
    "wine": "48c982691b43a0f1",
    "breast_cancer": "126f1603420969c5",
    "clusters_12": "5d07e30a5a231a1c",
    "rings_1": "6d3e1e26535aa3c5",
}


def golden(name: str) -> str:
    inputs = datasets.load(name).inputs[:20]
    if CARDS[name].kind == "image":
        return fingerprint(np.rint(inputs * 255).astype(np.uint8))
    return fingerprint(np.rint(inputs.astype(np.float64) * 1e4).astype(np.int64))


@pytest.mark.parametrize("name", GOLDEN)
def test_the_first_twenty_stimuli_never_change(name):
    assert golden(name) == GOLDEN[name]


def test_digits_are_those_of_scikit_learn_and_keep_their_number():
    from sklearn.datasets import load_digits

    bunch, test = load_digits(), datasets.load("digits")
    index = int(test.stimuli[5].removeprefix("digits/"))
    assert np.array_equal(test.inputs[5, 0], (bunch.images[index] / 16).astype(np.float32))
    assert test.labels[5] == bunch.target[index]
    # stratified halves: no digit has more than one image more in one half
    train = datasets.load("digits", split="train")
    assert np.abs(np.bincount(train.labels) - np.bincount(test.labels)).max() <= 1


def test_low_digits_are_the_same_pictures_with_a_binary_label():
    digits, low = datasets.load("digits"), datasets.load("digits_low")
    assert low.stimuli == digits.stimuli
    assert low.class_names == ("below five", "five and up")
    assert np.array_equal(low.labels, (digits.labels >= 5).astype(np.int64))


def test_shuffled_labels_are_those_of_the_low_digits_in_another_order():
    low, shuffled = (datasets.load(name, split="all") for name in ("digits_low", "digits_low_shuffled"))
    assert low.stimuli == shuffled.stimuli
    assert np.array_equal(low.inputs, shuffled.inputs)
    assert np.bincount(low.labels).tolist() == np.bincount(shuffled.labels).tolist()
    assert 0.45 < (low.labels == shuffled.labels).mean() < 0.55
    # a split has the labels of its own rows
    place = {one: row for row, one in enumerate(shuffled.stimuli)}
    test = datasets.load("digits_low_shuffled")
    assert np.array_equal(test.labels, shuffled.labels[[place[one] for one in test.stimuli]])


def test_the_two_halves_of_the_digits_name_their_classes_by_digit():
    whole = datasets.load("digits")
    number = dict(zip(whole.stimuli, whole.labels, strict=True))
    for name in ("digits_0_4", "digits_5_9"):
        half = datasets.load(name)
        assert [int(half.class_names[label]) for label in half.labels] == [number[one] for one in half.stimuli]


def test_a_quarter_turn_moves_the_top_row_to_the_left_column():
    rotated, digits = datasets.load("digits_rotated"), datasets.load("digits")
    four = rotated.inputs[:4, 0]
    assert np.array_equal(four[0], digits.inputs[0, 0])
    assert np.array_equal(four[1][:, 0], four[0][0, ::-1])
    assert np.array_equal(four[2], four[0][::-1, ::-1])
    assert rotated.stimuli[1] == digits.stimuli[0].replace("digits/", "digits_rotated/") + "@90"
    assert rotated.class_names[rotated.labels[1]] == f"{digits.labels[0]}@90"


def test_shapes_share_class_and_id_over_domains_but_no_pixels():
    plain, texture, sketch = (datasets.load(name) for name in ("shapes", "shapes_texture", "shapes_sketch"))
    assert plain.stimuli == texture.stimuli == sketch.stimuli
    assert np.array_equal(plain.labels, sketch.labels)
    assert np.abs(plain.inputs - texture.inputs).mean() > 0.05
    assert sketch.inputs.mean() > 0.75  # light paper
    assert np.bincount(plain.labels).tolist() == [100] * 10


def test_shapes_are_whole_grey_levels():
    levels = datasets.load("shapes", n=30).inputs.astype(np.float64) * 255
    assert np.abs(levels - np.rint(levels)).max() < 1e-4


@pytest.mark.parametrize("name", OUTLINES)
def test_an_outline_is_inside_its_frame_and_no_steeper_than_a_distance(name):
    axis = np.linspace(-2, 2, 401)
    x, y = np.meshgrid(axis, axis)
    field = OUTLINES[name](x, y)
    inside = field < 0
    # The square's corners (0.78 √2 = 1.10) and the triangle's tips (2 · 0.52 = 1.04) reach furthest.
    assert np.hypot(x, y)[inside].max() < 1.15
    assert 0.1 < inside.mean() * 16 / np.pi < 0.9
    slope = np.hypot(*np.gradient(field, axis[1] - axis[0]))
    assert np.median(slope) == pytest.approx(1, abs=0.15)
    assert slope.max() < 1.5


def test_tables_are_standardised_by_the_training_half():
    for name in ("diabetes", "wine", "breast_cancer"):
        train = datasets.load(name, split="train").inputs.astype(np.float64)
        assert np.abs(train.mean(axis=0)).max() < 1e-5
        assert np.abs(train.std(axis=0) - 1).max() < 1e-5
    assert datasets.load("diabetes", split="all").labels[:3].tolist() == [151, 75, 141]


def test_clusters_follow_the_recipe():
    base = datasets.clusters(1)
    generator = np.random.RandomState(7)
    assert np.array_equal(base[:5], generator.multivariate_normal(np.zeros(2), np.eye(2), 5))
    # k = 4: groups 0, 1, 2, 3 move right, up, left, down by ten.
    moved = (datasets.clusters(4) - base).reshape(60, 5, 2)
    assert moved[:4, 0].round(9).tolist() == [[10, 0], [0, 10], [-10, 0], [0, -10]]
    assert np.allclose(moved[4], moved[0])
    assert datasets.load("clusters_4").labels[:25:5].tolist() == [0, 1, 2, 3, 0]


def test_rings_follow_the_recipe():
    radii = {
        1: [1, 1.25, 0.75, 1.5, 0.5],
        2: [1, 1, 1.25, 0.75, 1.5],
        3: [1, 1, 1, 1.25, 0.75],
        4: [1, 1, 1, 1, 1.25],
        5: [1, 1, 1, 1, 1],
    }
    for k, expected in radii.items():
        points = datasets.rings(k)
        assert np.linalg.norm(points, axis=1).reshape(5, 100).mean(axis=1).round(12).tolist() == expected
    # point 25 of 100 stands at a quarter turn
    assert datasets.rings(1)[125].round(12).tolist() == [0, 1.25]


def test_clouds_of_one_family_can_be_compared_and_test_means_all():
    assert datasets.load("clusters_1").stimuli == datasets.load("clusters_12", split="all").stimuli
    assert datasets.load("rings_1").digest == datasets.load("rings_5").digest
    assert datasets.load("rings_3").split == "all"


def test_a_subset_is_seeded_stratified_and_in_order():
    first = datasets.load("digits", n=100, seed=4)
    whole = datasets.load("digits")
    place = {one: row for row, one in enumerate(whole.stimuli)}
    rows = [place[one] for one in first.stimuli]
    assert rows == sorted(rows)
    assert first.stimuli == datasets.load("digits", n=100, seed=4).stimuli
    assert first.stimuli != datasets.load("digits", n=100, seed=5).stimuli
    assert np.array_equal(first.inputs, whole.inputs[rows])
    assert np.bincount(first.labels).min() >= 9
    assert first.seed == 4


def test_loaded_arrays_cannot_be_written_into():
    data = datasets.load("wine")
    with pytest.raises(ValueError, match="read-only"):
        data.inputs[0, 0] = 1


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"name": "digit"}, UnknownNameError, "No dataset named 'digit'. Did you mean 'digits'"),
        ({"name": "digits", "split": "tset"}, UnknownNameError, "No split of digits named 'tset'. Did you mean 'test'"),
        (
            {"name": "rings_1", "split": "train"},
            UnknownNameError,
            "No split of rings_1 named 'train'. Choose one of: all",
        ),
        ({"name": "digits", "n": 900}, InputError, r"digits \(test\) has 899 stimuli here, but n = 900 were asked for"),
        ({"name": "digits", "n": 0}, InputError, "choose n from 1 to 899"),
    ],
)
def test_refusals_say_what_to_do(arguments, error, message):
    with pytest.raises(error, match=message):
        datasets.load(**arguments)


@pytest.mark.parametrize(
    ("maker", "k", "message"),
    [(datasets.clusters, 0, "k = 0 is no number of clusters"), (datasets.rings, 6, "k = 6, but k of the five rings")],
)
def test_a_cloud_needs_a_possible_k(maker, k, message):
    with pytest.raises(InputError, match=message):
        maker(k)
