"""Finished results outlive the memory and the server; what is damaged is computed again."""

import threading

from repsim_core.compute.store import Label, Store
from tests.jobs.supervisor import ask, supervisor, until


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

    jobs.store.put(b"content", Label("r-key", "unknown", "title", 0.0))
    assert jobs.find("key") is None
    assert jobs.store.label("r-key") is None


def test_an_unreadable_partial_result_is_none(jobs, caplog):
    job = ask(jobs, "key", kind="refine", stop_after=2)
    until(lambda: job.version == 2)
    jobs.store.put(b"no number", Label("r-key.partial", "refine", "title", 0.0, version=2))
    assert job.partial() is None
    assert "r-key.partial cannot be read (b'no number' is no number.)" in caplog.text
    assert job.active


def test_a_slow_disk_holds_up_nobody_else(tmp_path, nursery, gate):
    asked, released = threading.Event(), threading.Event()

    class Slow(Store):
        def get(self, key):
            if key == "r-slow":
                asked.set()
                assert released.wait(30)
            return super().get(key)

    with supervisor(tmp_path / "results", nursery, slots=1, store=Slow) as jobs:
        waiting = threading.Thread(target=ask, args=(jobs, "slow"))
        waiting.start()
        assert asked.wait(20)
        running = ask(jobs, "running", "you", **gate)
        queued = ask(jobs, "queued", "you")
        assert (jobs.place(queued), jobs.failed(), jobs.recent()) == (1, [], [])
        jobs.cancel("running", "you")
        assert running.state == "cancelled"
        assert queued.finished.wait(20)
        assert waiting.is_alive()
        released.set()
        waiting.join(20)
        assert jobs.find("slow").finished.wait(20)
