import numpy as np
import pytest

from repsim_core import datasets
from repsim_core.errors import FormatError, InputError, UnknownNameError
from tests.corpus.images import picture, png_header


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("REPSIM_DATA", str(tmp_path))
    return tmp_path


def fill(folder, classes=("ant", "bee"), count=6, **options):
    for index, name in enumerate(classes):
        (folder / name).mkdir(parents=True)
        for k in range(count):
            (folder / name / f"{k}.png").write_bytes(picture(index * 100 + k, **options))


def test_class_folders_are_a_dataset_with_one_split(folder):
    fill(folder / "insects")
    card = next(one for one in datasets.available() if one.name == "folder/insects")
    assert card.sizes == {"all": 12}
    assert card.classes == ("ant", "bee")
    assert card.input_shape == (3, 10, 12)
    data = datasets.load("folder/insects", n=4)
    assert np.bincount(data.labels).tolist() == [2, 2]
    assert all(
        one.startswith(f"insects/{name}/") for one, name in zip(data.stimuli, ["ant"] * 2 + ["bee"] * 2, strict=True)
    )
    whole = datasets.load("folder/insects")
    assert np.array_equal(whole.inputs[whole.stimuli.index(data.stimuli[3])], data.inputs[3])


def test_train_and_val_are_splits_and_large_pictures_become_squares(folder):
    fill(folder / "big" / "train", size=(300, 260))
    fill(folder / "big" / "val", count=3, size=(300, 260))
    card = datasets.card("folder/big")
    assert card.sizes == {"train": 12, "test": 6}
    assert card.input_shape == (3, 224, 224)
    assert card.notes == (
        "Of those looked at first, 12 of 12 pictures are scaled to 224 × 224, the middle of them where the proportions "
        "differ.",
    )
    assert datasets.load("folder/big", n=2).stimuli[0].startswith("big/val/")


def test_only_folders_that_are_there_have_a_name(folder):
    fill(folder / "insects")
    (folder / "empty").mkdir()
    (folder.parent / "outside").mkdir(exist_ok=True)
    fill(folder.parent / "outside" / "set")
    for name in ("folder/empty", "folder/../outside/set", "folder/insects/ant", "folder/", "folder/."):
        with pytest.raises(UnknownNameError, match="No dataset named"):
            datasets.load(name)


def test_new_pictures_are_seen(folder):
    fill(folder / "insects")
    assert datasets.card("folder/insects").sizes == {"all": 12}
    (folder / "insects" / "ant" / "new.png").write_bytes(picture(77))
    assert datasets.card("folder/insects").sizes == {"all": 13}


def test_a_damaged_picture_is_named(folder):
    fill(folder / "insects")
    (folder / "insects" / "bee" / "5.png").write_bytes(png_header(12, 10))
    with pytest.raises(FormatError, match=r"(bee/)?5.png is damaged"):
        datasets.load("folder/insects")


def test_a_folder_of_ones_own_is_read_by_its_path(tmp_path):
    fill(tmp_path / "pets", mode="L")
    data = datasets.from_file(tmp_path / "pets", n=6)
    assert data.inputs.shape == (6, 1, 10, 12)
    assert data.name == "file/pets"
    (tmp_path / "nothing").mkdir()
    with pytest.raises(InputError, match="nothing holds no folders of pictures"):
        datasets.from_file(tmp_path / "nothing")
