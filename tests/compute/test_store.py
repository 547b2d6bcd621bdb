"""The store gives back what it was given, or nothing: whatever happens to its files."""

import json
import os
import time

import pytest

from repsim_core.compute.store import Label, Store, default_store
from repsim_core.errors import BudgetError


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "results", 10**6)


def label(key, **more):
    return Label(key, "test", f"title of {key}", more.pop("created", time.time()), **more)


def file_of(store, key):
    return store.folder / f"{key}.result"


def test_what_was_put_comes_back_with_its_label(store):
    store.put(b"\x00content\n\xff", label("key", seconds=2.5))
    found, raw = store.get("key")
    assert raw == b"\x00content\n\xff"
    assert (found.kind, found.title, found.seconds, found.bytes) == ("test", "title of key", 2.5, 10)
    assert store.label("key") == found
    assert [path.name for path in store.folder.iterdir() if path.name.startswith(".tmp")] == []


def test_an_absent_key_is_none(store):
    assert store.get("key") is None
    assert store.label("key") is None


def test_another_process_finds_it(store):
    store.put(b"content", label("key"))
    assert Store(store.folder, store.limit).get("key")[1] == b"content"


def test_a_flipped_bit_anywhere_is_noticed_removed_and_logged(store, rng, caplog):
    store.put(bytes(rng.integers(0, 256, 500, dtype="uint8")), label("key"))
    whole = file_of(store, "key").read_bytes()
    for position in {*rng.integers(0, len(whole), 100).tolist(), 0, len(whole) - 1}:
        damaged = bytearray(whole)
        damaged[position] ^= 1 << int(rng.integers(8))
        file_of(store, "key").write_bytes(damaged)
        caplog.clear()
        assert store.get("key") is None, position
        assert not file_of(store, "key").exists()
        assert "damaged" in caplog.text


@pytest.mark.parametrize("length", [0, 1, 50, 200, -1])
def test_a_truncated_file_is_noticed(store, length):
    store.put(b"content" * 100, label("key"))
    file_of(store, "key").write_bytes(file_of(store, "key").read_bytes()[:length])
    assert store.get("key") is None


def test_a_foreign_file_and_one_under_another_name_are_noticed(store):
    file_of(store, "foreign").write_bytes(b"hello")
    assert store.get("foreign") is None
    store.put(b"content", label("key"))
    file_of(store, "key").rename(file_of(store, "other"))
    assert store.get("other") is None


def test_a_label_of_another_format_is_noticed(store):
    store.put(b"content", label("key"))
    head, _, raw = file_of(store, "key").read_bytes().partition(b"\n")
    fields = json.loads(head) | {"format": "repsim-store/0"}
    file_of(store, "key").write_bytes(json.dumps(fields).encode() + b"\n" + raw)
    assert store.get("key") is None


def test_the_least_recently_used_go_first(tmp_path):
    store = Store(tmp_path / "results", 5200)
    for number in range(4):
        store.put(b"0" * 1000, label(str(number)))
        os.utime(file_of(store, str(number)), (number, number))
    assert store.get("0") is not None  # used now
    store.put(b"0" * 2000, label("new"))
    assert [key for key in ("0", "1", "2", "3", "new") if store.label(key)] == ["0", "3", "new"]


def test_a_file_from_the_future_is_not_kept_for_ever(tmp_path):
    store = Store(tmp_path / "results", 3000)
    store.put(b"0" * 1000, label("future"))
    os.utime(file_of(store, "future"), (time.time() + 1e6,) * 2)
    for number in range(3):
        store.put(b"0" * 1000, label(str(number)))
        time.sleep(0.01)
    assert store.label("future") is None
    assert store.label("2") is not None


def test_what_does_not_fit_is_refused_and_nothing_else_goes(tmp_path):
    store = Store(tmp_path / "results", 5000)
    store.put(b"small", label("small"))
    with pytest.raises(BudgetError, match=r"A result of 6\.0 kB does not fit \(5\.0 kB\)"):
        store.put(b"0" * 6000, label("large"))
    assert store.get("small")


def test_labels_list_finished_results_newest_first(store):
    store.put(b"", label("old", created=1.0))
    store.put(b"", label("new", created=2.0))
    store.put(b"", label("unfinished", version=3))
    assert [one.key for one in store.labels()] == ["new", "old"]
    assert store.labels("other") == []


def test_a_full_disk_leaves_the_old_file_and_no_rest(store, monkeypatch):
    store.put(b"old", label("key"))

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        store.put(b"new", label("key"))
    assert store.get("key")[1] == b"old"
    assert [path.name for path in store.folder.iterdir() if path.name.startswith(".tmp")] == []


def test_a_folder_that_others_can_write_is_not_used(tmp_path, caplog):
    folder = tmp_path / "results"
    folder.mkdir()
    folder.chmod(0o777)
    store = Store(folder, 1000)
    assert "written by others" in store.problem
    assert "Results are not kept" in caplog.text
    with pytest.raises(OSError, match="written by others"):
        store.put(b"", label("key"))
    assert store.labels() == []


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    assert Store(tmp_path / "file" / "results", 1000).problem


def test_remains_of_a_killed_writer_are_swept_after_an_hour(store):
    old, young = store.folder / ".tmp-old", store.folder / ".tmp-young"
    for path in (old, young):
        path.write_bytes(b"half")
    os.utime(old, (1, 1))
    Store(store.folder, store.limit)
    assert (old.exists(), young.exists()) == (False, True)


def test_a_key_is_no_path(store):
    with pytest.raises(ValueError, match="no key of the store"):
        store.get("../key")


def test_settings_choose_folder_and_limit(tmp_path, monkeypatch):
    monkeypatch.setenv("REPSIM_CACHE", str(tmp_path / "here"))
    monkeypatch.setenv("REPSIM_CACHE_GB", "0.5")
    store = default_store()
    assert (store.folder, store.limit) == (tmp_path / "here" / "results", 500_000_000)
