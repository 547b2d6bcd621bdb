"""Canonical correlations: by hand, against the textbook's eigenvalues, ranks and thresholds, refusals with numbers."""

import itertools

import numpy as np
import pytest

from repsim_core.errors import DegenerateError
from repsim_core.similarity import score
from repsim_core.similarity.cca import canonical_correlations, cca_cells
from repsim_core.similarity.decomposition import Decomposition, decomposed, leading
from repsim_core.similarity.measure import Work


def orthonormal(rng, n, p):
    """Centred orthonormal columns."""
    x = rng.normal(size=(n, p))
    return np.linalg.qr(x - x.mean(0))[0]


def test_by_hand(rng):
    # Four orthonormal columns e: span(e1, e2) and span(e1 cos t + e3 sin t, e4) have correlations cos t and 0.
    e, t = orthonormal(rng, 40, 4), 0.7
    x, y = e[:, :2], np.column_stack([e[:, 0] * np.cos(t) + e[:, 2] * np.sin(t), e[:, 3]])
    x, y = x @ rng.normal(size=(2, 2)), y @ rng.normal(size=(2, 2)) + 3
    assert score(x, y, "cca") == pytest.approx(np.cos(t) / 2, abs=1e-12)
    assert score(x, y, "cca", squared=True) == pytest.approx(np.cos(t) ** 2 / 2, abs=1e-12)
    # Divided by the smaller rank: the first direction alone lies in the other space but for t.
    assert score(e[:, :1], y, "cca") == pytest.approx(np.cos(t), abs=1e-12)


@pytest.mark.parametrize(("n", "p", "q"), [(60, 5, 9), (60, 12, 3), (41, 8, 8)])
def test_the_textbook_eigenvalues_are_the_squares(rng, n, p, q):
    # Hotelling: ρ² are the eigenvalues of Sxx⁻¹ Sxy Syy⁻¹ Syx.
    x, y = rng.normal(size=(n, p)), rng.normal(size=(n, q))
    y[:, : min(p, q)] += x[:, : min(p, q)]
    a, b = x - x.mean(0), y - y.mean(0)
    found = np.linalg.eigvals(np.linalg.solve(a.T @ a, a.T @ b) @ np.linalg.solve(b.T @ b, b.T @ a)).real
    rho = np.sqrt(np.sort(np.maximum(found, 0))[::-1][: min(p, q)])
    assert canonical_correlations(decomposed(x), decomposed(y)) == pytest.approx(rho, abs=1e-7)
    assert score(x, y, "cca") == pytest.approx(rho.mean(), abs=1e-9)
    assert score(x, y, "cca", squared=True) == pytest.approx(np.mean(rho**2), abs=1e-12)


def test_pwcca_equals_its_definition_unit_by_unit(rng):
    x, y = rng.normal(size=(60, 5)) * [9, 3, 1, 1, 0.2], rng.normal(size=(60, 4))
    y[:, :3] += x[:, :3]
    a, b = x - x.mean(0), y - y.mean(0)
    (qa, ra), (qb, _) = np.linalg.qr(a), np.linalg.qr(b)
    u, rho, _ = np.linalg.svd(qa.T @ qb)
    variates = qa @ u[:, :4]  # canonical variates, not coefficients: unit length over the stimuli
    assert variates.T @ (a @ np.linalg.solve(ra, u[:, :4])) == pytest.approx(np.eye(4), abs=1e-10)
    weights = [sum(abs(variates[:, i] @ a[:, j]) for j in range(5)) for i in range(4)]
    assert score(x, y, "pwcca") == pytest.approx(np.average(rho, weights=weights), abs=1e-12)
    assert score(y, x, "pwcca", side="y") == pytest.approx(score(x, y, "pwcca"), abs=1e-12)


def test_svcca_keeps_by_variance_and_reaches_the_share(rng):
    # σ = 3, 1, 1: variances 9, 1, 1 of 11. Ten elevenths need two; of Σσ = 5 the first two would hold 0.8 alone.
    e = orthonormal(rng, 50, 3)
    one = decomposed(e * [3, 1, 1])
    assert leading(one, 10 / 11 - 1e-12).rank == 2
    assert leading(one, 0.81).rank == 1
    assert leading(one, 9 / 11 - 1e-12).rank == 1
    assert leading(one, 0.95).rank == 3
    assert leading(one, 1).rank == 3
    y = e[:, :1] + 0.1 * orthonormal(rng, 50, 1)
    kept, all_of = score(e * [3, 1, 1], y, "svcca", share=0.8), score(e * [3, 1, 1], y, "svcca", share=1.0)
    assert kept == pytest.approx(abs(np.corrcoef(e[:, 0], y[:, 0])[0, 1]), abs=1e-12)
    assert all_of > kept
    # A large mean is no direction: it would hold nearly all of the energy of uncentred responses.
    assert score(e * [3, 1, 1] + 100, y, "svcca", share=0.8) == pytest.approx(kept, abs=1e-9)


@pytest.mark.parametrize("shape", [(300, 200), (150, 400)])
def test_round_off_does_not_count_as_directions(shape):
    # Rank 10 stored in float32: with float64's epsilon as threshold all of its noise would be kept.
    rng = np.random.default_rng(0)
    x, y = ((rng.normal(size=(shape[0], 10)) @ rng.normal(size=(10, shape[1]))).astype(np.float32) for _ in range(2))
    assert [decomposed(one).rank for one in (x, y)] == [10, 10]
    assert score(x, y, "cca") < 0.25  # 0.139 at n = 300 for independent layers, where noise would give 0.753
    assert decomposed(x.astype(np.float64)).rank > 10


@pytest.mark.parametrize("shape", [(60, 8), (30, 30), (20, 90)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_decomposition_gives_the_layer_back(rng, shape, dtype):
    x = (rng.normal(size=shape) * np.geomspace(1, 0.01, shape[1]) + 5).astype(dtype)
    one, centred = decomposed(x), x - x.mean(0, dtype=np.float64)
    assert one.left.T @ one.left == pytest.approx(np.eye(one.rank), abs=1e-12)
    product = (one.left * one.singular_values**2) @ one.left.T
    assert product == pytest.approx(centred @ centred.T, abs=1e-4 if dtype == np.float32 else 1e-10)
    assert one.rank == min(shape[0] - 1, shape[1])


def test_chance_of_squares_over_all_pairings_of_several_directions(rng):
    # The entry refuses three directions of seven stimuli, but the algebra holds for any.
    x, y = decomposed(rng.normal(size=(7, 3))), decomposed(rng.normal(size=(7, 2)))
    shuffled = [y.reordered(np.array(order)) for order in itertools.permutations(range(7))]
    values, chance = cca_cells([x], shuffled, {"squared": True}, Work())
    assert chance[0, 0] == 3 / 6
    assert values.mean() == pytest.approx(3 / 6, abs=1e-12)
    roots, unknown = cca_cells([x], shuffled, {"squared": False}, Work())
    assert np.isnan(unknown).all()
    assert roots.mean() < np.sqrt(3 / 6)


def test_independent_layers_follow_the_chance_level():
    # Theory 64/499 = 0.128 at n = 500 and 64 units
    rng = np.random.default_rng(0)
    assert score(*rng.normal(size=(2, 500, 64)), "cca", squared=True) == pytest.approx(64 / 499, abs=0.01)
    assert score(*rng.normal(size=(2, 500, 64)), "cca") == pytest.approx(0.31, abs=0.01)


def test_from_n_minus_one_directions_on_everything_is_one_so_nothing_is_shown(rng):
    # Two spaces of n − 1 directions are the same space.
    x, y = (decomposed(rng.normal(size=(20, 200))) for _ in range(2))
    assert canonical_correlations(x, y) == pytest.approx(np.ones(19), abs=1e-9)


@pytest.mark.parametrize(
    ("measure", "options", "message"),
    [
        ("cca", {}, "x: canonical correlations of 11 kept directions need n = 55 stimuli .5 each., got 54; take more"),
        ("pwcca", {}, "x: canonical correlations of 11 kept directions need n = 55 stimuli"),
        ("svcca", {"share": 1.0}, "need n = 55 stimuli .5 each., got 54; take more stimuli or a smaller share"),
    ],
)
def test_too_few_stimuli_for_the_directions_are_refused_with_the_number(rng, measure, options, message):
    x, y = rng.normal(size=(55, 11)), rng.normal(size=(55, 3))
    assert 0 < score(x, y, measure, **options) < 1
    for pair in ((x, y), (y, x)):
        with pytest.raises(DegenerateError, match=message.replace("x:", "[xy]:")) as caught:
            score(*(one[:54] for one in pair), measure, **options)
        assert caught.value.reason == "too_few_for_directions"
    assert np.isfinite(score(x[:54], y[:54], "svcca", share=0.5))


def test_decompositions_are_plain_values(rng):
    one = Decomposition(np.eye(3)[:, :2], np.ones(2))
    assert one.reordered(np.array([2, 0, 1])).left.tolist() == [[0, 0], [1, 0], [0, 1]]


def test_one_stimulus_has_no_decomposition():
    with pytest.raises(DegenerateError, match="A decomposition needs at least 2 stimuli, got 1"):
        decomposed(np.ones((1, 3)))
