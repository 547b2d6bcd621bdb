"""What holds for every page: a cold link opens it, axe finds nothing, a narrow screen does not scroll sideways."""

import time
from pathlib import Path

import pytest

from scripts.server import running_server

pytestmark = pytest.mark.browser

A, B = "zoo/digits-cnn-s10", "zoo/digits-cnn-s12"
AXE = Path(__file__).parent / "vendor" / "axe.min.js"
PAGES = {"": "RepSim", "models": "Models & data", "layer_map": "Layer map", "divergence": "Divergence"}
PAIR = f"a={A}&b={B}&n=120&seed=3"
VIEWS = [  # each with something to look at
    "",
    "models",
    f"layer_map?{PAIR}&run=1&la=conv2&lb=conv3&tab=Spectra",
    f"divergence?{PAIR}&trials=3&batch=80&run=1&la=conv2&lb=conv3",
    "divergence?view=Clusters+and+rings&k=4",
    "divergence?view=Along+training&n=60",
    "divergence?view=Between+domains&n=60",
]


@pytest.mark.parametrize("path", PAGES)
def test_a_cold_deep_link_shows_its_page_with_the_sidebar(visit, path):
    with running_server() as server:
        page = visit().open(f"{server}/{path}?n=200&a={B}")
        assert page.locator("h1").inner_text() == PAGES[path]
        assert page.get_by_test_id("stSidebar").get_by_text("Model A").is_visible()
        assert page.get_by_text("n = 200 · seed 0").is_visible()
        assert page.get_by_role("dialog").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", VIEWS)
def test_axe_finds_nothing_serious(server, visit, path, scheme):
    page = visit(scheme=scheme).open(f"{server}/{path}")
    time.sleep(1)
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
    assert not serious
    assert found["passes"]


@pytest.mark.parametrize("path", VIEWS)
def test_a_narrow_screen_does_not_scroll_sideways(server, visit, path):
    page = visit(width=360, height=800).open(f"{server}/{path}")
    wide, shown = page.get_by_test_id("stMain").evaluate("one => [one.scrollWidth, one.clientWidth]")
    assert wide <= shown
