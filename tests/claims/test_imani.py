"""Claims of Imani et al.: their numbers by hand, and samples of the records computed again."""

import numpy as np
import pandas as pd
import pytest

from repsim_core import datasets, models
from repsim_core.claims import recorded, verdict_of
from repsim_core.claims.imani import changes, pooled_areas, pools_judged, transfer_judged
from repsim_core.claims.imani_areas import LOW, _shipped, aligned_layers
from repsim_core.claims.imani_training import Perceptron, trained_perceptron
from repsim_core.claims.imani_transfer import answers, encoded, read_rules

NARROW = Perceptron(width=16)


def rules(**errors):
    """A table of one seed; every area follows the error down."""
    rows = [
        {"rule": rule, "state": state, "error": error, "area": 1 - error, "seed": seed}
        for rule, numbers in errors.items()
        for state, error in zip(("raw", "initial", "trained"), numbers, strict=True)
        for seed in (10, 11)
    ]
    return pd.DataFrame(rows)


def test_a_perceptron_of_the_shipped_seed_is_the_shipped_one():
    data = datasets.load(LOW, split="train")
    again = trained_perceptron(NARROW, 10, data.inputs, data.labels).trained
    shipped = models.load("zoo/low-mlp-w16-s10")
    inputs = shipped.prepare(data.inputs[:50])
    np.testing.assert_allclose(
        again.module(inputs).detach().numpy(), shipped.module(inputs).detach().numpy(), rtol=1e-3, atol=1e-3
    )


def test_another_seed_computed_again_has_the_recorded_areas():
    again = aligned_layers(NARROW, 11).iloc[-1]
    table = recorded("A1").tables["every"]
    kept = table.query("seed == 11 and width == 16 and optimiser == 'adam' and activation == 'relu'").iloc[0]
    assert (again["initial"], again["trained"]) == pytest.approx((kept["initial"], kept["trained"]), abs=1e-3)


def test_what_ships_is_read_from_its_record_and_nothing_else_is():
    kept = _shipped(Perceptron(), 10, LOW)
    assert kept["layer"].tolist() == ["input", "act1", "act2", "act3"]
    assert _shipped(Perceptron(), 11, LOW) is None
    assert _shipped(Perceptron(activation="tanh", width=16), 10, LOW) is None


def test_a_pool_computed_again_has_the_recorded_areas():
    again = pooled_areas("zoo/digits-cnn-s10", "digits")
    table = recorded("A5").tables["networks"]
    kept = table[table["network"] == "digits-cnn-s10"]
    for name in ("input", "initial", "trained"):
        np.testing.assert_allclose(again[name], kept[name], rtol=1e-4)


def test_rules_pick_one_of_two_variables_by_the_first():
    point = np.array([[0.9, 0.1, 0.2, 0.3, 0.4, 0.5], [0.1, 0.1, 0.2, 0.7, 0.4, 0.5]])
    assert answers(point, "source").tolist() == [0.1, 0.2]
    assert answers(point, "related").tolist() == [0.1, 0.7]
    assert answers(point, "unrelated").tolist() == [0.5, 0.4]


def test_a_variable_at_the_centre_of_a_bump_makes_it_one():
    # centres are 0.05, 0.15, …: the neighbours of a centre are one width away, exp(−1/2)
    bumps = encoded(np.full((1, 6), 0.25)).reshape(6, 10)
    assert bumps[:, 2].tolist() == [1.0] * 6
    np.testing.assert_allclose(bumps[:, [1, 3]], np.exp(-0.5), rtol=1e-6)


def test_the_input_computed_again_gives_the_recorded_errors_and_areas():
    again = read_rules(None, 10).set_index("rule")[["error", "area"]]
    table = recorded("A6").tables["rules"]
    kept = table[(table["seed"] == 10) & (table["state"] == "raw")].set_index("rule")[["error", "area"]]
    pd.testing.assert_frame_equal(again, kept.loc[again.index], rtol=1e-4)


def test_changes_are_positive_where_the_claim_expects_them():
    found = changes(rules(related=(0.6, 0.7, 0.5), unrelated=(0.6, 0.7, 0.9)))
    assert found.loc[10].to_dict() == pytest.approx(
        {"related error": 0.2, "related area": 0.2, "unrelated error": 0.2, "unrelated area": 0.2}
    )


@pytest.mark.parametrize(
    ("related", "unrelated", "holds", "partly"),
    [
        ((0.6, 0.7, 0.5), (0.6, 0.7, 0.9), True, True),
        ((0.6, 0.7, 0.8), (0.6, 0.7, 0.9), False, False),
        ((0.6, 0.7, 0.5), (0.6, 0.7, 0.6), False, False),
    ],
)
def test_transfer_is_judged_by_all_four_conditions(related, unrelated, holds, partly):
    one = transfer_judged(rules(related=related, unrelated=unrelated)).by_data["six variables"]
    assert (one.mean_holds, one.mean_partly) == (holds, partly)
    assert one.holds.tolist() == [holds] * 2


def test_errors_alone_are_partly():
    table = rules(related=(0.6, 0.7, 0.5), unrelated=(0.6, 0.7, 0.9)).assign(area=0.5)
    one = transfer_judged(table).by_data["six variables"]
    assert not one.mean_holds
    assert one.mean_partly


def test_a_pool_has_to_be_above_input_and_start():
    rows = [
        {"form": form, "network": f"n{k}", "data": "digits", "input": 0.2, "initial": 0.3, "trained": trained}
        for form, trained in (("published", 0.25), ("centred", 0.4))
        for k in range(5)
    ]
    found = pools_judged(pd.DataFrame(rows))
    assert verdict_of(found.by_data["digits"]) == "not here"
    assert found.by_data["digits"].mean == pytest.approx(-0.05)
    assert "5 of 5 networks are above both" in found.note
