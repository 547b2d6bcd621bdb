"""What a page shows of a job that waits, runs, failed or is known from an earlier server."""

import json
import re
import time

import pytest

from repsim_core import activations
from repsim_ui import cache
from repsim_ui.job import Job
from repsim_ui.recipes import Recipe
from tests.ui.app import charts, opened, run
from tests.ui.test_pages import MAP

pytestmark = pytest.mark.usefixtures("warm")


def recipe(n):
    return Recipe("zoo/digits-cnn-s10", "zoo/digits-cnn-s11", "digits", n, 0)


@pytest.fixture
def placed(warm):
    """A job of this state under the key of the default map on n stimuli."""
    keys = []

    def place(n, **fields):
        asked = recipe(n)
        warm._jobs[asked.key] = job = Job(asked.key, "layer_map", asked.to_json(), json.dumps(asked.query()), **fields)
        if not job.active:
            job.finished.set()
        keys.append(asked.key)
        return job

    yield place
    for key in keys:
        warm._jobs.pop(key, None)


def test_a_crash_stays_until_it_is_dismissed(placed):
    placed(31, state="failed", error="The computation crashed (signal 11).", error_kind="Crash", details="Fatal error")
    for query in ({}, {"run": "1"}):
        app = opened(MAP, n="31", **query)
        assert "The computation crashed" in app.error[0].value
        assert "Fatal error" in app.code[0].value
    app.button(key="dismiss").click()
    run(app)
    assert not app.error
    assert app.button(key="compute")
    assert "run" not in app.query_params


def test_a_crash_can_be_tried_again(placed):
    placed(32, state="failed", error="The computation crashed (signal 11).", error_kind="Crash")
    app = opened(MAP, n="32")
    app.button(key="again").click()
    run(app)
    assert charts(app)


def test_a_waiting_job_says_its_place(placed, warm, monkeypatch):
    job = placed(33, expected=40.0)
    monkeypatch.setattr(warm._line, "queued", [Job("other", "layer_map", {}, "", expected=60.0), job])
    app = opened(MAP, n="33")
    assert app.get("progress")[0].proto.text == f"Number 2 in the queue, about {60 / warm.slots:.0f} s to wait"


def test_a_running_job_says_how_far_it_is_and_can_be_cancelled(placed):
    job = placed(34, state="running", stage="layers compared", done=3, total=12)
    job.stage_at = time.monotonic() - 10
    job.watchers["somebody else"] = None
    app = opened(MAP, n="34")
    bar = app.get("progress")[0].proto
    assert bar.value == 25
    said = bar.text.replace("\\", "")
    left = int(re.fullmatch(r"3 of 12 layers compared, about (\d+) s left in this step", said)[1])
    assert 30 <= left <= 45  # 10 s for 3 of 12, and what the page took on top
    app.button(key="cancel").click()
    run(app)
    assert job.active  # the other one still waits
    job.watchers.clear()
    job.state = "cancelled"
    run(app)
    assert any("The last run was cancelled." in one.value for one in app.markdown)


def test_a_result_of_an_earlier_server_is_shown_without_a_click(warm):
    app = opened(MAP, n="35", run="1")
    assert charts(app)
    before = warm.find(recipe(35).key)
    with warm._lock:
        del warm._jobs[recipe(35).key]
    app = opened(MAP, n="35")
    assert charts(app)
    after = warm.find(recipe(35).key)
    assert after is not before
    assert after.attempts == 0
    assert (after.result.values == before.result.values).all()


def test_the_panels_need_no_forward_pass_in_the_server(monkeypatch):
    cache.responses.clear()

    def forbidden(*arguments, **options):
        raise AssertionError("the child kept the responses")

    monkeypatch.setattr(activations, "extract", forbidden)
    assert len(charts(opened(MAP, n="36", run="1", tab="Projection"))) == 4
