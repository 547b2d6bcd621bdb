"""Claims of Kornblith et al.: their numbers by hand and by definition, and samples of the records computed again."""

import numpy as np
import pandas as pd
import pytest

from repsim_core import datasets, models
from repsim_core.claims import claim_named, recorded
from repsim_core.claims.kornblith_across import cka_map, never_decreasing, thirds, untrained, within_class_map
from repsim_core.claims.kornblith_depth import (
    best_depth,
    judged_block,
    kind_of,
    kinds_apart,
    kinds_apart_nearby,
    largest_block,
    layer_map,
    probe_accuracy,
    probes_along,
    share_like_the_last,
)
from repsim_core.claims.kornblith_directions import (
    canonical_mean,
    explained,
    few_stimuli_say_nothing,
    numerator_parts,
    shared_by_the_first,
    values_of_indices,
)
from repsim_core.claims.kornblith_indices import CKA, INDICES, index_scores, linear_hsic, matches
from repsim_core.claims.kornblith_nets import STUDIES, jackknife_error, of_networks, responses
from repsim_core.claims.kornblith_twins import _judged_share, is_above, judged_order, pair_matches, shares_found
from repsim_core.claims.verdict import verdict_of
from repsim_core.experiments import twins_found
from repsim_core.similarity import score
from repsim_core.types import LayerActivations, Representation

PAIR = ("zoo/digits-cnn-s10", "zoo/digits-cnn-s11")


def network(name, layers):
    ids = tuple(map(str, range(len(next(iter(layers.values()))))))
    return LayerActivations(name, "made", ids, {k: Representation(v, ids, name, k) for k, v in layers.items()})


@pytest.fixture
def noisy(rng):
    """Four networks whose twins are one layer with noise of their own."""
    layers = {f"l{k}": rng.normal(size=(40, 5)) for k in range(4)}
    return [
        network(f"n{k}", {name: one + 1.2 * rng.normal(size=one.shape) for name, one in layers.items()})
        for k in range(4)
    ]


@pytest.fixture(scope="module")
def pair():
    data = datasets.load("digits")
    return [responses(models.load(name), data) for name in PAIR]


def test_a_row_without_a_defined_cell_has_no_match_and_a_tie_is_shared():
    nan = np.nan
    found = matches(np.array([[nan, nan, nan], [2.0, nan, 2.0], [0.0, 3.0, 1.0]]))
    assert found.tolist() == [[0, 0, 0], [0.5, 0, 0.5], [0, 1, 0]]


def test_hsic_is_the_trace_of_the_centred_kernels(rng):
    x, y = rng.normal(size=(12, 3)), rng.normal(size=(12, 5))
    h = np.eye(12) - 1 / 12
    expected = np.trace(x @ x.T @ h @ y @ y.T @ h) / 11**2  # equation 3, linear kernels
    assert linear_hsic(network("a", {"l": x}), network("b", {"l": y}))[0, 0] == pytest.approx(expected, rel=1e-12)


def test_shares_are_those_of_the_experiment_on_twins(noisy):
    exact, beside, missing = shares_found(pair_matches(noisy, CKA))
    table = twins_found(noisy, ["cka_biased", "linear_regression"]).to_frame().set_index("measure")
    assert np.nanmean(exact) == pytest.approx(table.loc["cka_biased", "accuracy"])
    assert np.nanmean(beside) == pytest.approx(table.loc["cka_biased", "within_one"])
    assert np.nanmean(missing) == 0
    assert jackknife_error(exact) == pytest.approx(table.loc["cka_biased", "standard_error"])
    asymmetric = shares_found(pair_matches(noisy, "linear regression"))[0]
    assert np.nanmean(asymmetric) == pytest.approx(table.loc["linear_regression", "accuracy"])


def test_a_network_has_the_mean_of_all_ordered_pairs_it_is_in():
    nan = np.nan
    found = of_networks(np.array([[nan, 0.2, 0.4], [0.6, nan, 1.0], [0.8, 0.0, nan]]), ["a", "b", "c"])
    # a: 0.2, 0.4 as rows and 0.6, 0.8 as columns; b: 0.6, 1.0, 0.2, 0.0; c: 0.8, 0.0, 0.4, 1.0
    assert found == pytest.approx({"a": 0.5, "b": 0.45, "c": 0.55})


def test_the_share_is_partly_only_with_a_lower_bound_above_twice_chance():
    shares = {f"seed {k}": 0.6 for k in range(5)}
    assert verdict_of(_judged_share("digits", shares, 1 / 6, lower=0.4)) == "partly"
    assert verdict_of(_judged_share("digits", shares, 1 / 6, lower=0.3)) == "not here"
    assert verdict_of(_judged_share("digits", dict.fromkeys(shares, 0.96), 1 / 6, lower=0.9)) == "reproduced"


def indices_of(cka, regression, hsic, family):
    """The same share for every pair of five networks, by group."""
    of = {"CKA": cka, "regression": regression, "HSIC": hsic, "CCA": family}
    alone = np.where(np.eye(5, dtype=bool), np.nan, 1.0)
    return {name: of[one.group] * alone for name, one in INDICES.items() if one.group in of}


def test_the_order_of_indices_is_judged_by_groups():
    labels = [f"seed {k}" for k in range(5)]
    assert verdict_of(judged_order("digits", indices_of(0.9, 0.4, 0.2, 0.1), labels)) == "reproduced"
    # regression above CKA: only the CCA family is below
    assert verdict_of(judged_order("digits", indices_of(0.4, 0.5, 0.2, 0.1), labels)) == "partly"
    # HSIC above regression: linear CKA is above all, but the groups are in another order
    assert verdict_of(judged_order("digits", indices_of(0.9, 0.2, 0.4, 0.1), labels)) == "partly"
    assert verdict_of(judged_order("digits", indices_of(0.1, 0.2, 0.4, 0.1), labels)) == "not here"


def test_above_means_above_the_jackknife_error(rng):
    alone = np.where(np.eye(5, dtype=bool), np.nan, 0.5)
    wide = alone + np.where(np.arange(5) == 0, 0.4, 0)[:, None]  # one network makes all the difference
    assert is_above(alone + 0.1, alone)
    assert not is_above(wide, alone)


def test_the_printed_shares_are_those_of_table_2():
    printed = {name: one.printed for name, one in INDICES.items() if np.isfinite(one.printed)}
    assert printed["CKA, linear"] == 99.3
    assert printed["linear regression"] == 45.4
    assert max(one.printed for one in INDICES.values() if one.group == "CCA") == 15.1


def test_shares_like_the_last_and_blocks_by_hand():
    cka = np.eye(4)
    cka[1:3, 1:3] = 0.95
    cka[0, 3] = cka[3, 0] = 0.95
    assert share_like_the_last(cka) == 0.5  # the first layer, and the last itself
    assert largest_block(cka) == 0.5  # layers 2 and 3
    assert largest_block(np.eye(4)) == 0.25
    assert best_depth(np.array([0.5, 0.9, 0.9, 0.2])) == pytest.approx(1 / 3)


def depths(share8, share4=0.1, accuracy=0.95, place=0.2):
    rows = [(r, s, {8: share8, 4: share4}.get(r, 0.1)) for r in (1, 2, 4, 8) for s in range(10, 15)]
    table = pd.DataFrame(rows, columns=["repeats", "seed", "share"])
    return table.assign(accuracy=accuracy, **{"depth of best probe": place})


def test_the_block_needs_all_its_conditions():
    assert verdict_of(judged_block(depths(0.6))) == "reproduced"
    assert verdict_of(judged_block(depths(0.6, accuracy=0.3))) == "partly"  # did not train
    assert verdict_of(judged_block(depths(0.6, place=0.8))) == "partly"
    assert verdict_of(judged_block(depths(0.2, share4=0.7))) == "partly"
    assert verdict_of(judged_block(depths(0.2))) == "not here"


def test_kinds_of_layers_of_a_network_with_skips():
    names = ["stem", "block1.body.first", "block1", "block2.body.first", "block2", "pool"]
    assert [kind_of(one) for one in names] == ["", "inside", "after", "inside", "after", ""]
    cka = np.full((6, 6), 0.5)
    for k in (1, 2):
        cka[k, k + 2] = cka[k + 2, k] = 0.8
    within, across = kinds_apart(cka, names)
    assert (within, across) == pytest.approx((0.8, 0.5))
    assert kinds_apart_nearby(cka, names) == pytest.approx(0.3)


def test_a_smooth_course_along_depth_is_no_grid():
    names = [one for k in range(6) for one in (f"block{k}.body.first", f"block{k}")]
    place = np.arange(12)
    smooth = 1 - 0.05 * np.abs(place[:, None] - place[None, :])
    within, across = kinds_apart(smooth, names)
    assert within < across  # kinds alternate, so across is nearer
    assert kinds_apart_nearby(smooth, names) == pytest.approx(0, abs=1e-12)


def test_a_probe_reads_what_is_linear(rng):
    classes = np.arange(60) % 3
    values = np.eye(3)[classes] + 0.01 * rng.normal(size=(60, 3))
    assert probe_accuracy(values[:30], classes[:30], values[30:], classes[30:]) == 1
    assert probe_accuracy(rng.normal(size=(30, 2)), classes[:30], rng.normal(size=(30, 2)), classes[30:]) < 0.8


def test_steps_and_thirds_by_hand():
    order = np.eye(4)[[0, 2, 1, 3]]
    assert never_decreasing(order) == pytest.approx(2 / 3)
    assert thirds(np.array([6.0, 4.0, 3.0, 2.0, 2.0, 0.0])) == (5.0, 1.0)


def test_ten_directions_add_up_to_the_numerator_of_cka(rng):
    x, y = (Representation(rng.normal(size=(30, 4)), tuple(map(str, range(30)))) for _ in range(2))
    parts = numerator_parts(x, y)
    centred = [one.values - one.values.mean(axis=0) for one in (x, y)]
    assert parts.sum() == pytest.approx(np.square(centred[1].T @ centred[0]).sum())
    assert shared_by_the_first(parts, 4) == pytest.approx(1)
    norms = [np.linalg.norm(one.T @ one) for one in centred]
    assert parts.sum() / np.prod(norms) == pytest.approx(score(x, y, "cka_biased"))


def test_indices_by_definition_are_those_of_the_register_where_it_defines_them(rng):
    x, y = rng.normal(size=(40, 4)), rng.normal(size=(40, 6))
    assert canonical_mean(x, y) == pytest.approx(score(x, y, "cca"))
    assert explained(x, y) == pytest.approx(score(x, y, "linear_regression"))
    wide = values_of_indices(rng.normal(size=(10, 20)), rng.normal(size=(10, 20)))
    assert wide["CCA"] == pytest.approx(1)
    assert wide["CKA"] < 0.6


def test_theorem_1_holds_to_nine_digits():
    found = few_stimuli_say_nothing()
    assert found.verdict == recorded("K10").verdict == "reproduced"
    assert np.max(found.by_data["random matrices"].values) <= 1e-9


def test_within_class_cka_is_the_mean_over_the_classes(rng):
    a, b = (network(name, {"l": rng.normal(size=(20, 3))}) for name in "ab")
    classes = np.repeat([0, 1], 10)
    halves = [score(a["l"].values[rows], b["l"].values[rows], "cka") for rows in (slice(10), slice(10, None))]
    assert within_class_map(a, b, classes)[0, 0] == pytest.approx(np.mean(halves))


@pytest.mark.parametrize("id", [f"K{k}" for k in range(1, 11)])
def test_every_claim_has_a_record_with_a_verdict(id):
    claim, found = claim_named(id), recorded(id)
    assert claim.rule
    assert found.verdict in ("reproduced", "partly", "not here")
    assert found.note or found.verdict == "reproduced"


# Samples of the records: one pair, one network, one depth.


def test_one_pair_of_the_twins_is_as_recorded(pair):
    exact, _, _ = shares_found(pair_matches(pair, CKA))
    stored = recorded("K1").arrays["digits pairs"]
    assert (exact[0, 1], exact[1, 0]) == pytest.approx((stored[0, 1], stored[1, 0]))


def test_two_indices_over_pooled_layers_are_as_recorded():
    data = datasets.load("digits", n=300)
    _, stem, seeds, _ = STUDIES["digits"]
    networks = [responses(models.load(f"{stem}-s{seed}"), data, pooling="mean") for seed in seeds]
    table = recorded("K2").tables["indices"]
    own = table[(table["data"] == "digits") & (table["features"] == "mean over positions")].set_index("index")
    for index in (CKA, "HSIC, linear"):
        exact, beside, _ = shares_found(pair_matches(networks, index))
        assert np.nanmean(exact) == pytest.approx(own.loc[index, "found"], abs=0.01)
        assert np.nanmean(beside) == pytest.approx(own.loc[index, "within one"], abs=0.01)


def test_the_shallow_networks_are_as_recorded():
    shown, probes = probes_along(models.load("zoo/digits-plain-x1-s10"))
    cka = layer_map(shown)
    stored = recorded("K3").tables["depth"].query("repeats == 1 and seed == 10").iloc[0]
    assert share_like_the_last(cka) == pytest.approx(stored["share"])
    assert probes.max() == pytest.approx(stored["best probe"], abs=0.003)  # two pictures
    assert recorded("K3").arrays["x1"] == pytest.approx(cka, abs=1e-5)


def test_one_map_across_depths_is_as_recorded(pair):
    deep = responses(models.load("zoo/digits-tiny10-s10"), datasets.load("digits"))
    share = never_decreasing(cka_map(pair[0], deep))
    assert share == recorded("K5").by_data["digits"].values[0] == 1  # the mean of five maps is 1 only if each is
    place = recorded("K5").arrays["matches"]
    assert place.shape == (6, 9)
    assert place.sum(axis=1) == pytest.approx(np.ones(6))


def test_one_width_is_as_recorded():
    data = datasets.load("digits")
    first, second = (responses(models.load(f"zoo/digits-cnn-w4-s{seed}"), data) for seed in (10, 11))
    stored = recorded("K6").tables["twins"].query("width == 4")["cka"].to_numpy()
    assert cka_map(first, second).diagonal() == pytest.approx(stored, abs=1e-5)


def test_untrained_twins_are_as_recorded():
    data = datasets.load("digits")
    fresh = [responses(untrained("zoo/digits04-cnn-s10", seed), data) for seed in (10, 11)]
    stored = recorded("K7").tables["twins"].query("pair == 'seeds 10 and 11'")["untrained"].to_numpy()
    assert cka_map(*fresh).diagonal() == pytest.approx(stored, abs=1e-5)


def test_shared_directions_of_the_pool_are_as_recorded():
    data = datasets.load("digits")
    pools = [responses(models.load(f"zoo/digits-cnn-s{seed}"), data, ["pool"])["pool"] for seed in range(10, 20)]
    shares = [shared_by_the_first(numerator_parts(pools[0], other), 10) for other in pools[1:]]
    assert np.mean(shares) == pytest.approx(recorded("K8").by_data["digits"].values[0], abs=1e-5)


def test_one_pair_without_batch_norm_is_as_recorded(pair):
    data = datasets.load("digits")
    plain = responses(models.load("zoo/digits-cnn-nonorm-s10"), data)
    scores = index_scores(pair[1], plain, INDICES[CKA])
    share = (matches(scores).trace() + matches(scores.T).trace()) / (2 * len(scores))
    stored = recorded("K9").tables["pairs"].iloc[0]
    assert stored["pair"] == "seeds 10 and 11"
    assert share == pytest.approx(stored["twins"])
