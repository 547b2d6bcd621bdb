"""The sanity check: hits, near misses, ties, asymmetric measures, errors over networks, and what it refuses."""

import numpy as np
import pytest

from repsim_core.errors import InputError
from repsim_core.experiments import correspond, twins_found
from repsim_core.experiments.twins import _hits
from repsim_core.types import LayerActivations, Representation


def network(name, layers, seed=None):
    """Layers ``{name: values}``; with a seed each is rotated, which no sensible measure sees."""
    n = len(next(iter(layers.values())))
    ids = tuple(map(str, range(n)))
    rng = np.random.default_rng(seed)
    found = {}
    for layer, values in layers.items():
        p = values.shape[1]
        turned = values if seed is None else values @ np.linalg.qr(rng.normal(size=(p, p)))[0]
        found[layer] = Representation(turned, ids, name, layer)
    return LayerActivations(name, "made", ids, found)


@pytest.fixture
def layers(rng):
    x = rng.normal(size=(60, 5))
    found = {}
    for k in range(4):
        found[f"l{k}"] = x = np.tanh(x @ rng.normal(size=(5, 5)))
    return found


def test_rotated_copies_find_every_twin_and_strangers_do_not(layers, rng):
    copies = [network(f"n{k}", layers, seed=k) for k in range(3)]
    table = twins_found(copies, ["cka", "cka_biased"]).to_frame().set_index("measure")
    assert table.loc["cka", "accuracy"] == table.loc["cka", "within_one"] == 1
    assert table.loc["cka", "chance"] == 0.25
    assert table.loc["cka", "pairs"] == 6
    assert table.loc["cka", "standard_error"] == 0
    strange = network("s", {name: rng.normal(size=values.shape) for name, values in layers.items()})
    two = twins_found([copies[0], strange], ["cka"]).to_frame()
    assert two["accuracy"][0] < 1
    assert np.isnan(two["standard_error"][0])  # two networks have no spread


def test_a_tie_counts_in_its_share_and_an_undefined_row_is_a_miss():
    nan = np.nan
    exact, near, undefined = _hits(np.array([[1.0, 1.0, 0.0], [nan, nan, nan], [0.0, 0.0, 0.0]]))
    assert exact == pytest.approx((1 / 2 + 0 + 1 / 3) / 3)
    assert near == pytest.approx((1 + 0 + 2 / 3) / 3)
    assert undefined == pytest.approx(1 / 3)


def test_an_asymmetric_measure_is_symmetrised(layers):
    first, second = network("a", layers), network("b", {k: v[:, :4] for k, v in layers.items()}, seed=1)
    table = twins_found([first, second], ["linear_regression"]).to_frame()
    swapped = twins_found([second, first], ["linear_regression"]).to_frame()
    assert table["accuracy"][0] == swapped["accuracy"][0]


def test_the_error_is_the_jackknife_over_networks(layers, rng):
    networks = [
        network(f"n{k}", {name: values + 0.8 * rng.normal(size=values.shape) for name, values in layers.items()})
        for k in range(4)
    ]
    whole = twins_found(networks, ["cka"]).to_frame()
    left = [
        twins_found([one for one in networks if one is not out], ["cka"]).to_frame()["accuracy"][0] for out in networks
    ]
    assert whole["standard_error"][0] == pytest.approx(np.sqrt(3 / 4 * np.sum((left - np.mean(left)) ** 2)))


def test_measures_come_one_after_the_other(layers):
    parts, steps = [], []
    copies = [network(f"n{k}", layers, seed=k) for k in range(3)]
    twins_found(copies, ["cka", "cka_biased"], progress=lambda *one: steps.append(one), on_partial=parts.append)
    assert [len(one.frame) for one in parts] == [1]
    assert steps == [(k, 6) for k in range(7)]


def test_what_does_not_correspond_is_refused_by_name(layers):
    first = network("a", layers)
    with pytest.raises(InputError, match="two networks or more, got 1"):
        twins_found([first], ["cka"])
    short = network("b", dict(list(layers.items())[:3]))
    with pytest.raises(InputError, match=r"a has 4 layers here and b 3\. Take networks of one architecture"):
        twins_found([first, short], ["cka"])
    other = network("c", {name.replace("l2", "x"): values for name, values in layers.items()})
    assert correspond([first, other]) == "l2 of a stands where c has x"
    single = network("d", {"l0": layers["l0"]})
    with pytest.raises(InputError, match="With 1 layer every layer finds its twin"):
        twins_found([single, single], ["cka"])
