"""Permutation tests: against all n! orders, uniform under the null, right for the best of many, refusals."""

import itertools
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy.stats import kstest

from repsim_core.errors import DegenerateError, InputError, ShapeError
from repsim_core.inference import chance_of_biased_cka, embedding_permutation_test, score_permutation_test
from tests.inference.twins import cosine, embedded, h_centred, related, stack, u_centred

ORDERS = np.array(list(itertools.permutations(range(6))))


def shuffled(k, order):
    return k[np.ix_(order, order)]


def one_pair(x, y, **options):
    return embedding_permutation_test(stack(x), stack(y), **options)


def two_codes(rng, n=120, classes=6):
    """Two layers that share their classes and nothing else (measures.md, pitfall 27)."""
    labels = np.arange(n) % classes
    x, y = (rng.normal(size=(classes, 10))[labels] * 2 + rng.normal(size=(n, 10)) for _ in range(2))
    return x, y, labels


# against all orders -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", [u_centred, h_centred])
def test_null_mean_and_p_agree_with_all_orders_of_six_stimuli(rng, form):
    x, y = related(rng, 6, 3, 0.7)
    k, other = embedded(x, form), embedded(y, form)
    exact = np.array([cosine(k, shuffled(other, order)) for order in ORDERS])
    chance = 0.0 if form is u_centred else chance_of_biased_cka(k, other)
    assert exact.mean() == pytest.approx(chance, abs=1e-12)
    test = embedding_permutation_test(k[None], other[None], permutations=2999)
    assert test.seen[0, 0] == pytest.approx(cosine(k, other), abs=1e-14)
    assert abs(test.null_mean[0, 0] - chance) < 4 * exact.std() / np.sqrt(2999)
    p = np.mean(exact >= exact[0] - 1e-12)  # the first order is the one that came
    assert abs(test.p[0, 0] - p) < 4 * np.sqrt(p * (1 - p) / 2999)
    assert set(np.round(test.null[:, 0, 0], 10)) <= set(np.round(exact, 10))


def test_every_order_is_drawn_about_as_often():
    test = score_permutation_test(lambda order: float(np.dot(order, [1000, 100, 10, 1])), 4, permutations=2400)
    found, counts = np.unique(test.null, return_counts=True)
    assert len(found) == 24
    assert np.sum((counts - 100) ** 2 / 100) < 45  # chi² with 23 degrees of freedom: p = 0.004


def test_scores_of_all_pairs_are_those_of_each_pair_with_its_rows_shuffled(rng):
    first, second = [rng.normal(size=(9, p)) for p in (2, 5)], [rng.normal(size=(9, p)) for p in (1, 3, 8)]
    test = embedding_permutation_test(stack(*first), stack(*second), permutations=19, seed=3)
    twin = score_permutation_test(
        lambda order: np.array([[cosine(embedded(x), embedded(y[order])) for y in second] for x in first]),
        9,
        permutations=19,
        seed=3,
    )
    assert test.scores == pytest.approx(twin.scores, abs=1e-12)
    assert test.p.tolist() == twin.p.tolist()


def test_asymmetric_masks_move_with_both_axes(rng):
    masks = (rng.random((2, 8, 8)) < 0.4).astype(float)
    test = embedding_permutation_test(masks[:1], masks[1:], permutations=19, seed=1)
    twin = score_permutation_test(lambda order: cosine(masks[0], shuffled(masks[1], order)), 8, permutations=19, seed=1)
    assert test.scores == pytest.approx(twin.scores, abs=1e-12)


# p ------------------------------------------------------------------------------------------------------------------


def test_p_by_hand():
    # Nineteen shuffles: 0, 1, …, 18. Seen 17: two are as high (17, 18), so p = 3/20; seen 30: p = 1/20, never 0.
    for seen, large, small in ((17.0, 3 / 20, 19 / 20), (30.0, 1 / 20, 1.0), (-1.0, 1.0, 1 / 20)):
        calls = itertools.chain([seen], range(19))
        scores = list(calls)
        for larger, expected in ((True, large), (False, small)):
            left = iter(scores)
            test = score_permutation_test(
                lambda _, left=left: next(left), 5, permutations=19, larger_is_more_similar=larger
            )
            assert test.p.item() == expected


def test_p_is_uniform_under_the_null():
    found = []
    for seed in range(500):
        x, y = related(np.random.default_rng(seed), 12, 3, 0)
        found.append(one_pair(x, y, permutations=39, seed=seed).p.item())
    assert min(found) >= 1 / 40
    spread = np.array(found) - np.random.default_rng(0).random(500) / 40  # steps of 1/40 filled evenly
    assert kstest(spread, "uniform").pvalue > 0.01


def test_related_layers_have_the_least_p_there_is(rng):
    x, y = related(rng, 60, 5, 0.7)
    assert one_pair(x, y, permutations=99).p.item() == 0.01


def test_the_best_of_many_pairs_keeps_five_percent():
    runs, alone, all_cells, best_match = 200, 0, 0, 0
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        a, b = (stack(*(rng.normal(size=(16, 3)) for _ in range(6))) for _ in range(2))
        test = embedding_permutation_test(a, b, permutations=39, seed=seed)
        alone += test.p.min() <= 0.05
        all_cells += test.p_over_all.min() <= 0.05
        best_match += test.p_of_best_match[0] <= 0.05
    limit = 0.05 + 3 * np.sqrt(0.05 * 0.95 / runs)
    assert alone / runs > 0.5
    assert all_cells / runs < limit
    assert best_match / runs < limit


def test_the_null_of_a_best_match_is_the_best_under_one_shuffle(rng):
    a, b = (stack(*(rng.normal(size=(10, 3)) for _ in range(3))) for _ in range(2))
    test = embedding_permutation_test(a, b, permutations=19)
    assert test.row_maxima.tolist() == test.scores.max(axis=2).tolist()
    assert test.maxima.tolist() == test.scores.max(axis=(1, 2)).tolist()
    for i in range(3):
        higher = np.sum(test.null[:, i].max(axis=1) >= test.seen[i].max())
        assert test.p_of_best_match[i] == (1 + higher) / 20
    assert (test.p_over_all >= test.p).all()


def test_within_classes_asks_for_more_than_the_classes_explain(rng):
    x, y, labels = two_codes(rng)
    free = one_pair(x, y, permutations=199)
    within = one_pair(x, y, permutations=199, classes=labels.tolist())
    assert free.seen.item() > 0.5
    assert free.p.item() == 1 / 200
    assert within.p.item() > 0.05
    assert within.null_mean.item() == pytest.approx(within.seen.item(), abs=0.03)
    shared = 3 * rng.normal(size=(120, 10))
    assert one_pair(x + shared, y + shared, permutations=199, classes=labels.tolist()).p.item() == 1 / 200


def test_shuffles_within_classes_stay_in_their_class():
    labels = list("abbacabcbcca")
    seen = []

    def keeps(order):
        seen.append(order)
        return float(all(labels[i] == labels[j] for i, j in enumerate(order)))

    assert score_permutation_test(keeps, 12, permutations=199, classes=labels).scores.min() == 1
    assert seen[0].tolist() == list(range(12))
    images = {i: {int(order[i]) for order in seen} for i in range(12)}
    assert all(images[i] == {j for j in range(12) if labels[j] == labels[i]} for i in images)


# arithmetic ---------------------------------------------------------------------------------------------------------


def test_single_precision_finds_the_same_p(rng):
    first, second = [rng.normal(size=(40, p)) for p in (3, 30)], [rng.normal(size=(40, p)) for p in (2, 9)]
    double, single = (
        embedding_permutation_test(stack(*first, dtype=dtype), stack(*second, dtype=dtype), permutations=199)
        for dtype in (np.float64, np.float32)
    )
    assert single.scores.dtype == np.float32
    assert single.scores == pytest.approx(double.scores, abs=2e-6)
    assert single.p.tolist() == double.p.tolist()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_orders_that_change_nothing_are_ties_and_count(rng, dtype):
    # Eight rows of two kinds against nearly the same: an order that maps kinds to kinds scores as high as none at all,
    # and no other does. Integers decide which, while the sums differ in their last digits.
    labels = np.arange(8) // 4
    x = rng.normal(size=(2, 5))[labels]
    y = x + 0.05 * rng.normal(size=x.shape)
    test = embedding_permutation_test(stack(x, dtype=dtype), stack(y, dtype=dtype), permutations=1999)
    twin = score_permutation_test(
        lambda order: float(len(set(zip(labels, labels[order], strict=True))) == 2), 8, permutations=1999
    )
    assert test.p.item() == twin.p.item()
    assert 0.02 < test.p.item() < 0.04  # 1152 of 40 320 orders


def test_large_stacks_are_gathered_in_parts(rng, monkeypatch):
    a = stack(*(rng.normal(size=(23, 3)) for _ in range(3)))
    whole = embedding_permutation_test(a, a, permutations=19)
    monkeypatch.setattr("repsim_core.inference.permutation._GATHERED", 3 * 23 * 5)
    assert embedding_permutation_test(a, a, permutations=19).scores == pytest.approx(whole.scores, abs=1e-14)


def test_threads_progress_and_growing_numbers_give_the_same_shuffles(rng):
    a = stack(*(rng.normal(size=(10, 3)) for _ in range(2)))
    seen, parts = [], []
    whole = embedding_permutation_test(a, a, permutations=100, seed=5)
    with ThreadPoolExecutor(2) as pool:
        other = embedding_permutation_test(
            a,
            a,
            permutations=100,
            seed=5,
            executor=pool,
            progress=lambda done, total: seen.append((done, total)),
            on_partial=parts.append,
        )
    assert np.array_equal(whole.scores, other.scores)
    assert seen == [(k, 100) for k in range(101)]
    assert [one.permutations for one in parts] == [19, 39, 79]
    assert all(np.array_equal(one.scores, whole.scores[: len(one.scores)]) for one in parts)
    assert [one.recipe["permutations_done"] for one in (*parts, other)] == [19, 39, 79, 100]
    assert not np.array_equal(embedding_permutation_test(a, a, permutations=19).scores, parts[0].scores)


# undefined and refused ----------------------------------------------------------------------------------------------


def test_an_undefined_layer_leaves_the_other_cells_alone(rng):
    a = stack(*(rng.normal(size=(10, 3)) for _ in range(3)))
    whole = embedding_permutation_test(a[[0, 2]], a, permutations=19)
    for nothing in (0.0, np.nan, np.inf):
        broken = a.copy()
        broken[1] = nothing
        test = embedding_permutation_test(broken, a, permutations=19)
        assert test.reasons.tolist() == [[""] * 3, ["undefined"] * 3, [""] * 3]
        for found in (test.p, test.p_over_all, test.null_mean, test.null_quantile(0.9)):
            assert np.isnan(found[1]).all()
            assert np.isfinite(found[[0, 2]]).all()
        assert np.isnan(test.p_of_best_match).tolist() == [False, True, False]
        assert test.p_over_all[[0, 2]].tolist() == whole.p_over_all.tolist()


def test_a_score_undefined_under_a_shuffle_is_nan_with_its_reason():
    def fails(order):
        if order[0] == 3:
            raise DegenerateError("no", "no_structure")
        return 1.0

    test = score_permutation_test(fails, 5, permutations=59)
    assert np.isnan(test.p.item())
    assert test.reasons.item() == "no_structure"
    test = score_permutation_test(lambda order: [[1.0, np.nan if order[0] == 3 else order[1]]], 5, permutations=59)
    assert test.reasons.tolist() == [["", "undefined_when_shuffled"]]
    assert np.isnan(test.p).tolist() == [[False, True]]
    with pytest.raises(DegenerateError, match="as it came"):
        score_permutation_test(lambda order: (_ for _ in ()).throw(DegenerateError("as it came", "x")), 5)


REFUSED = [
    ({"permutations": 18}, InputError, "With 18 permutations p cannot fall to 0.05.*take 19 or more"),
    ({"permutations": 99.0}, InputError, "With 99.0 permutations"),
    ({"classes": list("aabbc")}, DegenerateError, "1 of 3 classes have one member, first 'c'"),
    ({"classes": np.array(list("aabbc"))}, DegenerateError, "1 of 3 classes have one member, first 'c'"),
    ({"classes": [1, 1, 1, 2, 2]}, DegenerateError, "classes of 3, 2 have fewer than 20 orders within classes"),
    ({"classes": list("aaab")}, ShapeError, "4 class labels for 5 stimuli"),
    ({"n": 3}, DegenerateError, "A permutation test needs at least 4 stimuli, got 3"),
    ({"score": lambda order: [1.0, 2.0]}, ShapeError, r"score: expected one number .*, got shape \(2,\)"),
    ({"rows": ["a", "b"]}, ShapeError, "2 rows are named, scores has 1"),
]


@pytest.mark.parametrize(("changes", "kind", "message"), REFUSED)
def test_refusals_say_what_came_and_what_to_do(changes, kind, message):
    arguments = {"score": lambda order: float(order[0]), "n": 5} | changes
    with pytest.raises(kind, match=message):
        score_permutation_test(**arguments)


def test_stacks_of_other_stimuli_are_refused(rng):
    k = stack(rng.normal(size=(6, 2)))
    with pytest.raises(ShapeError, match="a has 6 stimuli in float64, b 5 in float64"):
        embedding_permutation_test(k, k[:, :5, :5])
    with pytest.raises(ShapeError, match=r"b: expected \(layers, n, n\), got shape \(6, 6\)"):
        embedding_permutation_test(k, k[0])


def test_four_stimuli_have_orders_enough(rng):
    assert one_pair(*related(rng, 4, 2, 0.5), permutations=19).p.item() >= 1 / 20
