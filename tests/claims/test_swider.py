"""Claims of Świder: their numbers by hand, and samples of the records computed again."""

import numpy as np
import pandas as pd
import pytest

from repsim_core.claims import recorded
from repsim_core.claims.swider import _averages, _means
from repsim_core.claims.swider_clouds import apart, between, components, disjoint_rows
from repsim_core.claims.swider_effects import layer_effects
from repsim_core.claims.swider_networks import (
    _early_and_late,
    _near_and_far,
    matched_distances,
    steps_of,
    tuned_steps,
)


def line(*places):
    """Distances of points on a line."""
    return np.abs(np.subtract.outer(places, places)).astype(float)


def test_subsets_share_no_stimulus_and_keep_the_classes():
    labels = np.repeat([0, 1], 50)
    first, second, third = disjoint_rows(labels, 20, 30, 50)
    assert sorted(np.concatenate([first, second, third])) == list(range(100))
    assert [int(labels[one].sum()) for one in (first, second, third)] == [10, 15, 25]


def test_components_of_three_points_on_a_line():
    # distances 1, 2, 3 of 0, 1, 3 over their own 0.9 quantile of nine numbers, zeros included: 0 0 0 1 1 2 2 3 3 → 3
    found = components(line(0, 1, 3), np.arange(3))
    assert found.deaths.tolist() == [np.inf, pytest.approx(2 / 3), pytest.approx(1 / 3)]


def test_components_see_the_rows_they_are_given_alone():
    d = line(0, 1, 3, 50)
    assert components(d, np.arange(3)).deaths[1] == pytest.approx(2 / 3)


def test_yardstick_is_the_median_over_pairs_and_undefined_for_one_layer():
    one, other = (components(line(*places), np.arange(3)) for places in ((0, 1, 3), (0, 1, 2)))
    far = apart(one, other)
    assert far > 0
    assert between([one, other]) == far
    assert between([one, one, other]) == far  # the median of 0, far, far
    assert between([one, one, one, other, other]) == far  # four of ten pairs are 0
    assert np.isnan(between([one]))


def test_effects_are_means_over_the_layers_of_each_network():
    table = pd.DataFrame(
        {"data": "digits", "network": ["a", "a", "b"], "lof": [1.0, 3.0, 4.0], "between": [2.0, 2.0, 8.0]}
    )
    means = _means(table, "lof")
    assert means["lof"].to_dict() == {("digits", "a"): 1.0, ("digits", "b"): 0.5}
    assert _averages(means) == {"lof_digits": 0.75}


def test_the_first_third_of_six_layers_is_two():
    assert _early_and_late(pd.DataFrame({"distance": [1.0, 3.0, 4.0, 6.0, 6.0, 8.0]})) == (2.0, 6.0)


def test_near_is_the_own_group_without_oneself():
    names = ["a1", "a2", "b1"]
    far = pd.DataFrame([[0, 1, 5], [1, 0, 7], [5, 7, 0]], names, names)
    own, other = _near_and_far(far, {"a": ("a1", "a2"), "b": ("b1",)})
    assert own == {"a1": [1.0], "a2": [1.0], "b1": []}
    assert other == {"a1": [5.0], "a2": [7.0], "b1": [5.0, 7.0]}


@pytest.mark.parametrize(
    ("claim", "columns"), [("S1", ["lof", "random"]), ("S2", ["unequal", "equal"]), ("S7", ["train_test"])]
)
def test_one_layer_computed_again_has_the_recorded_effects(claim, columns):
    again = layer_effects("zoo/digits-cnn-s10", "digits", only="pool").layers.iloc[0]
    table = recorded(claim).tables["layers"]
    kept = table[(table["network"] == "digits-cnn-s10") & (table["layer"] == "pool")].iloc[0]
    for name in columns:
        assert again[name] == pytest.approx(kept[name], rel=1e-4)


@pytest.mark.parametrize(("claim", "pair"), [("S3", ("resnet-small", "vgg-small")), ("S4", ("cnn", "tiny10"))])
def test_two_networks_computed_again_are_as_far_apart_as_recorded(claim, pair):
    first, second = (f"digits-{one}-s10" for one in pair)
    again = matched_distances({"one": (first,), "other": (second,)}, "digits").loc[first, second]
    table = recorded(claim).tables["digits"]
    kept = table[table["first"].isin([first, second]) & table["second"].isin([first, second])]
    assert again == pytest.approx(kept["distance"].item(), rel=1e-4)


def test_steps_of_a_network_computed_again_are_those_recorded():
    table = recorded("S5").tables["networks"].set_index("network")
    layers, mean, path = steps_of("digits-plain-x1-s10")
    kept = table.loc["digits-plain-x1-s10"]
    assert (layers, mean, path) == (kept["layers"], *(pytest.approx(kept[k], rel=1e-4) for k in table.columns[2:]))
    assert path == pytest.approx((layers - 1) * mean)


def test_fine_tuning_that_ships_computed_again_moves_the_layers_as_recorded():
    again = tuned_steps(10)["distance"].to_numpy()
    kept = recorded("S6").tables["layers"]
    np.testing.assert_allclose(again, kept.loc[kept["seed"] == 10, "distance"], rtol=1e-4)
