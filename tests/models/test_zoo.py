import json
import re
import shutil

import numpy as np
import pytest
import torch

from repsim_core import datasets, models
from repsim_core.errors import FormatError, InputError, ShapeError, UnknownNameError
from repsim_core.models import zoo

SHIPPED = {entry.fields["name"]: entry for entry in zoo.read_manifest(zoo.FOLDER)}
FINISHED = [name for name, entry in SHIPPED.items() if entry.fields["epochs"] == entry.fields["epochs_of_run"]]


@pytest.fixture(autouse=True)
def _no_local_zoo(tmp_path, monkeypatch):
    monkeypatch.setenv("REPSIM_ZOO", str(tmp_path / "none"))


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """A shipped folder of two members that a test may damage."""
    folder = tmp_path / "zoo"
    folder.mkdir()
    names = ["digits-cnn-s10", "wine-mlp-s10"]
    for name in names:
        shutil.copy(zoo.FOLDER / f"{name}.safetensors", folder)
    (folder / zoo.MANIFEST).write_text(json.dumps({"members": [dict(SHIPPED[name].fields) for name in names]}))
    monkeypatch.setattr(zoo, "FOLDER", folder)
    return folder


def answers(model, data):
    with torch.inference_mode():
        return model.module(model.prepare(data.inputs)).double().numpy()


def score(fields, out, data):
    """Share of right answers, or R², written out again."""
    if fields["score_name"] == "R2":
        guess = out[:, 0] * fields["target_deviation"] + fields["target_mean"]
        return 1 - ((guess - data.labels) ** 2).sum() / ((data.labels - data.labels.mean()) ** 2).sum()
    guess = out.argmax(axis=1) if out.shape[1] > 1 else (out[:, 0] > 0).astype(int)
    return (guess == data.labels).mean()


@pytest.mark.parametrize("name", SHIPPED)
def test_a_member_reaches_the_scores_of_its_line(name):
    fields, model = SHIPPED[name].fields, models.load(f"zoo/{name}")
    assert not any(module.training for module in model.module.modules())
    assert sum(value.numel() for value in model.module.parameters()) == model.card.parameters
    test = datasets.load(fields["dataset"], split=fields["test_split"])
    assert model.input_shape == test.card.input_shape
    assert score(fields, answers(model, test), test) == pytest.approx(model.card.test_score, abs=1e-6)


@pytest.mark.parametrize("name", [name for name in FINISHED if SHIPPED[name].fields["dataset"] == "digits"])
def test_a_finished_classifier_of_digits_is_right_on_97_percent(name):
    # The eightfold depth without skips is in the zoo because it is hard to train.
    assert SHIPPED[name].card.test_score >= (0.9 if "plain-x8" in name else 0.97)


def test_the_zoo_is_small_and_complete_on_disk():
    files = {path.name: path.stat().st_size for path in zoo.FOLDER.glob("*.safetensors")}
    assert files == {entry.fields["file"]: entry.fields["bytes"] for entry in SHIPPED.values()}
    assert sum(path.stat().st_size for path in zoo.FOLDER.iterdir()) <= 15e6


def test_the_studies_have_the_members_they_need():
    assert sum(re.fullmatch(r"digits-cnn-s\d\d", name) is not None for name in SHIPPED) == 10
    assert sum(name.startswith("digits-tiny10-") for name in SHIPPED) == 4
    assert sum(name.startswith("digits-cnn-s10-epoch") for name in SHIPPED) >= 9
    assert sum(name.startswith("digits-cnn-cyclic-") for name in SHIPPED) == 4
    for repeats in (1, 2, 4, 8):
        assert sum(name.startswith(f"digits-plain-x{repeats}-") for name in SHIPPED) == 2
    for family in ("resnet", "vgg", "mobilenet", "vit"):
        assert {f"digits-{family}-small-s10", f"digits-{family}-large-s10"} <= set(SHIPPED)


def test_every_dataset_has_two_models_that_take_it():
    for card in datasets.available():
        takers = 0
        for member in SHIPPED.values():
            try:
                models.Model("", None, None, member.card.input_shape, "").conversions(card.input_shape)
            except ShapeError:
                continue
            takers += 1
        assert takers >= 2, card.name


def test_cards_carry_name_seed_and_recipe():
    card = next(card for card in models.available() if card.name == "zoo/digits-cnn-s10")
    assert (card.family, card.architecture, card.dataset, card.seed) == ("cnn", "cnn", "digits", 10)
    assert card.details["hyperparameters"]["rate"] == 3e-3
    assert card.details["optimiser"] == "adam"


def test_without_weights_a_member_is_what_it_was_before_training():
    initial, kept = models.load("zoo/digits-cnn-s10", weights=None), models.load("zoo/digits-cnn-s10-epoch00")
    assert initial.weights_digest == kept.weights_digest
    assert initial.weights_digest != models.load("zoo/digits-cnn-s10").weights_digest
    data = datasets.load("digits", n=20)
    assert np.array_equal(answers(initial, data), answers(kept, data))


def test_loading_leaves_the_global_generator_alone():
    before = torch.get_rng_state()
    models.load("zoo/digits-cnn-s10")
    models.load("zoo/digits-cnn-s10", weights=None)
    assert torch.equal(torch.get_rng_state(), before)


def test_one_flipped_bit_is_refused_with_file_and_both_checksums(copied):
    path = copied / "digits-cnn-s10.safetensors"
    raw = bytearray(path.read_bytes())
    raw[-1] ^= 1
    path.write_bytes(raw)
    expected = SHIPPED["digits-cnn-s10"].fields["sha256"]
    message = (
        rf"digits-cnn-s10.safetensors is damaged or replaced: the manifest expects SHA-256 {expected}, found \w{{64}}"
    )
    with pytest.raises(FormatError, match=message):
        models.load("zoo/digits-cnn-s10")
    assert models.load("zoo/wine-mlp-s10").card.dataset == "wine"  # its neighbour is as good as before
    assert models.load("zoo/digits-cnn-s10", weights=None).card.seed == 10  # nor is the file needed for the start


def test_a_missing_file_is_refused(copied):
    (copied / "wine-mlp-s10.safetensors").unlink()
    with pytest.raises(FormatError, match=r"wine-mlp-s10.safetensors of zoo/wine-mlp-s10 is missing"):
        models.load("zoo/wine-mlp-s10")


def edited(folder, **changes):
    path = folder / zoo.MANIFEST
    content = json.loads(path.read_text())
    content["members"][0].update(changes)
    path.write_text(json.dumps(content))


def test_weights_of_another_network_are_refused(copied):
    wine = SHIPPED["wine-mlp-s10"].fields
    edited(copied, file=wine["file"], sha256=wine["sha256"])
    with pytest.raises(FormatError, match=r"wine-mlp-s10.safetensors does not hold the weights of zoo/digits-cnn-s10"):
        models.load("zoo/digits-cnn-s10")


def test_a_manifest_may_not_point_out_of_its_folder(copied):
    edited(copied, file="../secret.safetensors")
    with pytest.raises(FormatError, match="is no file name; name a file beside the manifest"):
        models.available()


def test_a_manifest_that_lacks_a_field_or_is_no_json_is_refused(copied):
    path = copied / zoo.MANIFEST
    content = json.loads(path.read_text())
    del content["members"][1]["sha256"]
    path.write_text(json.dumps(content))
    with pytest.raises(FormatError, match=r"manifest.json: wine-mlp-s10 lacks sha256"):
        models.available()
    path.write_text("{")
    with pytest.raises(FormatError, match=r"manifest.json is no zoo manifest"):
        models.available()


def test_a_folder_of_ones_own_is_read_beside_what_ships(tmp_path, monkeypatch):
    folder = tmp_path / "own"
    folder.mkdir()
    fields = dict(SHIPPED["wine-mlp-s10"].fields) | {"name": "wine-mlp-s99"}
    shutil.copy(zoo.FOLDER / fields["file"], folder)
    shadow = fields | {"name": "wine-mlp-s10", "description": "not the one that ships"}
    (folder / zoo.MANIFEST).write_text(json.dumps({"members": [fields, shadow]}))
    monkeypatch.setenv("REPSIM_ZOO", str(folder))
    cards = {card.name: card for card in models.available()}
    assert models.load("zoo/wine-mlp-s99").card.test_score == fields["test_score"]
    assert cards["zoo/wine-mlp-s10"].description == SHIPPED["wine-mlp-s10"].fields["description"]


def test_unknown_names_and_weights_are_refused():
    with pytest.raises(
        UnknownNameError, match=r"No model named 'zoo/digits-cnn-s100'. Did you mean 'zoo/digits-cnn-s10'"
    ):
        models.load("zoo/digits-cnn-s100")
    with pytest.raises(InputError, match='zoo/wine-mlp-s10 has weights "DEFAULT"'):
        models.load("zoo/wine-mlp-s10", weights="best")
