import urllib.error
import urllib.request

import pytest
import torch
import torchvision

from repsim_core import models
from repsim_core.errors import FormatError, InputError, UnknownNameError

FILE = "squeezenet1_1-b8a52dc0.pth"  # the smallest of torchvision's published files


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """An empty hub folder, and no network."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))

    def refuse(*arguments, **options):
        raise urllib.error.URLError("no route to host")

    monkeypatch.setattr("torch.hub.urlopen", refuse)
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    return folder


def test_random_weights_repeat_with_their_seed_and_leave_the_global_generator_alone():
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first, again, other = (models.load("torchvision/resnet18", weights=None, seed=seed) for seed in (3, 3, 4))
    assert torch.equal(torch.get_rng_state(), before)
    assert first.weights_digest == again.weights_digest != other.weights_digest
    assert first.input_shape == (3, 64, 64)
    assert first.mean == ()
    assert not any(module.training for module in first.module.modules())


@pytest.mark.parametrize("name", ["googlenet", "vit_b_16", "squeezenet1_1"])
def test_a_random_network_runs_on_digits_at_the_size_it_was_given(name):
    model = models.load(f"torchvision/{name}", weights=None)
    assert model.conversions((1, 8, 8))[0] == "Grey values are repeated in three colour channels."
    assert model.input_shape == ((3, 224, 224) if name == "vit_b_16" else (3, 64, 64))
    with torch.inference_mode():
        assert model.module(model.prepare(torch.rand(2, 1, 8, 8))).shape == (2, 1000)


def test_published_weights_are_read_from_the_hub_folder_and_normalised_like_torchvision_does(hub):
    torch.manual_seed(7)
    source = torchvision.models.squeezenet1_1(weights=None)
    torch.save(source.state_dict(), hub / FILE)
    model = models.load("torchvision/squeezenet1_1")
    for name, value in source.state_dict().items():
        assert torch.equal(model.module.state_dict()[name], value)
    assert model.input_shape == (3, 224, 224)
    assert model.card.dataset == "ImageNet"
    assert model.mean == pytest.approx((0.485, 0.456, 0.406))
    assert model.std == pytest.approx((0.229, 0.224, 0.225))


def test_without_network_the_message_offers_random_weights(hub):
    message = r"The published weights of torchvision/squeezenet1_1 are not on this machine .*choose weights=None"
    with pytest.raises(InputError, match=message) as caught:
        models.load("torchvision/squeezenet1_1")
    assert "\n" not in str(caught.value)


def test_a_download_with_another_hash_is_refused(hub, monkeypatch, tmp_path):
    other = tmp_path / "other.pth"
    torch.save(torchvision.models.squeezenet1_1(weights=None).state_dict(), other)
    monkeypatch.setattr("torch.hub.urlopen", lambda request: urllib.request.urlopen(other.as_uri()))
    with pytest.raises(FormatError, match=r"squeezenet1_1 are damaged \(invalid hash value") as caught:
        models.load("torchvision/squeezenet1_1")
    assert "\n" not in str(caught.value)
    assert not (hub / FILE).exists()


class Payload:
    def __reduce__(self):
        return (open, ("executed", "w"))


def test_a_file_that_would_run_code_is_refused_unread(hub, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save(Payload(), hub / FILE)
    with pytest.raises(FormatError, match=r"squeezenet1_1 are damaged .* delete squeezenet1_1-b8a52dc0.pth"):
        models.load("torchvision/squeezenet1_1")
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize("content", [b"", b"not a file of weights", None])
def test_a_damaged_file_is_refused(hub, content):
    if content is None:
        torch.save({"features.0.weight": torch.zeros(1)}, hub / FILE)
    else:
        (hub / FILE).write_bytes(content)
    with pytest.raises(FormatError, match="torchvision/squeezenet1_1 are damaged"):
        models.load("torchvision/squeezenet1_1")


def test_unknown_names_and_weights_are_refused():
    with pytest.raises(
        UnknownNameError, match=r"No model named 'torchvision/resnet19'. Did you mean 'torchvision/resnet1"
    ):
        models.load("torchvision/resnet19")
    with pytest.raises(InputError, match='torchvision/resnet18 has weights "DEFAULT"'):
        models.load("torchvision/resnet18", weights="best")
