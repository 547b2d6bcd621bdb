"""What nobody waits for, or takes too much, is stopped; what is wanted is not."""

from tests.jobs.supervisor import ask, opened, supervisor, until


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
