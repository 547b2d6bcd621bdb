"""Curves, images and numbers of diagrams by hand; bands; noise; outliers; subsets."""

import numpy as np
import pytest
from scipy.stats import t

from repsim_core.errors import DegenerateError, FormatError, InputError, UnknownNameError
from repsim_core.topology import (
    NOISE_RULES,
    OUTLIER_RULES,
    bars_above,
    betti_curve,
    cloud_distances,
    confidence_band,
    diagram_distance,
    landscape,
    noise_lengths,
    outliers,
    persistence_entropy,
    persistence_image,
    rips,
    rips_of_distances,
    silhouette,
    stratified_subsets,
    total_persistence,
)
from repsim_core.types.diagram_results import NoiseLengths
from tests.topology.clouds import circle
from tests.topology.test_diagram_distances import diagram

TWO = [(0.0, 1.0), (0.5, 1.0)]


def test_a_betti_curve_counts_the_bars_that_live(rng):
    one = rips(rng.normal(size=(30, 3)))[0]
    grid = np.linspace(0, 3, 50)
    expected = [int(((one.births <= e) & (e < one.deaths)).sum()) for e in grid]
    assert betti_curve(one, grid).tolist() == expected
    assert betti_curve(diagram([]), grid).tolist() == [0] * 50


def test_landscapes_are_the_heights_of_tents():
    grid = np.linspace(0, 1, 5)
    first, second, third = landscape(diagram(TWO), grid)
    np.testing.assert_allclose(first, [0, 0.25, 0.5, 0.25, 0], atol=1e-12)
    np.testing.assert_allclose(second, [0, 0, 0, 0.25, 0], atol=1e-12)
    assert not third.any()


def test_a_silhouette_is_the_mean_of_tents_by_length():
    grid = np.linspace(0, 1, 5)
    expected = (1.0 * np.array([0, 0.25, 0.5, 0.25, 0]) + 0.5 * np.array([0, 0, 0, 0.25, 0])) / 1.5
    np.testing.assert_allclose(silhouette(diagram(TWO), grid), expected, atol=1e-12)
    assert not silhouette(diagram([]), grid).any()


def test_an_image_is_bright_where_the_long_bars_are():
    image = persistence_image(diagram([(0.2, 1.0), (0.8, 0.9)]), reach=(0, 1, 0, 1), bandwidth=0.05)
    row, column = np.unravel_index(image.argmax(), image.shape)
    assert (column, row) == (4, 15)  # birth 0.2 and length 0.8 on 20 places from 0 to 1: 3.8 and 15.2
    assert image.shape == (20, 20)


def test_numbers_by_hand():
    two = diagram([*TWO, (0.0, np.inf)])
    assert total_persistence(two) == 1.5
    assert total_persistence(two, power=2) == 1.25
    assert persistence_entropy(two) == pytest.approx(-(2 / 3 * np.log(2 / 3) + 1 / 3 * np.log(1 / 3)))
    assert persistence_entropy(diagram([(0, 1)] * 7)) == pytest.approx(np.log(7))
    assert persistence_entropy(diagram([(0, 1)])) == 0
    assert [bars_above(two, length) for length in (0.4, 0.5, 1.0)] == [2, 1, 0]


def test_nothing_has_no_entropy():
    assert np.isnan(persistence_entropy(diagram([])))
    assert total_persistence(diagram([(0, np.inf)], 0)) == 0


def test_a_grid_has_to_be_a_grid():
    with pytest.raises(InputError, match="a list of increasing numbers"):
        betti_curve(diagram(TWO), [0, 0, 1])
    with pytest.raises(InputError, match="must be evenly spaced"):
        landscape(diagram(TWO), [0, 0.1, 1])


def test_a_band_is_students_interval_and_leaves_out_what_is_undefined():
    curves = np.array([[1.0, 2.0, np.nan], [2.0, 2.0, np.nan], [6.0, 2.0, 4.0]])
    band = confidence_band(curves)
    np.testing.assert_allclose(band.mean, [3, 2, 4])
    reach = t.ppf(0.975, 2) * np.std([1, 2, 6], ddof=1) / np.sqrt(3)
    np.testing.assert_allclose([band.low[0], band.high[0]], [3 - reach, 3 + reach])
    assert band.low[1] == band.high[1] == 2
    assert np.isnan([band.low[2], band.high[2]]).all()
    assert np.isnan(confidence_band([[1.0, 2.0]]).low).all()


def test_a_band_covers_the_mean_as_often_as_it_says(rng):
    draws = rng.normal(size=(4, 4000))
    band = confidence_band(draws)
    assert ((band.low < 0) & (band.high > 0)).mean() == pytest.approx(0.95, abs=0.015)


@pytest.mark.parametrize(
    ("curves", "level", "said"),
    [(np.empty((0, 3)), 0.95, "needs curves as"), ([[1.0]], 1.0, "level must lie between 0 and 1, got 1.0")],
)
def test_a_band_refuses(curves, level, said):
    with pytest.raises(InputError, match=said):
        confidence_band(curves, level=level)


def test_the_loop_of_a_circle_stands_above_the_noise_and_those_of_a_square_do_not(rng):
    ring = circle(120) + 0.03 * rng.normal(size=(120, 2))
    for x, expected in ((ring, 1), (rng.random((120, 2)), 0)):
        d = cloud_distances(x)
        noise = noise_lengths(d, resamples=20)
        assert noise.distances.shape == (2, 20)
        np.testing.assert_array_equal(noise.lengths, 2 * np.quantile(noise.distances, 0.95, axis=1))
        assert bars_above(rips(x)[1], noise.lengths[1]) == expected
        careful = noise_lengths(d, rule="hausdorff", resamples=20)
        assert (careful.lengths > noise.lengths).all()
        assert careful.lengths[0] == careful.lengths[1]


def test_noise_is_the_bottleneck_distance_of_resampled_clouds(rng):
    d = cloud_distances(rng.normal(size=(15, 2)))
    found = noise_lengths(d, 2, resamples=1, seed=8)
    rows = np.unique(np.random.default_rng(8).integers(15, size=15))
    whole, part = (rips_of_distances(one, max_dimension=2) for one in (d, d[np.ix_(rows, rows)]))
    expected = [diagram_distance(*both, unequal_n=True) for both in zip(whole, part, strict=True)]
    np.testing.assert_array_equal(found.distances[:, 0], expected)


def test_noise_is_seeded_reports_and_is_kept(rng):
    d = cloud_distances(rng.normal(size=(20, 2)))
    told = []
    one = noise_lengths(d, 0, resamples=4, seed=3, progress=lambda done, total: told.append((done, total)))
    assert told == [(k, 4) for k in range(5)]
    np.testing.assert_array_equal(one.distances, noise_lengths(d, 0, resamples=4, seed=3).distances)
    assert not np.array_equal(one.distances, noise_lengths(d, 0, resamples=4, seed=4).distances)
    again = NoiseLengths.from_bytes(one.to_bytes())
    assert (again.lengths, again.recipe) == (one.lengths, one.recipe)
    assert again.to_frame().equals(one.to_frame())
    assert len(one.to_frame()) == 4
    with pytest.raises(FormatError, match="junk is not a file of RepSim noise lengths"):
        NoiseLengths.from_bytes(b"junk", name="junk")


@pytest.mark.parametrize(
    ("n", "options", "error", "said"),
    [
        (9, {"rule": "jackknife"}, UnknownNameError, "No noise rule named 'jackknife'"),
        (9, {"level": 0.0}, InputError, "level must lie between 0 and 1"),
        (9, {"resamples": 0}, InputError, "resamples must be a whole number from 1 on, got 0"),
        (3, {}, DegenerateError, "needs at least 4 stimuli, got 3"),
    ],
)
def test_noise_refuses(n, options, error, said):
    with pytest.raises(error, match=said):
        noise_lengths(cloud_distances(np.arange(n)[:, None]), **options)
    assert set(NOISE_RULES) == {"bootstrap", "hausdorff"}


@pytest.mark.parametrize("rule", ["lof", "knn"])
def test_far_points_are_taken_out(rng, rule):
    x = rng.normal(size=(100, 4))
    x[[7, 30, 31, 60, 99]] += 12 * np.eye(4)[[0, 1, 2, 3, 0]] * [[1], [1], [1], [1], [-1]]
    found = outliers(cloud_distances(x), rule, neighbours=10)
    assert found.removed.tolist() == [7, 30, 31, 60, 99]
    assert sorted([*found.kept, *found.removed]) == list(range(100))
    assert found.scores[[7, 30]].min() > found.scores[found.kept].max()
    assert found.to_frame()["removed"].sum() == 5


def test_every_rule_takes_as_many_and_none_takes_none(rng):
    d = cloud_distances(rng.normal(size=(60, 3)))
    counts = {rule: len(outliers(d, rule, share=0.1).removed) for rule in OUTLIER_RULES}
    assert counts == {"none": 0, "lof": 6, "knn": 6, "random": 6}
    first, second = (outliers(d, "random", seed=seed).removed.tolist() for seed in (0, 1))
    assert first != second
    assert first == outliers(d, "random", seed=0).removed.tolist()


def test_the_distance_to_a_neighbour_is_that_to_the_kth():
    d = np.abs(np.subtract.outer([0.0, 1, 3, 7], [0.0, 1, 3, 7]))
    np.testing.assert_array_equal(outliers(d, "knn", share=0, neighbours=2).scores, [3, 2, 3, 6])


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"rule": "iforest"}, UnknownNameError, "No outlier rule named 'iforest'"),
        ({"share": 0.6}, InputError, "share must lie between 0 and 0.5, got 0.6"),
        ({"neighbours": 0}, InputError, "neighbours must be a whole number from 1 on, got 0"),
    ],
)
def test_outliers_refuse(options, error, said):
    with pytest.raises(error, match=said):
        outliers(np.zeros((3, 3)), **options)


def test_many_equal_points_have_no_local_density(rng):
    x = np.vstack([np.zeros((30, 2)), rng.normal(size=(20, 2))])
    with pytest.raises(DegenerateError, match=r"have 5 equal twins or more.*take more neighbours, or the rule knn"):
        outliers(cloud_distances(x), "lof", neighbours=5)


def test_subsets_keep_every_class_in_its_share_and_are_seeded():
    labels = np.repeat([0, 1, 2], [60, 30, 10])
    rows = stratified_subsets(100, 50, repeats=3, seed=5, labels=labels)
    for one in rows:
        assert np.bincount(labels[one]).tolist() == [30, 15, 5]
        assert (np.diff(one) > 0).all()
    again = stratified_subsets(100, 50, repeats=3, seed=5, labels=labels)
    assert all((one == other).all() for one, other in zip(rows, again, strict=True))
    assert not np.array_equal(rows[0], rows[1])
    assert not np.array_equal(rows[0], stratified_subsets(100, 50, seed=6, labels=labels)[0])


def test_all_points_are_one_subset_and_targets_are_no_classes(rng):
    assert [one.tolist() for one in stratified_subsets(5, 5, repeats=3)] == [[0, 1, 2, 3, 4]]
    assert len(stratified_subsets(20, 10, labels=rng.normal(size=20))[0]) == 10


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"size": 11}, "size must be a whole number from 1 to 10, got 11"),
        ({"size": 0}, "size must be a whole number from 1 to 10, got 0"),
        ({"size": 5, "repeats": 0}, "repeats must be a whole number from 1 on, got 0"),
        ({"size": 5, "labels": np.zeros(3)}, "There are 3 labels for 10 points"),
    ],
)
def test_subsets_refuse(options, said):
    with pytest.raises(InputError, match=said):
        stratified_subsets(10, **options)
