"""The command line: what it prints and writes, and that a mistake costs one line and exit code 2."""

import csv
import json
import subprocess
import sys

import numpy as np
import pytest

from repsim_core import activations, datasets, models, similarity
from repsim_core.__main__ import main
from repsim_core.commands.choices import dataset_of
from repsim_core.types import SimilarityMatrix

PAIR = ("zoo/digits-cnn-s10", "zoo/digits-cnn-s11")


def test_models_and_datasets_are_listed(capsys):
    assert main(["models"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [card.name for card in models.available()]
    assert main(["datasets"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [card.name for card in datasets.available(downloadable=True)]
    assert next(line for line in lines if line.startswith("torchvision/cifar10 ")).endswith("not downloaded, 170 MB")


def test_a_dataset_that_is_not_published_is_not_downloaded(capsys):
    assert main(["datasets", "--download", "torchvision/cifar11"]) == 2
    assert "'torchvision/cifar11'" in capsys.readouterr().err


def test_classes_and_a_shift_may_follow_the_path_of_a_file(tmp_path):
    inputs, path = np.random.default_rng(0).random((12, 3)).astype("f4"), tmp_path / "mine.npz"
    np.savez(path, inputs=inputs, labels=np.arange(12) % 3)
    found = dataset_of(f"{path}~classes:0,2~noise:0.5")
    assert found.stimuli == datasets.from_file(path, classes=[0, 2]).stimuli
    assert set(found.labels.tolist()) == {0, 2}
    assert not np.isclose(found.inputs, inputs[np.arange(12) % 3 != 1]).any()


def test_layers_are_listed_in_execution_order_with_the_default_ones_marked(capsys):
    assert main(["layers", PAIR[0], "--n", "500"]) == 0
    lines = capsys.readouterr().out.splitlines()
    infos = models.layers(models.load(PAIR[0]), datasets.load("digits"))
    assert [line[2:].split()[0] for line in lines] == [one.name for one in infos]
    marked = [line[2:].split()[0] for line in lines if line.startswith("*")]
    assert marked == activations.default_layers(infos)


def test_compare_writes_files_that_hold_the_numbers_of_the_api(tmp_path, capsys):
    out, page = tmp_path / "result.npz", tmp_path / "map.html"
    command = [
        "compare",
        *PAIR,
        "--data",
        "digits",
        "--measure",
        "cka",
        "--n",
        "120",
        "--out",
        str(out),
        "--html",
        str(page),
    ]
    assert main(command) == 0
    data = datasets.load("digits", n=120)
    a, b = (activations.extract(models.load(name), data) for name in PAIR)
    expected = similarity.compare_layers(a, b)
    stored = SimilarityMatrix.load(out)
    assert np.array_equal(stored.values, expected.values)
    assert stored.rows == expected.rows
    text = page.read_text()
    assert "plotly" in text.lower()
    assert expected.rows[0] in text
    shown = capsys.readouterr()
    assert shown.out == ""
    assert f"cka: {len(stored.rows)} × {len(stored.columns)} layers, n = 120, 0 undefined" in shown.err


@pytest.mark.parametrize("ending", ["json", "csv"])
def test_compare_writes_json_and_csv(tmp_path, ending):
    out = tmp_path / f"r.{ending}"
    command = ["compare", *PAIR, "--n", "50", "--layers-a", "head", "--layers-b", "head", "pool", "--out", str(out)]
    assert main(command) == 0
    if ending == "json":
        assert json.loads(out.read_text())["columns"] == ["pool", "head"]
    else:
        rows = list(csv.DictReader(out.read_text().splitlines()))
        assert [row["layer_b"] for row in rows] == ["pool", "head"]


def test_without_a_file_the_table_goes_to_standard_output(capsys):
    assert (
        main(["compare", *PAIR, "--n", "20", "--layers-a", "head", "--layers-b", "head", "--measure", "cka_biased"])
        == 0
    )
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert rows[0]["n"] == "20"
    assert 0 < float(rows[0]["cka_biased"]) <= 1


def test_options_of_a_measure_are_passed_on(capsys):
    command = ["compare", *PAIR, "--n", "60", "--layers-a", "conv1", "--layers-b", "head", "--measure", "rtd"]
    found = []
    for options in (["trials=2", "batch=30", "scale=median"], ["trials=2", "batch=30"]):
        assert main([*command, *(one for option in options for one in ("--option", option))]) == 0
        found.append(next(csv.DictReader(capsys.readouterr().out.splitlines())))
    data = datasets.load("digits", n=60, seed=0)
    x, y = (
        activations.extract(models.load(name), data, [layer])[layer]
        for name, layer in zip(PAIR, ("conv1", "head"), strict=True)
    )
    assert float(found[0]["rtd"]) == pytest.approx(
        similarity.score(x, y, "rtd", trials=2, batch=30, scale="median"), rel=1e-5
    )
    assert float(found[0]["standard_error"]) > 0
    assert found[0]["rtd"] != found[1]["rtd"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["compare", *PAIR, "--option", "trials"], "--option takes NAME=VALUE, got 'trials'"),
        (["compare", *PAIR, "--option", "scale=1"], "cka takes no options, got 'scale'; leave it out"),
        (["compare", *PAIR, "--measure", "rtd", "--option", "batch=900"], "A batch of 900 needs as many stimuli"),
        (
            ["compare", "zoo/digits-cn-s10", PAIR[1]],
            "No model named 'zoo/digits-cn-s10'. Did you mean 'zoo/digits-cnn-s10'",
        ),
        (["compare", *PAIR, "--data", "digit"], "No dataset named 'digit'. Did you mean 'digits'"),
        (["compare", *PAIR, "--measure", "kca"], "No measure named 'kca'. Did you mean 'cka'"),
        (["compare", *PAIR, "--layers-a", "haed"], "No layer named 'haed'. Did you mean 'head'"),
        (["compare", *PAIR, "--pooling", "maen"], "No pooling named 'maen'. Did you mean 'mean'"),
        (["compare", *PAIR, "--split", "tset"], "No split of digits named 'tset'. Did you mean 'test'"),
        (["compare", *PAIR, "--n", "3"], "needs at least 4 stimuli, got 3; take n = 4 or more"),
        (["compare", *PAIR, "--n", "0"], "--n must be 1 or more, got 0"),
        (["compare", *PAIR, "--out", "r.pkl"], "r.pkl must end in .npz or .json or .csv"),
        (["compare", *PAIR, "--html", "no/such/folder.html"], "The folder of no/such/folder.html does not exist"),
        (["compare", *PAIR, "--data", "wine"], "choose a dataset of pictures"),
        (
            ["layers", "torchvision/resnet19"],
            "No model named 'torchvision/resnet19'. Did you mean 'torchvision/resnet1",
        ),
        (["layers", PAIR[0], "--n", "-1"], "--n must be 1 or more, got -1"),
    ],
)
def test_a_mistake_costs_one_line_and_exit_code_2(arguments, message, capsys):
    assert main(arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    last = shown.err.splitlines()[-1]
    assert last.startswith("repsim: ")
    assert message in last


def test_the_module_runs_as_a_program():
    done = subprocess.run(
        [sys.executable, "-m", "repsim_core", "layers", "nonsense"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith("repsim: No model named 'nonsense'")
    assert len(done.stderr.splitlines()) == 1
