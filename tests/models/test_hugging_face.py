"""Networks in Hugging Face's form, made here from small configurations; nothing is downloaded."""

import json
import sys
import warnings

import pytest
import torch
import transformers

from repsim_core import activations, datasets, models
from repsim_core.errors import FormatError, InputError, UnknownNameError

TINY = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
NAME = "huggingface/tiny-vit"


def save(module, folder):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # transformers leaves a file to the garbage collector
        module.save_pretrained(folder)


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """A folder of networks, and an empty cache of the hub."""
    monkeypatch.setenv("REPSIM_HUGGINGFACE", str(tmp_path / "shelf"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "shelf"


@pytest.fixture
def vit(shelf):
    torch.manual_seed(5)
    config = transformers.ViTConfig(**TINY, image_size=16, patch_size=8, num_labels=5)
    module = transformers.ViTForImageClassification(config)
    save(module, shelf / "tiny-vit")
    described = {"image_mean": [0.5] * 3, "image_std": [0.25] * 3, "do_normalize": True, "resample": 3}
    described |= {"do_center_crop": True, "size": {"shortest_edge": 18}}
    (shelf / "tiny-vit" / "preprocessor_config.json").write_text(json.dumps(described))
    return module.eval()


def test_a_folder_is_a_network_with_its_weights_and_transforms(vit):
    (card,) = models.available("huggingface")
    assert (card.name, card.architecture, card.input_shape) == (NAME, "ViTForImageClassification", (3, 16, 16))
    model = models.load(NAME)
    assert all(torch.equal(model.module.state_dict()[one], value) for one, value in vit.state_dict().items())
    assert (model.mean, model.std, model.resize, model.interpolation) == ((0.5,) * 3, (0.25,) * 3, 18, "bicubic")
    batch = model.prepare(datasets.load("digits", n=3).inputs)
    with torch.inference_mode():
        assert torch.equal(model.module(batch).logits, vit(batch).logits)


def test_random_weights_come_from_the_configuration_and_a_seed(vit):
    before = torch.get_rng_state()
    first, again, other = (models.load(NAME, weights=None, seed=seed) for seed in (3, 3, 4))
    assert torch.equal(torch.get_rng_state(), before)
    assert first.weights_digest == again.weights_digest != other.weights_digest
    assert (first.mean, first.card.seed) == ((), 3)
    assert not any(module.training for module in first.module.modules())


@pytest.mark.parametrize(("pooling", "units"), [("cls_token", 16), ("mean_token", 16), ("patch_tokens", 64)])
def test_tokens_are_pooled(pooling, units, vit):
    found = activations.extract(models.load(NAME), datasets.load("digits", n=5), ["vit.layers.0"], pooling=pooling)
    assert found["vit.layers.0"].values.shape == (5, units)  # a class token and 2 × 2 patches of 16


def test_a_network_without_a_head_and_one_of_convolutions_run(shelf):
    save(transformers.ViTModel(transformers.ViTConfig(**TINY, image_size=16, patch_size=8)), shelf / "bare")
    config = transformers.ResNetConfig(embedding_size=4, hidden_sizes=[4, 8], depths=[1, 1], layer_type="basic")
    save(transformers.ResNetModel(config), shelf / "resnet")
    for name in ("huggingface/bare", "huggingface/resnet"):
        layers = models.layers(models.load(name), datasets.load("digits", n=2))
        assert len(layers) > 5


def test_what_lies_in_the_cache_of_the_hub_is_found_by_owner_and_name(vit, shelf, tmp_path):
    snapshot = tmp_path / "hub" / "models--someone--tiny" / "snapshots" / "abc"
    snapshot.parent.mkdir(parents=True)
    (shelf / "tiny-vit").rename(snapshot)
    (snapshot.parent.parent / "refs").mkdir()
    (snapshot.parent.parent / "refs" / "main").write_text("abc")
    assert [card.name for card in models.available("huggingface")] == ["huggingface/someone/tiny"]
    assert models.load("huggingface/someone/tiny").card.architecture == "ViTForImageClassification"


def test_networks_of_text_are_refused(shelf):
    config = transformers.BertConfig(**TINY, vocab_size=10)
    save(transformers.BertModel(config), shelf / "bert")
    with pytest.raises(InputError, match=r"huggingface/bert takes input_ids, not pictures; choose a vision network"):
        models.load("huggingface/bert")


def test_damaged_folders_are_refused(vit, shelf):
    weights = shelf / "tiny-vit" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:100])
    with pytest.raises(FormatError, match=r"huggingface/tiny-vit cannot be built from its folder") as caught:
        models.load(NAME)
    assert "\n" not in str(caught.value)
    weights.unlink()
    (shelf / "tiny-vit" / "pytorch_model.bin").write_bytes(b"a pickle is never read")
    with pytest.raises(FormatError, match=r"huggingface/tiny-vit cannot be built from its folder"):
        models.load(NAME)
    (shelf / "tiny-vit" / "config.json").write_text("[]")
    with pytest.raises(FormatError, match=r"huggingface/tiny-vit: its config.json cannot be read \(no object\)"):
        models.load(NAME)


def test_unknown_names_and_weights_are_refused(vit, monkeypatch):
    with pytest.raises(
        UnknownNameError, match=r"No network of Hugging Face named 'huggingface/tiny-bit'\. Did you mean"
    ):
        models.load("huggingface/tiny-bit")
    for name in ("huggingface/../tiny-vit", "huggingface//etc"):
        with pytest.raises(UnknownNameError):
            models.load(name)
    with pytest.raises(InputError, match=r'has weights "DEFAULT" \(of its folder\) or None \(random\), not \'best\''):
        models.load(NAME, weights="best")
    monkeypatch.setenv("REPSIM_HUGGINGFACE", "/nowhere")
    with pytest.raises(InputError, match=r"huggingface/tiny-vit is not here: no folder with config.json in \$REPSIM"):
        models.load(NAME)
    monkeypatch.setitem(sys.modules, "transformers", None)
    assert models.available("huggingface") == []
    with pytest.raises(
        InputError, match=r"needs transformers, which is not installed; pip install 'repsim-dashboard\["
    ):
        models.load(NAME)
