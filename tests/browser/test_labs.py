"""Every lab from its card to its report by clicking; the back button, links, the keyboard, axe, narrow and zoomed."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from repsim_core.claims import recorded
from repsim_ui.labs import results
from repsim_ui.labs.catalogue import MODULES, lab
from repsim_ui.labs.lab import Choice
from tests.browser.test_every_page import AXE

pytestmark = pytest.mark.browser


def answer(page, id, number):
    """Guess, press Show me, and wait for what it shows."""
    one = lab(id).steps[number]
    question = page.get_by_role("heading", name=f"{number + 1}. {one.question}")
    question.wait_for()
    if isinstance(one.guess, Choice):
        page.get_by_role("radiogroup", name="Your guess").get_by_text(one.guess.options[0], exact=True).click()
    else:
        page.get_by_role("slider", name="Your guess").press("ArrowRight")
    page.get_by_role("button", name="Show me").click()
    found = results.result(id, number)
    if results.missing(found):
        page.locator(".st-key-lab_missing").wait_for()
        return
    page.locator(".st-key-lab_explained p").first.wait_for()
    page.locator(f".st-key-lab_{id}_{number} .main-svg").first.wait_for()
    assert page.locator(".st-key-lab_measured").inner_text().startswith("Measured here")
    assert page.locator(".st-key-lab_guess").inner_text().startswith("You guessed")


def onward(page, step):
    page.get_by_role("button", name="Next").click()
    page.wait_for_function("step => new URL(location).searchParams.get('step') === step", arg=str(step))


def faults(page):
    """What axe finds, and whether the page scrolls sideways at 360 px and at 200 % zoom of 1280 px."""
    page.add_script_tag(path=str(AXE))
    found = page.evaluate(
        """() => axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']})"""
    )
    serious = [
        (one["id"], node["html"][:200], node["failureSummary"])
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]
    before = page.viewport_size
    for width in (640, 360):
        page.set_viewport_size({"width": width, "height": 800})
        page.wait_for_timeout(500)
        wide, shown = page.get_by_test_id("stMain").evaluate("one => [one.scrollWidth, one.clientWidth]")
        if wide > shown:
            serious.append((f"scrolls sideways at {width} px", wide, shown))
    page.set_viewport_size(before)
    return serious


@pytest.mark.parametrize("id", MODULES)
def test_a_lab_runs_from_its_card_to_its_report(server, visit, id, tmp_path):
    tab = visit(scheme="dark" if list(MODULES).index(id) % 2 else "light")
    page = tab.open(f"{server}/labs")
    one = lab(id)
    page.locator(f".st-key-lab_open_{id} button").click()
    for number in range(len(one.steps)):
        answer(page, id, number)
        if number == 0:
            tab.settled()
            assert not faults(page)
        onward(page, number + 2)
    for claim in one.claims:
        page.locator(f".st-key-verdict_{claim}").get_by_text(f"{claim}: {recorded(claim).verdict}").wait_for()
    tab.settled()
    assert not faults(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Report of this lab").click()
    path = tmp_path / "report.html"
    download.value.save_as(path)
    page.get_by_role("button", name="All labs").click()
    page.get_by_text(f"{len(one.steps) + 1} of {len(one.steps) + 1} steps done").wait_for()
    offline = tab.context.new_page()
    tab.context.set_offline(True)
    offline.goto(path.as_uri())
    assert offline.locator("h1").inner_text() == one.title
    shown = sum(not results.missing(results.result(id, number)) for number in range(len(one.steps)))
    assert offline.locator(".main-svg").count() >= shown == offline.locator("figure").count()
    assert "You" not in offline.title()


def test_the_back_button_walks_the_steps_and_a_link_opens_one(server, visit):
    tab = visit()
    page = tab.open(f"{server}/labs?lab=small-n&step=2")
    first, second, third = (f"{k + 1}. {one.question}" for k, one in enumerate(lab("small-n").steps[:3]))
    page.get_by_role("heading", name=second).wait_for()
    onward(page, 3)
    page.get_by_role("heading", name=third).wait_for()
    page.get_by_role("radiogroup", name="Step").or_(page.get_by_role("group", name="Step")).first.wait_for()
    page.get_by_role("radio", name="1", exact=True).or_(page.get_by_role("button", name="1", exact=True)).first.click()
    page.get_by_role("heading", name=first).wait_for()
    page.go_back()
    page.get_by_role("heading", name=third).wait_for()
    page.go_back()
    page.get_by_role("heading", name=second).wait_for()
    page.go_forward()
    page.get_by_role("heading", name=third).wait_for()
    page.reload()
    page.get_by_role("heading", name=third).wait_for()
    tab.settled()


def test_a_step_by_the_keyboard_alone(server, visit):
    tab = visit()
    page = tab.open(f"{server}/labs?lab=small-n&step=1")
    page.get_by_role("slider", name="Your guess").press("ArrowRight")
    page.get_by_role("button", name="Show me").press("Enter")
    page.locator(".st-key-lab_explained").wait_for()
    assert "0.55" in page.locator(".st-key-lab_guess").inner_text()
    page.get_by_role("button", name="Next").press("Enter")
    page.wait_for_function("() => location.search.includes('step=2')")
    tab.settled()


def test_try_it_yourself_opens_the_page_in_the_state_of_the_step(server, visit):
    tab = visit()
    page = tab.open(f"{server}/labs?lab=one-outlier&step=1")
    page.get_by_role("button", name="Skip the guess").click()
    link = page.get_by_role("link", name="Try it yourself")
    with tab.context.expect_page() as other:
        link.click()
    there = other.value
    there.get_by_role("heading", name="Layer map").wait_for()
    there.get_by_text("n = 500 · seed 0").wait_for()
    there.locator(".st-key-map .main-svg").first.wait_for(timeout=120_000)
    assert re.search(r"[?&]m=cka_biased\b", there.url)
    for side in "AB":
        expect(there.get_by_role("combobox", name=f"Layer of {side}")).to_have_value("pool")
    there.get_by_role("tab", name="Spectra", selected=True).wait_for()
    assert page.locator(".st-key-lab_guess").inner_text().startswith("You guessed")


def test_the_instructor_reveals_and_the_link_keeps_the_mode(server, visit):
    tab = visit()
    page = tab.open(f"{server}/labs?lab=one-outlier&step=3")
    page.get_by_text("Instructor mode").click()
    page.wait_for_function("() => location.search.includes('teach=1')")
    page.reload()
    page.get_by_role("button", name="Reveal the figure").click()
    page.locator(".st-key-lab_one-outlier_2 .main-svg").first.wait_for()
    assert not page.locator(".st-key-lab_measured").count()
    page.get_by_role("button", name="Reveal the explanation").click()
    page.locator(".st-key-lab_measured").wait_for()
    tab.settled()


def test_a_card_on_start_opens_its_lab(server, visit):
    tab = visit()
    page = tab.open(f"{server}/")
    page.get_by_role("link", name="Small n lies").click()
    page.get_by_role("heading", name=f"1. {lab('small-n').steps[0].question}").wait_for()
    assert Path(page.url.split("?")[0]).name == "labs"
    tab.settled()
