"""Every bad input of the corpus through the import as the page does it: one line of refusal, and nothing else happens.

What the child may take is limited by the kernel: three seconds of processor time, whatever else the machine does.
"""

import os
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from repsim_core.compute import landlock
from repsim_core.errors import InputError
from repsim_ui import uploads_import
from tests.corpus import graphs, images, numpy_files, other_kinds, pickles, response_files, safetensors_files
from tests.corpus.archives import ZIPS

PROCESSOR_SECONDS, MOST_BYTES = 3, 300_000_000
PURPOSES = {
    "activations": [
        *other_kinds.KINDS,
        *ZIPS,
        *safetensors_files.SAFETENSORS,
        *numpy_files.ARRAYS,
        *response_files.RESPONSES,
    ],
    "weights": pickles.BAD,
    "data": images.BAD,
    "graph": graphs.BAD,
}
CASES = [pytest.param(purpose, bad, id=f"{purpose}-{bad.id}") for purpose, those in PURPOSES.items() for bad in those]

pytestmark = pytest.mark.skipif(not landlock.version(), reason="this kernel has no Landlock")


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    path = tmp_path_factory.mktemp("good") / "good.npz"
    np.savez(path, layer=np.arange(12, dtype=np.float32).reshape(6, 2))
    return path.read_bytes()


@pytest.fixture
def strict(monkeypatch):
    """A request that takes too much is killed, and fails."""
    usual = uploads_import.held
    monkeypatch.setattr(
        uploads_import,
        "held",
        lambda upload: replace(usual(upload), processor_seconds=PROCESSOR_SECONDS, seconds=60.0),
    )


@pytest.mark.slow
@pytest.mark.parametrize(("purpose", "bad"), CASES)
def test_every_bad_input_is_refused_in_one_line_and_the_next_upload_works(server, strict, good, tmp_path, purpose, bad):
    path = tmp_path / "made"
    bad.make(path)
    content = path.read_bytes()
    before = _peak_from_now()
    with pytest.raises(InputError) as refusal:
        uploads_import.imported(content, bad.name, purpose, "somebody", {})
    words = str(refusal.value)
    assert _peak() - before < MOST_BYTES
    assert re.search(_of_this_name(bad.expected, path), words), words
    assert "\n" not in words
    assert str(server.folder) not in words
    assert _files(server) == []
    server.discard(uploads_import.imported(good, "good.npz", "activations", "somebody", {}))


def _of_this_name(expected, path):
    """Refusals name the file as its owner does."""
    return expected.replace(re.escape(path.name), ".*")


def _files(server):
    return [one for one in Path(server.folder).rglob("*") if one.is_file()]


def _peak_from_now():
    Path("/proc/self/clear_refs").write_text("5")  # the mark of the largest size is set back
    return _peak()


def _peak():
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024


def test_a_name_that_is_markup_is_shown_as_text(server, good):
    name = "<img src=x onerror=alert(1)>\u202e$\\input{x}$.npz"
    found = uploads_import.imported(good, name, "activations", "somebody", {})
    assert "\u202e" not in found.title
    assert "\\u202e" in found.title
    server.discard(found)


def test_the_log_has_digest_verdict_and_time_but_neither_name_nor_content(server, good, caplog):
    caplog.set_level("INFO", "repsim.uploads")
    found = uploads_import.imported(good, "my\nsecret\x1b[31mname.npz", "activations", "somebody", {})
    server.discard(found)
    with pytest.raises(InputError):
        uploads_import.imported(b"secret content", "secret.npz", "activations", "somebody", {})
    lines = [one.getMessage() for one in caplog.records if one.name == "repsim.uploads"]
    accepted, refused = (one for one in lines if one.startswith("Upload "))
    assert re.fullmatch(rf"Upload {found.digest[:16]}: activations of \d+ B, accepted after [\d.]+ s", accepted)
    assert re.fullmatch(r"Upload [0-9a-f]{16}: activations of 14 B, refused, InputError after [\d.]+ s", refused)
    assert "secret" not in caplog.text


def test_what_is_no_purpose_is_refused(server):
    with pytest.raises(InputError, match="'anything' is nothing that can be brought; choose one of weights, graph"):
        uploads_import.imported(b"x", "x", "anything", "somebody", {})


def test_two_owners_see_their_own(server, good):
    mine = uploads_import.imported(good, "mine.npz", "activations", "me", {})
    yours = uploads_import.imported(good, "yours.npz", "activations", "you", {})
    assert [one.title for one in server.of("me")] == ["mine.npz"]
    assert [one.title for one in server.of("you")] == ["yours.npz"]
    assert mine.token != yours.token
    assert mine.digest == yours.digest
    for one in (mine, yours):
        server.discard(one)


def test_the_corpus_is_whole():
    numbers = {re.match(r"\d+", case.values[1].id)[0] for case in CASES if re.match(r"\d+", case.values[1].id)}
    left_out = {*map(str, range(64, 67))}  # ONNX is refused as a kind; requests are no files
    assert {str(k) for k in range(1, 64)} - left_out <= numbers | left_out, sorted(
        {str(k) for k in range(1, 64)} - numbers, key=int
    )
    assert os.environ["REPSIM_UPLOADS"]
