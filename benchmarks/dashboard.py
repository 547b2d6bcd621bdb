"""How long does a person wait: for the first page, for the detail of a cell, for another page while a job runs?"""

import statistics
import time

from playwright.sync_api import Page, sync_playwright

from benchmarks.measurement import Row
from scripts.find_browser import installed, on_this_machine
from scripts.server import running_server

VIEW = "layer_map?a=zoo/digits-cnn-s10&b=zoo/digits-cnn-s11&n=500&run=1&tab=Spectra"
CELL = """(gd, [row, column]) => { const {xaxis, yaxis} = gd._fullLayout, box = gd.getBoundingClientRect();
    return [box.left + xaxis._offset + xaxis.d2p(column), box.top + yaxis._offset + yaxis.d2p(row)]; }"""
# From the moment the mouse button goes down to the frame in which the number beside the map has changed.
WATCH = """() => { window.seen = null; const text = () => document.querySelector('.st-key-cell').innerText;
    window.before = text(); document.addEventListener('mousedown', () => { window.pressed = performance.now(); },
    {capture: true, once: true}); const look = () => { if (window.pressed && text() !== window.before)
    window.seen = performance.now() - window.pressed; else requestAnimationFrame(look); }; look(); }"""


LONG = "divergence?a=zoo/digits-resnet-large-s10&b=zoo/digits-vgg-large-s10&n=899&batch=500&layers=all&run=1"
SWITCHES = ("Models & data", "Layer map", "Models & data", "Layer map", "Models & data")
# From the moment the mouse button goes down to the frame in which the page has this text in such an element.
APPEARS = """([selector, text]) => { window.seen = window.pressed = null;
    document.addEventListener('mousedown', () => { window.pressed = performance.now(); }, {capture: true, once: true});
    const there = () => [...document.querySelectorAll(selector)].some(one => one.innerText.includes(text));
    const look = () => { if (window.pressed && there()) window.seen = performance.now() - window.pressed;
    else requestAnimationFrame(look); }; look(); }"""


def start_seconds(browser: object) -> float:
    """From the first answer of a fresh server to a Start page that can be used."""
    with running_server() as server:
        begin = time.perf_counter()
        page = browser.new_page()  # type: ignore[attr-defined]
        page.goto(server)
        page.get_by_role("button", name="Open the map").first.wait_for()
        page.get_by_test_id("stSidebar").get_by_text("Model B").wait_for()
        seconds = time.perf_counter() - begin
        page.close()
        return seconds


def click_seconds(page: Page, row: int, column: int) -> float:
    """From the click to the changed detail, measured in the browser."""
    chart = page.locator(".st-key-map .js-plotly-plot").first
    x, y = chart.evaluate(CELL, [row, column])
    page.mouse.move(x, y)
    page.wait_for_timeout(400)
    page.evaluate(WATCH)
    page.mouse.click(x, y)
    page.wait_for_function("() => window.seen")
    page.wait_for_timeout(600)
    return float(page.evaluate("() => window.seen")) / 1000


def appearing(page: Page, name: str, role: str, selector: str, text: str) -> float:
    """From a click on a control to a text, measured in the browser."""
    control = page.get_by_role(role, name=name).first  # type: ignore[arg-type]
    control.scroll_into_view_if_needed()
    page.evaluate(APPEARS, [selector, text])
    control.click()
    page.wait_for_function("() => window.seen")
    page.wait_for_timeout(1500)
    return float(page.evaluate("() => window.seen")) / 1000


def busy_seconds(browser: object, server: str, repeats: int) -> tuple[float, float]:
    """While a job of all cores runs: another visitor's switch of pages, and from Cancel to its message."""
    cancels: list[float] = []
    switches: list[float] = []
    for turn in range(repeats):
        page, other = (browser.new_page(viewport={"width": 1400, "height": 1000}) for _ in range(2))  # type: ignore[attr-defined]
        page.goto(f"{server}/{LONG}&seed={turn}")
        page.get_by_role("progressbar").first.wait_for()
        page.wait_for_timeout(4000)
        other.goto(f"{server}/layer_map")
        for name in SWITCHES[:2]:  # warm
            appearing(other, name, "link", "h1", name)
        switches += [appearing(other, name, "link", "h1", name) for name in SWITCHES]
        cancels.append(appearing(page, "Cancel", "button", "[data-testid=stMarkdown]", "The last run was cancelled"))
        page.close()
        other.close()
    return statistics.median(switches), statistics.median(cancels)


def rows(repeats: int = 3) -> list[Row]:
    """Medians; every cell is clicked once cold before it is timed."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=on_this_machine() or installed(), args=["--no-sandbox"])
        start = statistics.median(start_seconds(browser) for _ in range(repeats))
        with running_server() as server:
            page = browser.new_page(viewport={"width": 1400, "height": 1000})
            page.goto(f"{server}/{VIEW}")
            page.wait_for_selector(".st-key-map .js-plotly-plot .heatmaplayer")
            page.wait_for_timeout(3000)
            cells = [(0, 1), (2, 3), (4, 1), (5, 5), (1, 4)]
            for cell in cells:
                click_seconds(page, *cell)
            click = statistics.median(click_seconds(page, *cell) for cell in cells)
            switch, cancel = busy_seconds(browser, server, repeats)
        browser.close()
    return [
        Row(
            "Warm click on a cell to the updated detail, seen in the browser", "≤ 0.3 s", f"{click:.2f} s", click <= 0.3
        ),
        Row(
            "Start page usable after a cold server answers, browser on the same machine",
            "≤ 4 s",
            f"{start:.1f} s",
            start <= 4,
        ),
        Row(
            "Another page, while a job of another visitor takes all cores", "≤ 0.3 s", f"{switch:.2f} s", switch <= 0.3
        ),
        Row("Cancel of a job to its message", "≤ 1 s", f"{cancel:.2f} s", cancel <= 1),
    ]
