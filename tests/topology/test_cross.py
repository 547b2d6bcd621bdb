"""R-Cross-Barcode: by hand, against the cone and the published matrix in GUDHI, as theorems, and what it refuses."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from repsim_core.errors import BudgetError, InputError, ShapeError
from repsim_core.topology import cross, cross_barcode, normalised_distances, rtd_lite_barcode, srtd_barcode
from repsim_core.topology.lite import cluster_part
from tests.topology.twins import bars, cone_twin, defined, matrix, open_loops, pairs, published, rips_twin, ripser_twin

# by hand ------------------------------------------------------------------------------------------------------------


def test_one_point_has_no_bar():
    assert bars(cross_barcode([[0]], [[0]])) == []


def test_two_points_make_a_bar_while_only_the_second_space_has_joined_them():
    near, far = matrix([1], 2), matrix([3], 2)
    found = cross_barcode(far, near)
    assert bars(found) == [(1, 3)]
    assert found.birth_simplices.tolist() == [[0, 1]]
    assert found.death_simplices.tolist() == [[0, 1, -1]]
    assert bars(cross_barcode(near, far)) == []


def test_three_points_a_triangle_fills_what_the_apex_would_fill_later():
    # w = 5, 6, 7 and w~ = 1, 2, 3 on the edges 01, 02, 12: 12 is filled by the triangle as it enters; 02 and 01 wait
    # for w. At 5, w joins 0 and 1, at 6 all three.
    found = cross_barcode(matrix([5, 6, 7], 3), matrix([1, 2, 3], 3))
    assert bars(found) == [(1, 5), (2, 6)]


def test_an_edge_that_closes_a_triangle_early_and_opens_none():
    # w~ has all three edges at 1, w has 01 at 1 and the others at 2: two points against the third is one class.
    found = cross_barcode(matrix([1, 2, 2], 3), matrix([1, 1, 1], 3))
    assert bars(found) == [(1, 2)]


def test_a_square_bar_ends_at_its_diagonal():
    # Four points on a line in w (0, 10, 20, 30), the corners of a square in w~, sides 1, diagonals √2. The tree makes
    # three classes that end at 10 in w. The fourth side closes a loop at 1, filled at √2 as both triangles are there.
    line, square = np.arange(4.0)[:, None] * 10, np.array([[0, 0], [0, 1], [1, 1], [1, 0]], dtype=float)
    found = cross_barcode(cdist(line, line), cdist(square, square))
    assert bars(found) == [(1, np.sqrt(2)), (1, 10), (1, 10), (1, 10)]
    assert found.dimension == 1
    loop = int(found.lengths.argmin())
    assert (found.death_simplices[loop] >= 0).all()
    assert (np.delete(found.death_simplices, loop, axis=0)[:, 2] == -1).all()


# oracles ------------------------------------------------------------------------------------------------------------


@settings(max_examples=300)
@given(pair=pairs())
def test_bars_equal_those_of_the_cone_built_cell_by_cell(pair):
    assert bars(cross_barcode(*pair)) == cone_twin(*pair)


@pytest.mark.parametrize("symmetric", [False, True])
@settings(max_examples=150)
@given(pair=pairs())
def test_bars_equal_those_of_rips_on_the_published_matrix(symmetric, pair):
    assert bars(cross_barcode(*pair)) == rips_twin(published(*pair, symmetric=symmetric))


@settings(max_examples=50)
@given(pair=pairs(most=7))
def test_bars_equal_those_of_rips_on_the_matrix_of_the_definition(pair):
    assert bars(cross_barcode(*pair)) == rips_twin(defined(*pair))


def clouds(rng, kind, n):
    if kind == "independent":
        return rng.normal(size=(n, 3)), rng.normal(size=(n, 2))
    if kind == "noisy copy":
        x = rng.normal(size=(n, 16))
        return x, x + 0.2 * rng.normal(size=x.shape)
    if kind == "squares":
        return rng.random((n, 2)), rng.random((n, 2))
    if kind == "grid":
        return rng.integers(0, 5, (n, 2)).astype(float), rng.integers(0, 5, (n, 2)).astype(float)
    angle = 2 * np.pi * rng.permutation(n) / n  # two windings and one
    return np.c_[np.cos(angle), np.sin(angle)], np.c_[np.cos(2 * angle), np.sin(2 * angle)]


KINDS = ["independent", "noisy copy", "squares", "grid", "windings"]


@pytest.mark.parametrize("n", [20, 45])
@pytest.mark.parametrize("kind", KINDS)
def test_clouds_give_the_bars_of_both_twins(rng, kind, n):
    w, other = map(normalised_distances, clouds(rng, kind, n))
    found = bars(cross_barcode(w, other))
    assert len(found) > 5
    assert found == cone_twin(w, other)
    assert found == rips_twin(published(w, other))


@pytest.mark.parametrize("n", [63, 64, 65, 130])
@pytest.mark.parametrize("kind", KINDS)
def test_sets_that_fill_a_word_of_64_bits_and_spill_over_it(rng, kind, n):
    rounded = [normalised_distances(one).astype(np.float32).astype(np.float64) for one in clouds(rng, kind, n)]
    assert bars(cross_barcode(*rounded)) == ripser_twin(published(*rounded))


@given(pair=pairs())
def test_the_path_through_gudhi_equals_the_kernel(pair):
    w, other = pair
    assert bars(cross._by_gudhi(w, np.minimum(w, other), 1)) == bars(cross_barcode(w, other))


@settings(max_examples=60)
@given(pair=pairs(most=6), symmetric=st.booleans())
def test_dimension_two_equals_both_twins(pair, symmetric):
    found = bars(cross_barcode(*pair, dimension=2))
    assert found == cone_twin(*pair, dimension=2)
    assert found == rips_twin(defined(*pair, symmetric=symmetric), dimension=2)


def test_the_published_matrix_serves_dimension_one_alone():
    # w is a square, w~ = 0: the loop of w, open from 4 to 5, is a sphere of the cone. Its 2n × 2n matrix has filled it.
    w, other = matrix([5, 2, 3, 4, 1, 6], 4), np.zeros((4, 4))
    assert bars(cross_barcode(w, other, dimension=2)) == rips_twin(defined(w, other), 2) == [(4, 5)]
    assert rips_twin(published(w, other), 2) == []


def test_dimension_two_finds_the_sphere_that_one_space_has_closed(rng):
    # Octahedron against a line: the two-sphere of the corners, filled when diagonals enter.
    corners = np.vstack([np.eye(3), -np.eye(3)])
    line = 10 * np.arange(6.0)[:, None]
    found = cross_barcode(cdist(line, line), cdist(corners, corners), dimension=2)
    assert bars(found) == [(np.sqrt(2), 2.0)]
    assert found.birth_simplices.shape == (1, 3)
    assert found.death_simplices.shape == (1, 4)


@given(pair=pairs())
def test_dimension_zero_is_empty(pair):
    assert len(cross_barcode(*pair, dimension=0)) == 0


@settings(max_examples=100)
@given(pair=pairs())
def test_both_directions_are_the_two_barcodes_by_themselves(pair):
    w, other = pair
    forward, backward = cross.both_directions(w, other)
    assert bars(forward) == bars(cross_barcode(w, other))
    assert bars(backward) == bars(cross_barcode(other, w))


# theorems -----------------------------------------------------------------------------------------------------------


@settings(max_examples=200)
@given(pair=pairs(), data=st.data())
def test_the_order_of_the_points_does_not_matter(pair, data):
    w, other = pair
    order = np.ix_(*[data.draw(st.permutations(range(len(w))))] * 2)
    assert bars(cross_barcode(w[order], other[order])) == bars(cross_barcode(w, other))


@settings(max_examples=200)
@given(pair=pairs(least=2))
def test_every_bar_begins_with_its_edge_and_ends_with_its_triangle(pair):
    w, other = pair
    smaller, found = np.minimum(w, other), cross_barcode(w, other)
    edges = [tuple(one) for one in found.birth_simplices.tolist()]
    assert len(set(edges)) == len(edges)
    for birth, death, (i, j), ends in zip(
        found.births, found.deaths, edges, found.death_simplices.tolist(), strict=True
    ):
        assert birth == smaller[i, j]
        assert birth < death <= w[i, j]
        base = [point for point in ends if point >= 0]
        assert len(set(base)) == len(base) >= 2
        assert death == (smaller if len(base) == 3 else w)[np.ix_(base, base)].max()


@given(pair=pairs())
def test_a_space_against_itself_or_a_larger_one_has_no_bar(pair):
    w, other = pair
    assert bars(cross_barcode(w, w)) == []
    assert bars(cross_barcode(w, np.maximum(w, other))) == []


@settings(max_examples=150)
@given(pair=pairs())
def test_the_sum_of_bars_is_clusters_plus_the_integral_of_open_loops(pair):
    # RTD₁ = MST(w) − MST(min) + ∫ dim coker(H₁ R_α(w) → H₁ R_α(min)) dα, the cokernel by linear algebra at each radius.
    w, other = pair
    radii = np.unique(np.concatenate([w.ravel(), other.ravel()]))
    integral = sum(open_loops(w, other, low) * (high - low) for low, high in itertools.pairwise(radii))
    loop_part = cross_barcode(w, other).total - cluster_part(w, other)
    assert loop_part == pytest.approx(integral, abs=1e-9)


@settings(max_examples=150)
@given(pair=pairs())
def test_bars_alive_at_a_radius_are_open_loops_and_missing_joints(pair):
    w, other = pair
    found, clusters = cross_barcode(w, other), rtd_lite_barcode(w, other)
    for radius in np.unique(np.concatenate([w.ravel(), other.ravel()])):
        alive, joints = (int(((one.births <= radius) & (radius < one.deaths)).sum()) for one in (found, clusters))
        assert alive == joints + open_loops(w, other, radius)


@given(pair=pairs())
def test_srtd_is_symmetric_and_the_barcode_of_the_larger_space(pair):
    w, other = pair
    assert bars(srtd_barcode(w, other)) == bars(srtd_barcode(other, w))
    assert bars(srtd_barcode(w, other)) == cone_twin(np.maximum(w, other), np.minimum(w, other))


def test_read_only_integer_and_fortran_matrices_are_taken_and_left_alone(rng):
    w, other = (matrix(rng.integers(1, 9, 190), 20).astype(int) for _ in range(2))
    expected = bars(cross_barcode(w, other))
    frozen = np.asfortranarray(w)
    frozen.flags.writeable = False
    assert bars(cross_barcode(frozen, other.astype(np.float32))) == expected
    assert bars(cross_barcode(w.tolist(), np.repeat(other, 2, axis=1)[:, ::2])) == expected


# refusals -----------------------------------------------------------------------------------------------------------

GOOD = matrix([1, 2, 3], 3)


def changed(at, value, *, both=True):
    w = GOOD.copy()
    w[at] = value
    if both:
        w[at[::-1]] = value
    return w


REFUSED = [
    (GOOD[:2], ShapeError, r"expected a square matrix of distances \(n, n\), got shape \(2, 3\)"),
    ([[0.0, 1.0], [1.0]], ShapeError, "the rows have different lengths; give a square matrix of distances"),
    (np.arange(3.0), ShapeError, r"expected a square matrix of distances \(n, n\), got shape \(3,\)"),
    (np.zeros((0, 0)), ShapeError, "there are no points; give at least one"),
    (changed((0, 2), np.nan), InputError, "the distance of points 0 and 2 is NaN or infinite"),
    (changed((1, 2), np.inf), InputError, "the distance of points 1 and 2 is NaN or infinite"),
    (changed((0, 1), -1), InputError, "the distance of points 0 and 1 is -1, below 0"),
    (changed((1, 2), 7, both=False), InputError, r"not symmetric, first at points 1 and 2; take \(d \+ d\.T\) / 2"),
    (changed((1, 1), 0.5), InputError, r"point 1 is 0\.5 away from itself"),
]


@pytest.mark.parametrize(("bad", "kind", "message"), REFUSED)
@pytest.mark.parametrize("measure", [cross_barcode, rtd_lite_barcode, srtd_barcode])
def test_what_is_no_distance_matrix_is_refused_on_either_side(measure, bad, kind, message):
    with pytest.raises(kind, match=f"^dx: .*{message}"):
        measure(bad, GOOD)
    with pytest.raises(kind, match=f"^dy: .*{message}"):
        measure(GOOD, bad)


@pytest.mark.parametrize("measure", [cross_barcode, rtd_lite_barcode, srtd_barcode])
def test_clouds_of_different_size_are_refused(measure):
    with pytest.raises(ShapeError, match="dx has 3 points and dy 2; compare the same points in both"):
        measure(GOOD, np.zeros((2, 2)))


@pytest.mark.parametrize("dimension", [-1, 3, "1", 1.5, None])
def test_other_dimensions_are_refused(dimension):
    with pytest.raises(InputError, match=f"in dimension 0, 1 or 2, not {dimension!r}"):
        cross_barcode(GOOD, GOOD, dimension=dimension)


def test_dimension_two_says_what_it_would_build_and_what_it_may_take(monkeypatch):
    # C(61, 4) + C(61, 3) + … is about 5.6e5 simplices of 70 bytes.
    monkeypatch.setenv("REPSIM_MEMORY_GB", "0.001")
    w = np.ones((60, 60)) - np.eye(60)
    with pytest.raises(
        BudgetError, match=r"Dimension 2 at 60 points builds 6\.2e\+05 simplices, about 43 MB \(limit 1\.0 MB\)"
    ):
        cross_barcode(w, w, dimension=2)
    assert len(cross_barcode(w, w)) == 0
