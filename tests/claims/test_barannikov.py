"""Claims of Barannikov et al.: their numbers by hand and by theorem, and samples of the records computed again."""

import numpy as np
import pandas as pd
import pytest

from repsim_core import datasets, models
from repsim_core.claims import claim_named, recorded
from repsim_core.claims.barannikov_change import (
    blind_direction,
    directed,
    judged_move,
    judged_ratios,
    moved_class,
    moved_network,
    moved_until_unlike,
    nearer_change,
    shift_course,
    shift_order,
    shifted,
)
from repsim_core.claims.barannikov_clouds import TAUS, moved_copy, off_from_print, rings_in_order, zero_and_invariant
from repsim_core.claims.barannikov_training import (
    BATCH,
    compared,
    correlations,
    course_of,
    judged_pairs,
    mean_of_pairs,
    paired_interval,
    pool_and_classes,
    snapshots_of,
)
from repsim_core.claims.verdict import verdict_of
from repsim_core.experiments import ordered_clouds
from repsim_core.similarity import score
from repsim_core.topology import rtd


@pytest.fixture(scope="module")
def digits():
    return datasets.load("digits", n=BATCH)


def test_every_value_of_the_clusters_is_the_printed_one():
    order = ordered_clouds("clusters")
    assert max(off_from_print(order).values()) < 1e-4  # four decimals are printed
    for name, tau in TAUS["clusters"].items():
        assert order.tau[name] == pytest.approx(tau, abs=1e-6)
    assert recorded("R1").verdict == "reproduced"
    stored = recorded("R1").tables["values"]
    assert stored["rtd"].to_numpy() == pytest.approx(order.values["rtd"].to_numpy())


def test_every_value_of_the_rings_is_the_printed_one():
    found = rings_in_order()
    assert found.verdict == recorded("R2").verdict == "reproduced"
    assert found.differences(recorded("R2")) == []


def test_a_moved_copy_is_the_same_cloud_for_rtd(rng):
    cloud, other = rng.normal(size=(30, 3)), rng.normal(size=(30, 2))
    moved = moved_copy(cloud, 0)
    assert np.ptp(moved - cloud) > 1
    assert rtd(cloud, moved, trials=1, batch=30).value < 1e-9
    assert rtd(moved, other, trials=1, batch=30).value == pytest.approx(rtd(cloud, other, trials=1, batch=30).value)
    assert zero_and_invariant().verdict == recorded("R3").verdict == "reproduced"


def test_correlations_are_with_what_disagrees():
    course = pd.DataFrame({"disagreement": [0.9, 0.5, 0.1], "rtd": [9.0, 5.0, 1.0], "cka": [0.1, 0.9, 0.5]})
    with_rtd, with_cka = correlations(course)
    assert with_rtd == pytest.approx(1)
    # 1 − CKA is 0.9, 0.1, 0.5 against 0.9, 0.5, 0.1: deviations 0.4, −0.4, 0 and 0.4, 0, −0.4, so 0.16 / 0.32
    assert with_cka == pytest.approx(0.5)


def test_the_paired_interval_is_that_of_student(rng):
    from scipy.stats import ttest_1samp

    differences = rng.normal(size=5)
    expected = ttest_1samp(differences, 0).confidence_interval(0.95)
    assert paired_interval(differences) == pytest.approx((expected.low, expected.high))


def pairs(rtd_apart, cka_apart, disagreement_apart):
    rows = [{"seed": s, "pairs": "snapshots", "rtd": 5.0, "cka": 0.9, "disagreement": 0.05} for s in range(5)]
    rows += [
        {"seed": s, "pairs": "independent"}
        | {"rtd": 5 + rtd_apart, "cka": 0.9 + cka_apart, "disagreement": 0.05 + disagreement_apart}
        for s in range(5)
    ]
    return pd.DataFrame(rows)


def test_independent_networks_have_to_differ_more_in_all_three():
    assert verdict_of(judged_pairs(pairs(1, -0.1, 0.02))) == "reproduced"
    assert verdict_of(judged_pairs(pairs(1, -0.1, -0.02))) == "partly"
    assert verdict_of(judged_pairs(pairs(-1, -0.1, 0.02))) == "not here"


def test_a_mean_of_pairs_is_a_mean_of_each_number():
    assert mean_of_pairs([{"rtd": 1.0, "cka": 0.0}, {"rtd": 3.0, "cka": 1.0}]) == {"rtd": 2.0, "cka": 0.5}


def test_a_quarter_turn_moves_every_pixel_and_noise_stays_in_range(digits):
    turned = shifted(digits, "rotation", 90)
    assert turned.inputs == pytest.approx(np.rot90(digits.inputs, axes=(-2, -1)), abs=1e-5)
    noisy = shifted(digits, "noise", 0.5)
    assert noisy.stimuli == digits.stimuli
    assert (noisy.inputs.min(), noisy.inputs.max()) == (0, 1)
    assert np.abs(noisy.inputs - digits.inputs).mean() > 0.1


def test_the_order_of_a_shift_is_the_mean_over_its_kinds():
    course = pd.DataFrame({"kind": ["a"] * 3 + ["b"] * 3, "rtd": [1, 2, 3, 1, 2, 3], "loss": [1, 2, 3, 3, 2, 1]})
    assert shift_order(course) == pytest.approx(0)
    assert shift_order(course[course["kind"] == "a"]) == pytest.approx(1)


def ratios(target, source):
    rows = [{"seed": s, "data": "target", "before to after": target, "back": 1.0} for s in range(5)]
    return pd.DataFrame(
        rows + [{"seed": s, "data": "source", "before to after": 1.0, "back": source} for s in range(5)]
    )


def test_fine_tuning_needs_an_uneven_target_and_an_even_source():
    assert verdict_of(judged_ratios(ratios(4.0, 1.2))) == "reproduced"
    assert verdict_of(judged_ratios(ratios(4.0, 2.0))) == "partly"
    assert verdict_of(judged_ratios(ratios(2.0, 1.0))) == "partly"
    assert verdict_of(judged_ratios(ratios(1.2, 1.0))) == "not here"


def test_the_next_layer_is_blind_to_its_direction(rng):
    weights = rng.normal(size=(4, 9))
    direction = blind_direction(weights)
    assert np.linalg.norm(direction) == pytest.approx(1)
    values, inside = rng.normal(size=(20, 9)), np.arange(20) < 5
    moved = moved_class(values, inside, direction, 3.0)
    assert moved @ weights.T == pytest.approx(values @ weights.T)
    rms = np.sqrt(np.square(values - values.mean(axis=0)).sum(axis=1).mean())
    assert np.linalg.norm(moved - values, axis=1) == pytest.approx(np.where(inside, 3 * rms, 0))


def test_moving_a_class_stops_where_cka_is_low(rng):
    # One label of ten rows in a hundred of equal variance in every direction: its pull on CKA is large.
    values, labels = rng.normal(size=(100, 30)), np.repeat(np.arange(10), 10)
    chosen, step, moved = moved_until_unlike(values, values, labels, np.eye(30)[0])
    assert score(values, moved, "cka_biased") <= 0.2
    earlier = moved_class(values, labels == chosen, np.eye(30)[0], step / 2**0.25)
    assert score(values, earlier, "cka_biased") > 0.2


def moves(cka, equal, forward):
    of = {"pair": "a", "CKA after": cka, "equal predictions": equal, "forward": 10.0, "forward after": forward}
    return pd.DataFrame([of | {"backward": 10.0, "backward after": 20.0} for _ in range(5)])


def test_a_move_is_judged_by_cka_predictions_and_the_nearer_direction():
    assert nearer_change(moves(0.1, 1.0, 11.0)) == pytest.approx(np.full(5, 0.1))
    assert verdict_of(judged_move("digits", moves(0.1, 1.0, 11.0))) == "reproduced"
    assert verdict_of(judged_move("digits", moves(0.1, 1.0, 15.0))) == "partly"
    assert verdict_of(judged_move("digits", moves(0.4, 1.0, 11.0))) == "not here"


@pytest.mark.parametrize("id", [f"R{k}" for k in range(1, 9)])
def test_every_claim_has_a_record_with_a_verdict(id):
    claim, found = claim_named(id), recorded(id)
    assert claim.rule
    assert found.verdict in ("reproduced", "partly", "not here")
    assert found.note or found.verdict == "reproduced"


# Samples of the records: a few checkpoints, one run, one network.


def test_two_checkpoints_of_the_zoo_are_as_recorded(digits):
    checkpoints = {epoch: models.load(f"zoo/digits-cnn-s10-epoch{epoch:02d}") for epoch in (4, 20)}
    course = course_of(models.load("zoo/digits-cnn-s10"), checkpoints, digits)
    stored = recorded("R4").tables["courses"].query("seed == 10 and epoch in (4, 20)")
    for column in ("rtd", "cka", "disagreement"):
        assert course[column].to_numpy() == pytest.approx(stored[column].to_numpy(), rel=1e-4)


def test_the_snapshots_of_the_zoo_are_as_recorded(digits):
    run = [pool_and_classes(one, digits) for one in snapshots_of(10)]
    found = mean_of_pairs([compared(a, b) for k, a in enumerate(run) for b in run[k + 1 :]])
    stored = recorded("R5").tables["pairs"].query("seed == 10 and pairs == 'snapshots'").iloc[0]
    assert found == pytest.approx({name: stored[name] for name in found}, rel=1e-4)


def test_the_shifts_of_one_network_are_as_recorded(digits, monkeypatch):
    monkeypatch.setattr("repsim_core.claims.barannikov_change.ANGLES", (30, 60))
    monkeypatch.setattr("repsim_core.claims.barannikov_change.NOISES", (0.5,))
    course = shift_course(models.load("zoo/digits-cnn-s10"), digits)
    stored = recorded("R6").tables["courses"].query("network == 'seed 10' and data == 'digits'")
    for one in course.itertuples():
        row = stored[(stored["kind"] == one.kind) & (stored["level"] == one.level)].iloc[0]
        assert (one.rtd, one.loss) == pytest.approx((row["rtd"], row["loss"]), rel=1e-4, abs=1e-9)


def test_fine_tuning_of_the_zoo_is_as_recorded(digits):
    before, after = (models.load(f"zoo/{name}") for name in ("digits04-cnn-s10", "digits-cnn-s10-finetuned"))
    found = directed(pool_and_classes(before, digits)[0], pool_and_classes(after, digits)[0])
    stored = recorded("R7").tables["directions"].query("seed == 10 and data == 'target'").iloc[0]
    assert found == pytest.approx((stored["before to after"], stored["back"]), rel=1e-4)


def test_one_moved_pair_is_as_recorded(digits):
    found = moved_network(*(models.load(f"zoo/digits-cnn-s{seed}") for seed in (10, 11)), digits)
    stored = recorded("R8").tables["pairs"].query("data == 'digits'").iloc[0]
    assert stored["pair"] == "seed 10 and 11"
    assert found == pytest.approx({name: stored[name] for name in found}, rel=1e-4)
    assert found["equal predictions"] == 1
