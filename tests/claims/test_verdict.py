"""The rule of all verdicts, on hand cases: mean and 4 of 5, then the weaker rule with 3 of 5."""

import numpy as np
import pandas as pd
import pytest

from repsim_core.claims import Claim, Finding, Measured, found, measured, not_attempted, verdict_of
from repsim_core.errors import FormatError, InputError, ShapeError


def seeds(*values):
    return {f"seed {10 + k}": one for k, one in enumerate(values)}


def judged(values, *, partly=None, data="digits", **more):
    return measured(data, "a number", values, holds=lambda one: one >= 1, partly=partly, **more)


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ((1, 1, 1, 1, 1), "reproduced"),
        ((2, 2, 2, 2, 0), "reproduced"),  # 4 of 5, mean 1.6
        ((9, 9, 9, 0, 0), "partly"),  # 3 of 5, mean 5.4, no weaker rule: the mean alone
        ((1, 1, 1, 1, -9), "not here"),  # 4 of 5, but the mean is −1
        ((0, 0, 0, 0, 0), "not here"),
        ((1, 1, 1, 1), "partly"),  # fewer than five
    ],
)
def test_without_a_weaker_rule(values, verdict):
    assert verdict_of(judged(seeds(*values))) == verdict


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ((1, 1, 1, 1, 1), "reproduced"),
        ((9, 9, 9, 0, 0), "partly"),  # 3 of 5 pass the weaker rule, and the mean
        ((0.6, 0.6, 0.6, 0, 0.5), "partly"),  # 4 of 5, mean 0.46
        ((0.5, 0.5, 0, 0, 9), "partly"),  # 3 of 5, mean 2
        ((9, 0.1, 0.1, 0.1, 0.1), "not here"),  # the mean passes, but one of 5
    ],
)
def test_with_a_weaker_rule(values, verdict):
    assert verdict_of(judged(seeds(*values), partly=lambda one: one >= 0.4)) == verdict


def test_a_network_that_did_not_train_makes_it_partly_at_most():
    assert verdict_of(judged(seeds(1, 1, 1, 1, 1), untrained=("seed 12",))) == "partly"


def test_one_run_is_enough_where_the_rules_ask_for_one():
    assert verdict_of(judged({"all": 1.0}, needed=1)) == "reproduced"


def test_an_undefined_seed_does_not_hold_and_is_left_out_of_the_mean():
    one = judged(seeds(1, 1, 1, np.nan, np.nan), undefined=("seed 13: zero_variance", "seed 14: zero_variance"))
    assert (one.held, one.mean, one.n) == (3, 1.0, 5)
    assert verdict_of(one) == "partly"
    assert verdict_of(judged(seeds(*[np.nan] * 5))) == "not here"


def test_the_spread_is_the_standard_deviation():
    assert judged(seeds(1, 3)).spread == pytest.approx(np.sqrt(2))
    assert np.isnan(judged(seeds(1)).spread)


def test_datasets_that_disagree_make_it_partly_and_one_alone_stands_for_itself():
    held, failed = judged(seeds(1, 1, 1, 1, 1)), judged(seeds(0, 0, 0, 0, 0), data="shapes")
    assert found("X", [held]).verdict == "reproduced"
    assert found("X", [held, failed]).verdict == "partly"
    assert found("X", [failed]).verdict == "not here"
    assert found("X", []).verdict == "not attempted"


def example():
    one = judged(seeds(1.0, 2.0, np.nan, 1.5, 1.25), partly=lambda x: x > 0, undefined=("seed 12: zero_variance",))
    return found(
        "X1",
        [one],
        note="Because.",
        values={"share": 0.5, "none": float("nan")},
        recipe={"n": 500, "seeds": [10, 11]},
        tables={"curve": pd.DataFrame({"n": [1, 2], "score": [0.25, np.nan], "name": ["a", "b"]})},
        arrays={"map": np.arange(6.0).reshape(2, 3)},
    )


def test_a_finding_comes_back_from_its_file(tmp_path):
    one = example()
    one.save(tmp_path / "X1.json")
    back = Finding.load(tmp_path / "X1.json")
    assert (back.id, back.verdict, back.note, back.recipe) == (one.id, one.verdict, one.note, one.recipe)
    np.testing.assert_array_equal(back.by_data["digits"].values, one.by_data["digits"].values)
    np.testing.assert_array_equal(back.by_data["digits"].holds, one.by_data["digits"].holds)
    assert back.by_data["digits"].undefined == one.by_data["digits"].undefined
    assert back.undefined == 1
    pd.testing.assert_frame_equal(back.tables["curve"], one.tables["curve"])
    np.testing.assert_array_equal(back.arrays["map"], one.arrays["map"])
    assert np.isnan(back.values["none"])
    assert back.differences(one) == []
    assert verdict_of(back.by_data["digits"]) == verdict_of(one.by_data["digits"])
    assert back.to_frame()["value"].tolist()[:2] == [1.0, 2.0]
    with pytest.raises(ValueError, match="read-only"):
        back.by_data["digits"].values[0] = 0


def test_differences_name_the_number_and_the_verdict():
    one, other = example(), found("X1", [judged(seeds(1.0, 2.1, np.nan, 1.5, 1.25))], values={"share": 0.5})
    said = one.differences(other)
    assert "digits, seed 11: 2.0 and 2.1" in said
    assert "none: nan and None" in said
    assert len(said) == 2 + (one.verdict != other.verdict)


def test_what_is_no_finding_is_refused(tmp_path):
    path = tmp_path / "X.json"
    path.write_text('{"format": "other"}')
    with pytest.raises(FormatError, match=r"X\.json is not a RepSim finding \(another format\); save one"):
        Finding.load(path)
    with pytest.raises(FormatError, match="is not a RepSim finding"):
        Finding.load(tmp_path / "missing.json")


def test_wrong_words_and_shapes_are_refused():
    with pytest.raises(InputError, match="X: 'maybe' is no verdict; take one of reproduced, partly, not here"):
        Finding("X", "maybe", {})
    with pytest.raises(ShapeError, match=r"digits, a number: 2 labels, but values \(1,\)"):
        Measured("digits", "a number", ("a", "b"), np.ones(1), np.ones(2, bool), True)
    with pytest.raises(ShapeError, match="no seed was measured; leave the dataset out"):
        Measured("digits", "a number", (), np.ones(0), np.ones(0, bool), True)
    with pytest.raises(InputError, match="X: 'surely' is not how a number is known"):
        Claim("X", "", "", "", "", lambda: None, sure="surely")


def test_not_attempted_says_why():
    one = not_attempted("X", "No such network.")
    assert (one.verdict, one.note, one.to_frame().empty) == ("not attempted", "No such network.", True)
