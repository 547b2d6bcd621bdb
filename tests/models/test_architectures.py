import pytest
import torch
from torch import nn

from repsim_core.errors import InputError, UnknownNameError
from repsim_core.models import build
from repsim_core.models.architectures import ARCHITECTURES, seeded


def convolutions(net: nn.Module) -> list[int]:
    """Output channels of the 3 × 3 convolutions, in order; 1 × 1 shortcuts left out."""
    return [
        one.out_channels for name, one in net.named_modules() if isinstance(one, nn.Conv2d) and "shortcut" not in name
    ]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("inputs", [(1, 8, 8), (3, 32, 32)])
def test_every_architecture_takes_digits_and_shapes(architecture, inputs):
    arguments = {} if architecture == "mlp" or inputs[1] == 8 else {"size": None}
    net = build(architecture, inputs=inputs, outputs=7, **arguments).eval()
    assert net(torch.rand(3, *inputs)).shape == (3, 7)
    assert list(dict(net.named_children()))[-1] == "head"


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_layer_answers_to_a_hook_and_none_works_in_place(architecture):
    net = build(architecture).eval()
    seen, kept = [], []

    def keep(module, arguments, output):
        seen.append(module)
        kept.append((output, output.clone()))

    for module in net.modules():
        module.register_forward_hook(keep)
    with torch.no_grad():
        net(torch.rand(2, 1, 8, 8))
    assert set(seen) == set(net.modules())
    assert len(seen) == len(set(seen))  # no module is shared, so each name is one layer
    for output, copy in kept:
        assert torch.equal(output, copy)


def test_the_twin_studies_have_the_layers_of_their_recipes():
    # T6(w): w, w, 2w, 2w, 4w; T10(w): w, w, 2w, 2w, 2w, 4w, 4w, 4w
    assert convolutions(build("cnn", width=4)) == [4, 4, 8, 8, 16]
    assert convolutions(build("tiny10", width=4)) == [4, 4, 8, 8, 8, 16, 16, 16]


@pytest.mark.parametrize("repeats", [1, 2, 4, 8])
def test_the_depth_study_has_5m_plus_2_convolutions_with_and_without_skips(repeats):
    # Plain(m): 2m of 8, one of 16, 2m of 16, one of 16, m of 16; with the average pool 5m + 3 layers.
    channels = [8] * 2 * repeats + [16] * (3 * repeats + 2)
    assert convolutions(build("plain", repeats=repeats)) == channels
    assert convolutions(build("skip", repeats=repeats)) == channels


def test_an_unpadded_convolution_is_padded_only_where_nothing_would_be_left():
    paddings = {
        size: [one.padding for one in build("tiny10", size=size).modules() if isinstance(one, nn.Conv2d)][6]
        for size in (None, 16)
    }
    assert paddings == {None: (1, 1), 16: (0, 0)}


def test_batch_norm_can_be_left_out():
    kinds = {type(one) for one in build("cnn", norm=False).modules()}
    assert nn.BatchNorm2d not in kinds
    assert all(one.bias is not None for one in build("cnn", norm=False).modules() if isinstance(one, nn.Conv2d))


def test_a_perceptron_has_the_asked_layers_and_no_hidden_bias():
    net = build("mlp", inputs=(5,), depth=2, width=7, outputs=3, activation="tanh")
    assert list(dict(net.named_children())) == ["linear1", "act1", "linear2", "act2", "head"]
    assert isinstance(net.act1, nn.Tanh)
    # 5 · 7 + 7 · 7 weights, and a head of 7 · 3 + 3
    assert sum(value.numel() for value in net.parameters()) == 35 + 49 + 24


def test_attention_weights_of_a_transformer_are_readable_and_sum_to_one():
    net, kept = build("vit", width=16, depth=1, heads=2).eval(), []
    net.block1.attention.softmax.register_forward_hook(lambda module, given, output: kept.append(output))
    net(torch.rand(3, 1, 8, 8))
    assert kept[0].shape == (3, 2, 16, 16)
    assert torch.allclose(kept[0].sum(dim=-1), torch.ones(()))


def test_a_seeded_start_repeats_and_leaves_the_global_generator_alone():
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first, again = (seeded(lambda: build("cnn", width=2), 3) for _ in range(2))
    assert torch.equal(torch.get_rng_state(), before)
    for name, value in first.state_dict().items():
        assert torch.equal(value, again.state_dict()[name])


def test_lists_from_a_manifest_are_taken_as_tuples():
    assert convolutions(build("vgg", inputs=[1, 8, 8], widths=[2, 4], repeats=1)) == [2, 4]


@pytest.mark.parametrize(
    ("architecture", "arguments", "error", "message"),
    [
        ("resnett", {}, UnknownNameError, "No architecture named 'resnett'. Did you mean 'resnet'"),
        ("cnn", {"depth": 3}, InputError, "cnn takes no argument 'depth'; it takes inputs, outputs, width, size, norm"),
        ("mlp", {"activation": "rely"}, UnknownNameError, "No activation named 'rely'. Did you mean 'relu'"),
    ],
)
def test_refusals_say_what_to_do(architecture, arguments, error, message):
    with pytest.raises(error, match=message):
        build(architecture, **arguments)
