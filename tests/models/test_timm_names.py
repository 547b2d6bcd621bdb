"""Names of timm, on small networks without weights; nothing is downloaded."""

import sys
import urllib.error

import pytest
import timm
import torch

from repsim_core import activations, datasets, models
from repsim_core.errors import InputError, UnknownNameError
from repsim_core.models import timm_names
from repsim_core.models.known import architecture

SMALL = "timm/test_vit"


@pytest.fixture
def no_network(monkeypatch, tmp_path):
    def refuse(*arguments, **options):
        raise urllib.error.URLError("no route to host")

    monkeypatch.setattr("urllib.request.urlopen", refuse)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))


def test_its_networks_are_listed_where_it_is_installed(monkeypatch):
    cards = {card.name: card for card in models.available("timm")}
    assert len(cards) > 1000
    card = cards["timm/vit_tiny_patch16_224"]
    assert (card.family, card.input_shape) == ("timm", (3, 224, 224))
    assert "augreg_in21k_ft_in1k" in card.description
    monkeypatch.setitem(sys.modules, "timm", None)  # as find_spec sees a package that is not there
    timm_names.names.cache_clear()
    try:
        assert models.available("timm") == []
        with pytest.raises(
            InputError, match=r"needs timm, which is not installed; pip install 'repsim-dashboard\[timm\]'"
        ):
            models.load(SMALL, weights=None)
    finally:
        timm_names.names.cache_clear()


def test_random_weights_repeat_with_their_seed_and_leave_the_global_generator_alone():
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first, again, other = (models.load(SMALL, weights=None, seed=seed) for seed in (3, 3, 4))
    assert torch.equal(torch.get_rng_state(), before)
    assert first.weights_digest == again.weights_digest != other.weights_digest
    assert first.input_shape == (3, 160, 160)
    assert not any(module.training for module in first.module.modules())


@pytest.mark.parametrize(
    ("pooling", "units"), [("cls_token", 64), ("mean_token", 64), ("patch_tokens", 100 * 64), ("flatten", 101 * 64)]
)
def test_tokens_of_a_vision_transformer_are_pooled(pooling, units):
    model = models.load(SMALL, weights=None)
    infos = {one.name: one for one in models.layers(model, datasets.load("digits", n=2))}
    assert infos["blocks.0"].shape == (101, 64)  # a class token and 10 × 10 patches
    found = activations.extract(model, datasets.load("digits", n=5), ["blocks.0"], pooling=pooling)["blocks.0"]
    assert found.values.shape == (5, units)
    whole = activations.extract(model, datasets.load("digits", n=5), ["blocks.0"])["blocks.0"].values
    tokens = whole.reshape(5, 101, 64)
    expected = {
        "cls_token": tokens[:, 0],
        "mean_token": tokens[:, 1:].mean(axis=1),
        "patch_tokens": tokens[:, 1:].reshape(5, -1),
        "flatten": whole,
    }[pooling]
    assert found.values == pytest.approx(expected, abs=1e-6)


def test_weights_of_a_file_fit_its_architectures(tmp_path):
    state = timm.create_model("test_vit", num_classes=5).state_dict()
    torch.save(state, tmp_path / "w.pt")
    model = models.from_file(tmp_path / "w.pt", SMALL)
    assert all(torch.equal(model.module.state_dict()[name], value) for name, value in state.items())
    assert "Its head has 5 classes instead of 1,000." in model.card.details["notes"]
    assert model.mean == timm_names.inputs_of(SMALL).mean != ()
    assert architecture(SMALL).skeleton({}).keys() == state.keys()


def test_without_network_the_message_offers_random_weights(no_network):
    message = r"The weights r160_in1k of timm/test_vit are not on this machine and cannot be downloaded \(.*no route"
    with pytest.raises(InputError, match=message) as caught:
        models.load(SMALL)
    assert "choose weights=None for random weights" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_unknown_names_and_weights_are_refused(no_network):
    with pytest.raises(
        UnknownNameError, match=r"No network of timm named 'timm/resnet19'\. Did you mean 'timm/resnet1"
    ):
        models.load("timm/resnet19")
    with pytest.raises(InputError, match=r'timm/test_vit has "DEFAULT", "r160_in1k" or None \(random\), not \'best\''):
        models.load(SMALL, weights="best")
    bare = next(name for name in timm_names.names() if not timm_names.tags(name))
    with pytest.raises(InputError, match=r"has no published weights, only None \(random\), not 'DEFAULT'"):
        models.load(bare)
