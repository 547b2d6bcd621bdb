"""Finished results outlive the memory and the server; what is damaged is computed again."""

from repsim_core.compute.store import Label
from tests.jobs.supervisor import ask, supervisor


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
