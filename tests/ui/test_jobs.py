"""Jobs are shared, wait in turn, give way to newer wishes, are given up when nobody waits, and outlive the server."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from repsim_core.compute.children import Nursery
from repsim_ui import waiting
from repsim_ui.job import Job
from tests.compute.children import alive, end, supervisor, until

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def nursery():
    found = Nursery(["numpy"])
    found.start()
    yield found
    found.close()


@pytest.fixture
def jobs(tmp_path, nursery):
    with supervisor(tmp_path / "results", nursery, keep=4, slots=1) as found:
        yield found


def ask(jobs, key, watcher="me", kind="answer", seconds=None, **recipe):
    return jobs.submit(key, kind, recipe, f"title of {key}", watcher, seconds)


@pytest.fixture
def gate(tmp_path):
    """A job that runs until the file is there."""
    return {"kind": "wait_for_file", "file": str(tmp_path / "go")}


def opened(gate):
    Path(gate["file"]).touch()


def test_the_same_request_is_one_job(jobs, gate):
    job = ask(jobs, "key", "me", **gate)
    assert ask(jobs, "key", "you", **gate) is job
    assert list(job.watchers) == ["me", "you"]
    opened(gate)
    assert job.finished.wait(20)
    assert ask(jobs, "key", "you", **gate) is job
    assert job.attempts == 1


def test_many_sessions_and_several_servers_compute_once(tmp_path, nursery):
    counter = tmp_path / "count"
    request = {"counter": str(counter), "seconds": 0.5}
    with supervisor(tmp_path / "results", nursery) as first, supervisor(tmp_path / "results", nursery) as second:
        found = []
        threads = [
            threading.Thread(target=lambda jobs=jobs, name=name: found.append(ask(jobs, "key", name, **request)))
            for name in "abc"
            for jobs in (first, second)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for job in found:
            assert job.finished.wait(20)
            assert job.result.value == 42
    assert len({id(job) for job in found}) == 2
    assert counter.read_text() == "x"


def test_a_job_stops_when_the_last_one_cancels(jobs, gate):
    job = ask(jobs, "key", "me", **gate)
    ask(jobs, "key", "you", **gate)
    until(lambda: job.stage)
    pid = job.child.pid
    jobs.cancel("key", "me")
    assert job.state == "running"
    jobs.cancel("key", "you")
    assert (job.state, job.finished.is_set()) == ("cancelled", True)
    until(lambda: not alive(pid))
    assert ask(jobs, "other").finished.wait(20)
    assert (job.state, job.result) == ("cancelled", None)


def test_who_looks_at_a_job_keeps_it_until_they_cancel_too(jobs, gate):
    job = ask(jobs, "key", "me", **gate)
    jobs.watch(job, "you")
    jobs.cancel("key", "me")
    assert job.active
    jobs.watch(job, "me")  # the page of who left is drawn again
    jobs.cancel("key", "you")
    assert job.state == "cancelled"


def test_a_cancelled_job_can_be_asked_for_again(jobs, gate):
    ask(jobs, "first", **gate)
    waits = ask(jobs, "second")
    assert (waits.state, jobs.place(waits)) == ("queued", 1)
    jobs.cancel("second", "me")
    again = ask(jobs, "second", value=7)
    opened(gate)
    assert again.finished.wait(20)
    assert (waits.state, again.result.value) == ("cancelled", 7)


def test_a_failure_is_kept_until_it_is_dismissed_or_tried_again(jobs):
    for key in ("a", "b"):
        assert ask(jobs, key, kind="broken").finished.wait(20)
    for number in range(8):
        assert ask(jobs, f"key{number}").finished.wait(20)
    assert [job.key for job in jobs.failed()] == ["b", "a"]
    assert jobs.find("a").error == "division by zero"
    jobs.dismiss("a")
    assert jobs.find("a") is None
    assert jobs.submit("b", "answer", {}, "", "me", retry=False).state == "failed"
    again = ask(jobs, "b")
    assert again.finished.wait(20)
    assert (again.state, jobs.failed()) == ("done", [])


def test_old_results_leave_the_memory_but_not_the_disk(jobs):
    for number in range(8):
        assert ask(jobs, str(number), value=number).finished.wait(20)
    assert "0" not in jobs._jobs
    assert jobs.find("0").result.value == 0
    assert [one.key for one in jobs.recent(2)] == ["7", "6"]


def test_a_later_server_finds_the_results_of_an_earlier_one(tmp_path, nursery):
    with supervisor(tmp_path / "results", nursery) as jobs:
        assert ask(jobs, "key", value=5).finished.wait(20)
    with supervisor(tmp_path / "results", nursery) as jobs:
        assert [(job.key, job.title) for job in jobs.recent(kind="answer")] == [("key", "title of key")]
        assert jobs.recent(kind="another") == []
        found = ask(jobs, "key", kind="broken")  # not run: the result is there
        assert (found.state, found.result.value, found.attempts) == ("done", 5, 0)
        assert found.finished.is_set()
    with supervisor(tmp_path / "results", nursery, salt="other-program") as jobs:
        assert jobs.find("key") is None


def test_a_damaged_result_is_computed_again(tmp_path, nursery):
    with supervisor(tmp_path / "results", nursery) as jobs:
        assert ask(jobs, "key").finished.wait(20)
    path = tmp_path / "results" / "r-key.result"
    path.write_bytes(path.read_bytes().replace(b"42", b"43"))
    with supervisor(tmp_path / "results", nursery) as jobs:
        assert jobs.find("key") is None
        again = ask(jobs, "key")
        assert again.finished.wait(20)
        assert (again.result.value, again.attempts) == (42, 1)


def test_an_unreadable_result_is_computed_again(jobs):
    from repsim_core.compute.store import Label

    jobs.store.put(b"content", Label("r-key", "unknown", "title", 0.0))
    assert jobs.find("key") is None
    assert jobs.store.label("r-key") is None


def test_a_newer_wish_takes_the_place_of_an_older_one(jobs, gate, tmp_path):
    running = ask(jobs, "running", **gate)
    counter = str(tmp_path / "count")
    asked = [ask(jobs, str(number), counter=counter) for number in range(50)]
    other = ask(jobs, "other", "you", counter=counter)
    shared = ask(jobs, str(49), "you")
    opened(gate)
    for job in (running, *asked, other):
        assert job.finished.wait(20)
    assert [job.key for job in asked if job.state == "done"] == ["48", "49"]
    assert shared is asked[-1]
    assert Path(counter).read_text() == "xxx"


def test_sessions_take_turns(jobs, gate):
    ask(jobs, "running", "flood", **gate)
    asked = [ask(jobs, f"flood{number}", "flood") for number in range(2)]
    asked += [ask(jobs, name, name) for name in "abc"]
    assert [jobs.place(job) for job in asked] == [4, 5, 1, 2, 3]
    opened(gate)
    for job in asked:
        assert job.finished.wait(20)
    begun = sorted(asked, key=lambda job: job.started_at)
    assert [job.key for job in begun] == ["a", "b", "c", "flood0", "flood1"]


def test_quick_work_does_not_wait_for_long_work(jobs, gate):
    ask(jobs, "long", "you", **gate)
    waits = ask(jobs, "also-long", seconds=60)
    assert ask(jobs, "quick", seconds=0.5).finished.wait(20)
    assert waits.state == "queued"


def test_waiting_time_is_known_from_estimates(jobs, gate):
    ask(jobs, "long", "you", seconds=60, **gate)
    first, second = ask(jobs, "a", seconds=30), ask(jobs, "b", "other")
    assert jobs.seconds_until_start(first) == pytest.approx(60, abs=20)
    assert jobs.seconds_until_start(second) == pytest.approx(90, abs=20)
    last = ask(jobs, "c", "third")
    assert jobs.seconds_until_start(last) is None  # nobody knows how long "b" takes


def test_a_full_queue_says_so(jobs, gate, monkeypatch):
    monkeypatch.setattr(waiting, "MOST_WAITING", 3)
    ask(jobs, "running", **gate)
    for name in "abc":
        ask(jobs, name, name)
    refused = ask(jobs, "d", "d")
    assert (refused.state, refused.callers_fault) == ("failed", True)
    assert refused.error == "3 computations wait already; try again in a minute."


def test_what_nobody_waits_for_is_given_up_unless_it_is_shared(tmp_path, nursery, gate):
    there = {"me", "you"}
    with supervisor(tmp_path / "results", nursery, present=there.__contains__, grace=0.3) as jobs:
        own, shared = ask(jobs, "own", "me", **gate), ask(jobs, "shared", "me", **gate)
        ask(jobs, "shared", "you", **gate)
        until(lambda: own.stage)
        there.remove("me")
        until(lambda: own.state == "cancelled")
        assert shared.active
        opened(gate)
        assert shared.finished.wait(20)
        assert shared.state == "done"


def test_who_comes_back_in_time_finds_the_job_running(tmp_path, nursery, gate):
    there = {"me"}
    with supervisor(tmp_path / "results", nursery, present=there.__contains__, grace=1.5) as jobs:
        job = ask(jobs, "key", "me", **gate)
        there.clear()
        until(lambda: job.unwatched_at is not None)
        there.add("me")
        until(lambda: job.unwatched_at is None)
        opened(gate)
        assert job.finished.wait(20)
        assert job.state == "done"


def test_orphans_die_with_the_server(tmp_path):
    program = f"""
import pathlib, time
from repsim_core.compute.children import Nursery
from tests.compute.children import supervisor, until
with supervisor(pathlib.Path({str(tmp_path)!r}) / "results", Nursery()) as jobs:
    job = jobs.submit("spin", "spin", {{}}, "", "me")
    until(lambda: job.stage)
    print(job.child.pid, jobs.nursery._process.pid, flush=True)
    time.sleep(60)
"""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, env=environment) as server:
        orphans = [int(one) for one in server.stdout.readline().split()]
        assert all(alive(one) for one in orphans)
        end(server.pid)
        until(lambda: not any(alive(one) for one in orphans), 5)


def test_progress_tells_the_time_left():
    job = Job("key", "kind", {}, "title", expected=8.0)
    assert (job.remaining(), job.seconds_left(), job.fraction) == (8.0, None, 0.0)
    job.state, job.started_at = "running", time.monotonic() - 3
    assert job.remaining() == pytest.approx(5, abs=0.5)
    job.progress("cells", 0, 8)
    job.stage_at -= 2
    job.progress("cells", 2, 8)
    assert job.fraction == 0.25
    assert job.seconds_left() == pytest.approx(6, abs=0.5)
    assert job.remaining() == pytest.approx(6, abs=0.5)
    job.progress("drawing", 9, 8)
    assert (job.fraction, job.seconds_left()) == (1.0, None)
