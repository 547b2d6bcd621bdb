"""How long does a learner wait in a lab: from *Show me* to the figure and its explanation, every step of every lab?"""

from collections.abc import Iterator
from statistics import median

from playwright.sync_api import Page, sync_playwright

from benchmarks.measurement import Row
from repsim_ui.labs import results
from repsim_ui.labs.catalogue import labs
from repsim_ui.labs.lab import Choice, Lab
from scripts.find_browser import installed, on_this_machine
from scripts.server import running_server

MOST = 3.0  # seconds
# From the moment the mouse button goes down to the frame in which the chart is drawn and its two sentences stand there.
SHOWN = """key => { window.seen = window.pressed = null;
    document.addEventListener('mousedown', () => { window.pressed = performance.now(); }, {capture: true, once: true});
    const there = () => document.querySelector(`.st-key-lab_${key} .main-svg`)
        && document.querySelector('.st-key-lab_explained p');
    const look = () => { if (window.pressed && there()) window.seen = performance.now() - window.pressed;
    else requestAnimationFrame(look); }; look(); }"""


def step_seconds(page: Page, server: str, one: Lab, number: int) -> float:
    """Of one step in a session of its own, its link opened and the first answer guessed."""
    page.goto(f"{server}/labs?lab={one.id}&step={number + 1}")
    guess = one.steps[number].guess
    if isinstance(guess, Choice):
        page.get_by_role("radiogroup", name="Your guess").get_by_text(guess.options[0], exact=True).click()
    else:
        page.get_by_role("slider", name="Your guess").press("ArrowRight")
    page.wait_for_timeout(1000)
    page.evaluate(SHOWN, f"{one.id}_{number}")
    page.get_by_role("button", name="Show me").click()
    page.wait_for_function("() => window.seen", timeout=60_000)
    return float(page.evaluate("() => window.seen")) / 1000


def rows() -> Iterator[Row]:
    """Every step once, in a session of its own; the first of each lab once more before, since it imports the lab."""
    with sync_playwright() as playwright, running_server() as server:
        browser = playwright.chromium.launch(executable_path=on_this_machine() or installed(), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        seconds: dict[str, float] = {}
        for one in labs():
            drawn = [k for k in range(len(one.steps)) if not results.missing(results.result(one.id, k))]
            step_seconds(page, server, one, drawn[0])
            seconds |= {f"{one.id}, step {k + 1}": step_seconds(page, server, one, k) for k in drawn}
        browser.close()
    slowest = max(seconds, key=lambda name: seconds[name])
    yield Row(
        f"From *Show me* to figure and explanation, {len(seconds)} steps of {len(labs())} labs",
        f"none above {MOST:.0f} s",
        f"median {median(seconds.values()):.1f} s, slowest {seconds[slowest]:.1f} s ({slowest})",
        seconds[slowest] <= MOST,
    )
