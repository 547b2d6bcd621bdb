"""A real server and a real browser: Chromium by Playwright, the path found by ``scripts/find_browser.py``."""

import os
import time

import pytest
from playwright.sync_api import Page, sync_playwright

from scripts.server import running_server

# On a deep link Streamlit probes its own health and configuration below the page's path, which answers 404.
ALLOWED = ("_stcore/health", "_stcore/host-config")
ADVICE = (
    "No browser for the tests. Run them by `make test`, or: REPSIM_BROWSER=$(python scripts/find_browser.py) pytest"
)
ANSWER = 30.0  # seconds a busy server may take before it begins to answer


@pytest.fixture(scope="session")
def server():
    with running_server() as address:
        yield address


@pytest.fixture(scope="session")
def browser():
    path = os.environ.get("REPSIM_BROWSER")
    if not path:
        pytest.fail(ADVICE)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield started
        started.close()


class Visit:
    """A browser of its own, with what went wrong in it."""

    def __init__(self, browser, scheme="light", width=1400, height=1000):
        self.context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, accept_downloads=True
        )
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(120_000)
        self.errors: list[str] = []
        self.foreign: list[str] = []
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", self._asked)
        self.asked = self.answered = 0.0  # when the page last sent something to its server, and heard from it
        self.page.on("websocket", self._connected)

    def _connected(self, socket):
        socket.on("framesent", lambda _: setattr(self, "asked", time.monotonic()))
        socket.on("framereceived", lambda _: setattr(self, "answered", time.monotonic()))

    def _heard(self, message):
        if message.type == "error" and not any(one in str(message.location.get("url")) for one in ALLOWED):
            self.errors.append(f"{message.text} {message.location}")

    def _asked(self, request):
        if not request.url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:")):
            self.foreign.append(request.url)

    def open(self, address):
        self.page.goto(address)
        self.settled()
        return self.page

    def settled(self):
        """Wait until the server has answered what was done, the script has run and charts are drawn."""
        self.page.wait_for_selector("h1")
        self.page.wait_for_timeout(50)
        while self.answered < self.asked and time.monotonic() - self.asked < ANSWER:
            self.page.wait_for_timeout(20)
        self.page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
        self.page.wait_for_function("() => !document.querySelector('[data-testid=stSkeleton]')")
        self.page.wait_for_function(
            "() => [...document.querySelectorAll('.stPlotlyChart')].every(one => one.querySelector('.main-svg'))"
        )
        self.page.wait_for_timeout(300)


@pytest.fixture
def visit(browser):
    visits = []

    def start(**options):
        visits.append(Visit(browser, **options))
        return visits[-1]

    yield start
    for one in visits:
        one.context.close()
        assert not one.errors, one.errors
        assert not one.foreign, one.foreign
