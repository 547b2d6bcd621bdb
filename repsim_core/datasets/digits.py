"""Handwritten digits, 8 × 8: ten classes, their halves, a binary target, the forty classes of digit × rotation."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from repsim_core.datasets.source import Content, Source
from repsim_core.types import DatasetCard

ROTATIONS = (0, 90, 180, 270)  # degrees, counter-clockwise
_ORIGIN = "UCI optical recognition of handwritten digits (E. Alpaydin, C. Kaynak; CC BY 4.0), in scikit-learn"


@lru_cache
def _all() -> tuple[NDArray[np.float32], NDArray[np.int64], dict[str, NDArray[np.intp]]]:
    """Images (1797, 1, 8, 8) in [0, 1], digits and the rows of each split; halves stratified by digit."""
    from sklearn.datasets import load_digits  # here, since importing scikit-learn takes seconds
    from sklearn.model_selection import train_test_split

    bunch = load_digits()
    digit = bunch.target.astype(np.int64)
    rows = np.arange(len(digit))
    train, test = train_test_split(rows, test_size=0.5, random_state=0, stratify=digit)
    images = (bunch.images[:, None] / 16).astype(np.float32)
    return images, digit, {"train": np.sort(train), "test": np.sort(test), "all": rows}


def _content(split: str, digits: tuple[int, ...] = tuple(range(10))) -> Content:
    images, digit, splits = _all()
    rows = splits[split]
    rows = rows[np.isin(digit[rows], digits)]
    return Content(images[rows], digit[rows] - digits[0], tuple(f"digits/{i:04d}" for i in rows))


def _low(split: str) -> Content:
    whole = _content(split)
    assert whole.labels is not None
    return Content(whole.inputs, (whole.labels >= 5).astype(np.int64), whole.stimuli)


def _shuffled(split: str) -> Content:
    """The binary labels of all 1797 digits, permuted once for good, so that no label belongs to its picture."""
    _, digit, splits = _all()
    labels = (digit >= 5).astype(np.int64)[np.random.default_rng(0).permutation(len(digit))]
    whole = _content(split)
    return Content(whole.inputs, labels[splits[split]], whole.stimuli)


def _rotated(split: str) -> Content:
    whole = _content(split)
    assert whole.labels is not None
    turned = np.stack([np.rot90(whole.taken(None), quarter, axes=(2, 3)) for quarter in range(4)], axis=1)
    labels = whole.labels[:, None] * 4 + np.arange(4)
    stimuli = tuple(f"digits_rotated/{one[-4:]}@{angle}" for one in whole.stimuli for angle in ROTATIONS)
    return Content(turned.reshape(-1, 1, 8, 8), labels.ravel(), stimuli)


def _card(name: str, sizes: tuple[int, int, int], classes: tuple[str, ...], description: str) -> DatasetCard:
    parts = dict(zip(("train", "test", "all"), sizes, strict=True))
    return DatasetCard(name, "image", "classification", (1, 8, 8), parts, classes, description, _ORIGIN)


_NAMES = tuple(str(digit) for digit in range(10))

SOURCES = (
    Source(_card("digits", (898, 899, 1797), _NAMES, "Handwritten digits, 8 × 8 grey values"), _content),
    Source(
        _card("digits_low", (898, 899, 1797), ("below five", "five and up"), "The same digits, is it below five?"), _low
    ),
    Source(
        _card(
            "digits_low_shuffled",
            (898, 899, 1797),
            ("below five", "five and up"),
            "The same digits with the labels of digits_low in random order",
        ),
        _shuffled,
    ),
    Source(
        _card("digits_0_4", (450, 451, 901), _NAMES[:5], "The digits 0 to 4 alone"),
        lambda split: _content(split, (0, 1, 2, 3, 4)),
    ),
    Source(
        _card("digits_5_9", (448, 448, 896), _NAMES[5:], "The digits 5 to 9 alone"),
        lambda split: _content(split, (5, 6, 7, 8, 9)),
    ),
    Source(
        _card(
            "digits_rotated",
            (3592, 3596, 7188),
            tuple(f"{digit}@{angle}" for digit in range(10) for angle in ROTATIONS),
            "Digits in four rotations, forty classes: digit and angle",
        ),
        _rotated,
    ),
)
