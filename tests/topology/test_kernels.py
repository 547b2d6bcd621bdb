"""Sets of bits, thinned skeletons and spanning trees against slow twins."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import minimum_spanning_tree

from repsim_core.kernels.bits import flip, highest_bit, lowest_bit
from repsim_core.kernels.edges import sorted_edges
from repsim_core.kernels.radix import sorted_with
from repsim_core.kernels.trees import spanning_tree
from tests.topology.twins import joined, kruskal, matrix, spaces


@given(items=st.lists(st.sampled_from([0, 1, 31, 32, 62, 63, 64, 65, 127, 128, 191]), max_size=8))
def test_bits_are_a_set_with_a_smallest_and_a_largest_item(items):
    words, expected = np.zeros(3, np.uint64), set()
    for item in items:
        flip(words, item)
        expected ^= {item}
        assert lowest_bit(words) == min(expected, default=-1)
        assert highest_bit(words, 2) == max(expected, default=-1)
        for top in range(3):
            assert highest_bit(words, top) == max((one for one in expected if one < 64 * (top + 1)), default=-1)


@given(
    values=st.lists(
        st.one_of(
            st.sampled_from([0.0, 5e-324, 1.0, 1.0 + 2**-52, 2.0, 1e308, np.inf]),
            st.floats(0, allow_nan=False).map(lambda one: one + 0.0),  # no −0
        ),
        max_size=40,
    )
)
def test_sorting_by_bits_is_a_stable_sort(values):
    given = np.array(values)
    order = np.argsort(given, kind="stable")
    found, items = sorted_with(given.copy(), np.arange(len(given), dtype=np.int32))
    np.testing.assert_array_equal(found, given[order])
    np.testing.assert_array_equal(items, order)


def test_minus_zero_is_the_smallest_distance():
    w = np.array([[0.0, -0.0, 1.0], [-0.0, 0.0, 2.0], [1.0, 2.0, 0.0]])
    assert sorted_edges(w, 2.0).values.tolist() == [0.0, 1.0, 2.0]


# the skeleton -------------------------------------------------------------------------------------------------------


def check_every_lens(w, radius):
    """One triangle for each connected component of each lens, and none beside."""
    n = len(w)
    edges = sorted_edges(w, radius)
    i, j = np.divmod(edges.ends, n)
    assert (i < j).all()
    assert set(zip(i.tolist(), j.tolist(), strict=True)) == {
        (a, b) for a, b in itertools.combinations(range(n), 2) if w[a, b] <= radius
    }
    assert (edges.values == w[i, j]).all()
    assert (np.diff(edges.values) >= 0).all()
    ranks = np.full((n, n), -1)
    ranks[i, j] = ranks[j, i] = np.arange(len(edges.ends))
    assert np.array_equal(edges.rank, ranks)
    assert (np.diff(edges.extra[:, 0]) >= 0).all()
    for edge, (a, b) in enumerate(zip(i, j, strict=True)):
        there = (ranks >= 0) & (ranks < edge)
        lens = np.flatnonzero(there[a] & there[b])
        tops = [edges.witness[edge], *edges.extra[edges.extra[:, 0] == edge, 1]]
        if not len(lens):
            assert tops == [-1]
            continue
        assert set(tops) <= set(lens.tolist())
        part = joined(there[np.ix_(lens, lens)], len(lens))
        found = [part[np.flatnonzero(lens == top)[0]] for top in tops]
        assert sorted(found) == list(range(part.max() + 1))


@settings(max_examples=60)
@given(w=st.integers(1, 12).flatmap(spaces), share=st.sampled_from([0, 0.3, 0.7, 1]))
def test_a_lens_keeps_one_triangle_for_each_of_its_components(w, share):
    check_every_lens(w, float(np.quantile(w, share)))


@pytest.mark.parametrize("n", [64, 65, 70])
@pytest.mark.parametrize("levels", [3, 1000])
def test_lenses_of_more_points_than_a_word_has_bits(rng, n, levels):
    check_every_lens(matrix(rng.integers(1, levels + 1, n * (n - 1) // 2), n), 0.6 * levels)


def test_more_components_than_the_first_buffer_holds(rng):
    # A quarter of the edges of a random graph: the lens of an edge has about n / 16 points, most of them apart.
    n = 110
    w = matrix(rng.permutation(n * (n - 1) // 2) + 1.0, n)
    quarter = n * (n - 1) / 8
    assert len(sorted_edges(w, quarter).extra) > 1024
    check_every_lens(w, quarter)


# trees --------------------------------------------------------------------------------------------------------------


def check_tree(w):
    lengths, ends = spanning_tree(w)
    n = len(w)
    assert lengths.shape == (n - 1,)
    assert ends.shape == (n - 1, 2)
    assert (lengths == w[ends[:, 0], ends[:, 1]]).all()
    assert len(set(joined(list(map(tuple, ends.tolist())), n))) == 1
    return lengths


@given(w=st.integers(1, 9).flatmap(spaces))
def test_a_tree_spans_all_points_and_has_kruskals_lengths(w):
    assert sorted(check_tree(w)) == sorted(w[edge] for edge in kruskal(w))


@pytest.mark.parametrize("n", [2, 3, 50, 200])
def test_a_tree_without_zeros_is_that_of_scipy(rng, n):
    # scipy reads zeros as missing edges, so this holds for distinct points alone.
    w = matrix(rng.random(n * (n - 1) // 2) + 0.1, n)
    assert np.sort(check_tree(w)) == pytest.approx(np.sort(minimum_spanning_tree(w).data), abs=0)
