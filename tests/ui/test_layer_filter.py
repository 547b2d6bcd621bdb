"""Which layers a filter shows, without a page."""

import time

import pytest

from repsim_core import datasets, models
from repsim_core.types import LayerInfo
from repsim_ui.layer_filter import Filter, cut_at, level


def layer(name, kind="Module", usable=True):
    return LayerInfo(name, kind, (4,), 0, usable=usable)


TREE = [
    layer("stem", "Conv2d"),
    layer("body", "Sequential"),
    layer("body.0", "Block"),
    layer("body.0.conv", "Conv2d"),
    layer("body.0.relu", "ReLU"),
    layer("body.1", "Block"),
    layer("body.1.conv", "Conv2d"),
    layer("head", "Linear"),
]


def names(seen):
    return [one.name for one in seen.shown(TREE)]


def test_nothing_asked_shows_all_in_order():
    assert names(Filter()) == [one.name for one in TREE]
    assert not Filter().is_active


def test_a_search_looks_at_names_and_kinds_and_takes_signs_as_they_are():
    assert names(Filter("CONV")) == ["stem", "body.0.conv", "body.1.conv"]
    assert names(Filter("body.")) == ["body.0", "body.0.conv", "body.0.relu", "body.1", "body.1.conv"]
    assert names(Filter(".*")) == []


def test_a_pattern_is_of_the_name_alone():
    assert names(Filter(r"^body\.\d$", by_pattern=True)) == ["body.0", "body.1"]
    assert names(Filter("Conv2d", by_pattern=True)) == []


def test_kinds_and_depth_narrow_further():
    assert names(Filter(kinds=("Conv2d", "Linear"))) == ["stem", "body.0.conv", "body.1.conv", "head"]
    assert names(Filter(kinds=("Conv2d",), depth=1)) == ["stem"]


def test_the_tree_is_cut_at_a_depth_with_the_leaves_that_end_above():
    assert cut_at(TREE, 1) == ["stem", "body", "head"]
    assert cut_at(TREE, 2) == ["stem", "body.0", "body.1", "head"]
    assert cut_at(TREE, 3) == ["stem", "body.0.conv", "body.0.relu", "body.1.conv", "head"]
    assert level("body.0.conv") == 3


def test_a_cut_of_a_real_network_holds_every_leaf_below_exactly_once():
    infos = models.layers(models.load("zoo/shapes-resnet-s10"), datasets.load("shapes", n=2))
    every = [one.name for one in infos]
    leaves = [one for one in every if not any(other.startswith(f"{one}.") for other in every)]
    for depth in range(1, 5):
        cut = cut_at(infos, depth)
        assert all(sum(leaf == one or leaf.startswith(f"{one}.") for one in cut) == 1 for leaf in leaves)


@pytest.mark.parametrize("pattern", ["(", "[a", "(a+)+$", "(a|a)*b", "a*b*c*d*e", "a{1,9}b*c*d*"])
def test_a_pattern_that_cannot_be_read_or_could_take_for_ever_matches_nothing(pattern):
    assert Filter(pattern, by_pattern=True).shown([layer("a" * 300)]) == []


def test_the_worst_pattern_that_is_let_through_is_quick():
    began = time.process_time()
    Filter("a*a*a*b", by_pattern=True).shown([layer("a" * 300)])
    assert time.process_time() - began < 5  # 300³ / 6 steps; a repeated group would take 2³⁰⁰
