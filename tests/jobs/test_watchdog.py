"""What nobody waits for, or takes too much, is stopped; what is wanted is not."""

import os
import time

import pytest

from repsim_ui.watchdog import TICK, deadline_seconds
from tests.jobs.supervisor import alive, ask, opened, supervisor, until


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


def test_what_takes_too_long_is_stopped_and_keeps_its_partial_result(tmp_path, nursery):
    with supervisor(tmp_path / "results", nursery, deadline=600, slots=1) as jobs:
        job = ask(jobs, "key", kind="refine", stop_after=2)
        until(lambda: job.version == 2)
        waits, pid = ask(jobs, "waits"), job.child.pid
        job.started_at -= 601
        assert job.finished.wait(20)
        assert (job.state, job.error_kind, job.attempts) == ("failed", "TimeoutError", 1)
        assert job.error == (
            "The computation took longer than 10 min and was stopped. Take fewer stimuli or fewer layers."
        )
        assert job.partial().value == 2
        assert not alive(pid)
        assert waits.finished.wait(20)
        assert waits.state == "done"


def test_the_server_sets_the_deadline(monkeypatch):
    monkeypatch.delenv("REPSIM_JOB_MINUTES", raising=False)
    assert deadline_seconds() == 7200
    monkeypatch.setenv("REPSIM_JOB_MINUTES", "0.5")
    assert deadline_seconds() == 30


def test_a_child_that_grows_is_stopped_at_the_limit(tmp_path, nursery):
    before = resident_bytes()
    with supervisor(tmp_path / "results", nursery, memory_bytes=200_000_000) as jobs:
        job = ask(jobs, "key", kind="greedy")
        assert job.finished.wait(30)
    assert (job.state, job.error_kind, job.attempts) == ("failed", "MemoryError", 1)
    assert "(limit 200 MB) and was stopped. Take fewer stimuli" in job.error
    assert resident_bytes() - before < 50_000_000  # it was the child's memory, not the server's


@pytest.mark.parametrize("jump", [-86_400, 86_400])
def test_a_clock_that_jumps_ends_nothing(tmp_path, nursery, gate, monkeypatch, jump):
    with supervisor(tmp_path / "results", nursery, present=lambda watcher: False, grace=600, deadline=600) as jobs:
        job = ask(jobs, "key", seconds=100, **gate)
        started(job)
        until(lambda: job.unwatched_at is not None)
        left, real = job.remaining(), time.time
        monkeypatch.setattr(time, "time", lambda: real() + jump)
        time.sleep(3 * TICK)  # it looked at least once
        assert job.state == "running"
        assert 50 < job.remaining() <= left <= 100
        opened(gate)
        assert job.finished.wait(20)
        assert (job.state, job.result.value) == ("done", 1)
        assert 0 <= job.seconds < 60
    with supervisor(tmp_path / "results", nursery) as jobs:
        assert [one.key for one in jobs.recent()] == ["key"]


def test_an_accident_does_not_end_the_watch(tmp_path, nursery, gate, caplog):
    calls = []

    def present(watcher):
        calls.append(watcher)
        if len(calls) == 1:
            raise RuntimeError("the sessions could not be counted")
        return False

    with supervisor(tmp_path / "results", nursery, present=present, grace=0.1) as jobs:
        job = ask(jobs, "key", **gate)
        until(lambda: job.state == "cancelled")
    assert "could not look" in caplog.text
    assert "the sessions could not be counted" in caplog.text


def started(job):
    until(lambda: job.stage)
    return job.child.pid


def resident_bytes():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
