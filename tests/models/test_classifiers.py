import hashlib
import json
import os
import shutil
import subprocess
import sys
import urllib.error
import urllib.request

import pytest
import torch
import torchvision

from repsim_core import models
from repsim_core.errors import Cancelled, FormatError, InputError, UnknownNameError
from repsim_core.models import classifiers, torchvision_names
from repsim_core.models.torchvision_names import TABLE
from repsim_core.models.torchvision_table import described, published_sets

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


def as_published(monkeypatch, file):
    """Torchvision is made to have published this file: the digits of its own SHA-256 are in the name."""
    entry = torchvision.models.SqueezeNet1_1_Weights.IMAGENET1K_V1
    name = f"squeezenet1_1-{hashlib.sha256(file.read_bytes()).hexdigest()[:8]}.pth"
    monkeypatch.setattr(entry.value, "url", f"https://download.pytorch.org/models/{name}")
    return name


@pytest.fixture
def checkpoint(tmp_path):
    torch.manual_seed(7)
    path = tmp_path / "made_by_the_test.pth"
    torch.save(torchvision.models.squeezenet1_1(weights=None).state_dict(), path)
    return path


def test_a_file_in_the_hub_folder_is_used_without_a_network_and_normalised_like_torchvision_does(
    hub, checkpoint, monkeypatch
):
    shutil.copy(checkpoint, hub / as_published(monkeypatch, checkpoint))
    model = models.load("torchvision/squeezenet1_1", weights="IMAGENET1K_V1")
    for name, value in torch.load(checkpoint).items():
        assert torch.equal(model.module.state_dict()[name], value)
    assert model.input_shape == (3, 224, 224)
    assert (model.resize, model.interpolation) == (256, "bilinear")
    assert model.card.dataset == "ImageNet"
    assert model.card.test_score == pytest.approx(0.58178)
    assert model.card.details["classes"][:2] == ("tench", "goldfish")
    assert model.mean == pytest.approx((0.485, 0.456, 0.406))
    assert model.std == pytest.approx((0.229, 0.224, 0.225))


def test_a_file_in_the_hub_folder_with_another_hash_is_refused(hub, checkpoint):
    shutil.copy(checkpoint, hub / FILE)
    found = hashlib.sha256(checkpoint.read_bytes()).hexdigest()[:16]
    message = rf"damaged \(its SHA-256 should begin with b8a52dc0, but it is {found}…\); delete {FILE} from"
    with pytest.raises(FormatError, match=message):
        models.load("torchvision/squeezenet1_1")
    assert (hub / FILE).exists()  # it is somebody's file; only its owner removes it


def test_a_download_is_kept_and_reports_its_bytes(hub, checkpoint, monkeypatch):
    name = as_published(monkeypatch, checkpoint)
    monkeypatch.setattr("torch.hub.urlopen", lambda request: urllib.request.urlopen(checkpoint.as_uri()))
    shown, seen = torch.hub.tqdm, []
    first = models.load("torchvision/squeezenet1_1", progress=lambda done, total: seen.append((done, total)))
    size = checkpoint.stat().st_size
    assert seen[0] == (0, size)
    assert seen[-1] == (size, size)
    assert sorted(seen) == seen
    assert torch.hub.tqdm is shown
    assert (hub / name).read_bytes() == checkpoint.read_bytes()
    monkeypatch.setattr("torch.hub.urlopen", None)  # the second time nothing is fetched
    assert models.load("torchvision/squeezenet1_1").weights_digest == first.weights_digest


def test_a_download_that_is_cancelled_leaves_nothing(hub, checkpoint, monkeypatch):
    as_published(monkeypatch, checkpoint)
    monkeypatch.setattr("torch.hub.urlopen", lambda request: urllib.request.urlopen(checkpoint.as_uri()))

    def stop(done, total):
        if done:
            raise Cancelled

    with pytest.raises(Cancelled):
        models.load("torchvision/squeezenet1_1", progress=stop)
    assert list(hub.iterdir()) == []


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
    path = tmp_path / "payload.pth"
    torch.save(Payload(), path)
    name = as_published(monkeypatch, path)
    shutil.copy(path, hub / name)
    with pytest.raises(FormatError, match=rf"squeezenet1_1 are damaged .* delete {name}"):
        models.load("torchvision/squeezenet1_1")
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize("content", [b"", b"not a file of weights", None])
def test_a_damaged_file_is_refused(hub, tmp_path, monkeypatch, content):
    path = tmp_path / "damaged.pth"
    if content is None:
        torch.save({"features.0.weight": torch.zeros(1)}, path)
    else:
        path.write_bytes(content)
    shutil.copy(path, hub / as_published(monkeypatch, path))
    with pytest.raises(FormatError, match="torchvision/squeezenet1_1 are damaged") as caught:
        models.load("torchvision/squeezenet1_1")
    assert "\n" not in str(caught.value)


def test_a_published_name_without_a_checksum_is_refused(hub, monkeypatch):
    entry = torchvision.models.SqueezeNet1_1_Weights.IMAGENET1K_V1
    monkeypatch.setattr(entry.value, "url", "https://download.pytorch.org/models/squeezenet1_1.pth")
    with pytest.raises(FormatError, match=r"squeezenet1_1.pth has no checksum in its name"):
        models.load("torchvision/squeezenet1_1")


def test_unknown_names_and_weights_are_refused():
    with pytest.raises(
        UnknownNameError, match=r"No model named 'torchvision/resnet19'. Did you mean 'torchvision/resnet1"
    ):
        models.load("torchvision/resnet19")
    message = (
        r'torchvision/resnet50 has weights "DEFAULT" \(IMAGENET1K_V2\), "IMAGENET1K_V1", "IMAGENET1K_V2" or None '
        r"\(random\), not 'best'"
    )
    with pytest.raises(InputError, match=message):
        models.load("torchvision/resnet50", weights="best")
    with pytest.raises(UnknownNameError, match=r"No source of models named 'tochvision'. Did you mean 'torchvision'"):
        models.available("tochvision")
    with pytest.raises(UnknownNameError, match=r"No torchvision network named 'resnet18'. Did you mean 'torchvision/"):
        models.published("resnet18")


# what is known without torch --------------------------------------------------------------------------------------


def test_the_table_is_that_of_the_installed_torchvision():
    table = json.loads(TABLE.read_text())  # scripts/list_torchvision.py writes it
    assert table["torchvision"] == torchvision.__version__.partition("+")[0]
    assert [torchvision_names.PREFIX + name for name in table["networks"]] == list(classifiers.names())
    for name, network in table["networks"].items():
        assert network["weights"] == published_sets(name)


@pytest.mark.parametrize("name", ["alexnet", "googlenet", "mnasnet0_5", "regnet_x_400mf", "resnet18", "swin_t"])
def test_the_table_counts_the_tensors_of_a_network(name):
    assert torchvision_names.networks()[name] == described(name)


def test_every_classification_network_has_a_card_with_its_weights():
    cards = {card.name: card for card in models.available("torchvision")}
    assert set(cards) == set(classifiers.names())
    best, older = cards["torchvision/resnet50"].details["weights"]
    assert (best.name, best.default, best.accuracy) == ("IMAGENET1K_V2", True, 0.80858)
    assert (older.name, older.side, older.resize, older.classes) == ("IMAGENET1K_V1", 224, 256, 1000)
    assert cards["torchvision/resnet50"].parameters == 25_557_032
    # vgg16 has a set without a classifier, whose last layers are NaN: it is no choice.
    assert [one.name for one in models.published("torchvision/vgg16")] == ["IMAGENET1K_V1"]
    assert [one.side for one in models.published("torchvision/vit_b_16")] == [224, 384, 224]


def test_what_is_on_disk_is_known(hub):
    (one,) = models.published("torchvision/squeezenet1_1")
    assert not one.on_disk
    (hub / FILE).write_bytes(b"")
    assert one.on_disk


@pytest.mark.parametrize("variable", ["TORCH_HOME", "XDG_CACHE_HOME", None])
def test_the_hub_folder_is_torchs_without_asking_torch(tmp_path, monkeypatch, variable):
    monkeypatch.delenv("TORCH_HOME", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    if variable:
        monkeypatch.setenv(variable, str(tmp_path))
    expected = os.path.join(torch.hub.get_dir(), "checkpoints")
    assert str(torchvision_names.hub_folder()) == expected
    with monkeypatch.context() as patch:
        patch.delitem(sys.modules, "torch")
        assert str(torchvision_names.hub_folder()) == expected


def test_listing_networks_and_weights_does_not_import_torch():
    code = (
        "import sys; from repsim_core import models\n"
        "models.available(); models.available('torchvision'); models.published('torchvision/resnet18')[0].on_disk\n"
        "sys.exit('torch' in sys.modules or 'torchvision' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_public_name_is_there_and_no_other():
    assert all(getattr(models, name) is not None for name in models.__all__)
    with pytest.raises(AttributeError, match=r"repsim_core.models' has no attribute 'nothing'"):
        _ = models.nothing
