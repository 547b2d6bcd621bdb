"""Requests wait in turn and give way to newer wishes; everyone is told where they are."""

import threading
import time
from pathlib import Path

import numpy as np
import pytest

from repsim_ui import waiting
from repsim_ui.job import Job
from tests.jobs.supervisor import ask, opened, supervisor


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
    assert Path(counter).read_text() == "()" * 3


def test_sessions_take_turns(jobs, gate):
    ask(jobs, "running", "flood", **gate)
    flood = [ask(jobs, f"flood{number}", "flood") for number in range(20)]
    assert [job.state for job in flood] == ["cancelled"] * 18 + ["queued"] * 2
    asked = flood[-2:] + [ask(jobs, name, name) for name in "abc"]
    assert [jobs.place(job) for job in asked] == [4, 5, 1, 2, 3]
    opened(gate)
    for job in asked:
        assert job.finished.wait(20)
    begun = sorted(asked, key=lambda job: job.started_at)
    assert [job.key for job in begun] == ["a", "b", "c", "flood18", "flood19"]


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


def test_thirty_sessions_share_two_slots(tmp_path, nursery, gate):
    counter = tmp_path / "order"
    with supervisor(tmp_path / "results", nursery, slots=2) as jobs:
        first = [ask(jobs, f"first{number}", f"first{number}", seconds=10, **gate) for number in range(2)]
        asked = []

        def session(name):
            asked.append(ask(jobs, name, name, seconds=10, steps=3, counter=str(counter)))

        threads = [threading.Thread(target=session, args=(f"session{number}",)) for number in range(30)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        placed = sorted(asked, key=jobs.place)
        assert [jobs.place(job) for job in placed] == list(range(1, 31))
        waits = [jobs.seconds_until_start(job) for job in placed]
        assert np.diff(waits) == pytest.approx(5, abs=0.5)  # 10 s each, two at a time
        more = [ask(jobs, f"more{number}", f"more{number}") for number in range(3)]
        assert [job.state for job in more] == ["queued", "queued", "failed"]
        assert more[-1].error == "32 computations wait already; try again in a minute."
        opened(gate)
        for job in (*first, *asked, *more[:2]):
            assert job.finished.wait(30)
            assert (job.state, job.attempts) == ("done", 1)
        assert sorted(asked, key=lambda job: job.started_at) == placed
    running = np.cumsum([1 if letter == "(" else -1 for letter in counter.read_text()])
    assert len(running) == 60
    assert running.max() <= 2
    assert running[-1] == 0


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
