"""The Topology page in a real browser: a cold link, clicks on panels, bars and cells, play, partial results."""

import re

import numpy as np
import pytest

from repsim_core import activations, datasets, models, topology
from tests.browser.charts import CELL, query

pytestmark = pytest.mark.browser

A, B = "zoo/digits-cnn-s10", "zoo/digits-cnn-s12"
PAIR = f"a={A}&b={B}&n=120&seed=3&points=80&subs=2&run=1&noise=hausdorff"
VIEW = f"topology?{PAIR}&la=conv2&lb=conv3"
PLACE = """(gd, [name, k]) => { const box = gd.getBoundingClientRect();
    const trace = gd._fullData.find(one => one.mode === 'markers' && (one.name || '').includes(name));
    const key = axis => gd._fullLayout[axis[0] + 'axis' + axis.slice(1)];
    const x = key(trace.xaxis), y = key(trace.yaxis);
    return [box.left + x._offset + x.d2p(trace.x[k]), box.top + y._offset + y.d2p(trace.y[k])]; }"""


@pytest.fixture(scope="module")
def studies():
    data = datasets.load("digits", n=120, seed=3)
    return [
        topology.layer_diagrams(
            activations.extract(models.load(name), data), labels=data.labels, size=80, repeats=2, seed=3
        )
        for name in (A, B)
    ]


def chart(page, key):
    return page.locator(f".st-key-{key} .js-plotly-plot").first


def ready(page, key):
    page.wait_for_selector(f".st-key-{key} .js-plotly-plot .main-svg", timeout=90_000)
    page.get_by_text("Computed in").wait_for(timeout=90_000)
    page.get_by_role("button", name="Cancel").wait_for(state="detached", timeout=90_000)
    page.wait_for_timeout(1000)


def deaths(page, key, name="loops"):
    return np.array(
        chart(page, key).evaluate(
            "(gd, name) => Array.from(gd._fullData.find(one => (one.name || '').includes(name)).y)", name
        )
    )


def click(page, key, script, argument):
    chart(page, key).scroll_into_view_if_needed()
    x, y = chart(page, key).evaluate(script, argument)
    page.mouse.move(x, y)
    page.wait_for_timeout(400)
    page.mouse.click(x, y)


def test_a_cold_link_draws_both_layers_with_the_bars_of_the_core(server, visit, studies):
    page = visit().open(f"{server}/{VIEW}")
    ready(page, "tdiagram_b")
    for key, found, layer in (("tdiagram_a", studies[0], "conv2"), ("tdiagram_b", studies[1], "conv3")):
        np.testing.assert_allclose(deaths(page, key), found.of(layer, 1)[0].deaths, rtol=1e-5)
    traces = chart(page, "multiples_a").evaluate("gd => gd._fullData.filter(one => one.mode === 'markers').length")
    assert traces == 7 * 2
    assert chart(page, "tdiagram_a").evaluate("gd => gd._fullData.some(one => (one.name || '').includes('noise'))")


def test_a_click_on_a_panel_shows_its_layer_and_leaves_the_sheet_alone(server, visit, studies):
    page = visit().open(f"{server}/{VIEW}")
    ready(page, "tdiagram_a")
    chart(page, "multiples_a").evaluate("gd => { gd.seen = true; }")
    longest = int(np.argmax(studies[0].of("conv5", 1)[0].lengths))
    click(page, "multiples_a", PLACE.replace(".find(one =>", ".findLast(one => one.meta <= 4 &&"), ["", longest])
    page.wait_for_function("() => new URLSearchParams(location.search).get('la') === 'conv5'")
    page.wait_for_timeout(2000)
    np.testing.assert_allclose(deaths(page, "tdiagram_a"), studies[0].of("conv5", 1)[0].deaths, rtol=1e-5)
    assert chart(page, "multiples_a").evaluate("gd => gd.seen")
    assert query(page)["lb"] == "conv3"


def test_a_click_on_a_bar_names_its_stimuli_in_words_cloud_and_pictures(server, visit, studies):
    page = visit().open(f"{server}/{VIEW}")
    ready(page, "tdiagram_b")
    one = studies[1].of("conv3", 1)[0]
    far = int(np.argmin(one.births[:20]))  # away from the crowd, so that the pointer meets no other
    click(page, "tdiagram_b", PLACE, ["loops", far])
    page.wait_for_function("name => new URLSearchParams(location.search).get('tbar') === name", arg=f"B H1 {far + 1}")
    words = page.locator(".st-key-bar_words")
    stimuli = [studies[1].stimuli[k] for k in (*one.birth_simplices[far], *one.death_simplices[far])]
    for name in stimuli:
        words.get_by_text(name).wait_for()
    page.wait_for_timeout(1500)
    birth = chart(page, "bar_cloud").evaluate("gd => Array.from(gd._fullData.find(one => one.name === 'birth').text)")
    assert birth == stimuli[:2]
    assert page.locator(".st-key-bar_pictures image").count() == 1


def test_a_click_on_a_cell_shows_how_its_diagrams_match(server, visit, studies):
    page = visit().open(f"{server}/topology?{PAIR}&tview=Distances")
    ready(page, "distance_map")
    expected = topology.compare_diagrams(*studies, 1)
    drawn = chart(page, "distance_map").evaluate(
        "gd => Array.from(gd._fullData.find(one => one.type === 'heatmap').z, row => Array.from(row))"
    )
    np.testing.assert_allclose(drawn, expected.values, rtol=1e-5)
    click(page, "distance_map", CELL, [4, 2])
    page.wait_for_function("() => location.search.includes('la=conv5') && location.search.includes('lb=conv3')")
    page.locator(".st-key-distance_cell").get_by_text(f"{expected.value('conv5', 'conv3'):.4g}").wait_for()
    page.wait_for_timeout(1500)
    framed = chart(page, "distance_map").evaluate(
        "gd => gd._fullData.find(one => one.meta === 'pick').selectedpoints.map(Number)"
    )
    assert framed == [4 * 7 + 2]
    names = chart(page, "matching").evaluate("gd => gd._fullData.map(one => one.name)")
    assert {"A conv5", "B conv3"} <= set(names)


def test_play_goes_through_the_layers_in_the_browser(server, visit, studies):
    page = visit().open(f"{server}/topology?{PAIR}&ttab=Play")
    ready(page, "play_a")
    before = deaths(page, "play_a")
    chart(page, "play_a").locator(".updatemenu-button").first.click()
    page.wait_for_function(
        """() => document.querySelector('.st-key-play_a .slider-current-value, .st-key-play_a .slider-label')
            && [...document.querySelectorAll('.st-key-play_a text')].some(one => one.textContent === 'layer head')""",
        timeout=30_000,
    )
    page.wait_for_timeout(800)
    after = deaths(page, "play_a")
    np.testing.assert_allclose(after, studies[0].of("head", 1)[0].deaths[:100], rtol=1e-5)
    assert before.shape != after.shape or not np.allclose(before, after)


def test_layers_appear_one_after_the_other_and_cancel_keeps_them(server, visit):
    page = visit().open(
        f"{server}/topology?a=zoo/digits-plain-x4-s10&b=zoo/digits-plain-x4-s10&n=898&points=500&subs=10&upto=H2&run=1"
    )
    page.wait_for_selector(".st-key-multiples_a .js-plotly-plot .main-svg", timeout=240_000)
    page.get_by_text("not yet").first.wait_for()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_text("The last run was cancelled; what it found is below.").wait_for()
    chart(page, "multiples_a").wait_for()


def test_an_export_has_the_chart_and_its_files(server, visit):
    page = visit().open(f"{server}/{VIEW}")
    ready(page, "tdiagram_a")
    page.locator(".st-key-multiples_a_export button").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Bars as CSV").wait_for()
    with page.expect_download() as download:
        dialog.get_by_role("button", name="Bars as CSV").click()
    assert re.fullmatch(r"diagrams-zoo-digits-cnn-s10-digits-[0-9a-f]{8}\.csv", download.value.suggested_filename)
    assert dialog.locator(".js-plotly-plot .main-svg").count()
