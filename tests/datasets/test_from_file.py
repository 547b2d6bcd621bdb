import importlib
import json
import zipfile

import numpy as np
import pytest
from PIL import Image

from repsim_core import datasets
from repsim_core.errors import BudgetError, FormatError, InputError, ShapeError
from tests.corpus.images import BAD, GOOD, archive, arrays, classes, labelled, picture, png_header, table

IMPORT = importlib.import_module("repsim_core.datasets.from_file")  # the function of the package hides the module


@pytest.mark.parametrize("bad", BAD, ids=[one.id for one in BAD])
def test_a_bad_file_gets_its_one_line(tmp_path, bad):
    bad.make(tmp_path / bad.name)
    with pytest.raises(InputError, match=bad.expected) as caught:
        datasets.from_file(tmp_path / bad.name)
    assert "\n" not in str(caught.value)
    assert bad.name in str(caught.value)


@pytest.mark.parametrize("good", GOOD, ids=[one.id for one in GOOD])
def test_an_odd_file_is_accepted(tmp_path, good):
    good.make(tmp_path / good.name)
    data = datasets.from_file(tmp_path / good.name)
    good.check(data)
    assert np.isfinite(data.inputs).all()


@pytest.fixture
def uploaded(tmp_path, monkeypatch):
    """Import a file as an upload; returns the name of the dataset."""
    monkeypatch.setenv("REPSIM_UPLOADS", str(tmp_path / "uploads"))

    def bring(path, token="abcdefghijkl", **choices):
        folder = tmp_path / "uploads" / token
        folder.mkdir(parents=True)
        facts = IMPORT.imported(path, folder, **choices)
        (folder / "upload.json").write_text(json.dumps({**facts, "digest": ""}, allow_nan=False))
        return f"upload/{token}"

    return bring


@pytest.mark.parametrize("good", GOOD, ids=[one.id for one in GOOD])
def test_an_upload_is_the_file_after_its_import(tmp_path, uploaded, good):
    good.make(tmp_path / good.name)
    direct, name = datasets.from_file(tmp_path / good.name), uploaded(tmp_path / good.name)
    data = datasets.load(name)
    np.testing.assert_array_equal(data.inputs, direct.inputs)
    assert data.stimuli == direct.stimuli
    assert data.class_names == direct.class_names
    assert data.card.notes == direct.card.notes
    assert (data.labels is None) == (direct.labels is None)
    if data.labels is not None:
        np.testing.assert_array_equal(data.labels, direct.labels)


def test_an_upload_takes_classes_a_shift_and_a_subset(tmp_path, uploaded):
    archive(classes(20))(tmp_path / "pets.zip")
    name = uploaded(tmp_path / "pets.zip")
    data = datasets.load(f"{name}~classes:1~noise:0.1", n=4)
    assert data.labels.tolist() == [1, 1, 1, 1]
    assert data.card.description.startswith("pets: 20 pictures, 10 × 12 in colour, 2 classes; classes dog; shifted by")
    assert datasets.card(name).sizes == {"all": 20}


def test_an_upload_that_is_gone_or_no_dataset_is_refused(tmp_path, uploaded):
    archive(classes())(tmp_path / "pets.zip")
    name = uploaded(tmp_path / "pets.zip")
    with pytest.raises(InputError, match="There is no upload 'zzzzzzzzzzzz' here"):
        datasets.load("upload/zzzzzzzzzzzz")
    facts = tmp_path / "uploads" / "abcdefghijkl" / "upload.json"
    facts.write_text(json.dumps({"kind": "weights", "title": "net"}))
    with pytest.raises(InputError, match="The upload net is weights, not a dataset; choose another dataset"):
        datasets.load(name)


def test_a_canonical_file_that_was_exchanged_is_checked_again(tmp_path, uploaded):
    archive(classes())(tmp_path / "pets.zip")
    name = uploaded(tmp_path / "pets.zip")
    np.savez(tmp_path / "uploads" / "abcdefghijkl" / "dataset.npz", inputs=np.zeros(3))
    with pytest.raises(FormatError, match=f"{name} is not as its import left it"):
        datasets.load(name)


def test_pixels_of_a_zip_are_those_of_the_files(tmp_path):
    archive(classes())(tmp_path / "pets.zip")
    data = datasets.from_file(tmp_path / "pets.zip")
    with zipfile.ZipFile(tmp_path / "pets.zip") as packed:
        for stimulus, pixels, label in zip(data.stimuli, data.inputs, data.labels, strict=True):
            with packed.open(stimulus) as file:
                expected = np.asarray(Image.open(file)).transpose(2, 0, 1)
            np.testing.assert_array_equal(np.rint(pixels * 255), expected)
            assert data.class_names[label] == stimulus.split("/")[0]


def test_pictures_in_train_and_test_folders_share_their_classes(tmp_path):
    inside = {f"set/{part}/{name}": raw for part in ("train", "test") for name, raw in classes().items()}
    archive(inside)(tmp_path / "set.zip")
    assert datasets.from_file(tmp_path / "set.zip").class_names == ("cat", "dog")


def test_the_side_of_pictures_can_be_chosen(tmp_path):
    archive(classes())(tmp_path / "pets.zip")
    assert datasets.from_file(tmp_path / "pets.zip", side=16).inputs.shape == (8, 3, 16, 16)
    with pytest.raises(InputError, match="3 pixels a side are not possible; choose 4 to 512"):
        datasets.from_file(tmp_path / "pets.zip", side=3)


def test_exif_and_its_orientation_are_dropped(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90°
    turned = picture(3, fmt="JPEG", size=(20, 10), exif=exif.tobytes())
    archive({f"{k}.jpg": turned if k == 0 else picture(k, fmt="JPEG", size=(20, 10)) for k in range(5)})(
        tmp_path / "photos.zip"
    )
    assert datasets.from_file(tmp_path / "photos.zip").inputs.shape == (5, 3, 10, 20)


def test_the_label_of_a_table_is_chosen_by_name_then_by_place_or_as_told(tmp_path):
    rows = "\n".join(f"{k},{k * 0.25},{k % 2},{k + 0.5}" for k in range(8))
    path = tmp_path / "table.csv"
    table("a,b,Class,d\n" + rows)(path)
    data = datasets.from_file(path)
    assert data.labels.tolist() == [0, 1] * 4
    assert data.inputs.shape == (8, 3)
    np.testing.assert_array_equal(data.inputs[2], np.float32([2, 0.5, 2.5]))
    assert any("'Class' (by its name)" in one for one in data.card.notes)
    assert datasets.from_file(path, label="d").card.task == "regression"
    assert datasets.from_file(path, label="2").labels.tolist() == [k * 0.25 for k in range(8)]
    assert datasets.from_file(path, label="none").inputs.shape == (8, 4)
    with pytest.raises(InputError, match=r"table.csv has no column 'e'; its columns are a, b, Class, d"):
        datasets.from_file(path, label="e")
    table(rows)(path)
    assert datasets.from_file(path).card.task == "regression"


def test_rows_of_two_files_without_ids_are_not_taken_for_the_same_stimuli(tmp_path, rng):
    for name in ("one.npz", "two.npz"):
        arrays(inputs=rng.random((6, 3)))(tmp_path / name)
    one, two = (datasets.from_file(tmp_path / name) for name in ("one.npz", "two.npz"))
    assert not set(one.stimuli) & set(two.stimuli)
    assert one.stimuli == datasets.from_file(tmp_path / "one.npz").stimuli


def test_arrays_keep_their_ids_class_names_and_range(tmp_path, rng):
    pixels = rng.integers(0, 256, (6, 5, 4, 3), dtype=np.uint8)
    ids, names = np.array([f"s{k}" for k in range(6)]), np.array(["no", "yes"])
    arrays(images=pixels, y=np.arange(6) % 2, ids=ids, class_names=names)(tmp_path / "data.npz")
    data = datasets.from_file(tmp_path / "data.npz")
    np.testing.assert_array_equal(np.rint(data.inputs * 255), pixels.transpose(0, 3, 1, 2))
    assert data.stimuli == tuple(ids)
    assert data.class_names == ("no", "yes")
    assert data.card.notes == (
        "Channels come last in the file and are put first.",
        "Pixels from 0 to 255 become numbers from 0 to 1.",
    )
    arrays(inputs=pixels.astype(np.float32), labels=np.array(list("abcabc")))(tmp_path / "floats.npz")
    floats = datasets.from_file(tmp_path / "floats.npz")
    np.testing.assert_allclose(floats.inputs, data.inputs, atol=1e-7)
    assert floats.class_names == ("a", "b", "c")
    assert any("are divided by 255" in one for one in floats.card.notes)
    arrays(inputs=rng.random((6, 2)), targets=rng.random(6))(tmp_path / "targets.npz")
    assert datasets.from_file(tmp_path / "targets.npz").labels.dtype == np.float64


REFUSED = [
    (
        "table.csv",
        table("\n".join(f"{k},word{k}" for k in range(1100))),
        r"has 1100 different labels \(limit 1000\); is this column a label",
    ),
    ("data.npz", arrays(inputs=np.eye(6), ids=np.array(["a"])), "ids have shape \\(1,\\) for 6 stimuli"),
    ("data.npz", arrays(inputs=np.eye(6), labels=np.array(["a"] * 5)), "5 labels for 6 stimuli"),
    ("data.npz", arrays(inputs=np.eye(6), y=np.arange(6), classes=np.array(["a", "b"])), "2 different class names"),
    ("data.npz", arrays(inputs=np.eye(6), y=np.full(6, np.inf)), "some targets are infinite"),
    ("data.npz", arrays(inputs=np.eye(6), y=np.array(["", *"abcde"])), "a label is empty"),
    ("data.npz", arrays(inputs=np.eye(6), y=np.array(["@x", *"abcde"])), "begins with '@'"),
    ("table.csv", table("id,y\n" + "\n".join(f"{k},{k % 2}" for k in range(6))), "has no column beside its label"),
    ("table.csv", table("\n\n,\n"), "holds 0 rows|is no table|no column|no finite|holds"),
    ("pets.zip", labelled("\n".join(f"{k}.png,-a" for k in range(6))), "begins with '-'"),
    ("pets.zip", archive({"a.png": png_header(9, 9)} | classes()), "a.png is damaged"),
]


@pytest.mark.parametrize(("name", "make", "said"), REFUSED, ids=range(len(REFUSED)))
def test_what_does_not_fit_together_is_refused(tmp_path, name, make, said):
    make(tmp_path / name)
    with pytest.raises(InputError, match=said):
        datasets.from_file(tmp_path / name)


def test_too_much_is_refused_with_its_limit(tmp_path, monkeypatch):
    from repsim_core.datasets import brought, loading, picture_set, table_file
    from repsim_core.limits import Limits

    small = Limits(stimuli=5, table_bytes=10**6, table_cells=12, stored_dataset_bytes=1000, dataset_bytes=1000)
    archive(classes())(tmp_path / "pets.zip")
    table("\n".join("1,2,3,4" for _ in range(4)))(tmp_path / "table.csv")
    for module in (table_file, picture_set):
        monkeypatch.setattr(module, "LIMITS", small)
    with pytest.raises(BudgetError, match=r"pets.zip holds 8 pictures \(limit 5\)"):
        datasets.from_file(tmp_path / "pets.zip")
    with pytest.raises(BudgetError, match=r"has 4 × 4 cells \(limit 12\)"):
        datasets.from_file(tmp_path / "table.csv")
    table("\n".join("1,2" for _ in range(7)))(tmp_path / "table.csv")
    with pytest.raises(BudgetError, match="has more than 5 rows"):
        datasets.from_file(tmp_path / "table.csv")
    monkeypatch.setattr(table_file, "LIMITS", Limits(table_bytes=10))
    with pytest.raises(BudgetError, match=r"table.csv has 27 B \(limit 10 B for a table\)"):
        datasets.from_file(tmp_path / "table.csv")
    monkeypatch.setattr(picture_set, "LIMITS", Limits())
    monkeypatch.setattr(brought, "LIMITS", small)
    with pytest.raises(BudgetError, match=r"pets.zip becomes 2.9 kB of stimuli \(limit 1.0 kB\)"):
        datasets.from_file(tmp_path / "pets.zip")
    arrays(inputs=np.eye(9))(tmp_path / "data.npz")
    with pytest.raises(BudgetError, match=r"data.npz holds 9 rows \(limit 5\)"):
        datasets.from_file(tmp_path / "data.npz")
    monkeypatch.setattr(loading, "LIMITS", small)
    with pytest.raises(BudgetError, match=r"50 stimuli of digits need 13 kB \(limit 1.0 kB\); take n = 3 or fewer"):
        datasets.load("digits", n=50)


def test_what_is_no_dataset_says_what_it_is(tmp_path):
    np.save(tmp_path / "x.npy", np.eye(4))
    with pytest.raises(FormatError, match=r"x.npy is npy by its content, and a dataset is a zip of pictures"):
        datasets.from_file(tmp_path / "x.npy")
    table("a,b\n1,2\n")(tmp_path / "t.csv")
    with pytest.raises(FormatError, match=r"t.csv is csv by its content, and a dataset is npz"):
        datasets.from_file(tmp_path / "t.csv", "npz")
    with pytest.raises(InputError, match="Datasets come as zip, npz, csv, not 'xls'"):
        datasets.from_file(tmp_path / "t.csv", "xls")
    with pytest.raises(InputError, match=r"There is no file .*gone.zip"):
        datasets.from_file(tmp_path / "gone.zip")
    arrays(inputs=np.zeros((4, 5, 6, 7)))(tmp_path / "odd.npz")
    with pytest.raises(ShapeError, match=r"odd.npz: inputs have shape \(4, 5, 6, 7\)"):
        datasets.from_file(tmp_path / "odd.npz")


def test_recorded_responses_are_a_dataset_of_ids_and_labels(tmp_path, uploaded, rng):
    from repsim_core import activations

    recorded = importlib.import_module("repsim_core.activations.from_file")
    assert activations.from_file is recorded.from_file
    ids, labels = np.array([f"s{k}" for k in range(8)]), np.arange(8) % 2
    arrays(first=rng.random((8, 3)), ids=ids, labels=labels)(tmp_path / "responses.npz")
    folder = tmp_path / "uploads" / "abcdefghijkl"
    folder.mkdir(parents=True)
    facts = recorded.imported(tmp_path / "responses.npz", folder)
    (folder / "upload.json").write_text(json.dumps({**facts, "digest": ""}))
    name = "upload/abcdefghijkl"
    data = datasets.load(name, n=4)
    assert data.inputs.shape == (4, 0)
    assert set(data.stimuli) <= set(ids)
    assert datasets.load(f"{name}~classes:1").labels.tolist() == [1] * 4
    with pytest.raises(InputError, match="has recorded responses and no inputs to shift"):
        datasets.load(f"{name}~noise:0.1")
