"""The records that ship: each has its claim and the verdict of its rule; samples come out again."""

import numpy as np
import pandas as pd
import pytest

from repsim_core.__main__ import main
from repsim_core.claims import NOT_ATTEMPTED, bias, claim_named, claims, davari, invariance, recorded, verdict_table
from repsim_core.claims.recorded import FOLDER
from repsim_core.claims.verdict import found, verdict_of
from repsim_core.commands.labs import BEGIN, END, README, write_table
from repsim_core.errors import InputError, UnknownNameError
from repsim_core.inference import independent_cka


@pytest.mark.parametrize("id", list(claims()))
def test_a_claim_has_a_rule_and_its_record_has_the_verdict_of_that_rule(id):
    claim, finding = claim_named(id), recorded(id)
    assert claim.statement
    assert not claim.statement.endswith(".")
    assert claim.rule
    assert finding.id == id
    if finding.verdict == NOT_ATTEMPTED:
        assert finding.note
        return
    assert finding.verdict == found(id, list(finding.by_data.values())).verdict
    assert finding.recipe
    for one in finding.by_data.values():
        assert np.isfinite(one.values).sum() + len(one.undefined) >= one.n
    if finding.verdict != "reproduced":
        assert finding.note, "partly and not here say why"


def test_every_record_has_its_claim():
    assert {path.stem for path in FOLDER.iterdir() if path.suffix in (".json", ".npz")} <= set(claims())


def test_the_readme_has_the_table_of_the_records():
    text = README.read_text(encoding="utf-8")
    assert text.split(BEGIN)[1].split(END)[0] == verdict_table()


def test_a_claim_that_does_not_exist_is_refused():
    with pytest.raises(UnknownNameError, match="No claim named 'K77'"):
        recorded("K77")
    with pytest.raises(UnknownNameError, match=r"No claim named '\.\./D1'"):
        recorded("../D1")


@pytest.mark.parametrize("id", [id for id, one in claims().items() if one.quick])
def test_a_quick_claim_comes_out_as_recorded(id):
    claim = claim_named(id)
    assert claim.run().differences(recorded(id), claim.tolerance) == []


def test_the_bias_of_one_seed_comes_out_as_recorded():
    table = recorded("B1").tables["scores"].query("seed == 22 and units == 100").iloc[0]
    scores = np.mean([bias.unrelated_scores(bias.N, 100, 22, draw) for draw in range(bias.DRAWS)], axis=0)
    np.testing.assert_allclose(scores, table[["biased", "debiased"]].to_numpy(float), rtol=1e-6)
    assert table["expected"] == pytest.approx(independent_cka(bias.N, 100, 100))


@pytest.mark.parametrize(("id", "reach"), [("D1", 100.0), ("D2", 10.0)])
def test_a_moved_layer_comes_out_as_recorded(id, reach):
    name = "zoo/digits-cnn-s12"
    x, classes, head, score = davari.read_layer(name, "digits")
    assert score > 0.9
    rows = np.arange(len(x)) == 0 if id == "D1" else classes == 0
    y = davari.moved(x, rows, head.unread(), reach)
    value = davari.score(x, y, "cka_biased")
    one = recorded(id).by_data["digits"]
    assert value == pytest.approx(one.values[one.labels.index(name)], rel=1e-5)
    np.testing.assert_array_equal(head.predictions(x), head.predictions(y))


def test_the_limit_is_that_of_a_loop_over_the_definition():
    x = np.random.default_rng(3).normal(size=(40, 6)) * np.arange(1, 7)
    rows = np.arange(40) % 5 == 0
    centred = x - x.mean(axis=0)
    covariance = centred.T @ centred / 40
    ratio = np.trace(covariance) ** 2 / np.trace(covariance @ covariance)
    mean = np.mean([centred[i] for i in range(40) if rows[i]], axis=0)
    size = np.mean([centred[i] @ centred[i] for i in range(40)])
    assert davari.limit_of_cka(x, rows) == pytest.approx(0.2 / 0.8 * (mean @ mean) / size * np.sqrt(ratio))


def test_a_move_is_in_root_mean_squares():
    x = np.random.default_rng(0).normal(size=(30, 4)) + 5
    rows = np.arange(30) < 3
    step = davari.moved(x, rows, np.array([0.0, 2.0, 0.0, 0.0]), 10.0) - x
    size = np.sqrt(((x - x.mean(axis=0)) ** 2).sum(axis=1).mean())
    np.testing.assert_allclose(step[rows], np.tile([0, 10 * size, 0, 0], (3, 1)), rtol=1e-12)
    assert not step[~rows].any()


def test_the_invertible_map_can_be_undone_and_the_rotation_keeps_distances():
    x = np.random.default_rng(0).normal(size=(50, 8))
    singular = np.linalg.svd(np.linalg.lstsq(x, invariance.changed(x, "invertible map", 1), rcond=None)[0])[1]
    assert singular[0] / singular[-1] == pytest.approx(10)
    rotated = invariance.changed(x, "rotation", 1)
    np.testing.assert_allclose(np.linalg.norm(rotated, axis=1), np.linalg.norm(x, axis=1))
    np.testing.assert_array_equal(np.sort(invariance.changed(x, "shuffled stimuli", 1), axis=0), np.sort(x, axis=0))


def test_an_entry_of_the_table_comes_out_as_recorded():
    table = recorded("K0").tables["entries"]
    row = table.query("index == 'cka' and change == 'invertible map'").iloc[0]
    a, b = row["pair"].split(" × ")
    x, y = invariance.pooled(a, "digits"), invariance.pooled(b, "digits")
    assert invariance.index("cka", x, y) == pytest.approx(row["before"], rel=1e-5)
    assert invariance.index("cka", invariance.changed(x, "invertible map", 0), y) == pytest.approx(
        row["after"], rel=1e-5
    )


def test_labs_are_listed_run_and_refused(capsys, tmp_path):
    assert main(["labs"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(claims())
    for arguments, message in (
        (["labs", "K1", "--all"], "--all runs every claim; leave the names out"),
        (["labs", "--record"], "--record writes what was run; name a claim"),
        (["labs", "K77"], "No claim named 'K77'"),
    ):
        assert main(arguments) == 2
        assert message in capsys.readouterr().err


def test_the_table_goes_between_its_marks(tmp_path, capsys):
    path = tmp_path / "README.md"
    write_table(path)
    assert "the table was not written" in capsys.readouterr().err
    path.write_text("before\n" + BEGIN + "old\n" + END + "after\n", encoding="utf-8")
    write_table(path)
    assert path.read_text(encoding="utf-8") == "before\n" + BEGIN + verdict_table() + END + "after\n"
    path.write_text("no marks", encoding="utf-8")
    with pytest.raises(InputError, match=r"README\.md needs the two lines"):
        write_table(path)


def test_a_table_has_a_line_a_claim_and_no_stray_bars():
    lines = verdict_table().splitlines()
    assert len(lines) == 2 + len(claims())
    assert {line.replace("\\|", "").count("|") for line in lines} == {6}


def test_verdicts_do_not_hang_on_the_order_of_datasets():
    finding = recorded("D1")
    samples = list(finding.by_data.values())
    assert found("D1", samples[::-1]).verdict == finding.verdict
    assert {verdict_of(one) for one in samples} == {"reproduced"}
    assert isinstance(finding.to_frame(), pd.DataFrame)
