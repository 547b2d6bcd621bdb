"""What holds for every page: a cold link opens it, axe finds nothing, a narrow screen does not scroll sideways."""

from pathlib import Path

import pytest

from scripts.server import running_server

pytestmark = pytest.mark.browser

A, B = "zoo/digits-cnn-s10", "zoo/digits-cnn-s12"
AXE = Path(__file__).parent / "vendor" / "axe.min.js"
PAGES = {
    "": "RepSim",
    "models": "Models & data",
    "layer_map": "Layer map",
    "divergence": "Divergence",
    "topology": "Topology",
    "alignment": "Alignment",
    "ablation": "Ablation",
    "labs": "Labs",
}
PAIR = f"a={A}&b={B}&n=120&seed=3"
LOW = "a=zoo/low-mlp-s10&b=zoo/low-mlp-tanh-s10&ds=digits_low&n=100"
CLOUDS = f"topology?{PAIR}&points=80&subs=2&noise=hausdorff&run=1"
CELLS = "ablation?a=zoo/digits-cnn-s10&n=100&layer=conv3&cls=4&bins=3&run=1"
VIEWS = [  # each with something to look at
    "",
    "models",
    "models?ds=digits~noise:0.3&layers=chosen&ra=conv1&rb=conv1",
    f"layer_map?{PAIR}&run=1&la=conv2&lb=conv3&tab=Spectra",
    f"layer_map?{PAIR}&mview=Two+measures&run=1",
    f"layer_map?{PAIR}&mview=Twins&measures=cka&nets=zoo/digits-cnn-s13&run=1",
    f"layer_map?{PAIR}&mview=Many+networks&nets=zoo/digits-cnn-s13&m=procrustes_angle&summary=same+depth&run=1",
    f"divergence?{PAIR}&trials=3&batch=80&run=1&la=conv2&lb=conv3",
    "divergence?view=Clusters+and+rings&k=4",
    "divergence?view=Along+training&n=60",
    "divergence?view=Between+domains&n=60",
    f"{CLOUDS}&la=conv2&lb=conv3",
    f"{CLOUDS}&ttab=Betti+curve",
    f"{CLOUDS}&tview=Distances",
    f"{CLOUDS}&tview=Curves",
    f"{CLOUDS}&tview=Along+training&layer=head",
    f"alignment?{LOW}&layer=act3&dir=2",
    f"alignment?{LOW}&aview=Training&anet=zoo/low-mlp-s10",
    "alignment?aview=Families",
    f"alignment?{LOW}&aview=Vectors&la=act2&lb=act2",
    "alignment?a=zoo/low-mlp-s10&n=100&aview=Transfer&tasks=odd&labels=40&run=1",
    CELLS,
    f"{CELLS}&abview=All+layers",
    f"{CELLS}&abview=By+hand",
    "labs",
    "labs?lab=small-n&step=3",
    "labs?lab=reading-a-map&step=1&teach=1",
    "labs?lab=one-outlier&step=6",
]


@pytest.mark.parametrize("path", PAGES)
def test_a_cold_deep_link_shows_its_page_with_the_sidebar(visit, path):
    with running_server() as server:
        page = visit().open(f"{server}/{path}?n=200&a={B}")
        assert page.locator("h1").inner_text() == PAGES[path]
        page.get_by_test_id("stSidebar").get_by_text("Model A").wait_for()
        page.get_by_text("n = 200 · seed 0").wait_for()
        assert page.get_by_role("dialog").count() == 0
        page.goto("about:blank")  # before its server goes


@pytest.mark.parametrize("path", VIEWS)
def test_axe_finds_nothing_serious_and_a_narrow_screen_does_not_scroll_sideways(server, visit, path):
    here = visit()
    page = here.page
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        here.open(f"{server}/{path}")
        page.get_by_role("button", name="Cancel").first.wait_for(state="detached", timeout=120_000)
        page.wait_for_timeout(1000)
        ground = page.get_by_test_id("stApp").evaluate("one => getComputedStyle(one).backgroundColor")
        assert (ground == "rgb(255, 255, 255)") == (scheme == "light")
        page.add_script_tag(path=str(AXE))
        found = page.evaluate(
            """() => axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']})"""
        )
        serious = [
            (scheme, one["id"], node["html"][:200], node["failureSummary"])
            for one in found["violations"]
            if one["impact"] in ("serious", "critical")
            for node in one["nodes"]
        ]
        assert not serious
        assert found["passes"]
    page.set_viewport_size({"width": 360, "height": 800})
    page.wait_for_timeout(1000)
    wide, shown = page.get_by_test_id("stMain").evaluate("one => [one.scrollWidth, one.clientWidth]")
    assert wide <= shown
