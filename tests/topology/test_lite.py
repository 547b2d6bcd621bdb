"""Spanning trees of two spaces: RTD-Lite, SRTD-lite and the cluster part of RTD."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from scipy.sparse.csgraph import minimum_spanning_tree

from repsim_core.topology import (
    cross_barcode,
    normalised_distances,
    rtd_lite,
    rtd_lite_barcode,
    srtd_barcode,
    srtd_lite,
)
from repsim_core.topology.lite import cluster_part, tree_weight
from tests.topology.twins import bars, joined, kruskal, matrix, pairs


def merges_twin(w, other):
    """Each edge of the tree of the minimum, with the least radius at which w and the edges before it join its ends."""
    smaller, before, found = np.minimum(w, other), [], []
    for edge in kruskal(smaller):
        for radius in np.unique(w):
            near = [pair for pair in itertools.combinations(range(len(w)), 2) if w[pair] <= radius]
            parts = joined(near + before, len(w))
            if parts[edge[0]] == parts[edge[1]]:
                break
        if radius > smaller[edge]:
            found.append((smaller[edge], radius))
        before.append(edge)
    return sorted(found)


def test_three_points_by_hand():
    # Edges 01, 02, 12. Trees: w 5 + 6, w~ 1 + 2, the minimum too. 01 waits for 5; 02 joins 0 and 2 at 6.
    w, other = matrix([5, 6, 7], 3), matrix([1, 2, 3], 3)
    assert bars(rtd_lite_barcode(w, other)) == [(1, 5), (2, 6)]
    assert rtd_lite(w, other) == (11 - 3 + 0) / 2
    assert srtd_lite(w, other) == 11 - 3


def test_sorted_weights_of_the_trees_would_pair_other_bars():
    # w joins 0 and 1 at 1 and both to 2 at 3; w~ joins 1 and 2 at 2. The bar is that of 12, [2, 3), while 01 has none.
    w, other = matrix([1, 3, 3], 3), matrix([4, 4, 2], 3)
    found = rtd_lite_barcode(w, other)
    assert bars(found) == [(2, 3)]
    assert found.birth_simplices.tolist() == [[1, 2]]


@settings(max_examples=100)
@given(pair=pairs(most=7))
def test_bars_equal_those_of_components_counted_at_every_radius(pair):
    assert bars(rtd_lite_barcode(*pair)) == merges_twin(*pair)


@given(pair=pairs())
def test_lengths_of_bars_add_up_to_the_cluster_part_a_lower_bound_of_rtd(pair):
    w, other = pair
    part = cluster_part(w, other)
    assert part >= -1e-9
    assert rtd_lite_barcode(w, other).total == pytest.approx(part, abs=1e-9)
    assert cross_barcode(w, other).total >= part - 1e-9
    assert rtd_lite(w, other) == pytest.approx((part + cluster_part(other, w)) / 2, abs=1e-9)


def test_the_cluster_part_is_a_difference_of_scipys_trees(rng):
    w, other = (normalised_distances(rng.normal(size=(80, p))) for p in (3, 9))
    large, small = (minimum_spanning_tree(one).sum() for one in (w, np.minimum(w, other)))
    assert cluster_part(w, other) == pytest.approx(large - small, abs=1e-9)


@given(pair=pairs())
def test_srtd_lite_is_symmetric_and_what_the_larger_tree_adds_to_rtd_lite(pair):
    w, other = pair
    trees = (tree_weight(w) + tree_weight(other)) / 2
    added = tree_weight(np.maximum(w, other)) - trees
    assert srtd_lite(w, other) == pytest.approx(srtd_lite(other, w), abs=1e-9)
    assert srtd_lite(w, other) == pytest.approx(rtd_lite(w, other) + added, abs=1e-9)
    assert srtd_barcode(w, other).total >= srtd_lite(w, other) - 1e-9


@pytest.mark.parametrize("measure", [rtd_lite, srtd_lite])
def test_one_point_and_equal_spaces_score_zero(measure):
    w = matrix([1, 2, 3], 3)
    assert measure([[0]], [[0]]) == 0
    assert measure(w, w) == 0
