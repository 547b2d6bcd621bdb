"""Vietoris–Rips: shapes whose homology is known, the stability theorem, other engines, what is refused."""

import itertools

import gudhi
import numpy as np
import pytest
from gudhi.sklearn import RipsPersistence
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import pdist, squareform

from repsim_core.errors import BudgetError, DegenerateError, InputError, ShapeError, UnknownNameError
from repsim_core.topology import (
    alpha,
    cloud_distances,
    diagram_distance,
    landmarks,
    largest_n,
    rips,
    rips_cost,
    rips_of_distances,
)
from repsim_core.topology.rips_cost import affordable
from repsim_core.types import Representation
from tests.topology.clouds import circle, sphere, torus
from tests.topology.twins import bars


def long_bars(diagram, least):
    return int((diagram.lengths[np.isfinite(diagram.lengths)] > least).sum())


def chord(n, steps):
    return 2 * np.sin(np.pi * steps / n)


@pytest.mark.parametrize("n", [9, 20, 100])
def test_a_circle_is_one_component_and_one_loop(n):
    components, loops = rips(circle(n))
    assert components.deaths[0] == np.inf
    np.testing.assert_allclose(components.deaths[1:], np.full(n - 1, chord(n, 1)), rtol=1e-12)
    # A regular n-gon closes at its side and fills when an inscribed triangle contains the centre: ⌈n/3⌉ steps.
    assert len(loops) == 1
    np.testing.assert_allclose([loops.births[0], loops.deaths[0]], [chord(n, 1), chord(n, -(-n // 3))], rtol=1e-12)


def test_two_circles_are_two_components_and_two_loops():
    components, loops = rips(np.vstack([circle(30), circle(30, centre=(5.0, 0.0))]))
    assert long_bars(components, 1.0) == 1  # besides the one that stays
    assert components.deaths[1] == pytest.approx(3.0)
    assert long_bars(loops, 1.0) == 2


@pytest.mark.parametrize("n", [60, 120])
def test_a_sphere_has_one_cavity_and_no_loop_that_lasts(n):
    _, loops, cavities = rips(sphere(n), max_dimension=2)
    assert long_bars(cavities, 0.5) == 1
    assert long_bars(loops, 0.5) == 0


def test_a_torus_has_two_loops_and_one_cavity():
    _, loops, cavities = rips(torus(20, 12), max_dimension=2)
    assert long_bars(loops, 0.8) == 2
    assert long_bars(cavities, 0.4) == 1


@pytest.mark.parametrize("n", [100, 400])
def test_a_uniform_square_has_no_feature_of_its_own_size(rng, n):
    components, loops = rips(rng.random((n, 2)))
    # Nothing is larger than what a gap between neighbours makes, of order √(log n / n).
    assert components.deaths[1] < 3 * np.sqrt(np.log(n) / n)
    assert loops.lengths.max() < 3 * np.sqrt(np.log(n) / n)


def test_a_grid_square_has_a_loop_a_cell_and_no_cavity():
    points = np.array(list(itertools.product(range(4), range(4))), float)
    _, loops, cavities = rips(points, max_dimension=2)
    assert bars(loops) == [(1.0, pytest.approx(np.sqrt(2)))] * 9
    assert len(cavities) == 0


def test_bars_name_their_stimuli(rng):
    d = cloud_distances(rng.normal(size=(40, 5)))
    components, loops, cavities = rips_of_distances(d, max_dimension=2)
    assert (components.death_simplices[0] == -1).all()
    for one, (i, j) in zip(components.deaths[1:], components.death_simplices[1:], strict=True):
        assert d[i, j] == one
    for birth, (i, j) in zip(loops.births, loops.birth_simplices, strict=True):
        assert d[i, j] == birth
    for death, simplex in zip(loops.deaths, loops.death_simplices, strict=True):
        assert max(d[i, j] for i, j in itertools.combinations(simplex, 2)) == death
    for birth, death, born, died in zip(
        cavities.births, cavities.deaths, cavities.birth_simplices, cavities.death_simplices, strict=True
    ):
        assert (d[tuple(born[:2])], d[tuple(died[:2])]) == (birth, death)
        assert (*born[2:], *died[2:]) == (-1, -1, -1)
    assert sorted(components.birth_simplices[:, 0]) == list(range(40))


def test_the_triangle_of_a_loop_fills_it(rng):
    """Without that triangle's own value, the loop of a small cloud lives on: its pair in the boundary matrix."""
    d = cloud_distances(rng.normal(size=(12, 2)))
    tree = gudhi.SimplexTree.create_from_array(d)
    tree.expansion(2)
    tree.compute_persistence(homology_coeff_field=2)
    pairs = {tuple(sorted(one)): tuple(sorted(other)) for one, other in tree.persistence_pairs() if len(one) == 2}
    loops = rips_of_distances(d)[1]
    assert len(loops)
    for born, died in zip(loops.birth_simplices.tolist(), loops.death_simplices.tolist(), strict=True):
        edges = itertools.combinations(died, 2)
        longest = max(edges, key=lambda edge: d[edge])
        assert longest == max(itertools.combinations(pairs[tuple(born)], 2), key=lambda edge: d[edge])


@settings(max_examples=40)
@given(st.integers(0, 10**6), st.integers(2, 25), st.integers(1, 4), st.floats(0, 0.5))
def test_a_diagram_moves_by_at_most_twice_what_its_points_move(seed, n, units, reach):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, units))
    moves = rng.normal(size=(n, units))
    moves *= reach / np.linalg.norm(moves, axis=1, keepdims=True)
    for one, other in zip(rips(x), rips(x + moves), strict=True):
        assert diagram_distance(one, other) <= 2 * reach + 1e-9


def test_rotation_translation_and_order_change_nothing_and_scaling_scales(rng):
    x = rng.normal(size=(50, 6))
    turn, _ = np.linalg.qr(rng.normal(size=(6, 6)))
    plain = rips(x, max_dimension=2)
    for other, factor in ((x @ turn + 7, 1), (x[rng.permutation(50)], 1), (x * 3, 3), (x * 1e150, 1e150)):
        for one, moved in zip(plain, rips(other, max_dimension=2), strict=True):
            np.testing.assert_allclose(moved.births / factor, one.births, rtol=1e-7, atol=1e-12)
            np.testing.assert_allclose(moved.deaths / factor, one.deaths, rtol=1e-7)


def test_a_general_linear_map_changes_the_loops(rng):
    x = circle(30)
    assert rips(x)[1].lengths[0] > 2 * rips(x * [1, 0.3])[1].lengths[0]


@settings(max_examples=30)
@given(st.integers(0, 10**6), st.integers(1, 30), st.sampled_from(["plane", "space", "grid"]))
def test_gudhi_has_the_same_bars(seed, n, kind):
    rng = np.random.default_rng(seed)
    x = {
        "plane": lambda: rng.normal(size=(n, 2)),
        "space": lambda: rng.normal(size=(n, 16)),
        "grid": lambda: rng.integers(0, 4, size=(n, 2)).astype(float),  # ties and equal points
    }[kind]()
    d = squareform(pdist(x)) if n > 1 else np.zeros((1, 1))
    engine = RipsPersistence([0, 1, 2], input_type="full distance matrix", homology_coeff_field=2, num_collapses=0)
    for one, theirs in zip(rips_of_distances(d, max_dimension=2), engine.fit_transform([d])[0], strict=True):
        assert bars(one) == sorted(map(tuple, theirs[theirs[:, 1] > theirs[:, 0]].tolist()))


def test_ripser_has_the_same_bars(rng):
    ripser = pytest.importorskip("ripser").ripser
    x = rng.normal(size=(80, 64))
    d = cloud_distances(x)
    theirs = ripser(d, distance_matrix=True, maxdim=2, thresh=np.inf)["dgms"]
    for one, other in zip(rips(x, max_dimension=2), theirs, strict=True):
        found = np.array(sorted(map(tuple, other.tolist())))
        np.testing.assert_allclose(np.array(bars(one)).reshape(-1, 2), found.reshape(-1, 2), atol=1e-5)  # float32 there


@pytest.mark.parametrize("metric", ["cosine", "correlation"])
def test_other_metrics_are_those_of_scipy(rng, metric):
    x = rng.normal(size=(30, 8)) + 1
    one, other = rips(x, metric=metric)[1], rips_of_distances(squareform(pdist(x, metric)))[1]
    np.testing.assert_allclose(one.births, other.births, rtol=1e-9)
    np.testing.assert_allclose(one.deaths, other.deaths, rtol=1e-9)


def test_the_geodesic_metric_unrolls_a_spiral():
    angle = np.linspace(0, 4 * np.pi, 80)
    spiral = np.column_stack([angle * np.cos(angle), angle * np.sin(angle)])
    d = cloud_distances(spiral, metric="geodesic", neighbours=2)
    along = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(spiral, axis=0), axis=1))])
    np.testing.assert_allclose(d[0], along, rtol=0.02)  # near the centre a path may skip a point
    assert len(rips(spiral, metric="geodesic", neighbours=2)[1]) == 0
    assert len(rips(spiral)[1])


def test_a_geodesic_over_equal_points_is_still_connected():
    x = np.repeat([[0.0], [1.0], [2.0]], 3, axis=0)
    d = cloud_distances(x, metric="geodesic", neighbours=5)
    np.testing.assert_allclose(d[0], np.repeat([0.0, 1.0, 2.0], 3), atol=1e-12)


def test_a_scale_makes_the_unit_of_the_responses_drop_out(rng):
    x = rng.normal(size=(40, 3))
    one, other = (rips(factor * x, scale="quantile")[1] for factor in (1, 250))
    np.testing.assert_allclose(one.deaths, other.deaths, rtol=1e-9)
    d = squareform(pdist(x))
    np.testing.assert_allclose(one.deaths, rips(x)[1].deaths / np.quantile(d, 0.9), rtol=1e-9)


def test_equal_points_count_as_one(rng):
    x = rng.normal(size=(20, 2))
    for one, twice in zip(rips(x, max_dimension=2), rips(np.repeat(x, 2, axis=0), max_dimension=2), strict=True):
        assert len(one) == len(twice)
        np.testing.assert_allclose(twice.deaths, one.deaths, rtol=1e-12)


def test_one_point_and_a_constant_layer_are_one_component():
    for x in (np.zeros((1, 3)), np.full((9, 4), 0.1), np.full((9, 4), 0.1, "float32")):
        components, loops, cavities = rips(x, max_dimension=2)
        assert bars(components) == [(0.0, np.inf)]
        assert len(loops) == len(cavities) == 0


def test_a_matrix_that_is_no_metric_has_its_bars():
    d = np.array([[0, 1, 9, 1], [1, 0, 1, 9], [9, 1, 0, 1], [1, 9, 1, 0.0]])  # 1 + 1 < 9
    assert bars(rips_of_distances(d)[1]) == [(1.0, 9.0)]


def test_noise_far_below_the_mean_is_still_measured():
    x = 1 + 1e-12 * np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
    assert rips(x)[1].deaths[0] == pytest.approx(1e-12 * np.sqrt(2), rel=1e-3)  # the steps of float64 at 1 are 2e-16


@pytest.mark.parametrize(
    ("x", "options", "error", "said"),
    [
        (np.zeros((0, 3)), {}, ShapeError, "there are no points; give at least one"),
        (np.zeros(5), {}, ShapeError, r"expected \(n_stimuli, n_units\), got shape \(5,\)"),
        (np.array([["a", "b"]]), {}, ShapeError, "expected real numbers"),
        (
            np.array([[1.0], [np.nan]]),
            {},
            DegenerateError,
            "has NaN or infinity in 1 of 2 rows, first for stimulus '1'",
        ),
        (np.eye(3), {"metric": "taxi"}, UnknownNameError, "No metric named 'taxi'"),
        (np.eye(3), {"scale": "max"}, UnknownNameError, "No scale named 'max'"),
        (np.eye(3), {"max_dimension": 3}, InputError, "max_dimension must be 0, 1 or 2, got 3"),
        (np.ones((4, 2)), {"scale": "quantile"}, DegenerateError, "most of its 4 points are equal"),
        (np.array([[0.0, 0], [1, 1]]), {"metric": "cosine"}, DegenerateError, "row 0 has no direction"),
        (np.eye(3), {"metric": "geodesic", "neighbours": 3}, InputError, "a whole number from 1 to 2, got 3"),
    ],
)
def test_a_cloud_that_will_not_do_is_refused(x, options, error, said):
    with pytest.raises(error, match=said):
        rips(x, **options)


def test_a_graph_in_pieces_names_the_neighbours_that_join_it():
    x = np.concatenate([np.arange(5.0), 100 + np.arange(5.0)])[:, None]
    with pytest.raises(DegenerateError, match=r"2 nearest neighbours falls into 2 pieces.*take neighbours = 5 or more"):
        rips(x, metric="geodesic", neighbours=2)
    assert len(rips(x, metric="geodesic", neighbours=5)[0]) == 10


@pytest.mark.parametrize(
    ("d", "said"),
    [
        ([[0, 1], [2, 0]], "d: the matrix is not symmetric, first at points 0 and 1"),
        ([[0, -1], [-1, 0]], "d: the distance of points 0 and 1 is -1, below 0"),
        ([[1, 1], [1, 1]], "d: point 0 is 1 away from itself"),
        ([[0, np.inf], [np.inf, 0]], "d: the distance of points 0 and 1 is NaN or infinite"),
        ([[0, 1]], "d: expected a square matrix"),
    ],
)
def test_a_matrix_that_holds_no_distances_is_refused(d, said):
    with pytest.raises(InputError, match=said):
        rips_of_distances(d)


def test_too_many_points_are_refused_with_the_number_that_fits(monkeypatch, rng):
    monkeypatch.setenv("REPSIM_MEMORY_GB", "0.0001")
    for dimension in (0, 1, 2):
        fits = largest_n(dimension)
        assert affordable(fits, dimension) == rips_cost(fits, dimension)
        with pytest.raises(BudgetError, match=rf"Take {fits} points or fewer"):
            rips(rng.normal(size=(fits + 1, 2)), max_dimension=dimension)
    assert len(rips(rng.normal(size=(largest_n(1), 2)))[0]) == largest_n(1)


def test_too_much_time_is_refused_too(monkeypatch):
    monkeypatch.setenv("REPSIM_MEMORY_GB", "1000")
    fits = largest_n(2)
    assert rips_cost(fits, 2).seconds <= 600 < rips_cost(fits + 1, 2).seconds
    with pytest.raises(BudgetError, match=rf"limits 1000 GB and 600 s\). Take {fits} points or fewer"):
        affordable(fits + 1, 2)
    assert largest_n(2) < largest_n(1) < largest_n(0)


def test_the_alpha_complex_of_the_plane_has_the_components_of_rips(rng):
    x = rng.random((60, 2))
    one, other = alpha(x), rips(x)
    np.testing.assert_allclose(one[0].deaths, other[0].deaths, rtol=1e-9)
    assert len(one) == 2
    d = squareform(pdist(x))
    for birth, (i, j) in zip(one[1].births, one[1].birth_simplices, strict=True):
        assert d[i, j] <= birth * (1 + 1e-9)  # an edge enters when both its ends are reached, or later
    long_one, long_other = alpha(circle(40))[1], rips(circle(40))[1]
    assert long_one.births[0] == pytest.approx(long_other.births[0])
    assert long_one.deaths[0] == pytest.approx(2.0)  # a ball of radius 1 fills the circle of radius 1


def test_the_alpha_complex_in_space_sees_a_cavity_and_equal_points_once():
    one = alpha(np.vstack([sphere(80), sphere(80)]))
    assert len(one) == 3
    assert long_bars(one[2], 0.5) == 1
    assert len(alpha(np.zeros((3, 2)))[0]) == 1


def test_the_alpha_complex_refuses_many_units(rng):
    with pytest.raises(ShapeError, match="takes points of 1 to 3 units, got 4; take rips"):
        alpha(rng.normal(size=(5, 4)))


@pytest.mark.parametrize("count", [5, 20, 60])
def test_landmarks_keep_their_guarantee(rng, count):
    x = rng.normal(size=(60, 3))
    found = landmarks(x, count, seed=4)
    assert len(set(found.rows.tolist())) == count
    d = squareform(pdist(x))
    assert found.radius == pytest.approx(d[:, found.rows].min(axis=1).max(), abs=1e-12)
    for one, other in zip(rips(x), rips(x[found.rows]), strict=True):
        assert diagram_distance(one, other, unequal_n=True) <= found.guarantee + 1e-9
    assert found.guarantee == 2 * found.radius


def test_landmarks_refuse_a_count_that_is_not_there(rng):
    with pytest.raises(InputError, match="count must be a whole number from 1 to 4, got 5"):
        landmarks(rng.normal(size=(4, 2)), 5)


def test_a_representation_gives_its_name_to_an_error():
    layer = Representation(np.ones((3, 2)), ("a", "b", "c"), "net", "conv1")
    with pytest.raises(DegenerateError, match=r"net/conv1: the 0\.9 quantile"):
        rips(layer, scale="quantile")
