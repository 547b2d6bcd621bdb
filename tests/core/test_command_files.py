"""The command line with files in place of names, and the file that ``repsim export`` writes."""

import csv

import numpy as np
import pytest

from repsim_core import activations, datasets, models
from repsim_core.__main__ import main

NAME = "zoo/digits-cnn-s10"


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """Two files of one network on 60 digits, each in its format."""
    folder = tmp_path_factory.mktemp("files")
    found = []
    for ending in activations.ENDINGS:
        found.append(folder / f"mine{ending}")
        assert main(["export", NAME, str(found[-1]), "--n", "60", "--seed", "2", "--layers", "conv2", "head"]) == 0
    return found


def test_export_writes_what_extract_gives(exported):
    data = datasets.load("digits", n=60, seed=2)
    expected = activations.extract(models.load(NAME), data, ["conv2", "head"])
    for path in exported:
        found = activations.from_file(path)
        assert found.layers == ("conv2", "head")
        assert found.stimuli == data.stimuli
        assert all(np.array_equal(found[name].values, one.values) for name, one in expected.items())
        assert models.from_file(path).responses.labels.tolist() == data.labels.tolist()
        assert models.from_file(path).responses.classes == data.class_names


def test_export_says_what_it_wrote(tmp_path, capsys):
    out = tmp_path / "a.npz"
    assert main(["export", NAME, str(out), "--n", "20", "--layers", "conv2", "--pooling", "mean"]) == 0
    assert capsys.readouterr().err.splitlines()[-1].startswith(f"{out}: 1 layers × 20 stimuli, ")
    assert activations.from_file(out)["conv2"].values.shape == (20, 16)


def test_two_files_are_compared_on_their_own_stimuli(exported, capsys):
    assert main(["compare", *map(str, exported), "--layers-a", "head", "--layers-b", "head", "--measure", "cka"]) == 0
    row = next(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert row["n"] == "60"
    assert float(row["cka"]) == pytest.approx(1, abs=1e-12)


def test_a_file_is_compared_with_a_network_on_the_dataset_of_its_ids(exported, capsys):
    command = ["compare", str(exported[0]), NAME, "--data", "digits", "--n", "60", "--seed", "2"]
    assert main([*command, "--layers-a", "head", "--layers-b", "head"]) == 0
    assert float(next(csv.DictReader(capsys.readouterr().out.splitlines()))["cka"]) == pytest.approx(1, abs=1e-12)


def test_layers_of_a_file_are_listed(exported, capsys):
    assert main(["layers", str(exported[0])]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:3] for line in lines] == [["*", "conv2", "recorded"], ["*", "head", "recorded"]]


def test_weights_in_a_file_are_a_model(tmp_path, capsys):
    from safetensors.torch import save_file

    path = tmp_path / "mine.safetensors"
    save_file(models.load(NAME).module.state_dict(), path)
    command = ["compare", str(path), NAME, "--architecture-a", NAME, "--n", "20"]
    assert main([*command, "--layers-a", "head", "--layers-b", "head"]) == 0
    assert float(next(csv.DictReader(capsys.readouterr().out.splitlines()))["cka"]) == pytest.approx(1, abs=1e-9)


def test_a_dataset_in_a_file(tmp_path, capsys):
    data = datasets.load("digits", n=20)
    np.savez(tmp_path / "mine.npz", inputs=data.inputs, labels=data.labels)
    command = ["export", NAME, str(tmp_path / "out.npz"), "--data", str(tmp_path / "mine.npz"), "--layers", "head"]
    assert main(command) == 0
    found = activations.from_file(tmp_path / "out.npz")
    expected = activations.extract(models.load(NAME), data, ["head"])
    assert np.allclose(found["head"].values, expected["head"].values, atol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["layers", "no/such.npz"], "There is no file no/such.npz; check the path"),
        (["compare", "{file}", NAME, "--data", "no/such.csv"], "There is no file no/such.csv; check the path"),
        (["compare", "{file}", NAME], "holds responses to 60 stimuli; 839 of the 899 of digits are not among them"),
        (["compare", "{file}", NAME, "--data", "{file}"], "which hold no stimuli to show to a network"),
        (["compare", "{file}", "{file}", "--random"], "is a file with weights of its own; leave --random out"),
        (["layers", NAME, "--architecture", "x"], f"{NAME} is no file: its architecture is known, leave the option"),
        (["compare", "{file}", "{file}", "--n", "61"], "has 60 stimuli here, but n = 61 were asked for"),
        (["export", NAME, "out.pkl"], "out.pkl must end in .npz or .safetensors"),
        (["export", NAME, "no/such/out.npz"], "The folder of no/such/out.npz does not exist"),
        (["export", NAME, "out.npz", "--n", "0"], "--n must be 1 or more, got 0"),
        (["export", NAME, "{out}", "--n", "3"], "holds responses to 3 stimuli (4 to 20,000 are read)"),
        (["layers", "{text}"], "notes.pt is a text file, which RepSim does not read"),
    ],
)
def test_a_mistake_costs_one_line_and_exit_code_2(arguments, message, exported, tmp_path, capsys):
    (tmp_path / "notes.pt").write_text("hello\n")
    places = {"file": exported[0], "out": tmp_path / "out.npz", "text": tmp_path / "notes.pt"}
    assert main([one.format(**places) for one in arguments]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert message in shown.err.splitlines()[-1]
    assert not (tmp_path / "out.npz").exists()
