"""What nobody foresaw: a page says one line and a way on, the log says where it happened."""

import ast
import logging
import tempfile
from pathlib import Path

import pytest
import streamlit as st
from streamlit import error_util
from streamlit.testing.v1 import app_test, local_script_runner

from repsim_core.errors import InputError
from repsim_ui import (
    ablation_controls,
    alignment,
    cache,
    divergence,
    gallery,
    labs_page,
    layer_map,
    messages,
    model_cards,
    state,
    topology_controls,
)
from repsim_ui.places import PROGRAM
from repsim_ui.questions import FOLDER
from tests.jobs.supervisor import supervisor
from tests.ui.app import opened, run
from tests.ui.test_job_pages import recipe
from tests.ui.test_pages import MAP

pytestmark = pytest.mark.usefixtures("warm")

INSIDE = {  # what each page calls for its content
    "ablation": (ablation_controls, "asked"),
    "alignment": (alignment, "layers"),
    "divergence": (divergence, "pair"),
    "labs": (labs_page, "page"),
    "layer_map": (layer_map, "pair"),
    "models": (model_cards, "draw"),
    "start": (gallery, "shown"),
    "topology": (topology_controls, "asked"),
}
SECRET = f"{PROGRAM}/.venv/lib/python3.11/site-packages/own.bin"
PLACES = (str(PROGRAM), "site-packages", str(Path.home()), tempfile.gettempdir(), "/usr/")
WORDS = "Something went wrong here that should not; the log of the server has the details."


def broken(*arguments, **options):
    raise FileNotFoundError(2, "No such file or directory", SECRET)


@pytest.fixture(autouse=True)
def served(monkeypatch):
    """Sessions as those of app.py, which hands its server what is done about errors."""

    class Served(local_script_runner.LocalScriptRunner):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            self._on_script_error = messages.unexpected

    monkeypatch.setattr(app_test, "LocalScriptRunner", Served)


@pytest.fixture
def log(caplog):
    """What Streamlit and RepSim write to the terminal."""
    caplog.set_level(logging.INFO, "repsim")
    streamlits = logging.getLogger(error_util._LOGGER.name)
    streamlits.addHandler(caplog.handler)
    yield caplog
    streamlits.removeHandler(caplog.handler)


def everything(node):
    """All that the browser is sent to draw."""
    proto = str(getattr(node, "proto", ""))
    return proto + "".join(everything(one) for one in getattr(node, "children", {}).values())


def discreet(app):
    sent = everything(app._tree)
    assert not [one for one in (*PLACES, "Traceback", "own.bin", "No such file") if one in sent]
    assert not app.exception
    return sent


def says_one_line_and_a_way_on(app):
    (line,) = [one.value for one in app.error]
    assert line.startswith(WORDS)
    assert len(line) < 200
    discreet(app)
    return next(one for one in app.button if one.label == "Try again")


def test_the_table_has_every_page():
    assert set(INSIDE) == {one.stem for one in FOLDER.glob("*.py")}


@pytest.mark.parametrize("page", INSIDE)
def test_an_error_inside_a_page_is_one_line_and_a_way_on(page, monkeypatch, log):
    with monkeypatch.context() as patch:
        patch.setattr(*INSIDE[page], broken)
        app = opened(page)
        again = says_one_line_and_a_way_on(app)
    assert app.title
    assert app.selectbox(key="a").value == "zoo/digits-cnn-s10"  # a choice can be changed
    assert f"{PROGRAM}/pages/{page}.py" in log.text
    assert SECRET in log.text
    again.click()
    run(app)
    assert not app.error
    discreet(app)


@pytest.mark.parametrize("page", INSIDE)
def test_an_error_at_the_first_line_of_a_page_is_one_line_and_a_way_on(page, monkeypatch, log):
    monkeypatch.setattr(st, "title", broken)
    says_one_line_and_a_way_on(opened(page))
    assert SECRET in log.text


def test_an_error_in_the_sidebar_is_one_line_and_a_way_on(monkeypatch, log):
    with monkeypatch.context() as patch:
        patch.setattr(state, "sidebar", broken)
        app = opened(MAP)
        again = says_one_line_and_a_way_on(app)
    assert "shell.py" in log.text
    again.click()
    run(app)
    assert app.title[0].value == "Layer map"


def test_an_error_in_what_a_button_does_is_one_line_and_a_way_on(monkeypatch, log):
    monkeypatch.setattr(state, "swap", broken)
    app = opened(MAP)
    app.button(key="swap").click()
    run(app)
    again = says_one_line_and_a_way_on(app)
    assert SECRET in log.text
    again.click()
    run(app)
    assert app.title[0].value == "Layer map"


def test_an_error_in_a_part_that_runs_alone_leaves_the_rest_of_the_page(monkeypatch, log):
    app = opened(MAP, n="38", run="1")
    monkeypatch.setattr(cache, "spectrum", broken)
    app.session_state["tab"] = "Spectra"
    run(app)
    says_one_line_and_a_way_on(app)
    assert app.get("plotly_chart")
    assert SECRET in log.text


def test_the_server_is_told_what_to_do_about_errors():
    (call,) = [
        one
        for one in ast.walk(ast.parse((PROGRAM / "app.py").read_text()))
        if isinstance(one, ast.Call) and ast.unparse(one.func) == "st.App"
    ]
    assert {one.arg: ast.unparse(one.value) for one in call.keywords} == {"on_script_error": "messages.unexpected"}


@pytest.mark.parametrize("kind", [InputError, messages.RepsimError])
def test_a_refusal_names_no_place(kind, monkeypatch):
    def refused(*arguments):
        raise kind(f"{SECRET} cannot be read; {Path.home()}/a and /usr/share/b neither.")

    monkeypatch.setattr(layer_map, "pair", refused)
    app = opened(MAP)
    (said,) = [*app.warning, *app.error]
    assert said.value.replace("\\", "") == "own.bin cannot be read; ~/a and …/b neither."


# jobs ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def failed(warm):
    """A job that failed in its child, under the key of the map on n stimuli."""
    keys = []

    def fail(n, kind="layer_map", asked=None):
        key = recipe(n).key
        keys.append(key)
        job = warm.submit(key, kind, asked or {}, "title", "somebody")
        assert job.finished.wait(60)
        assert (job.state, job.callers_fault) == ("failed", False)
        return job

    yield fail
    for key in keys:
        warm.dismiss(key)


def test_a_job_that_fails_says_one_line_and_files_without_their_places(failed, log):
    job = failed(39)
    assert f"{PROGRAM}/repsim_ui/" in job.details
    app = opened(MAP, n="39")
    (line,) = [one.value for one in app.error]
    assert line.startswith("The computation failed:")
    assert line.endswith("Your choices and other results are untouched.")
    sent = everything(app._tree)
    assert not [one for one in PLACES if one in sent]
    details = app.code[0].value
    assert details.startswith(f"{job.error_kind}: ")
    assert 'File "repsim_core/compute/worker.py", line' in details
    assert {"Try again", "Dismiss"} <= {one.label for one in app.button}
    assert f"{PROGRAM}/repsim_core/compute/worker.py" in log.text


def test_a_file_that_is_missing_in_a_child_is_named_without_its_place(tmp_path, warm, log):
    with supervisor(tmp_path / "results", warm.nursery) as jobs:
        job = jobs.submit("key", "lost_file", {"file": str(tmp_path / "own" / "a.npy")}, "title", "me")
        assert job.finished.wait(60)
    assert "site-packages/numpy" in job.details
    assert str(tmp_path) in job.error
    warm._jobs[recipe(40).key] = job
    app = opened(MAP, n="40")
    warm.dismiss(recipe(40).key)
    sent = everything(app._tree)
    assert not [one for one in PLACES if one in sent]
    assert "…/a.npy" in app.error[0].value.replace("\\", "")
    details = app.code[0].value
    assert 'File "numpy/lib/' in details
    assert 'File "tests/jobs/fake_jobs.py", line' in details
    assert str(tmp_path) in log.text


def test_what_a_child_says_cannot_pass_for_a_line_of_the_log(failed, log):
    failed(41, asked={"a": "x\n2026-01-01 repsim.jobs: all is well\x1b[2J"})
    (record,) = [one for one in log.records if one.name == "repsim.jobs"]
    first, *rest = record.getMessage().splitlines()
    assert first.startswith("Job ")
    assert rest
    assert all(one.startswith("  | ") for one in rest)
    assert "\x1b" not in record.getMessage()
