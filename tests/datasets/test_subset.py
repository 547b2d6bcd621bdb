import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repsim_core.datasets.subset import subset
from repsim_core.errors import InputError


def test_every_class_gives_its_share_by_hand():
    labels = np.array([0] * 6 + [1] * 3 + [2] * 1)
    # 5 of 10: shares 3, 1.5, 0.5; the one left over goes to the first of the equal fractions.
    assert np.bincount(labels[subset(labels, 10, 5)], minlength=3).tolist() == [3, 2, 0]


def test_a_subset_of_everything_is_everything_in_order():
    assert subset(np.array([1, 0, 1, 0]), 4, 4, seed=9).tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("labels", [None, np.linspace(0, 1, 40)])
def test_without_classes_the_draw_is_plain_and_seeded(labels):
    first = subset(labels, 40, 10, seed=1)
    assert np.array_equal(first, subset(labels, 40, 10, seed=1))
    assert not np.array_equal(first, subset(labels, 40, 10, seed=2))
    assert np.all(np.diff(first) > 0)


@settings(deadline=None, derandomize=True)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=60), st.data())
def test_counts_are_within_one_of_the_exact_share(labels, data):
    array = np.array(labels)
    n = data.draw(st.integers(1, len(labels)))
    rows = subset(array, len(array), n, seed=3)
    assert len(rows) == n
    assert np.all(np.diff(rows) > 0)
    share = np.bincount(array, minlength=5) * n / len(array)
    assert np.all(np.abs(np.bincount(array[rows], minlength=5) - share) < 1)


@pytest.mark.parametrize("n", [0, -3, 11])
def test_an_impossible_size_is_refused_with_the_numbers(n):
    with pytest.raises(
        InputError, match=rf"toys has 10 stimuli here, but n = {n} were asked for; choose n from 1 to 10"
    ):
        subset(None, 10, n, name="toys")
