"""Background jobs: shared, cancelled by the last one who waits, and honest about what went wrong."""

import threading

import pytest

from repsim_core.errors import DegenerateError
from repsim_ui.jobs import Jobs


def never(report):
    raise AssertionError("this must not run")


@pytest.fixture
def jobs():
    return Jobs(keep=4)


def blocking(started, release):
    def work(report):
        report("steps", 0, 2)
        started.set()
        assert release.wait(10)
        report("steps", 1, 2)
        return 42

    return work


def test_a_job_gives_its_result(jobs):
    job = jobs.submit("key", "title", lambda report: 42, "me")
    assert job.finished.wait(10)
    assert (job.state, job.result) == ("done", 42)
    assert [one.key for one in jobs.recent()] == ["key"]


def test_the_same_request_is_one_job(jobs):
    started, release = threading.Event(), threading.Event()
    job = jobs.submit("key", "", blocking(started, release), "me")
    assert jobs.submit("key", "", never, "you") is job
    assert job.watchers == {"me", "you"}
    release.set()
    assert job.finished.wait(10)
    assert jobs.submit("key", "", never, "you").result == 42


def test_a_job_stops_when_the_last_one_cancels(jobs):
    started, release = threading.Event(), threading.Event()
    job = jobs.submit("key", "", blocking(started, release), "me")
    jobs.submit("key", "", never, "you")
    assert started.wait(10)
    jobs.cancel("key", "me")
    assert job.state == "running"
    jobs.cancel("key", "you")
    assert job.state == "cancelled"  # at once, whatever the worker is in the middle of
    release.set()
    after = jobs.submit("other", "", lambda report: 1, "me")
    assert after.finished.wait(10)
    assert (job.state, job.result) == ("cancelled", None)


def test_a_cancelled_job_can_be_asked_for_again(jobs):
    started, release = threading.Event(), threading.Event()
    jobs.submit("first", "", blocking(started, release), "me")
    waiting = jobs.submit("second", "", never, "me")
    assert waiting.state == "queued"
    jobs.cancel("second", "me")
    again = jobs.submit("second", "", lambda report: 7, "me")
    release.set()
    assert again.finished.wait(10)
    assert (waiting.state, again.result) == ("cancelled", 7)


def test_a_failed_job_keeps_its_reason(jobs):
    def degenerate(report):
        raise DegenerateError("nothing varies", "zero_variance")

    def broken(report):
        raise ZeroDivisionError("division by zero")

    first, second = jobs.submit("a", "", degenerate, "me"), jobs.submit("b", "", broken, "me")
    assert second.finished.wait(10)
    assert (first.state, first.error, first.kind, first.callers_fault) == (
        "failed",
        "nothing varies",
        "DegenerateError",
        True,
    )
    assert (second.state, second.kind, second.callers_fault) == ("failed", "ZeroDivisionError", False)


def test_old_results_give_way(jobs):
    for number in range(8):
        assert jobs.submit(str(number), "", lambda report: 0, "me").finished.wait(10)
    assert jobs.find("0") is None
    assert [one.key for one in jobs.recent(2)] == ["7", "6"]
