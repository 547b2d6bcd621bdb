"""Extraction: what hooks record, what they leave behind, order, outputs, pooling and budgets."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from repsim_core import activations, datasets, models, similarity
from repsim_core.activations.pooling import POOLINGS, applied, pooled, pooled_shape
from repsim_core.errors import BudgetError, Cancelled, CaptureError, InputError, UnknownNameError
from repsim_core.models.hooks import chosen_tensor, evaluation_mode
from repsim_core.types import Dataset, DatasetCard
from tests.activations import toys

INPUTS = np.array([[1, -2], [-3, 4], [5, 6], [-7, -8], [0, 1]], dtype=np.float32)


def stimuli(inputs=INPUTS):
    card = DatasetCard("toy", "tabular", "none", inputs.shape[1:], {"test": len(inputs)}, (), "", "")
    return Dataset(card, "test", inputs, None, tuple(f"s{i}" for i in range(len(inputs))))


def state(module):
    hooks = [(len(m._forward_hooks), len(m._forward_pre_hooks)) for m in module.modules()]
    weights = {k: v.clone() for k, v in module.state_dict().items()}
    grads = [(p.requires_grad, p.grad is None, p.device) for p in module.parameters()]
    return hooks, [m.training for m in module.modules()], grads, weights


def assert_unchanged(before, module):
    after = state(module)
    assert before[:3] == after[:3]
    assert all(torch.equal(value, after[3][name]) for name, value in before[3].items())
    copy.deepcopy(module)  # fails with a left-over closure that cannot be copied
    assert torch.is_grad_enabled()
    assert not torch.is_inference_mode_enabled()


@pytest.mark.parametrize("inplace", [True, False])
@pytest.mark.parametrize("batch_size", [1, 2, 3, 4, 5, 100])
def test_values_by_hand_and_in_place_layers_leave_the_record_alone(inplace, batch_size):
    model = toys.InPlace(inplace)
    seen = activations.extract(model, stimuli(), ["first", "relu", "last"], batch_size=batch_size)
    assert seen.layers == ("first", "relu", "last")
    assert np.array_equal(seen["first"].values, INPUTS)
    assert np.array_equal(seen["relu"].values, np.maximum(INPUTS, 0))
    assert np.array_equal(seen["last"].values[:, 0], [1, 4, 11, 0, 1])
    assert seen.stimuli == ("s0", "s1", "s2", "s3", "s4")


def test_an_in_place_residual_does_not_reach_the_record():
    assert np.array_equal(activations.extract(toys.Residual(), stimuli(), ["body"])["body"].values, INPUTS)


def test_in_place_twins_are_alike_to_the_bit():
    torch.manual_seed(0)
    first = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 2))
    second = copy.deepcopy(first)
    for layer in second:
        if isinstance(layer, nn.ReLU):
            layer.inplace = True
    a, b = (activations.extract(one, stimuli(), ["0", "1", "2", "3", "4"]) for one in (first, second))
    assert np.diag(similarity.compare_layers(a, b).values) == pytest.approx(np.ones(5), abs=1e-12)


def test_a_module_that_runs_twice_is_kept_twice_and_order_is_that_of_execution():
    model = toys.Reused()
    infos = models.layers(model, INPUTS, unusable=True)
    assert [one.name for one in infos] == ["first", "relu", "second", "relu#2", "unused"]
    assert [one.usable for one in infos] == [True] * 4 + [False]
    assert infos[-1].note == "it never ran on this input"
    seen = activations.extract(model, stimuli(), ["relu#2", "relu"])
    assert seen.layers == ("relu", "relu#2")
    assert np.array_equal(seen["relu"].values, np.maximum(INPUTS * [1, -1], 0))
    # relu(x) − relu(−y) summed, minus 3: rows 1+2, 0+0, 5+0, 0+8, 0+0
    assert np.array_equal(seen["relu#2"].values[:, 0], [0, 0, 2, 5, 0])


def test_the_tensor_is_chosen_by_rule_and_the_choice_is_shown():
    infos = {one.name: one for one in models.layers(toys.Outputs(), INPUTS, unusable=True)}
    assert infos["pair"].note == "output 1 of 2"
    assert infos["mapping"].note == "'logits' of 2 outputs"
    assert infos["unnamed"].note == "'second' of 2 outputs"
    seen = activations.extract(toys.Outputs(), stimuli(), ["pair", "mapping", "unnamed"])
    assert [seen[name].values[0, 0] for name in seen] == [1, 2, 3]
    assert seen.notes == ("pair: output 1 of 2.", "mapping: 'logits' of 2 outputs.", "unnamed: 'second' of 2 outputs.")
    assert "text gave no tensor in the forward pass (a str without one)" in infos["text"].note
    assert "a NoneType without one" in infos["nothing"].note
    assert "its output () has no row per stimulus (batch of 2)" in infos["mean"].note
    assert not any(infos[name].usable for name in ("text", "nothing", "mean"))


def test_a_chosen_output_without_tensors_is_refused():
    with pytest.raises(CaptureError, match=r"body\.1 gave no tensor in the forward pass"):
        chosen_tensor("body.1", ["text"])


def test_the_model_leaves_as_it_came():
    model = toys.Frozen()
    before = state(model)
    activations.extract(model, stimuli(), ["norm", "last"])
    assert_unchanged(before, model)
    assert (model.training, model.norm.training, model.drop.training) == (True, False, True)


def test_the_model_leaves_as_it_came_after_an_exception():
    model = toys.Fails().train()
    before = state(model)
    with pytest.raises(InputError, match=r"Fails cannot run on inputs of shape .* the pump is out"):
        activations.extract(model, stimuli(), ["first", "last"])
    assert_unchanged(before, model)


def test_the_model_leaves_as_it_came_after_a_cancel():
    model = toys.Frozen()
    before = state(model)

    def stop(done, _total):
        if done:
            raise Cancelled("enough")

    with pytest.raises(Cancelled, match="enough"):
        activations.extract(model, stimuli(), ["last"], batch_size=2, progress=stop)
    assert_unchanged(before, model)


def test_grads_and_mode_are_off_inside_and_back_outside():
    model = toys.Frozen()
    with evaluation_mode(model):
        assert torch.is_inference_mode_enabled()
        assert not any(one.training for one in model.modules())
    assert model.training


def test_progress_counts_stimuli():
    seen = []
    activations.extract(toys.InPlace(), stimuli(), batch_size=2, progress=lambda *one: seen.append(one))
    assert seen == [(0, 5), (2, 5), (4, 5), (5, 5)]


def test_data_parallel_is_unwrapped():
    wrapped = nn.DataParallel(toys.InPlace())
    assert np.array_equal(activations.extract(wrapped, stimuli(), ["first"])["first"].values, INPUTS)


def test_a_network_without_children_is_one_layer():
    assert [one.name for one in models.layers(nn.Linear(2, 3), INPUTS)] == ["model"]
    assert activations.extract(nn.Linear(2, 3), stimuli(), ["model"])["model"].n_units == 3


def test_integer_and_double_outputs_are_kept_as_floats():
    model = nn.Sequential(toys.Returns(lambda x: x.long()), toys.Returns(lambda x: x.double() / 3))
    seen = activations.extract(model, stimuli())
    assert seen["0"].values.dtype == np.float32
    assert seen["1"].values.dtype == np.float64


def test_another_order_of_stimuli_gives_the_same_rows_under_their_ids():
    model, forward = toys.InPlace(), stimuli()
    order = [3, 0, 4, 1, 2]
    card = forward.card
    back = Dataset(card, "test", INPUTS[order], None, tuple(forward.stimuli[i] for i in order))
    a, b = (activations.extract(model, one, ["last"])["last"] for one in (forward, back))
    assert np.array_equal(a.values[order], b.values)
    assert a.stimuli[3] == b.stimuli[0]


# pooling -------------------------------------------------------------------------------------------------------------


def test_pooling_by_hand():
    maps = torch.arange(2 * 1 * 4 * 4, dtype=torch.float32).reshape(2, 1, 4, 4)
    assert pooled(maps, "mean").tolist() == [[7.5], [23.5]]
    assert pooled(maps, "grid2")[0].flatten().tolist() == [2.5, 4.5, 10.5, 12.5]
    tokens = torch.tensor([[[1.0, 2], [3, 4], [5, 8]]])
    assert pooled(tokens, "cls_token").tolist() == [[1, 2]]
    assert pooled(tokens, "mean_token").tolist() == [[4, 6]]
    assert pooled(tokens, "patch_tokens").tolist() == [[[3, 4], [5, 8]]]
    assert pooled(tokens, "mean").tolist() == [[3, pytest.approx(14 / 3)]]
    assert pooled(tokens, "flatten").shape == (1, 3, 2)


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("shape", [(5,), (7, 3), (1, 3), (4, 8, 8), (4, 1, 1), (4, 2, 3, 5)])
def test_the_announced_shape_is_the_shape_that_comes(pooling, shape):
    assert tuple(pooled(torch.zeros(2, *shape), pooling).shape[1:]) == pooled_shape(shape, pooling)
    assert applied(shape, pooling) in POOLINGS


def test_a_pooling_that_cannot_apply_says_what_was_done_instead():
    model = nn.Sequential(nn.Unflatten(1, (1, 1, 2)), nn.Conv2d(1, 3, 1), nn.Flatten())
    seen = activations.extract(model, stimuli(), ["1"], pooling="cls_token")
    assert seen.notes == ("Pooling 'mean' instead of 'cls_token' on: 1.",)
    assert seen["1"].unit_shape == (3,)


# default layers ------------------------------------------------------------------------------------------------------


def test_one_layer_per_block():
    digits = datasets.load("digits", n=2)
    resnet = models.load("torchvision/resnet18", weights=None)
    expected = ["maxpool", *(f"layer{i}.{j}" for i in (1, 2, 3, 4) for j in (0, 1)), "avgpool", "fc"]
    assert activations.default_layers(models.layers(resnet, digits)) == expected
    plain = nn.Sequential(nn.Flatten(), nn.Linear(64, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 2))
    assert activations.default_layers(models.layers(plain, digits)) == ["3", "4"]


def test_a_series_of_blocks_inside_a_module_is_opened():
    vit = models.load("torchvision/vit_b_16", weights=None)
    chosen = activations.default_layers(models.layers(vit, datasets.load("digits", n=2)))
    assert [name for name in chosen if "encoder_layer_" in name] == [
        f"encoder.layers.encoder_layer_{i}" for i in range(12)
    ]


# refusals ------------------------------------------------------------------------------------------------------------


def test_unknown_layers_and_poolings_offer_the_nearest():
    with pytest.raises(UnknownNameError, match=r"No layer named 'frist'\. Did you mean 'first'"):
        activations.extract(toys.InPlace(), stimuli(), ["frist"])
    with pytest.raises(UnknownNameError, match=r"No pooling named 'flaten'\. Did you mean 'flatten'"):
        activations.extract(toys.InPlace(), stimuli(), pooling="flaten")
    with pytest.raises(InputError, match="No layer was chosen; take one or more of the 3 that ran"):
        activations.extract(toys.InPlace(), stimuli(), [])
    with pytest.raises(UnknownNameError, match="No layer named 'relu#3'"):
        activations.extract(toys.Reused(), stimuli(), ["relu#3"])


def test_inputs_of_another_shape_are_refused_in_the_networks_own_words():
    with pytest.raises(
        InputError, match=r"InPlace cannot run on inputs of shape \(3,\): .*mat1 and mat2.*\. Choose a dataset"
    ):
        activations.extract(toys.InPlace(), stimuli(np.zeros((4, 3), np.float32)))
    with pytest.raises(InputError, match="The example has no stimuli"):
        models.layers(toys.InPlace(), np.zeros((0, 2), np.float32))


def test_a_request_over_the_budget_is_refused_with_what_fits():
    # 5 stimuli × (2 + 2 + 1) units × 4 bytes = 100 B
    with pytest.raises(BudgetError, match=r"3 layers × 5 stimuli need 100 B \(limit 90 B\). Take 4 stimuli or fewer."):
        activations.extract(toys.InPlace(), stimuli(), ["first", "relu", "last"], memory_bytes=90)
    with pytest.raises(BudgetError, match=r"\(limit 50 B\). Choose fewer layers."):
        activations.extract(toys.InPlace(), stimuli(), ["first", "relu", "last"], memory_bytes=50)
    wide = nn.Sequential(nn.Unflatten(1, (1, 1, 2)), nn.Upsample(scale_factor=8), nn.Conv2d(1, 4, 1))
    with pytest.raises(BudgetError, match=r"or pool with 'mean' \(80 B\)"):
        activations.extract(wide, stimuli(), ["2"], memory_bytes=9000)


def test_a_layer_that_skips_some_stimuli_is_refused():
    class Sometimes(nn.Module):
        def __init__(self):
            super().__init__()
            self.always = toys.linear([[1, 0], [0, 1]])
            self.rare = toys.linear([[1, 1]])

        def forward(self, x):
            x = self.always(x)
            return self.rare(x) if x[0, 0] > 0 else x

    assert activations.extract(Sometimes(), stimuli(), ["always"])["always"].n_stimuli == 5
    with pytest.raises(CaptureError, match="rare ran on 2 of 5 stimuli; choose another layer"):
        activations.extract(Sometimes(), stimuli(), ["rare"], batch_size=1)
