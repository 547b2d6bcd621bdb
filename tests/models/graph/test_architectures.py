"""The acceptance set: torchvision's families exported, brought, and asked for every layer."""

import pytest
import torch

from repsim_core.models import layers
from repsim_core.models.graph import from_graph_file
from repsim_core.models.hooks import chosen_tensor, evaluation_mode, recording
from tests.models.graph.architectures import ARCHITECTURES


def responses(network, batch):
    """Every output of every module, and that of the network."""
    found = {}

    def keep(name, output):
        found[name] = chosen_tensor(name, output)[0].clone()

    with evaluation_mode(network), recording(network, None, keep):
        return found, network(batch)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_layer_answers_as_in_the_eager_network(name, exported):
    eager, path = exported(name)
    graph = from_graph_file(path)
    generator = torch.Generator().manual_seed(1)
    for count in (1, 3, 5):  # exported with two
        batch = torch.rand(count, *graph.input_shape, generator=generator)
        theirs, their_output = responses(eager, batch)
        ours, our_output = responses(graph.module, batch)
        assert set(ours) <= set(theirs)
        # What did nothing does not run: identities, and stochastic depth in evaluation mode.
        silent = {type(eager.get_submodule(one.split("#")[0])).__name__ for one in set(theirs) - set(ours)}
        assert silent <= {"StochasticDepth", "Identity", "Sequential"}
        for layer, values in ours.items():
            assert values.shape == theirs[layer].shape, layer
            # The same operators; only attention has a fused path that export does not take: float32, a few ulp.
            torch.testing.assert_close(values, theirs[layer], rtol=1e-6, atol=1e-6 * float(theirs[layer].abs().max()))
        torch.testing.assert_close(our_output, their_output, rtol=1e-6, atol=1e-6 * float(their_output.abs().max()))


@pytest.mark.parametrize("name", ["resnet", "swin", "densenet"])
def test_layers_have_the_names_classes_and_shapes_of_the_original(name, exported):
    eager, path = exported(name)
    graph = from_graph_file(path)
    batch = torch.rand(2, *graph.input_shape)
    theirs = {one.name: one for one in layers(eager, batch)}
    ours = layers(graph, batch)
    for one in ours:
        assert (one.kind, one.shape) == (theirs[one.name].kind, theirs[one.name].shape)
        if one.kind not in ("ShiftedWindowAttention",):
            assert one.parameters == theirs[one.name].parameters
    order = [one for one in theirs if one in {each.name for each in ours}]
    assert [one.name for one in ours] == order


def test_the_weights_are_the_same_to_the_last_bit(exported):
    eager, path = exported("mobilenet_v3")
    graph = from_graph_file(path).module
    theirs, ours = eager.state_dict(), graph.state_dict()
    assert set(theirs) == set(ours)
    for name, value in theirs.items():
        assert torch.equal(value, ours[name])
        assert value.stride() == ours[name].stride()


def test_facts_of_the_model(exported):
    eager, path = exported("resnet")
    model = from_graph_file(path, name="mine")
    assert (model.name, model.input_shape, model.mean, model.std) == ("mine", (3, 32, 32), (), ())
    assert model.conversions((1, 8, 8)) == (
        "Grey values are repeated in three colour channels.",
        "Inputs are enlarged from 8×8 to 32×32.",
    )
    assert model.card.architecture == type(model.module).__name__ == "ResNet"
    assert model.card.parameters == sum(one.numel() for one in eager.parameters())
    assert not model.module.training
    assert "experimental" in model.card.details["notes"][0]
    assert from_graph_file(path).name == "resnet"
