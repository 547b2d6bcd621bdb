"""Distances of diagrams by hand, against each other and against the definition; matchings; what is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repsim_core.errors import InputError, UnknownNameError
from repsim_core.topology import DIAGRAM_DISTANCES, diagram_distance, diagram_matching, rips
from repsim_core.types import PersistenceDiagram

KINDS = list(DIAGRAM_DISTANCES)


def diagram(pairs, dimension=1, n=None):
    pairs = np.asarray(pairs, float).reshape(-1, 2)
    nobody = [np.full((len(pairs), dimension + 1 + k), -1, np.int32) for k in (0, 1)]
    return PersistenceDiagram(pairs[:, 0], pairs[:, 1], dimension, *nobody, {} if n is None else {"n": n})


clouds = st.lists(st.tuples(st.floats(0, 1), st.floats(0.01, 1)), max_size=8).map(
    lambda bars: diagram([(birth, birth + length) for birth, length in bars])
)


def test_bottleneck_by_hand():
    # half the longest bar of the second diagram, 0.6 / 2; the first lies on the diagonal
    assert diagram_distance(diagram([]), diagram([(0.2, 0.8), (0, 0.1)])) == pytest.approx(0.3)
    # the better of matching (0, 1) with (0.1, 1.2), 0.2, and of giving both up, 0.55
    assert diagram_distance(diagram([(0, 1)]), diagram([(0.1, 1.2)])) == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("order", "ground", "expected"),
    # (0, 1) to (0.3, 1.4): 0.4 or 0.5 or 0.7; (0, 0.2) to the diagonal: 0.1, 0.1 √2, 0.2
    [(1, np.inf, 0.5), (1, 2, 0.5 + 0.1 * 2**0.5), (1, 1, 0.9), (2, np.inf, (0.16 + 0.01) ** 0.5)],
)
def test_wasserstein_by_hand(order, ground, expected):
    one, other = diagram([(0, 1), (0, 0.2)]), diagram([(0.3, 1.4)])
    found = diagram_distance(one, other, "wasserstein", order=order, ground=ground)
    assert found == pytest.approx(expected, rel=0.011)  # Hera stops within 0.01


def test_sliced_wasserstein_is_the_mean_over_fifty_directions(rng):
    a, b = (np.sort(rng.random((k, 2)), axis=1) for k in (7, 4))
    middle = [one.mean(axis=1, keepdims=True).repeat(2, axis=1) for one in (a, b)]
    angles = -np.pi / 2 + np.pi * np.arange(50) / 50
    total = 0.0
    for angle in angles:
        direction = np.array([np.cos(angle), np.sin(angle)])
        first, second = np.vstack([a, middle[1]]) @ direction, np.vstack([b, middle[0]]) @ direction
        total += np.abs(np.sort(first) - np.sort(second)).sum()
    found = diagram_distance(diagram(a), diagram(b), "sliced_wasserstein")
    assert found == pytest.approx(total / 50, rel=1e-9)
    from gudhi.representations import SlicedWassersteinDistance

    assert found == pytest.approx(SlicedWassersteinDistance(num_directions=5000)(a, b), rel=5e-3)


@settings(max_examples=25)
@given(clouds, clouds, clouds, st.sampled_from(KINDS))
def test_they_are_metrics(a, b, c, kind):
    ab, bc, ac = (diagram_distance(*both, kind) for both in ((a, b), (b, c), (a, c)))
    assert diagram_distance(a, a, kind) == pytest.approx(0, abs=1e-9)
    assert diagram_distance(b, a, kind) == pytest.approx(ab, rel=0.02, abs=1e-9)
    assert ac <= (ab + bc) * 1.02 + 1e-9  # Hera's are within 0.01


@settings(max_examples=25)
@given(clouds, clouds)
def test_a_matching_costs_the_wasserstein_distance_and_no_less_than_the_bottleneck(a, b):
    moves = diagram_matching(a, b)
    assert sorted(moves[moves[:, 0] >= 0, 0]) == list(range(len(a)))
    assert sorted(moves[moves[:, 1] >= 0, 1]) == list(range(len(b)))
    costs = []
    for i, j in moves:
        if i >= 0 and j >= 0:
            costs.append(max(abs(a.births[i] - b.births[j]), abs(a.deaths[i] - b.deaths[j])))
        else:
            costs.append((a.lengths[i] if i >= 0 else b.lengths[j]) / 2)
    exact = sum(costs)
    assert diagram_distance(a, b, "wasserstein") == pytest.approx(exact, rel=0.011, abs=1e-9)
    assert diagram_distance(a, b) <= max(costs, default=0) + 1e-9


def test_essential_classes_are_matched_with_each_other():
    one, other = diagram([(0, np.inf), (0, 1)], 0), diagram([(0, np.inf), (0, 1.5)], 0)
    assert diagram_distance(one, other) == pytest.approx(0.5)
    assert diagram_distance(one, other, "wasserstein") == pytest.approx(0.5, rel=0.011)
    assert len(diagram_matching(one, other)) == 1
    for kind in KINDS:
        assert diagram_distance(one, diagram([(0, 1)], 0), kind) == np.inf


def test_empty_diagrams_are_equal():
    for kind in KINDS:
        assert diagram_distance(diagram([]), diagram([]), kind) == 0
    assert diagram_matching(diagram([]), diagram([])).shape == (0, 2)


def test_other_numbers_of_points_have_to_be_meant(rng):
    x = rng.normal(size=(30, 3))
    one, other = rips(x)[1], rips(x[:20])[1]
    with pytest.raises(InputError, match=r"of 30 and 20 points.*more and shorter bars.*take 20 points on both sides"):
        diagram_distance(one, other)
    assert diagram_distance(one, other, unequal_n=True) > 0


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"kind": "bottelneck"}, UnknownNameError, "Did you mean 'bottleneck'"),
        ({"kind": "wasserstein", "order": 0.5}, InputError, "is 1 or more, got 0.5"),
        ({"kind": "wasserstein", "ground": 3}, InputError, "is 1, 2 or infinite, got 3"),
    ],
)
def test_unknown_options_are_refused(options, error, said):
    with pytest.raises(error, match=said):
        diagram_distance(diagram([]), diagram([]), **options)


def test_other_dimensions_are_refused():
    with pytest.raises(InputError, match="One diagram is of dimension 0, the other of 1"):
        diagram_distance(diagram([], 0), diagram([], 1))
