"""The Alignment page in a real browser: a cold link, clicks on heatmaps, the slider, the export."""

import numpy as np
import pytest

from repsim_core import activations, datasets, models
from repsim_core.alignment import FORMS, label_alignment, singular_vector_alignment
from tests.browser.charts import CELL, query

pytestmark = pytest.mark.browser

A, B = "zoo/low-mlp-s10", "zoo/low-mlp-tanh-s10"
SIDES = f"a={A}&b={B}&ds=digits_low&n=100"
LAYERS = f"alignment?{SIDES}&layer=act3&dir=2"
VECTORS = f"alignment?{SIDES}&aview=Vectors&la=act2&lb=act2"


def chart(page, key):
    return page.locator(f".st-key-{key} .js-plotly-plot").first


def ready(page, key):
    page.wait_for_selector(f".st-key-{key} .js-plotly-plot .main-svg", timeout=120_000)
    page.wait_for_timeout(800)


def framed(page, key):
    return chart(page, key).evaluate("gd => gd._fullData.find(one => one.meta === 'pick').selectedpoints.map(Number)")


def click_cell(page, key, row, column):
    chart(page, key).scroll_into_view_if_needed()
    x, y = chart(page, key).evaluate(CELL, [row, column])
    page.mouse.move(x, y)
    page.wait_for_timeout(300)
    page.mouse.click(x, y)


def test_a_cold_link_draws_the_energies_of_the_core(server, visit):
    page = visit().open(f"{server}/{LAYERS}")
    ready(page, "along")
    data = datasets.load("digits_low", n=100)
    x = activations.extract(models.load(A), data, ["act3"])["act3"]
    one = label_alignment(x, data.labels, **FORMS["centred"])
    drawn = chart(page, "directions").evaluate("gd => Array.from(Array.from(gd._fullData[0].z)[3])")
    np.testing.assert_allclose(drawn, one.shares[:20], rtol=1e-4, atol=1e-7)
    assert f"{one.shares[1]:.1%} of the targets" in page.locator(".st-key-direction_sentence").inner_text()
    page.locator(".st-key-along_ends .js-plotly-plot").first.wait_for()


def test_a_click_chooses_layer_and_direction_and_a_reload_keeps_them(server, visit):
    page = visit().open(f"{server}/{LAYERS}")
    ready(page, "directions")
    before = framed(page, "directions")
    click_cell(page, "directions", 1, 4)
    page.wait_for_function("() => location.search.includes('layer=act1') && location.search.includes('dir=5')")
    page.locator(".st-key-direction_sentence").get_by_text("act1, direction 5").wait_for()
    assert framed(page, "directions") != before
    hover = " ".join(page.locator(".hoverlayer text").all_text_contents())
    assert "act1, direction 5" in hover
    page.reload()
    ready(page, "directions")
    page.locator(".st-key-direction_sentence").get_by_text("act1, direction 5").wait_for()
    assert query(page)["dir"] == "5"


def test_a_click_on_a_cosine_shows_both_vectors(server, visit):
    page = visit().open(f"{server}/{VECTORS}")
    ready(page, "cosines")
    data = datasets.load("digits_low", n=100)
    sides = [activations.extract(models.load(name), data, ["act2"])["act2"] for name in (A, B)]
    found = singular_vector_alignment(*sides)
    click_cell(page, "cosines", 2, 1)
    page.wait_for_function("() => location.search.includes('va=3') && location.search.includes('vb=2')")
    page.locator(".st-key-cosine_sentence").get_by_text(f"cosine {found.cosines[2, 1]:.3f}").wait_for()
    assert framed(page, "cosines") == [2 * found.k + 1]
    for side in "AB":
        page.locator(f".st-key-ends_{side} .js-plotly-plot").first.wait_for()


def test_the_slider_moves_by_the_keyboard(server, visit):
    page = visit().open(f"{server}/alignment?{SIDES}&aview=Training&anet={A}")
    ready(page, "checkpoint_curves")
    lines = "gd => gd._fullData.slice(0, 5).map(one => Array.from(one.y))"
    before = chart(page, "checkpoint_curves").evaluate(lines)
    page.get_by_role("slider").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => location.search.includes('at=100')")
    page.wait_for_timeout(1500)
    assert chart(page, "checkpoint_curves").evaluate(lines) != before


def test_the_export_has_the_figure_without_what_only_a_pointer_needs(server, visit):
    page = visit().open(f"{server}/{LAYERS}")
    ready(page, "directions")
    page.locator(".st-key-directions_export button").click()
    ready(page, "directions_print")
    kinds = chart(page, "directions_print").evaluate("gd => gd.data.map(one => one.type)")
    assert kinds == ["heatmap"]
