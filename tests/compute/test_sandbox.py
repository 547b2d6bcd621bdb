"""What is held in the sandbox: a real child tries what a computation that was taken over would try."""

import os
import signal
import socket
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from repsim_core.compute import landlock, sandbox, system_calls
from repsim_core.compute.children import Nursery
from repsim_core.compute.store import Store
from repsim_core.errors import InputError
from repsim_core.limits import LIMITS
from repsim_ui import sandboxed
from repsim_ui.jobs import Jobs
from repsim_ui.sandboxed import Held
from repsim_ui.work import Kind
from tests.jobs.supervisor import alive, until

HERE = "tests.compute.probes"
KINDS = {
    name: Kind(f"{HERE}:{name}", f"{HERE}:Told")
    for name in ("probe", "secrets", "open_files", "usual_work", "spin_in_python", "shut_ears")
} | {
    name: Kind(f"{HERE}:{name}", f"{HERE}:Number")
    for name in ("large_file", "many_files", "fills_the_disk", "wide")
} | {
    "lie": Kind(f"{HERE}:lie", "repsim_core.types:SimilarityMatrix"),
    **{name: Kind(f"tests.jobs.fake_jobs:{name}", f"{HERE}:Number") for name in ("answer", "killed", "spin", "greedy")},
}  # fmt: skip
REFUSED = {"PermissionError", "OSError"}

pytestmark = pytest.mark.skipif(not landlock.version(), reason="this kernel has no Landlock")


@pytest.fixture(scope="module")
def nursery():
    os.environ["REPSIM_PASSWORD"], os.environ["SOMETHING_ELSE"] = "open-sesame", "swordfish"
    found = Nursery(["numpy", "scipy.linalg", HERE, "tests.jobs.fake_jobs", "repsim_core.compute.sandbox"])
    found.start()
    assert found.ready.wait(60)
    del os.environ["REPSIM_PASSWORD"], os.environ["SOMETHING_ELSE"]
    yield found
    found.close()


@pytest.fixture
def jobs(tmp_path, nursery):
    found = Jobs(Store(tmp_path / "results", 10**9), nursery, kinds=KINDS, packages=("tests",), slots=1)
    yield found
    found.close(nursery=False)


def run(jobs, kind, held=None, **recipe):
    key = f"{kind}-{time.monotonic_ns()}"
    job = jobs.submit(key, kind, recipe, "title", "me", held=held or Held(()))
    assert job.finished.wait(60), "it should have been stopped"
    return job


def told(jobs, probe, **recipe):
    job = run(jobs, "probe", probe=probe, **recipe)
    assert job.state == "done", job.error
    return job.result.words


@pytest.fixture
def listening():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


@pytest.mark.parametrize(
    ("probe", "path"),
    [
        ("_read", "/etc/passwd"),
        ("_list", "/etc"),
        ("_list", str(Path(sandbox.__file__).parents[2])),  # of the program its packages alone
        ("_link", "/etc/passwd"),
        ("_hard_link", "/proc/self/environ"),
        ("_create_folder", ""),
        ("_execute", ""),
        ("_spawn", ""),
        ("_fork", ""),
        ("_unshare", ""),
    ],
)
def test_nothing_of_the_machine_is_within_reach(jobs, probe, path):
    assert told(jobs, probe, path=path).startswith("refused: ")


def test_neither_another_upload_nor_the_store_nor_a_place_to_write(jobs, tmp_path):
    other = tmp_path / "other upload"
    other.mkdir()
    (other / "secret").write_text("secret")
    assert told(jobs, "_read", path=str(other / "secret")) == "refused: PermissionError 13"
    assert told(jobs, "_list", path=str(jobs.store.folder)) == "refused: PermissionError 13"
    assert told(jobs, "_write", path=str(other)) == "refused: PermissionError 13"
    assert told(jobs, "_write", path="/tmp") == "refused: PermissionError 13"
    assert sorted(one.name for one in other.iterdir()) == ["secret"]
    assert list(jobs.store.folder.glob("*.result")) == []


def test_what_it_is_given_to_read_it_reads_and_does_not_write(jobs, tmp_path):
    given = tmp_path / "given"
    given.mkdir()
    (given / "file").write_text("content")
    held = Held((given,))
    assert run(jobs, "probe", held, probe="_read", path=str(given / "file")).result.words == "done: b'content'"
    assert run(jobs, "probe", held, probe="_write", path=str(given)).result.words == "refused: PermissionError 13"


def test_no_network(jobs, listening, tmp_path):
    port = listening.getsockname()[1]
    assert told(jobs, "_connect", port=port).startswith("refused: ")
    assert told(jobs, "_datagram", port=port).startswith("refused: ")
    path = str(tmp_path / "socket")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        assert told(jobs, "_unix", path=path).startswith("refused: ")


@pytest.mark.parametrize("probe", ["_signal", "_trace", "_memory", "_environment"])
def test_no_other_process_is_within_reach(jobs, nursery, probe):
    for pid in (os.getpid(), nursery._process.pid):
        assert told(jobs, probe, pid=pid).startswith("refused: ")


@pytest.mark.parametrize("secret", ["open-sesame", "swordfish"])
def test_nothing_is_left_of_the_servers_environment(jobs, secret):
    assert run(jobs, "secrets", secret=secret).result.words == "unseen"


def test_no_open_file_of_the_nursery_comes_along(jobs):
    # Input, output, errors, the channel, and the one that lists the folder.
    assert len(run(jobs, "open_files").result.words.split()) == 5


def test_usual_work_goes_on_in_there(jobs):
    job = run(jobs, "usual_work")
    assert job.state == "done", job.error + job.details
    assert job.result.words.startswith("300 2 ''")
    assert job.note == ""


def test_its_folder_goes_with_it_and_nothing_is_kept(jobs, tmp_path):
    job = run(jobs, "answer", value=7)
    assert (job.state, job.result.value) == ("done", 7)
    assert not job.folder.exists() if job.folder else True
    assert jobs.store.labels() == []
    assert jobs.recent() == []


@pytest.mark.parametrize("kind", ["spin_in_python", "spin", "shut_ears"])
def test_what_hangs_is_ended_at_its_deadline_and_costs_nobody_else(jobs, kind):
    job = jobs.submit(kind, kind, {}, "title", "me", held=Held((), seconds=1.0))
    until(lambda: job.stage == "spinning")
    pid = job.child.pid
    assert job.finished.wait(20)
    assert (job.state, job.error_kind) == ("failed", "TimeoutError")
    assert "took longer than 0.0167 min and was stopped" in job.error
    until(lambda: not alive(pid))
    assert run(jobs, "answer", value=3).result.value == 3


def test_what_grows_is_ended(jobs):
    before = resident()
    job = run(jobs, "greedy", Held((), memory_bytes=200_000_000))
    assert (job.state, job.error_kind) == ("failed", "MemoryError")
    assert "(limit 200 MB) and was stopped" in job.error
    assert resident() - before < 50_000_000
    assert run(jobs, "answer").state == "done"


def test_what_wants_more_than_the_address_space_is_told_so(jobs):
    job = run(jobs, "wide")
    assert (job.state, job.error_kind) == ("failed", "MemoryError")
    assert job.error == "It ran out of memory. Take fewer stimuli or fewer layers."


def test_what_is_killed_is_said(jobs):
    job = run(jobs, "killed")
    assert (job.state, job.error_kind) == ("failed", "Crash")
    assert job.error.startswith("The system stopped the computation, most likely for want of memory.")
    assert run(jobs, "answer").state == "done"


def test_processor_time_is_limited(jobs, monkeypatch):
    # The limit itself is 240 s; the child's end by its signal is what is told.
    from repsim_core.compute.child import Child

    child = Child.__new__(Child)
    child.status = signal.SIGXCPU
    assert child.ending == "The computation used up its processor time. Take fewer stimuli or layers."


def test_one_file_is_limited(jobs):
    job = run(jobs, "large_file")
    assert (job.state, job.error_kind) == ("failed", "OSError")
    assert "File too large" in job.error


def test_many_files_and_a_full_folder_end_it(jobs, monkeypatch):
    job = run(jobs, "many_files")
    assert (job.state, job.error_kind) == ("failed", "OSError")
    assert job.error.startswith("The computation took too many files (limit 1.0 GB) and was stopped.")
    monkeypatch.setattr("repsim_ui.watchdog.LIMITS", replace(LIMITS, session_bytes=5_000_000))
    job = run(jobs, "fills_the_disk", bytes=1_000_000)
    assert job.state == "failed"
    assert "MB of disk (limit 5.0 MB) and was stopped" in job.error
    assert run(jobs, "answer").state == "done"


@pytest.mark.parametrize("what", ["pickle", "words", "claims", "objects", "bomb", "deep"])
def test_a_result_that_lies_is_refused_before_it_costs_memory(jobs, what, monkeypatch):
    monkeypatch.setattr("repsim_core.types.archive.LIMITS", replace(LIMITS, npy_bytes=100_000_000))
    run(jobs, "answer")
    before = peak()
    job = run(jobs, "lie", what=what)
    assert (job.state, job.error_kind) == ("failed", "FormatError"), job.error
    assert "\n" not in job.error
    assert peak() - before < 100_000_000
    assert run(jobs, "answer").state == "done"


def test_a_result_beyond_its_limit_is_no_message(jobs):
    job = run(jobs, "lie", Held((), largest=8), what="words")
    assert (job.state, job.error_kind) == ("failed", "FormatError")
    assert "which is no message; it was stopped" in job.error


def test_it_is_not_entered_with_threads_outside():
    if len(os.listdir("/proc/self/task")) > 1:
        with pytest.raises(RuntimeError, match="is entered by a process of one thread; the others would stay outside"):
            sandbox.enter(Path("/tmp"))
        return
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    try:
        with pytest.raises(RuntimeError, match="is entered by a process of one thread; the others would stay outside"):
            sandbox.enter(Path("/tmp"))
    finally:
        stop.set()
        thread.join()


def test_the_server_stays_outside_and_says_what_there_is():
    assert not sandbox.inside()
    found = sandbox.strength()
    assert found.landlock == landlock.version() > 0
    assert str(found).startswith(f"Sandbox: Landlock {found.landlock}, ")
    assert str(found).endswith("8.0 GB of address space.")
    assert found.namespaces is None
    assert system_calls.known() == found.filtered


def test_without_landlock_graphs_are_off_unless_the_operator_says_so(monkeypatch):
    monkeypatch.setattr(landlock, "version", lambda: 0)
    monkeypatch.delenv(sandbox.ALLOW_GRAPHS, raising=False)
    assert "no Landlock" in str(sandbox.strength())
    with pytest.raises(
        InputError, match=r"no Landlock .* so \.pt2 files are off; bring weights or activations instead"
    ):
        sandbox.refuse_graphs()
    monkeypatch.setenv(sandbox.ALLOW_GRAPHS, "1")
    sandbox.refuse_graphs()


def test_a_folder_with_too_many_files_counts_as_full(tmp_path, monkeypatch):
    (tmp_path / sandboxed.KEPT).mkdir()
    (tmp_path / "a").write_bytes(bytes(100_000))
    (tmp_path / sandboxed.KEPT / "b").write_bytes(bytes(100_000))
    assert 190_000 < sandboxed.bytes_in(tmp_path) < 250_000
    monkeypatch.setattr(sandboxed, "MOST_FILES", 2)
    assert sandboxed.bytes_in(tmp_path) > LIMITS.session_bytes


def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def peak():
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
