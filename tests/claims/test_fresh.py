"""A recipe of the zoo with another seed: the same training as the script that makes the zoo."""

import dataclasses
import importlib
from pathlib import Path

import pytest
import torch

from repsim_core import models
from repsim_core.claims import fresh
from repsim_core.errors import InputError

SCRIPTS = Path(__file__).parents[2] / "scripts"
# Adam with shifts, SGD with warm-up and clipped gradients, and a rate in cycles.
MEMBERS = ("digits-cnn-s10", "digits-plain-x1-s10", "digits-cnn-cyclic-4")


@pytest.fixture
def scripts(monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))
    threads = torch.get_num_threads()
    yield importlib.import_module("zoo_training"), importlib.import_module("zoo_members")
    torch.use_deterministic_algorithms(False)
    torch.set_num_threads(threads)


@pytest.mark.parametrize("member", MEMBERS)
def test_it_trains_to_the_same_weights_as_the_script(scripts, member, monkeypatch):
    training, members = scripts
    run = next(one for one in members.RUNS if one.name == member)
    short = dataclasses.replace(run, epochs=1, keep={0: "start"}, seed=12)
    expected = dict(training.trained(short))
    recipe = dataclasses.replace(fresh.recipe_of(f"zoo/{member}"), epochs=1)
    monkeypatch.setattr(fresh, "recipe_of", lambda _, **__: recipe)
    last, kept = fresh.trained(f"zoo/{member}", 12, epochs=(0,))
    assert list(kept) == [0]
    for epoch, found in ((0, kept[0]), (1, last)):
        state = found.module.state_dict()
        assert all(torch.equal(state[name], value) for name, value in expected[epoch].items()), epoch


def test_the_rate_goes_as_in_the_script(scripts):
    training, members = scripts
    for member in MEMBERS:
        run, recipe = next(one for one in members.RUNS if one.name == member), fresh.recipe_of(f"zoo/{member}")
        for time in (0.0, 0.5, 3.0, 14.9, 15.0, 39.0):
            assert fresh.rate_factor(recipe, time) == pytest.approx(training.factor(run, time))


def test_fine_tuning_starts_from_the_body_and_not_from_the_head():
    start = models.load("zoo/digits04-cnn-s10")
    recipe = fresh.recipe_of("zoo/digits-cnn-s10-finetuned")
    _, state = next(fresh._training(recipe, 10, {0}, start.module.state_dict()))
    assert torch.equal(state["conv1.conv.weight"], start.module.state_dict()["conv1.conv.weight"])
    assert state["head.weight"].shape == (10, 64)


def test_other_arguments_make_another_network_of_the_same_recipe():
    recipe = fresh.recipe_of("zoo/digits-cnn-w8-s10", width=2)
    assert recipe.arguments["width"] == 2
    assert recipe.epochs == fresh.recipe_of("zoo/digits-cnn-w8-s10").epochs
    assert recipe.fields["member"] == "zoo/digits-cnn-w8-s10"


def test_torch_is_left_as_it_was():
    threads = torch.get_num_threads()
    generator = torch.get_rng_state()
    with fresh.one_thread():
        assert torch.get_num_threads() == 1
        assert torch.are_deterministic_algorithms_enabled()
    assert torch.get_num_threads() == threads
    assert not torch.are_deterministic_algorithms_enabled()
    next(fresh._training(fresh.recipe_of("zoo/digits-cnn-s10"), 3, {0}, None))
    assert torch.equal(torch.get_rng_state(), generator)


def test_what_is_no_classifier_of_pictures_is_refused():
    with pytest.raises(InputError, match="zoo/low-mlp-s10 is no classifier of pictures in the zoo"):
        fresh.recipe_of("zoo/low-mlp-s10")
