"""RTD along a training and between domains: numbers of the core, one line each, partial tables on the way."""

import numpy as np
import pytest

from repsim_core import activations, datasets, models, topology
from repsim_core.errors import InputError
from repsim_core.experiments import along_training, between_domains

NETWORK = "zoo/digits-cnn-s10"
SMALL = {"n": 40, "trials": 2, "batch": 30}


@pytest.fixture(scope="module")
def checkpoints():
    steps = [one for one in models.available() if one.name.startswith(f"{NETWORK}-epoch")]
    return [*[one.name for one in sorted(steps, key=lambda one: one.epochs)][:3], NETWORK]


@pytest.fixture(scope="module")
def trained(checkpoints):
    parts, steps = [], []
    found = along_training(
        checkpoints, "head", "digits", **SMALL, progress=lambda *step: steps.append(step), on_partial=parts.append
    )
    return found.to_frame(), [len(one.frame) for one in parts], steps


def test_every_checkpoint_is_compared_with_the_last_one_in_the_order_of_training(checkpoints, trained):
    table, parts, steps = trained
    assert table["epoch"].tolist() == sorted(table["epoch"])
    last = table.iloc[-1]
    assert last["rtd"] == last["disagreement"] == 0
    assert last["cka"] == pytest.approx(1, abs=1e-9)
    data = datasets.load("digits", n=40, seed=0)
    first, final = (activations.extract(models.load(name), data)["head"] for name in (checkpoints[0], NETWORK))
    assert table["rtd"][0] == pytest.approx(topology.rtd(first, final, trials=2, batch=30).value, rel=1e-9)
    share = np.mean(first.values.argmax(axis=1) != final.values.argmax(axis=1))
    assert table["disagreement"][0] == share > 0
    assert table["disagreement_error"][0] == pytest.approx(np.sqrt(share * (1 - share) / 40))
    assert parts == [1, 2, 3]
    assert steps == [(k, 4) for k in range(5)]


def test_domains_are_compared_pair_by_pair_with_the_accuracy_in_each():
    domains = ("shapes", "shapes_texture", "shapes_sketch")
    network = next(one.name for one in models.available() if one.dataset == "shapes")
    parts = []
    table = between_domains(network, "head", domains, **SMALL, on_partial=parts.append).to_frame()
    assert list(zip(table["first"], table["second"], strict=True)) == [domains[:2], domains[::2], domains[1:]]
    np.testing.assert_allclose(table["cluster_part"] + table["loop_part"], table["rtd"])
    data = datasets.load("shapes", n=40, seed=0)
    answers = activations.extract(models.load(network), data, ["head"])["head"].values.argmax(axis=1)
    assert table["accuracy_first"][0] == np.mean(answers == data.labels) > 0.5
    assert table["accuracy_second"][0] == table["accuracy_first"][2]
    assert [len(one.frame) for one in parts] == [1, 2]


def test_one_checkpoint_or_one_domain_is_refused():
    with pytest.raises(InputError, match="at least two checkpoints, got 1"):
        along_training([NETWORK], "head", "digits", **SMALL)
    with pytest.raises(InputError, match="at least two domains, got 1"):
        between_domains(NETWORK, "head", ["shapes"], **SMALL)


def test_a_table_survives_its_file(trained, tmp_path):
    from repsim_core.errors import FormatError
    from repsim_core.types import ResultTable

    found = ResultTable(trained[0].assign(name="a b"), {"seed": 3})
    found.save(tmp_path / "t.npz")
    again = ResultTable.load(tmp_path / "t.npz")
    assert again.recipe == {"seed": 3}
    assert again.to_frame().equals(found.to_frame())
    (tmp_path / "t.npz").write_bytes(b"no")
    with pytest.raises(FormatError, match=r"t\.npz is not a RepSim table"):
        ResultTable.load(tmp_path / "t.npz")
