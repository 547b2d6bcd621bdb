"""The same request is one job: whoever asks, wherever, and whoever leaves."""

import signal
import threading
from contextlib import ExitStack

import pytest

from tests.jobs.supervisor import alive, ask, end, opened, supervisor, until


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
    with ExitStack() as stack:
        servers = [stack.enter_context(supervisor(tmp_path / "results", nursery)) for _ in range(3)]
        found = []
        threads = [
            threading.Thread(target=lambda jobs=jobs, name=name: found.append(ask(jobs, "key", name, **request)))
            for name in "abcde"
            for jobs in servers
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for job in found:
            assert job.finished.wait(20)
            assert job.result.value == 42
            assert len(job.watchers) == 5
    assert len(found) == 15
    assert len({id(job) for job in found}) == 3
    assert counter.read_text() == "()"


@pytest.mark.parametrize("how", ["killed", "cancelled"])
def test_when_the_computing_server_loses_its_child_exactly_one_other_computes(tmp_path, nursery, gate, how):
    counter = tmp_path / "count"
    with ExitStack() as stack:
        servers = [stack.enter_context(supervisor(tmp_path / "results", nursery)) for _ in range(3)]
        first = ask(servers[0], "key", counter=str(counter), **gate)
        until(lambda: first.stage == "waiting")
        others = [ask(jobs, "key", counter=str(counter), **gate) for jobs in servers[1:]]
        until(lambda: all(job.stage == "waiting for the same computation elsewhere" for job in others))
        if how == "killed":
            end(first.child.pid)
        else:
            servers[0].cancel("key", "me")
        assert first.finished.wait(20)
        assert first.state == ("failed" if how == "killed" else "cancelled")
        until(lambda: any(job.stage == "waiting" for job in others))  # its lock was free at once
        assert counter.read_text() == "xx"
        opened(gate)
        for job in others:
            assert job.finished.wait(20)
            assert (job.state, job.result.value) == ("done", 1)
    assert counter.read_text() == "xx"


def test_all_who_wait_are_told_of_a_crash_and_none_starts_it_again(jobs, gate, tmp_path):
    counter = tmp_path / "count"
    job = ask(jobs, "key", "me", counter=str(counter), **gate)
    assert ask(jobs, "key", "you", counter=str(counter), **gate) is job
    until(lambda: job.stage)
    end(job.child.pid, signal.SIGSEGV)
    assert job.finished.wait(20)
    for watcher in ("me", "you"):  # their pages are drawn again
        assert jobs.find("key") is job
        assert jobs.submit("key", "answer", {"counter": str(counter)}, "", watcher, retry=False) is job
    assert job.error == "The computation crashed (signal 11)."
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
