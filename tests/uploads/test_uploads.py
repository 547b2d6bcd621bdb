"""One folder for each upload: counted, private, and gone in time. Nothing here reads what was brought."""

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from repsim_core import uploads
from repsim_core.errors import BudgetError, FormatError, InputError
from repsim_core.limits import LIMITS
from repsim_core.uploads import CANONICAL, ENVIRONMENT, Uploads

PLENTY = 10**15


@pytest.fixture
def server(tmp_path, monkeypatch):
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    found = Uploads(tmp_path / "uploads", free_bytes=lambda path: PLENTY)
    yield found
    found.close()


@pytest.fixture
def small(monkeypatch):
    """Limits that a test can reach."""
    limits = replace(LIMITS, upload_bytes=100, session_files=3, session_bytes=150, server_bytes=220)
    monkeypatch.setattr(uploads, "LIMITS", limits)
    return limits


def imported(server, content=b"bytes", title="net.safetensors", owner="me", kind="weights"):
    upload = server.accept(content, title, owner)
    (upload.made / CANONICAL[kind]).write_bytes(content)
    return server.keep(upload, {"layers": 3}, kind)


def test_an_upload_is_found_by_its_token_with_its_facts(server):
    upload = imported(server)
    assert uploads.folder(upload.token) == uploads.folder(upload.name) == server.folder / upload.token
    facts = uploads.facts(upload.token)
    assert facts == {"layers": 3, "kind": "weights", "title": "net.safetensors", "digest": upload.digest}
    assert upload.digest == "277089d91c0bdf4f2e6862ba7e4a07605119431f5d13f726dd352b06f1b206a9"  # sha256sum of "bytes"
    assert (uploads.folder(upload.token) / "weights.safetensors").read_bytes() == b"bytes"
    assert sorted(one.name for one in upload.folder.iterdir()) == ["upload.json", "weights.safetensors"]


def test_tokens_cannot_be_guessed_and_are_no_paths(server):
    found = {imported(server, owner=str(k)).token for k in range(20)}
    assert len(found) == 20
    assert all(len(one) == 20 for one in found)  # 15 random bytes in base 64
    for bad in ("../etc", "a/b", "", "x" * 20, "x" * 65, next(iter(found)) + "\n", "..", next(iter(found))[:8]):
        with pytest.raises(InputError, match="uploads belong to the session that made them and go with it"):
            uploads.folder(bad)


def test_without_a_server_there_are_no_uploads(monkeypatch):
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    with pytest.raises(InputError, match="There is no upload 'abcdefghijkl' here"):
        uploads.folder("upload/abcdefghijkl")


def test_what_has_arrived_but_not_been_imported_is_not_there_yet(server):
    upload = server.accept(b"bytes", "x", "me")
    assert server.of("me") == []
    with pytest.raises(InputError, match="There is no upload"):
        uploads.folder(upload.token)


def test_folders_and_files_are_the_servers_alone(server):
    upload = server.accept(b"bytes", "x", "me")
    for folder in (server.folder, upload.folder, upload.made, upload.original.parent):
        assert folder.stat().st_mode & 0o777 == 0o700
    assert upload.original.stat().st_mode & 0o777 == 0o600
    kept = imported(server)
    assert (kept.folder / "weights.safetensors").stat().st_mode & 0o777 == 0o400


def test_each_session_has_its_own(server):
    mine, yours = imported(server, owner="me"), imported(server, owner="you")
    assert [one.token for one in server.of("me")] == [mine.token]
    assert [one.token for one in server.of("you")] == [yours.token]
    assert server.of("nobody") == []


def test_limits_of_a_file_a_session_and_the_server(server, small):
    with pytest.raises(FormatError, match=r"^a\.pt is empty \(0 bytes\); export it again\.$"):
        server.accept(b"", "a.pt", "me")
    with pytest.raises(BudgetError, match=r"^a\.pt has 101 bytes \(limit 100 bytes a file\); bring a smaller one\.$"):
        server.accept(b"x" * 101, "a.pt", "me")
    first = server.accept(b"x" * 100, "a", "me")
    with pytest.raises(BudgetError, match=r"b has 51 bytes, and this session has 100 bytes already \(limit 150 bytes"):
        server.accept(b"x" * 51, "b", "me")
    server.accept(b"x" * 10, "b", "me")
    server.accept(b"x" * 10, "c", "me")
    with pytest.raises(BudgetError, match=r"d: this session has 3 uploads \(limit 3\); remove one first"):
        server.accept(b"x", "d", "me")
    server.accept(b"x" * 100, "a", "you")
    with pytest.raises(BudgetError, match=r"e has 1 bytes, and all sessions together have 220 bytes \(limit 220 bytes"):
        server.accept(b"x", "e", "somebody")
    server.discard(first)
    server.accept(b"x", "e", "somebody")


def test_a_refused_file_leaves_nothing_behind(server, small):
    with pytest.raises(BudgetError):
        server.accept(b"x" * 101, "a.pt", "me")
    assert list(server.folder.iterdir()) == []


def test_a_session_that_sends_on_and_on_is_stopped(server, monkeypatch):
    monkeypatch.setattr(uploads, "LIMITS", replace(LIMITS, session_files=100, session_bytes=10_000_000))
    for k in range(30):
        if k < 10:
            server.accept(bytes(1_000_000), str(k), "me")
        else:
            with pytest.raises(BudgetError, match="this session has 10 MB already"):
                server.accept(bytes(1_000_000), str(k), "me")
    assert server.used("me") == 10_000_000


def test_a_disk_without_room_takes_nothing(tmp_path):
    found = Uploads(tmp_path / "uploads", free_bytes=lambda path: 1_000_000_199)
    try:
        with pytest.raises(BudgetError, match=r"x needs 1 GB of free disk on the server, which has 1 GB; try again"):
            found.accept(b"x" * 100, "x", "me")
        found.accept(b"x" * 99, "x", "me")
    finally:
        found.close()


def test_a_disk_that_fails_while_it_is_written_costs_this_upload_alone(server, monkeypatch):
    real = os.open

    def full(path, flags, *more, **options):
        if flags & os.O_CREAT:
            raise OSError(28, "No space left on device")
        return real(path, flags, *more, **options)

    with monkeypatch.context() as patched:
        patched.setattr(os, "open", full)
        with pytest.raises(BudgetError, match=r"x could not be written \(No space left on device\); try again later"):
            server.accept(b"bytes", "x", "me")
    assert (server.used(), list(server.folder.iterdir())) == (0, [])
    imported(server)


def link(upload, made):
    made.symlink_to("/etc/passwd")


def hard_link(upload, made):
    made.hardlink_to(upload.original)


def pipe(upload, made):
    os.mkfifo(made)


def a_folder(upload, made):
    made.mkdir()


@pytest.mark.parametrize("instead", [link, hard_link, pipe, a_folder])
def test_only_a_regular_file_is_taken_over(server, instead):
    upload = server.accept(b"bytes", "net", "me")
    instead(upload, upload.made / "weights.safetensors")
    with pytest.raises(FormatError, match=r"net: the import left a link in place of weights\.safetensors"):
        server.keep(upload, {}, "weights")


def test_an_import_that_made_nothing_is_refused(server):
    upload = server.accept(b"bytes", "net", "me")
    with pytest.raises(FormatError, match=r"net: the import made no weights\.safetensors; upload it again"):
        server.keep(upload, {}, "weights")


def test_what_an_import_unpacks_counts(server, small):
    other = server.accept(b"x" * 100, "other", "me")
    upload = server.accept(b"x" * 10, "net", "me")
    (upload.made / "weights.safetensors").write_bytes(b"x" * 51)
    with pytest.raises(BudgetError, match=r"net unpacks to 51 bytes, and this session has 100 bytes already"):
        server.keep(upload, {}, "weights")
    server.discard(other)
    assert server.keep(upload, {}, "weights").bytes == server.used("me") == 51


def test_what_else_an_import_left_is_removed(server):
    upload = server.accept(b"bytes", "net", "me")
    (upload.made / "weights.safetensors").write_bytes(b"x")
    (upload.made / "deeper").mkdir()
    (upload.made / "deeper" / "more").write_bytes(b"x")
    (upload.made / "link").symlink_to(server.folder)
    server.keep(upload, {}, "weights")
    assert sorted(one.name for one in upload.folder.iterdir()) == ["upload.json", "weights.safetensors"]


def test_a_session_that_went_while_its_import_ran_leaves_nothing(server):
    upload = server.accept(b"bytes", "net", "me")
    (upload.made / "weights.safetensors").write_bytes(b"x")
    with server._lock:
        server._uploads.clear()
    with pytest.raises(InputError, match="net was removed before its import was done; upload it again"):
        server.keep(upload, {}, "weights")
    assert not upload.folder.exists()


def test_uploads_go_with_their_session_and_with_age(server, monkeypatch):
    mine, yours, old = imported(server), imported(server, owner="you"), imported(server, owner="you")
    server._uploads[old.token] = replace(old, arrived=time.monotonic() - LIMITS.upload_seconds - 1)
    assert [one.token for one in server.sweep(lambda owner: owner == "you")] == [old.token]
    server._absent["me"] -= LIMITS.session_grace_seconds
    assert [one.token for one in server.sweep(lambda owner: owner == "you")] == [mine.token]
    assert [one.token for one in server.of("you")] == [yours.token]
    assert not mine.folder.exists()
    assert yours.folder.exists()
    assert server.used() == 5


def test_a_browser_that_comes_back_in_time_finds_its_uploads(server):
    mine = imported(server)
    assert server.sweep(lambda owner: False) == []
    server._absent["me"] -= LIMITS.session_grace_seconds - 1
    assert server.sweep(lambda owner: True) == []
    assert server.sweep(lambda owner: False) == []  # counted from now
    assert server.of("me") == [mine]


def test_what_a_server_that_was_killed_left_goes_with_the_next_start(tmp_path):
    code = (
        "import os, sys; from pathlib import Path; from repsim_core.uploads import Uploads; "
        "found = Uploads(Path(sys.argv[1])); found.accept(b'x', 'x', 'me'); print(found.folder, flush=True); "
        "os.kill(os.getpid(), 9)"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False)
    left = tmp_path / os.path.basename(killed.stdout.strip())
    assert left.is_dir()
    first = Uploads(tmp_path)
    assert not left.exists()
    second = Uploads(tmp_path)  # another server of the same account beside it
    assert first.folder.is_dir()
    second.close()
    first.close()
    assert [one.name for one in tmp_path.iterdir() if one.is_dir()] == []


def test_a_server_cleans_up_when_it_ends(tmp_path):
    code = (
        "import sys; from pathlib import Path; from repsim_core.uploads import Uploads; "
        "Uploads(Path(sys.argv[1])).accept(b'x', 'x', 'me')"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)
    assert not [one for one in tmp_path.iterdir() if one.is_dir()]


def test_a_folder_that_others_may_write_is_not_used(tmp_path):
    tmp_path.chmod(0o777)
    with pytest.raises(InputError, match="is not a folder of yours alone; take another one as REPSIM_UPLOADS"):
        Uploads(tmp_path)
    link = tmp_path / "link"
    real = tmp_path / "real"
    real.mkdir(mode=0o700)
    link.symlink_to(real)
    with pytest.raises(InputError, match="is not a folder of yours alone"):
        Uploads(link)


def test_the_setting_says_where_and_is_put_back(tmp_path, monkeypatch):
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path))
    found = Uploads()
    assert found.folder.parent == tmp_path
    assert os.environ[ENVIRONMENT] == str(found.folder)  # for the children
    found.close()
    assert os.environ[ENVIRONMENT] == str(tmp_path)


@pytest.mark.parametrize(
    ("recipe", "found"),
    [
        ({"a": "upload/abcdefghijkl", "b": "zoo/digits-mlp"}, ["abcdefghijkl"]),
        ({"map": {"a": "zoo/x", "nets": ["upload/one", "upload/two", "upload/one"]}}, ["one", "two"]),
        ({"n": 3, "options": [["seed", 1]], "title": "an upload/x"}, []),
        (["upload/x", "upload/x~classes:0,3~noise:0.2"], ["x"]),
        (None, []),
    ],
)
def test_uploads_that_a_request_names(recipe, found):
    assert uploads.tokens(recipe) == found
    assert uploads.tokens(json.loads(json.dumps(recipe))) == found


def test_free_space_is_that_of_the_disk(server, tmp_path):
    real = Uploads(tmp_path / "other")
    assert real._free_bytes(tmp_path) == pytest.approx(shutil.disk_usage(tmp_path).free, rel=0.01)
    real.close()
