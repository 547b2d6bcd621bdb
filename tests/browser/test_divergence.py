"""The Divergence page in a real browser: a cold link, one selection over two maps, bars, partial results."""

import re

import numpy as np
import pytest

from repsim_core import activations, datasets, models, similarity, topology
from tests.browser.charts import CELL, query, turn_to

pytestmark = pytest.mark.browser

A, B = "zoo/digits-cnn-s10", "zoo/digits-cnn-s12"
VIEW = f"divergence?a={A}&b={B}&n=120&seed=3&trials=3&batch=80&run=1&la=conv2&lb=conv3"


@pytest.fixture(scope="module")
def layers():
    data = datasets.load("digits", n=120, seed=3)
    return [activations.extract(models.load(name), data) for name in (A, B)]


def chart(page, key):
    return page.locator(f".st-key-{key} .js-plotly-plot").first


def ready(page):
    page.wait_for_selector(".st-key-bars .js-plotly-plot .barlayer")
    page.get_by_text("Computed in").wait_for(timeout=90_000)
    page.wait_for_timeout(500)


def drawn(page, key):
    return np.array(
        chart(page, key).evaluate(
            "gd => Array.from(gd._fullData.find(one => one.type === 'heatmap').z, row => Array.from(row))"
        )
    )


def framed(page, key):
    """The cells that are framed in a map: what the figure says, or what the browser marked since."""
    return chart(page, key).evaluate("gd => gd._fullData.find(one => one.meta === 'pick').selectedpoints.map(Number)")


def lengths(page):
    return np.array(chart(page, "bars").evaluate("gd => Array.from(gd._fullData[0].x)"))


def click_cell(page, key, row, column):
    chart(page, key).scroll_into_view_if_needed()
    x, y = chart(page, key).evaluate(CELL, [row, column])
    page.mouse.move(x, y)
    page.wait_for_timeout(300)
    page.mouse.click(x, y)


def test_a_cold_link_draws_both_maps_with_the_numbers_of_the_core(server, visit, layers):
    page = visit().open(f"{server}/{VIEW}")
    ready(page)
    rtd = similarity.compare_layers(*layers, "rtd", trials=3, batch=80)
    cka = similarity.compare_layers(*layers, "cka")
    np.testing.assert_allclose(drawn(page, "divergence_map"), rtd.values, rtol=1e-5)
    np.testing.assert_allclose(drawn(page, "cka_map"), cka.values, rtol=1e-5, atol=1e-6)
    cell = 1 * 7 + 2
    assert framed(page, "divergence_map") == framed(page, "cka_map") == [cell]
    assert f"{rtd.value('conv2', 'conv3'):.3f} ±" in page.locator(".st-key-divergence_map_cell").inner_text()
    bars = topology.rtd(layers[0]["conv2"], layers[1]["conv3"], trials=3, batch=80).forward[0]
    np.testing.assert_allclose(lengths(page), bars.lengths[:60], rtol=1e-5)


def test_a_click_in_either_map_frames_the_cell_in_both_and_changes_the_bars(server, visit):
    page = visit().open(f"{server}/{VIEW}")
    ready(page)
    before = lengths(page)
    names = {"divergence_map": ("conv5", "conv1", 4 * 7 + 0), "cka_map": ("conv3", "conv5", 2 * 7 + 4)}
    for key in ("divergence_map", "cka_map", "divergence_map", "divergence_map"):
        row, _, cell = names[key]
        if framed(page, key) != [cell]:
            click_cell(page, key, cell // 7, cell % 7)
        page.wait_for_function(f"() => location.search.includes('la={row}')")
        page.wait_for_timeout(1500)
        assert framed(page, "divergence_map") == [cell]
        assert framed(page, "cka_map") == [cell]
        after = lengths(page)
        assert after.shape != before.shape or not np.allclose(after, before) or key == "divergence_map"
        before = after
    assert query(page)["la"] == "conv5"


def test_a_click_on_a_bar_shows_its_two_stimuli(server, visit, layers):
    page = visit().open(f"{server}/{VIEW}")
    ready(page)
    chart(page, "bars").scroll_into_view_if_needed()
    x, y = chart(page, "bars").evaluate(
        """gd => { const {xaxis, yaxis} = gd._fullLayout, box = gd.getBoundingClientRect(), one = gd._fullData[0];
           return [box.left + xaxis._offset + xaxis.d2p(one.base[2] + one.x[2] / 2),
                   box.top + yaxis._offset + yaxis.d2p(3)]; }"""
    )
    page.mouse.move(x, y)
    page.wait_for_timeout(400)
    assert "distance in A conv2" in " ".join(page.locator(".hoverlayer text").all_text_contents())
    pictures = page.locator(".repsim-hover img")
    assert pictures.count() == 2
    assert all(one.evaluate("one => one.naturalWidth") == 8 for one in pictures.all())
    page.mouse.click(x, y)
    page.wait_for_function("() => new URLSearchParams(location.search).get('bar') === 'A to B 3'")
    found = topology.rtd(layers[0]["conv2"], layers[1]["conv3"], trials=3, batch=80)
    stimuli = [layers[0].stimuli[k] for k in found.subsets[0][found.forward[0].birth_simplices[2]]]
    sentence = page.locator(".st-key-bar_sentence")
    page.mouse.move(5, 5)
    assert not pictures.first.is_visible()
    for one in (*stimuli, f"a length of {found.forward[0].lengths[2]:.3f}"):
        sentence.get_by_text(one).wait_for()


def test_the_map_fills_across_pages_and_a_reload_and_cancel_keeps_it(server, visit):
    page = visit().open(
        f"{server}/divergence?a=zoo/digits-plain-x2-s10&b=zoo/digits-plain-x4-s10&n=899&batch=500&seed=5&run=1"
    )
    page.wait_for_selector(".st-key-divergence_map .js-plotly-plot .heatmaplayer", timeout=120_000)
    assert re.search(r"[1-9] of 10 subsets", page.locator(".st-key-divergence_map_cell").inner_text())
    page.wait_for_selector(".st-key-bars .js-plotly-plot .barlayer")  # the panel below is computed in the page
    turn_to(page, "Models & data")
    turn_to(page, "Divergence")
    page.wait_for_selector(".st-key-divergence_map .js-plotly-plot .heatmaplayer")
    page.reload()
    page.wait_for_selector(".st-key-divergence_map .js-plotly-plot .heatmaplayer")
    page.get_by_role("button", name="Cancel").click()
    page.get_by_text("The last run was cancelled").first.wait_for()
    assert chart(page, "divergence_map").is_visible()
