"""What may happen to a store: kills, flipped bits, full disks, foreign folders, crowds. Real processes throughout."""

import os
import random
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

from repsim_core.compute.store import STALE_SECONDS, Label, Store
from repsim_core.errors import BudgetError, InputError

ROOT = Path(__file__).parents[2]
HEAD = """
import os, sys, time
from pathlib import Path
from repsim_core.compute.store import Label, Store
folder = Path(sys.argv[1])
"""


def process(program, *arguments, **options):
    """A fresh interpreter that runs these lines."""
    lines = [sys.executable, "-c", HEAD + textwrap.dedent(program), *map(str, arguments)]
    return subprocess.Popen(lines, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)


def finished(one):
    out, _ = one.communicate(timeout=60)
    assert one.returncode == 0, out
    return out.strip()


def until(true, seconds=30):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)


def label(key, **more):
    return Label(key, "test", key, time.time(), **more)


def temporaries(folder):
    return list(folder.glob(".tmp-*"))


# F1: killed while it writes -------------------------------------------------------------------------------------------


def test_f1_a_kill_in_mid_write_leaves_the_old_entry_or_the_new_one_whole(tmp_path):
    folder, size = tmp_path / "results", 24_000_000
    store = Store(folder, 10**9)
    store.put(b"0" * size, label("key"))
    seeded, caught = random.Random(0), 0
    writer = """
        store = Store(folder, 10**9)
        print("ready", flush=True)
        for number in range(1, 250):
            store.put(bytes([number]) * 24_000_000, Label("key", "test", "key", time.time()))
    """
    for kills in range(1, 61):
        if kills > 10 and caught >= 3:
            break
        one = process(writer, folder)
        assert one.stdout.readline() == "ready\n"
        time.sleep(seeded.uniform(0.0, 0.15))
        one.send_signal(signal.SIGKILL)
        one.communicate()
        caught += bool(temporaries(folder))
        found = store.get("key")
        assert found is not None
        assert found[1] == found[1][:1] * size
        for path in temporaries(folder):  # the next start sweeps them, once they are an hour old
            os.utime(path, (1, 1))
        Store(folder, 10**9)
        assert temporaries(folder) == []
    assert caught >= 3  # otherwise no kill hit a write and this has shown nothing


def test_f1_what_a_neighbour_is_writing_is_not_swept(tmp_path):
    store = Store(tmp_path / "results", 10**6)
    path = store.folder / ".tmp-young"
    path.write_bytes(b"half")
    os.utime(path, (time.time() - STALE_SECONDS + 60,) * 2)
    Store(store.folder, store.limit)
    assert path.exists()


# F2: the order of a write ---------------------------------------------------------------------------------------------


def test_f2_file_and_folder_are_on_the_disk_before_the_entry_is_announced(tmp_path, monkeypatch):
    store, calls = Store(tmp_path / "results", 10**6), []
    fsync, replace = os.fsync, Path.replace

    def spied_fsync(handle):
        calls.append("folder" if Path(f"/proc/self/fd/{handle}").resolve() == store.folder.resolve() else "file")
        fsync(handle)

    def spied_replace(path, target):
        calls.append("replace")
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", spied_fsync)
    monkeypatch.setattr(Path, "replace", spied_replace)
    store.put(b"content", label("key"))
    assert calls == ["file", "replace", "folder"]


# F3: damage -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mapped_bytes", [1, None], ids=["mapped", "read"])
def test_f3_a_flipped_bit_or_a_cut_is_never_served(tmp_path, rng, mapped_bytes, caplog):
    store = Store(tmp_path / "results", 10**7)
    path = store.folder / "key.result"
    store.put([bytes(rng.integers(0, 256, 3000, dtype="uint8")), memoryview(np.arange(50.0))], label("key"))
    whole = path.read_bytes()
    assert store.view("key", mapped_bytes=mapped_bytes)[1].nbytes == 3400
    for position in rng.integers(0, len(whole), 200):
        damaged = bytearray(whole)
        damaged[position] ^= 1 << int(rng.integers(8))
        path.write_bytes(damaged)
        caplog.clear()
        assert store.view("key", mapped_bytes=mapped_bytes) is None, position
        assert not path.exists()
        assert "damaged; it is removed and will be computed again" in caplog.text
    for length in [0, 1, *rng.integers(2, len(whole), 18)]:
        path.write_bytes(whole[:length])
        assert store.view("key", mapped_bytes=mapped_bytes) is None, length
    path.write_bytes(whole)
    assert store.view("key", mapped_bytes=mapped_bytes) is not None


# F4: a full disk ------------------------------------------------------------------------------------------------------


def test_f4_a_file_that_may_not_grow_is_an_error_and_leaves_nothing(tmp_path):
    program = """
        import resource
        store = Store(folder, 10**9)
        store.put(b"old", Label("key", "test", "", 0.0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        try:
            store.put(b"1" * 200_000, Label("key", "test", "", 0.0))
        except OSError as error:
            print(error.strerror)
        print(store.get("key")[1].decode(), [one.name for one in folder.glob(".tmp-*")])
    """
    assert finished(process(program, tmp_path / "results")).splitlines() == ["File too large", "old []"]


SMALL_DISK = ["unshare", "-rm", "sh", "-c", 'mount -t tmpfs -o size=8m none "$0" && exec "$@"']


@pytest.mark.skipif(
    subprocess.run([*SMALL_DISK, "/mnt", "true"], capture_output=True).returncode != 0, reason="no mounts for this user"
)
def test_f4_on_a_full_disk_the_least_used_make_room_and_what_can_never_fit_is_an_error(tmp_path):
    program = """
        folder = folder / "results"
        store = Store(folder, 10**9)
        for number in range(6):
            store.put(bytes([number]) * 3_000_000, Label(str(number), "test", "", 0.0))
        print(*sorted(one.stem for one in folder.glob("*.result")))
        try:
            store.put(b"x" * 20_000_000, Label("large", "test", "", 0.0))
        except OSError as error:
            print(error.strerror)
        print([one.name for one in folder.glob(".tmp-*")], len(store.get("5")[1]))
    """
    (tmp_path / "disk").mkdir()
    command = [*SMALL_DISK, str(tmp_path / "disk"), sys.executable, "-c", HEAD + textwrap.dedent(program)]
    done = subprocess.run([*command, str(tmp_path / "disk")], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["4 5", "No space left on device", "[] 3000000"]


def test_f5_more_than_the_store_may_hold_is_refused_before_a_byte_is_written(tmp_path, monkeypatch):
    store = Store(tmp_path / "results", 1000)
    monkeypatch.setattr(Store, "_write", lambda *arguments: pytest.fail("nothing may be written"))
    with pytest.raises(BudgetError, match=r"A result of 2\.0 kB does not fit \(1\.0 kB\)"):
        store.put([b"0" * 1000, memoryview(b"0" * 1000)], label("key"))


# F6: folders ----------------------------------------------------------------------------------------------------------


def test_f6_a_missing_folder_is_made_for_its_owner_alone(tmp_path):
    store = Store(tmp_path / "a" / "b", 1000)
    assert store.problem == ""
    assert store.folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("mode", [0o770, 0o702, 0o777])
def test_f6_a_folder_that_others_can_write_is_neither_written_nor_locked(tmp_path, mode):
    folder = tmp_path / "results"
    folder.mkdir()
    folder.chmod(mode)
    store = Store(folder, 1000)
    assert store.problem == f"{folder} can be written by others; take a folder of your own as REPSIM_CACHE."
    with pytest.raises(OSError, match="written by others"):
        store.put(b"", label("key"))
    with store.turn("key"):
        pass
    assert list(folder.iterdir()) == []


def test_f6_a_link_to_an_own_folder_is_followed_and_one_to_another_is_judged_by_its_target(tmp_path):
    (tmp_path / "own").mkdir(mode=0o700)
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    for name in ("own", "open"):
        (tmp_path / f"to-{name}").symlink_to(tmp_path / name)
    store = Store(tmp_path / "to-own", 1000)
    store.put(b"content", label("key"))
    assert (tmp_path / "own" / "key.result").exists()
    assert "written by others" in Store(tmp_path / "to-open", 1000).problem


@pytest.mark.skipif(os.getuid() != 0, reason="only root may become somebody else")
def test_f6_read_only_and_foreign_folders_are_said_by_who_has_no_rights_to_them():
    """As root writes everywhere, the process becomes nobody; its folders lie where nobody may look."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        place = Path(name)
        place.chmod(0o755)
        (place / "read-only").mkdir()
        os.chown(place / "read-only", 65534, 65534)
        (place / "read-only").chmod(0o500)
        (place / "of-root").mkdir(mode=0o755)
        said = finished(process(AS_NOBODY, place)).splitlines()
    assert said == [
        "/read-only cannot be written.",
        "None",
        "/of-root belongs to somebody else; take a folder of your own as REPSIM_CACHE.",
        "None",
    ]


AS_NOBODY = """
    import logging
    logging.getLogger("repsim.store").setLevel("ERROR")
    os.setgid(65534)
    os.setuid(65534)
    for name in ("read-only", "of-root"):
        store = Store(folder / name, 1000)
        print(store.problem.replace(str(folder), ""))
        with store.turn("key"):
            print(store.get("key"))
"""


def test_f6_a_folder_that_vanishes_meanwhile_is_an_error_of_the_write_alone(tmp_path):
    store = Store(tmp_path / "results", 1000)
    store.folder.rmdir()
    assert store.get("key") is None
    assert store.labels() == []
    with pytest.raises(OSError, match="No such file"):
        store.put(b"content", label("key"))


# F7: growth -----------------------------------------------------------------------------------------------------------


def test_f7_three_writers_keep_to_the_limit_and_what_is_in_use_stays_whole(tmp_path):
    folder, limit = tmp_path / "results", 20_000_000
    store = Store(folder, limit)
    store.put(b"7" * 2_000_000, label("used"))
    view = store.view("used", mapped_bytes=1)[1]
    program = """
        store = Store(folder, 20_000_000)
        for number in range(12):
            store.put(os.urandom(1) * 2_000_000, Label(f"{sys.argv[2]}-{number}", "test", "", time.time()))
    """
    writers = [process(program, folder, name) for name in "abc"]
    largest = 0
    while any(one.poll() is None for one in writers):
        largest = max(largest, sum(_size(path) for path in folder.glob("*.result")))
        time.sleep(0.01)
    for one in writers:
        finished(one)
    assert sum(_size(path) for path in folder.glob("*.result")) <= limit
    assert largest <= limit + 3 * 2_001_000  # one new file a writer, before it evicts
    assert not (folder / "used.result").exists()
    assert bytes(view) == b"7" * 2_000_000


def _size(path):
    try:
        return path.stat().st_size
    except OSError:
        return 0


# F8, F9, F10: who computes --------------------------------------------------------------------------------------------

COMPUTE = """
    store = Store(folder, 10**9)
    while not (folder / "go").exists():
        time.sleep(0.01)
    with store.turn("key"):
        if store.get("key") is None:
            with (folder / "runs").open("a") as runs:
                runs.write(f"{os.getpid()} ")
            time.sleep(float(sys.argv[2]))
            store.put(b"answer", Label("key", "test", "", time.time()))
    print(store.get("key")[1].decode())
"""


def runs(folder):
    return (folder / "runs").read_text().split() if (folder / "runs").exists() else []


def test_f8_processes_that_want_the_same_compute_it_once(tmp_path):
    folder = tmp_path / "results"
    Store(folder, 1)
    crowd = [process(COMPUTE, folder, 0.5) for _ in range(4)]
    (folder / "go").touch()
    assert [finished(one) for one in crowd] == ["answer"] * 4
    assert len(runs(folder)) == 1
    assert list(folder.glob("*.begun")) == []


def test_f9_when_the_computing_one_is_killed_exactly_one_of_the_others_goes_on(tmp_path):
    folder = tmp_path / "results"
    Store(folder, 1)
    (folder / "go").touch()
    first = process(COMPUTE, folder, 60)
    until(lambda: len(runs(folder)) == 1)
    others = [process(COMPUTE, folder, 0.5) for _ in range(3)]
    time.sleep(1.0)
    first.kill()
    first.communicate()
    assert [finished(one) for one in others] == ["answer"] * 3
    assert len(runs(folder)) == 2


def test_f9_after_two_deaths_the_others_are_told_and_who_comes_anew_may_try(tmp_path):
    folder = tmp_path / "results"
    store = Store(folder, 10**9)
    (folder / "go").touch()
    crowd = [process(COMPUTE, folder, 60) for _ in range(4)]
    for count in (1, 2):
        until(lambda count=count: len(runs(folder)) == count)
        if count == 1:
            time.sleep(2.5)  # the others have come and wait
        os.kill(int(runs(folder)[-1]), signal.SIGKILL)
    ends = [one.communicate(timeout=60)[0] for one in crowd]
    assert sorted(one.returncode for one in crowd) == [-9, -9, 1, 1]
    told = [end for end in ends if "InputError" in end]
    assert len(told) == 2
    assert all("begun 2 times within a minute, and each time the process was killed" in end for end in told)
    assert len(runs(folder)) == 2
    with store.turn("key"):
        store.put(b"answer", label("key"))


def test_f9_an_exception_is_no_death(tmp_path):
    store = Store(tmp_path / "results", 10**6)
    for _ in range(3):
        with pytest.raises(InputError, match="mine"), store.turn("key"):
            raise InputError("mine")
    assert list(store.folder.glob("*.begun")) == []


def test_f10_the_lock_of_a_killed_holder_is_free_at_once(tmp_path):
    folder = tmp_path / "results"
    store = Store(folder, 10**6)
    (folder / "go").touch()
    holder = process(COMPUTE, folder, 60)
    until(lambda: len(runs(folder)) == 1)
    holder.kill()
    holder.communicate()
    store.lock("key").acquire(timeout=0)  # raises Timeout if it is still held


def test_a_lock_that_is_held_for_hours_is_not_swept(tmp_path):
    store = Store(tmp_path / "results", 10**6)
    held, left = store.lock("held"), store.lock("left")
    with held:
        with left:
            pass
        for path in (store.folder / "held.lock", store.folder / "left.lock"):
            path.touch()
            os.utime(path, (1, 1))
        Store(store.folder, store.limit)
        assert (store.folder / "held.lock").exists()
        assert not (store.folder / "left.lock").exists()
