"""The labs: each step holds together, the page asks before it shows, links work, the report is whole."""

import re

import pandas as pd
import plotly.graph_objects as go
import pytest

from repsim_core.claims import SURE, claims, recorded
from repsim_ui.labs import guesses, report, results
from repsim_ui.labs.catalogue import MODULES, lab, labs
from repsim_ui.labs.lab import Choice, Number
from repsim_ui.questions import QUESTIONS
from repsim_ui.state import LINKED
from tests.ui.app import charts, opened, run, said, unescaped

pytestmark = pytest.mark.usefixtures("warm")

SHARED = {"a", "b", "ds", "n", "seed", "run"}
SENTENCES = re.compile(r"(?<=[.?!])\s+(?=[A-Z])")
STEPS = [(id, number) for id in MODULES for number in range(len(lab(id).steps))]


def shown(id, step, **query):
    app = opened("labs", lab=id, step=str(step), **query)
    app.button(key="lab_skip").click()
    return run(app)


@pytest.mark.parametrize("id", MODULES)
def test_a_lab_is_whole(id):
    one = lab(id)
    assert one.id == id
    assert 4 <= len(one.steps) <= 7  # and the verdicts
    assert one.claims
    assert set(one.claims) <= set(claims())
    assert 0 <= one.pictured < len(one.steps)
    assert one.claim.endswith(".")
    assert one.minutes > 0


def test_ids_and_titles_differ():
    assert len({one.title for one in labs()}) == len(MODULES) == len(labs())


@pytest.mark.parametrize(("id", "number"), STEPS)
def test_a_step_asks_shows_and_explains(id, number):
    one = lab(id).steps[number]
    assert one.question.endswith("?")
    assert one.paper is None or one.paper.sure in SURE
    found = results.result(id, number)
    assert not results.missing(found)
    answer = one.guess.answer(found)
    if isinstance(one.guess, Choice):
        assert answer in one.guess.options
        assert len(set(one.guess.options)) == len(one.guess.options) > 1
    else:
        assert one.guess.low <= answer <= one.guess.high
        assert one.guess.low < one.guess.high
    figure, table = one.view.figure(found), one.view.table(found)
    assert isinstance(figure, go.Figure)
    assert figure.data
    assert isinstance(table, pd.DataFrame)
    assert len(table)
    assert one.view.alt.endswith(".")
    for text in (one.reading(found), one.explain(found)):
        assert not re.search(r"\bnan\b|None|\{", text), text
    assert 1 <= len(SENTENCES.split(one.explain(found))) <= 3
    assert one.explain(found).endswith(".")


@pytest.mark.parametrize(("id", "number"), STEPS)
def test_a_way_to_the_page_names_what_that_page_has(id, number):
    there = lab(id).steps[number].try_it
    if there is None:
        return
    assert f"{there.page}.py" in {one.file for one in QUESTIONS}
    known = SHARED | set(LINKED.get(there.page, ()))
    assert {key for key in there.query if not key.startswith("o_")} <= known


@pytest.mark.parametrize("id", MODULES)
def test_the_ways_to_the_pages_open_without_a_complaint(id):
    asked = {str(one.try_it): one.try_it for one in lab(id).steps if one.try_it is not None}
    for there in asked.values():
        app = opened(there.page, **{key: value for key, value in there.query.items() if key != "run"})
        assert not unescaped(app.toast), there


def test_the_cards_lead_to_a_lab():
    app = opened("labs")
    assert {one.key for one in app.button} >= {f"lab_open_{id}" for id in MODULES}
    app.button(key="lab_open_small-n").click()
    run(app)
    assert app.header[0].value == "Small n lies"
    assert app.query_params["lab"] == "small-n"
    assert app.query_params["step"] == "1"


def test_a_step_shows_nothing_before_the_guess():
    app = opened("labs", lab="small-n", step="1")
    assert not charts(app)
    assert not said(app, "Measured here")
    app.slider(key="guess_small-n_0").set_value(0.25)
    run(app)
    assert not charts(app)
    app.button(key="lab_show").click()
    run(app)
    assert len(charts(app)) == 1
    scores = recorded("B1").tables["draws"]["biased"]
    assert said(app, f"**Measured here**  \n{scores.mean():.2f}")
    assert said(app, "**You guessed**  \n0.25")
    assert said(app, f"off by {scores.mean() - 0.25:.2f}")
    assert not app.slider
    app.button(key="lab_again").click()
    run(app)
    assert not charts(app)


def test_a_choice_has_to_be_made_or_skipped():
    app = opened("labs", lab="small-n", step="3")
    assert app.button(key="lab_show").disabled
    app.radio(key="guess_small-n_2").set_value("200")
    run(app)
    app.button(key="lab_show").click()
    run(app)
    assert said(app, "**You guessed**  \n200")
    assert said(app, "not this time")
    app = shown("small-n", 3)
    assert said(app, "**You guessed**  \nskipped")


def test_guesses_stay_while_the_reader_walks():
    app = opened("labs", lab="small-n", step="1")
    app.slider(key="guess_small-n_0").set_value(0.9)
    run(app)
    app.button(key="lab_show").click()
    run(app)
    app.button(key="labs_next").click()
    run(app)
    assert app.query_params["step"] == "2"
    assert not charts(app)
    app.button(key="labs_back").click()
    run(app)
    assert charts(app)
    assert said(app, "**You guessed**  \n0.90")
    assert said(app, "right on the step")
    app.button(key="labs_all").click()
    run(app)
    assert "lab" not in app.query_params
    assert any(one.proto.text == "1 of 6 steps done" for one in app.get("progress"))


def test_the_last_step_has_verdicts_rules_guesses_and_the_report():
    app = shown("one-outlier", 1)
    app.query_params["step"] = "6"
    run(app)
    for id in lab("one-outlier").claims:
        assert said(app, f"**{id}: {recorded(id).verdict}**")
        assert said(app, claims()[id].rule)
    assert app.dataframe[0].value["you"].tolist() == ["skipped"]
    assert app.get("download_button")
    assert said(app, "5 of 5 hold")


@pytest.mark.parametrize("id", MODULES)
def test_the_end_of_every_lab_opens(id):
    app = opened("labs", lab=id, step=str(len(lab(id).steps) + 1))
    for claim in lab(id).claims:
        assert said(app, f"**{claim}: {recorded(claim).verdict}**")


def test_an_instructor_sees_no_answer_before_it_is_revealed():
    app = opened("labs", teach="1")
    assert not app.get("image")
    assert not app.get("progress")
    app = opened("labs", lab="small-n", step="3", teach="1")
    assert not charts(app)
    assert not app.radio
    app.button(key="lab_reveal").click()
    run(app)
    assert charts(app)
    assert not said(app, "Measured here")
    app.button(key="lab_explain").click()
    run(app)
    assert said(app, "Measured here")
    assert not said(app, "You guessed")
    app.button(key="lab_hide").click()
    run(app)
    assert not charts(app)
    app.query_params["step"] = "6"
    run(app)
    assert not said(app, "B1: reproduced")
    app.button(key="lab_reveal").click()
    run(app)
    assert said(app, "B1: reproduced")


def test_what_does_not_exist_is_said():
    app = opened("labs", lab="small-m")
    assert unescaped(app.toast) == ["Lab 'small-m' is not available here; showing all of them."]
    assert "lab" not in app.query_params
    for step in ("0", "7", "x", "999999999999", "²"):
        app = opened("labs", lab="small-n", step=step)
        assert unescaped(app.toast) == [f"Small n lies has no step {step!r}; showing the first."]
        assert app.query_params["step"] == "1"


def test_copy_link_names_lab_step_and_mode():
    assert LINKED["labs"] == ("lab", "step", "teach")
    app = opened("labs", lab="small-n", step="2", teach="1")
    assert [app.session_state[key] for key in LINKED["labs"]] == ["small-n", "2", "1"]


def test_start_shows_every_lab_with_a_picture():
    app = opened("start")
    links = [one.proto.label.strip("*").replace("\\", "") for one in app.get("page_link")]
    assert {one.title for one in labs()} <= set(links)
    pictured = sum(bool(results.thumbnail(id)) for id in MODULES)
    assert len(app.get("image")) == pictured > 0


def test_the_report_has_guesses_figures_verdicts_and_recipes_and_asks_no_network():
    one = lab("one-outlier")
    text = report.html(one, {0: 0.25, 2: None}).decode()
    assert text.count("<figure") == len(one.steps)
    assert text.count("plotly.js v") == 1
    assert not re.search(r"<(script|link|img|iframe)[^>]*(src|href)=", text)
    assert "0.25, off by" in text
    assert "<dd>skipped</dd>" in text
    assert "not asked" in text
    for id in one.claims:
        assert f"<h3>{id}: {recorded(id).verdict}</h3>" in text
    assert "&quot;n&quot;: 500" in text


def test_a_lab_without_its_records_says_so_on_the_page_and_in_the_report(monkeypatch):
    from repsim_core.claims import not_attempted

    monkeypatch.setattr(results, "result", lambda id, step: not_attempted("B1", "It was not run."))
    app = shown("small-n", 2)
    assert "It was not run." in unescaped(app.info)
    assert b"It was not run." in report.html(lab("small-n"), {})


@pytest.mark.parametrize(
    ("kind", "guess", "answer", "words", "outcome"),
    [
        (Number(0, 1, 0.05, lambda _: 0), 0.5, 0.52, "0.50", "right on the step"),
        (Number(0, 1, 0.05, lambda _: 0), 0.5, 0.6, "0.50", "off by 0.10"),
        (Number(0, 1, 0.05, lambda _: 0, "{:.0%}"), 0.25, 1.0, "25%", "off by 75%"),
        (Number(-1, 1, 0.05, lambda _: 0), -0.001, 0.0, "0.00", "right on the step"),
        (Number(0, 1, 0.05, lambda _: 0), None, 0.6, "skipped", ""),
        (Choice(("a", "b"), lambda _: "a"), "a", "a", "a", "right"),
        (Choice(("a", "b"), lambda _: "a"), "b", "a", "b", "not this time"),
    ],
)
def test_a_guess_in_words(kind, guess, answer, words, outcome):
    assert guesses.in_words(kind, guess) == words
    assert guesses.outcome(kind, guess, answer) == outcome
