"""The calibrated score: by hand, against the authors' package, zero for unrelated layers, what it refuses."""

import numpy as np
import pytest

from repsim_core.errors import InputError
from repsim_core.inference import (
    calibrated_best,
    calibrated_best_matches,
    calibrated_scores,
    embedding_permutation_test,
)
from repsim_core.types import PermutationTest
from tests.inference.twins import related, stack


def permuted(scores, **changes):
    scores = np.asarray(scores, float)
    scores = scores[:, None, None] if scores.ndim == 1 else scores
    content = {"scores": scores, "larger_is_more_similar": True, "reasons": np.full(scores.shape[1:], "")}
    return PermutationTest(**content | changes)


def test_by_hand():
    # Seen 0.8 and null 0, 0.02, …, 0.36: the 19th smallest of all 20 is 0.36, so (0.8 − 0.36)/(1 − 0.36) = 0.6875.
    null = np.arange(19) * 0.02
    assert calibrated_scores(permuted([0.8, *null])).item() == pytest.approx(0.6875)
    # Seen 0.3: below the 19th smallest, still 0.36. Seen 0.35 at α = 0.2: the 16th smallest of all is 0.30.
    assert calibrated_scores(permuted([0.3, *null])).item() == 0
    assert calibrated_scores(permuted([0.35, *null]), alpha=0.2).item() == pytest.approx(0.05 / 0.7)


def test_a_distance_is_calibrated_towards_its_least():
    # Null 1, 2, …, 19 and seen 0.5; from far to near the 19th of 20 is 1: (1 − 0.5)/(1 − 0).
    far = permuted([0.5, *range(1, 20)], larger_is_more_similar=False)
    assert calibrated_scores(far, best=0.0).item() == pytest.approx(0.5)
    near = permuted([0.0, *range(1, 20)], larger_is_more_similar=False)
    assert calibrated_scores(near, best=0.0).item() == 1


def test_the_values_of_the_authors_package_come_out():
    # calibrated-similarity 0.1.1 (PyPI), calibrate and calibrate_layers with K = 99, alpha = 0.05, smax = 1, debiased
    # CKA, and these shuffles as its perm_fn. It computes in float32.
    rng = np.random.default_rng(7)
    x, y = related(rng, 30, 4, 0.3)
    z = rng.normal(size=(30, 6))
    w = y + 3 * rng.normal(size=(30, 4))
    test = embedding_permutation_test(stack(x, z), stack(y, w, z), permutations=99, seed=11)
    assert calibrated_scores(test)[0] == pytest.approx(np.array([0.3378726542, 0, 0]), abs=1e-6)
    assert test.p[0].tolist() == [0.01, 0.16, 1.0]
    pairs = embedding_permutation_test(stack(x, z), stack(y, w), permutations=99, seed=11)
    assert calibrated_best(pairs) == pytest.approx(0.3109340072, abs=1e-6)
    assert pairs.p_over_all[0, 0] == 0.01


def test_best_matches_are_measured_against_best_matches(rng):
    scores = rng.random((20, 3, 4)) * 0.5
    scores[0, 1] = [0.1, 0.9, 0.2, 0.3]
    test = permuted(scores)
    rows = [calibrated_scores(permuted(scores[:, i].max(axis=1))).item() for i in range(3)]
    assert calibrated_best_matches(test) == pytest.approx(np.array(rows))
    assert calibrated_best(test) == pytest.approx(calibrated_scores(permuted(scores.max(axis=(1, 2)))).item())
    assert rows[1] > 0.7


def test_unrelated_layers_score_zero_in_nineteen_of_twenty_draws():
    zeros = 0
    for seed in range(200):
        x, y = related(np.random.default_rng(seed), 20, 4, 0)
        test = embedding_permutation_test(stack(x), stack(y), permutations=39, seed=seed)
        zeros += calibrated_scores(test).item() == 0
    assert zeros / 200 >= 0.95 - 3 * np.sqrt(0.05 * 0.95 / 200)


def test_identical_layers_score_one(rng):
    k = stack(rng.normal(size=(20, 4)), dtype=np.float32)
    assert calibrated_scores(embedding_permutation_test(k, k)).item() == pytest.approx(1, abs=1e-6)


def test_where_shuffled_stimuli_reach_the_best_nothing_can_be_told():
    scores = np.ones((20, 1, 3))
    scores[:, 0, 1] = np.nan
    scores[1:, 0, 2] = 0.5
    found = calibrated_scores(permuted(scores))
    assert np.isnan(found).tolist() == [[True, True, False]]
    assert found[0, 2] == 1


REFUSED = [
    ({"alpha": 0.04}, r"alpha = 0.04 cannot be told with 19 permutations; take one between 0.05 and 1"),
    ({"alpha": 1.0}, "alpha = 1.0 cannot be told"),
    ({"best": 0.5}, "A score of 0.8 is beyond the best, 0.5"),
]


@pytest.mark.parametrize(("options", "message"), REFUSED)
def test_refusals_say_what_came_and_what_to_do(options, message):
    with pytest.raises(InputError, match=message):
        calibrated_scores(permuted([0.8, *np.zeros(19)]), **options)
