"""The script that makes the zoo, on runs of a second."""

import dataclasses
import importlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from repsim_core.errors import UnknownNameError
from repsim_core.models import zoo

SCRIPTS = Path(__file__).parents[2] / "scripts"


@pytest.fixture
def training(monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))
    threads = torch.get_num_threads()
    yield importlib.import_module("zoo_training")
    torch.use_deterministic_algorithms(False)
    torch.set_num_threads(threads)


@pytest.fixture
def script(training):
    return importlib.import_module("train_zoo")


def run_of(script, name, **changes):
    return dataclasses.replace(script.BY_MEMBER[name], **changes)


def test_one_seed_trains_to_the_same_bytes_twice(training, script):
    run = run_of(script, "digits-cnn-s10", epochs=1, keep={0: "start"}, arguments={"width": 2})
    first, again = (dict(training.trained(run)) for _ in range(2))
    assert list(first) == [0, 1]
    assert training.to_bytes(first[1]) == training.to_bytes(again[1])
    assert training.to_bytes(first[0]) != training.to_bytes(first[1])
    other = dict(training.trained(dataclasses.replace(run, seed=11)))
    assert training.to_bytes(other[1]) != training.to_bytes(first[1])


def test_fine_tuning_starts_from_the_body_and_not_from_the_head(training, script):
    run = run_of(script, "digits59-cnn-s10-finetuned", epochs=1, keep={0: "start"}, arguments={"width": 2})
    source = dict(training.trained(dataclasses.replace(run, seed=3, epochs=1)))[1]
    start = dict(training.trained(run, source))[0]
    assert torch.equal(start["conv1.conv.weight"], source["conv1.conv.weight"])
    assert not torch.equal(start["head.weight"], source["head.weight"])


def test_the_rate_rises_then_falls_and_starts_again_in_cycles(training, script):
    cosine = run_of(script, "digits-cnn-s10", warmup=2, epochs=10)
    assert training.factor(cosine, 1) == pytest.approx(0.5, abs=1e-3)
    assert training.factor(cosine, 5) == pytest.approx(0.5)
    assert training.factor(cosine, 9.99) < 1e-4
    cyclic = run_of(script, "digits-cnn-cyclic-4")
    assert training.factor(cyclic, 14.9) < 1e-3
    assert training.factor(cyclic, 15) == 1


def test_every_picture_moves_by_itself_and_by_whole_pixels(training):
    batch = torch.zeros(50, 1, 5, 5)
    batch[:, :, 2, 2] = 1
    moved = training.shifted(batch, 1, torch.Generator().manual_seed(0))
    assert torch.equal(moved.sum(dim=(1, 2, 3)), torch.ones(50))
    places = {tuple(np.argwhere(one[0].numpy())[0]) for one in moved}
    assert places == {(row, column) for row in (1, 2, 3) for column in (1, 2, 3)}
    assert torch.equal(training.shifted(batch, 0, torch.Generator()), batch)


def test_what_is_there_is_skipped_and_what_is_damaged_is_made_again(script, tmp_path, capsys):
    script.main(["rings-mlp-s10", "--out", str(tmp_path)])
    assert "rings-mlp-s10" in capsys.readouterr().out
    made = (tmp_path / "rings-mlp-s10.safetensors").read_bytes()
    script.main(["rings-mlp-s10", "--out", str(tmp_path)])
    assert capsys.readouterr().out == ""
    (tmp_path / "rings-mlp-s10.safetensors").write_bytes(b"damaged")
    script.main(["rings-mlp-s10", "--out", str(tmp_path)])
    assert (tmp_path / "rings-mlp-s10.safetensors").read_bytes() == made
    assert sorted(path.name for path in tmp_path.iterdir()) == ["manifest.json", "rings-mlp-s10.safetensors"]
    line = json.loads((tmp_path / "manifest.json").read_text())["members"][0]
    shipped = next(one.fields for one in zoo.read_manifest(zoo.FOLDER) if one.fields["name"] == "rings-mlp-s10")
    assert {**line, "sha256": "", "train_score": 0, "test_score": 0} == {
        **shipped, "sha256": "", "train_score": 0, "test_score": 0
    }  # fmt: skip


def test_the_list_says_what_is_not_trained(script, tmp_path, capsys):
    script.main(["--list", "--out", str(tmp_path)])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(script.BY_MEMBER)
    assert all(line.endswith("not trained") for line in lines)


def test_member_names_are_unique_and_the_shipped_ones_are_in_the_zoo(script):
    names = [name for run in script.RUNS for name in run.members.values()]
    assert len(names) == len(set(names))
    shipped = {name for run in script.RUNS if run.ships for name in run.members.values()}
    assert shipped == {entry.fields["name"] for entry in zoo.read_manifest(zoo.FOLDER)}


def test_every_line_of_the_manifest_was_made_by_the_table_as_it_stands(script):
    for entry in zoo.read_manifest(zoo.FOLDER):
        run, line = script.BY_MEMBER[entry.fields["name"]], entry.fields
        assert run.members[line["epochs"]] == line["name"]
        made = (line["hyperparameters"], line["optimiser"], line["seed"], line["epochs_of_run"], line["start"])
        asked = (script.hyperparameters(run), run.optimiser, run.seed, run.epochs, run.start)
        assert made == asked, line["name"]
        assert line["arguments"] == json.loads(json.dumps(script.arguments(run))), line["name"]
        assert (line["dataset"], line["run"]) == (run.dataset, run.name)


def test_an_unknown_member_is_refused(script, tmp_path):
    with pytest.raises(UnknownNameError, match=r"No member named 'digits-cnn'. Did you mean"):
        script.main(["digits-cnn", "--out", str(tmp_path)])
