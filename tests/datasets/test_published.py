"""Torchvision's datasets from tiny archives in their real forms, checked by checksums of their own."""

import functools
import gzip
import hashlib
import http.server
import io
import pickle
import struct
import tarfile
import threading

import numpy as np
import pytest
import torchvision.datasets

from repsim_core import datasets
from repsim_core.datasets.published import KNOWN
from repsim_core.errors import FormatError, InputError


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("REPSIM_DATA", str(tmp_path))
    return tmp_path


def md5(raw):
    return hashlib.md5(raw).hexdigest()


def tar(members):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, raw in members.items():
            one = tarfile.TarInfo(name)
            one.size = len(raw)
            archive.addfile(one, io.BytesIO(raw))
    return out.getvalue()


def cifar10(monkeypatch, rng):
    """Six batches of four pictures, and the archive of them."""
    kind, members, test = torchvision.datasets.CIFAR10, {}, None
    lists = {"train_list": [], "test_list": []}
    for which in lists:
        for name, _ in getattr(kind, which):
            pixels = rng.integers(0, 256, (4, 3072), dtype=np.uint8)
            raw = pickle.dumps({"data": pixels, "labels": [0, 3, 9, 1]}, protocol=2)
            members[f"{kind.base_folder}/{name}"] = raw
            lists[which].append([name, md5(raw)])
            test = pixels if which == "test_list" else test
    meta = pickle.dumps({"label_names": list(KNOWN["cifar10"].classes)}, protocol=2)
    members[f"{kind.base_folder}/batches.meta"] = meta
    archive = tar(members)
    for which, found in lists.items():
        monkeypatch.setattr(kind, which, found)
    monkeypatch.setattr(kind, "meta", {**kind.meta, "md5": md5(meta)})
    monkeypatch.setattr(kind, "tgz_md5", md5(archive))
    return archive, test


def mnist(monkeypatch, rng, kind=torchvision.datasets.MNIST):
    """Three training and two test pictures as gzipped idx files."""
    files, test = {}, None
    for name, _ in kind.resources:
        count = 3 if name.startswith("train") else 2
        if "images" in name:
            pixels = rng.integers(0, 256, (count, 28, 28), dtype=np.uint8)
            raw = struct.pack(">IIII", 2051, count, 28, 28) + pixels.tobytes()
            test = pixels if count == 2 else test
        else:
            raw = struct.pack(">II", 2049, count) + bytes(range(count))
        files[name] = gzip.compress(raw, mtime=0)
    monkeypatch.setattr(kind, "resources", [(name, md5(raw)) for name, raw in files.items()])
    return files, test


def stl10(monkeypatch, rng):
    kind, members, lists = torchvision.datasets.STL10, {}, {"train_list": [], "test_list": []}
    test = rng.integers(0, 256, (3, 3, 96, 96), dtype=np.uint8)
    for which in lists:
        for name, _ in getattr(kind, which):
            if "_y" in name:
                raw = bytes([1, 10, 2])
            else:  # columns first
                raw = test.transpose(0, 1, 3, 2).tobytes() if name == "test_X.bin" else bytes(3 * 96 * 96 * 3)
            members[f"{kind.base_folder}/{name}"] = raw
            lists[which].append([name, md5(raw)])
    archive = tar(members)
    for which, found in lists.items():
        monkeypatch.setattr(kind, which, found)
    monkeypatch.setattr(kind, "tgz_md5", md5(archive))
    return archive, test


def test_a_cifar_archive_that_lies_there_is_checked_unpacked_and_read(folder, monkeypatch, rng):
    archive, test = cifar10(monkeypatch, rng)
    assert datasets.card("torchvision/cifar10").absent == "not downloaded, 170 MB"
    assert "torchvision/cifar10" not in [one.name for one in datasets.available()]
    (folder / "cifar-10-python.tar.gz").write_bytes(archive)
    card = next(one for one in datasets.available() if one.name == "torchvision/cifar10")
    assert not card.absent
    data = datasets.load("torchvision/cifar10")
    np.testing.assert_array_equal(data.inputs, (test.reshape(4, 3, 32, 32) / np.float32(255)).astype(np.float32))
    assert data.labels.tolist() == [0, 3, 9, 1]
    assert data.class_names[9] == "truck"
    assert data.stimuli[2] == "cifar10/test/00002"
    assert len(datasets.load("torchvision/cifar10", split="train")) == 20
    assert datasets.load("torchvision/cifar10~noise:0.1", n=2).inputs.shape == (2, 3, 32, 32)


def test_another_archive_under_its_name_is_not_opened(folder, monkeypatch, rng):
    archive, _ = cifar10(monkeypatch, rng)
    (folder / "cifar-10-python.tar.gz").write_bytes(archive[:-1])
    with pytest.raises(FormatError, match=r"cifar-10-python.tar.gz in .* is damaged or another file: MD5 .*, expected"):
        datasets.load("torchvision/cifar10")
    assert not (folder / "cifar-10-batches-py").exists()


def test_a_batch_that_was_changed_after_unpacking_is_not_unpickled(folder, monkeypatch, rng):
    archive, _ = cifar10(monkeypatch, rng)
    (folder / "cifar-10-python.tar.gz").write_bytes(archive)
    datasets.load("torchvision/cifar10", split="train")
    batch = folder / "cifar-10-batches-py" / "test_batch"
    batch.write_bytes(batch.read_bytes() + b".")
    with pytest.raises(FormatError, match=r"torchvision/cifar10 in .* cannot be read \(Dataset not found or corrupted"):
        datasets.load("torchvision/cifar10")


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
def test_idx_files_are_read_packed_or_unpacked(folder, monkeypatch, rng, name):
    files, test = mnist(monkeypatch, rng, getattr(torchvision.datasets, KNOWN[name].kind))
    place = folder / KNOWN[name].folder
    place.mkdir(parents=True)
    for file, raw in files.items():
        (place / file).write_bytes(raw)
    data = datasets.load(f"torchvision/{name}")
    np.testing.assert_array_equal(np.rint(data.inputs[:, 0] * 255), test)
    assert data.labels.tolist() == [0, 1]
    for file in files:
        (place / file).unlink()
    assert len(datasets.load(f"torchvision/{name}", split="train")) == 3


def test_stl_pictures_stand_upright(folder, monkeypatch, rng):
    archive, test = stl10(monkeypatch, rng)
    (folder / "stl10_binary.tar.gz").write_bytes(archive)
    data = datasets.load("torchvision/stl10")
    np.testing.assert_array_equal(np.rint(data.inputs * 255), test)
    assert data.labels.tolist() == [0, 9, 1]


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        pass  # a client that had enough


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def mirror(tmp_path_factory):
    """A folder that is served, and its address."""
    place = tmp_path_factory.mktemp("mirror")
    with Server(("127.0.0.1", 0), functools.partial(Quiet, directory=str(place))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield place, f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def test_a_download_reports_bytes_and_takes_the_next_mirror(folder, monkeypatch, rng, mirror):
    place, address = mirror
    files, test = mnist(monkeypatch, rng)
    monkeypatch.setattr(torchvision.datasets.MNIST, "mirrors", [address + "gone/", address])
    for file, raw in files.items():
        (place / file).write_bytes(raw)
    seen = []
    datasets.download("torchvision/mnist", lambda done, total: seen.append((done, total)))
    assert [one[0] for one in seen] == sorted(one[0] for one in seen)
    assert seen[-1] == (sum(map(len, files.values())), KNOWN["mnist"].size)
    np.testing.assert_array_equal(np.rint(datasets.load("torchvision/mnist").inputs[:, 0] * 255), test)
    seen.clear()
    datasets.download("torchvision/mnist", lambda done, total: seen.append(done))
    assert not seen  # it is there


def test_a_download_that_is_another_file_leaves_nothing(folder, monkeypatch, rng, mirror):
    place, address = mirror
    cifar10(monkeypatch, rng)
    monkeypatch.setattr(torchvision.datasets.CIFAR10, "url", address + "cifar-10-python.tar.gz")
    (place / "cifar-10-python.tar.gz").write_bytes(b"a login page")
    with pytest.raises(InputError, match=r"sent another file: MD5 .*; put cifar-10-python.tar.gz from http://.* into"):
        datasets.download("torchvision/cifar10")
    assert not list(folder.iterdir())


def test_without_a_network_one_line_says_which_file_to_put_where(folder, monkeypatch):
    monkeypatch.setattr(torchvision.datasets.STL10, "url", "http://127.0.0.1:9/stl10_binary.tar.gz")
    with pytest.raises(InputError) as caught:
        datasets.download("torchvision/stl10")
    assert "torchvision/stl10 cannot be downloaded (" in str(caught.value)
    assert str(caught.value).endswith(
        f"put stl10_binary.tar.gz from http://127.0.0.1:9/stl10_binary.tar.gz into {folder}."
    )
    assert "\n" not in str(caught.value)


def test_what_is_not_there_is_not_fetched_by_loading_it(folder):
    with pytest.raises(
        InputError, match=r"mnist is not on this machine.*\(12 MB\), or put train-images-idx3-ubyte.gz, "
    ):
        datasets.load("torchvision/mnist")
    with pytest.raises(InputError, match="No dataset to download named 'digits'"):
        datasets.download("digits")
