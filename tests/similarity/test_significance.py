"""Shuffled stimuli for every measure: what is done once gives the same as computing everything again."""

from dataclasses import replace

import numpy as np
import pytest

from repsim_core.errors import InputError, StimulusMismatchError
from repsim_core.inference.permutation import _Shuffles
from repsim_core.similarity import MEASURES, compare_layers, permutation_test
from repsim_core.similarity.preprocessing import preprocessed
from repsim_core.types import LayerActivations, Representation

N = 40
OPTIONS = [
    *((name, {}) for name in MEASURES if name not in ("rtd", "srtd")),
    ("rsa", {"compare": "kendall"}),
    ("rsa", {"dissimilarity": "euclidean"}),
    ("dcor", {"debiased": False}),
]


def side(rng, name, widths):
    ids = tuple(map(str, range(N)))
    made = {f"l{k}": Representation(rng.normal(size=(N, p)), ids, name, f"l{k}") for k, p in enumerate(widths)}
    return LayerActivations(name, "made", ids, made)


@pytest.fixture
def pair(rng):
    return side(rng, "a", (3, 4)), side(rng, "b", (4, 5, 6))


def shuffled(layers, order):
    moved = {name: Representation(one.values[order], one.stimuli, one.model, one.layer) for name, one in layers.items()}
    return replace(layers, representations=moved)


def known(name, options):
    return all(key in MEASURES[name].options for key in options)


@pytest.mark.parametrize(("name", "options"), OPTIONS, ids=str)
def test_every_shuffle_is_the_map_of_shuffled_stimuli(pair, name, options):
    assert known(name, options)
    found = permutation_test(*pair, name, permutations=19, seed=3, **options)
    orders = _Shuffles(N, 3, None)
    for k in (0, 1, 7, 19):
        expected = compare_layers(pair[0], shuffled(pair[1], orders[k]), name, **options).values
        np.testing.assert_allclose(found.scores[k], expected, rtol=2e-4, atol=2e-5)
    assert found.larger_is_more_similar == MEASURES[name].larger_is_more_similar
    assert (found.rows, found.columns) == (("l0", "l1"), ("l0", "l1", "l2"))


def test_a_copy_is_beyond_chance_and_strangers_are_not(rng):
    a = side(rng, "a", (5,))
    copy = permutation_test(a, a, permutations=99)
    assert copy.p[0, 0] == copy.p_over_all[0, 0] == 0.01
    assert permutation_test(a, side(rng, "b", (5,)), permutations=99).p[0, 0] > 0.01


def test_within_classes_a_shared_label_is_no_finding(rng):
    labels = np.repeat([0, 1, 2, 3], N // 4)
    means = 4 * rng.normal(size=(4, 6))
    sides = [side(rng, name, (6,)) for name in "ab"]
    values = [one["l0"].values + means[labels] for one in sides]
    coded = [
        replace(one, representations={"l0": Representation(moved, one.stimuli, one.model, "l0")})
        for one, moved in zip(sides, values, strict=True)
    ]
    assert permutation_test(*coded, permutations=99).p[0, 0] == 0.01
    assert permutation_test(*coded, permutations=99, classes=labels.tolist()).p[0, 0] > 0.05


def test_a_dead_layer_is_undefined_and_the_others_are_tested(pair):
    a, b = pair
    dead = replace(b, representations=dict(b) | {"l1": Representation(np.ones((N, 3)), b.stimuli, "b", "l1")})
    for name in ("cka", "procrustes"):
        found = permutation_test(a, dead, name, permutations=19)
        assert np.isnan(found.p[:, 1]).all()
        assert np.isfinite(found.p[:, [0, 2]]).all()


def test_a_smaller_n_or_other_stimuli_are_refused(pair):
    a, b = pair
    with pytest.raises(InputError, match="With 5 permutations p cannot fall to 0"):
        permutation_test(a, b, permutations=5)
    other = LayerActivations("b", "made", tuple(f"x{k}" for k in range(N)), {})
    moved = {"l0": Representation(b["l0"].values, other.stimuli, "b", "l0")}
    with pytest.raises(StimulusMismatchError):
        permutation_test(a, replace(other, representations=moved))


def test_preprocessed_layers_are_tested_like_any(pair):
    sides = [preprocessed(one, scaling="zscore") for one in pair]
    assert permutation_test(*sides, permutations=19).p.shape == (2, 3)
