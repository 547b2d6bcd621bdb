"""The Ablation page in a real browser: a cold link, clicks on cells and points, a rectangle by hand, a telephone."""

import numpy as np
import pytest

from repsim_core import ablation, datasets, models
from repsim_ui.ablation_recipes import MEASURES

pytestmark = pytest.mark.browser

MODEL = "zoo/digits-cnn-w4-s10"
VIEW = f"ablation?a={MODEL}&n=100&layer=conv3&cls=4&bins=3&run=1"
SMALL = "ablation?a=zoo/wine-mlp-s10&ds=wine&n=60&bins=3&run=1&abview=The+paper%27s+question"

PLACE = """(gd, [panel, x, y]) => {
  const {_offset: left, d2p: across} = gd._fullLayout['xaxis' + panel], {_offset: top, d2p: down} =
    gd._fullLayout['yaxis' + panel], box = gd.getBoundingClientRect();
  return [box.left + left + across(x), box.top + top + down(y)]; }"""


@pytest.fixture(scope="module")
def grid():
    data = datasets.load("digits", n=100, seed=0)
    return ablation.ablation_grid(models.load(MODEL), "conv3", data, "4", bins=3, measures=MEASURES)


def chart(page, key):
    return page.locator(f".st-key-{key} .js-plotly-plot").first


def ready(page, key="cells"):
    page.get_by_text("Computed in").wait_for(timeout=120_000)
    chart(page, key).wait_for()
    page.wait_for_timeout(800)


def place(page, key, panel, x, y):
    chart(page, key).scroll_into_view_if_needed()
    return chart(page, key).evaluate(PLACE, [panel, x, y])


def framed(page):
    return chart(page, "cells").evaluate(
        "gd => gd._fullData.filter(one => one.meta === 'pick').map(one => Array.from(one.selectedpoints || []))"
    )


def test_a_cold_link_draws_the_grid_with_the_numbers_of_the_core(server, visit, grid):
    page = visit().open(f"{server}/{VIEW}&acell=2")
    ready(page)
    drawn = chart(page, "cells").evaluate(
        "gd => gd._fullData.filter(one => one.type === 'heatmap').map(one => Array.from(one.z, row => Array.from(row)))"
    )
    expected = [grid.change("rank_deficit"), grid.change("decodability"), 1 - grid.similarity("cka"), grid.counts]
    for found, wanted in zip(drawn, expected, strict=True):
        np.testing.assert_allclose(found, grid.square(wanted), rtol=1e-3, atol=1e-6)
    assert framed(page) == [[2]] * 4
    assert f"{grid.counts[2]} units" in page.locator(".st-key-ablation_cell").inner_text()


def test_a_click_in_any_panel_frames_the_cell_in_all_and_says_its_numbers(server, visit, grid):
    page = visit().open(f"{server}/{VIEW}")
    ready(page)
    for panel, cell in (("", 7), ("3", 1)):
        x, y = place(page, "cells", panel, cell % 3, cell // 3)
        page.mouse.move(x, y)
        page.wait_for_timeout(300)
        assert f"cell {cell}:" in " ".join(page.locator(".hoverlayer text").all_text_contents())
        page.mouse.click(x, y)
        page.wait_for_function(f"() => new URLSearchParams(location.search).get('acell') === '{cell}'")
        page.locator(".st-key-ablation_cell").get_by_text(f"Cell {cell}").wait_for()
        page.wait_for_timeout(800)
        assert framed(page) == [[cell]] * 4


def test_a_point_of_the_scatter_is_a_cell(server, visit, grid):
    page = visit().open(f"{server}/{VIEW}&fn=cross_entropy")
    ready(page, "loss_performance")
    cell = int(np.argmax(grid.change("cross_entropy")[:-1]))
    moved, lost = 1 - grid.similarity("cka")[cell], grid.change("cross_entropy")[cell]
    x, y = place(page, "loss_performance", "", float(moved), float(lost))
    page.mouse.move(x, y)
    page.wait_for_timeout(300)
    page.mouse.click(x, y)
    page.wait_for_function(f"() => new URLSearchParams(location.search).get('acell') === '{cell}'")


def test_a_rectangle_by_hand_is_a_lesion_of_its_units(server, visit, grid):
    page = visit().open(f"{server}/{VIEW}&abview=By+hand")
    ready(page, "lesion_plane")
    s0, s1 = 0.0, float(grid.selectivity.max()) * 1.02
    m0, m1 = float(np.median(grid.magnitude)), float(grid.magnitude.max()) * 1.02
    start, end = place(page, "lesion_plane", "", s0, m0), place(page, "lesion_plane", "", s1, m1)
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move((start[0] + end[0]) / 2, (start[1] + end[1]) / 2, steps=4)
    page.mouse.move(*end, steps=4)
    page.mouse.up()
    inside = int(((grid.selectivity >= s0) & (grid.magnitude >= m0)).sum())
    page.wait_for_function(
        "n => Math.abs(parseInt((document.body.innerText.match(/(\\d+) of \\d+ units lie/) || [])[1]) - n) <= 6",
        arg=inside,
    )
    page.get_by_role("button", name="Lesion").click()
    page.locator(".st-key-lesion_result").get_by_text("units off").wait_for()


def test_a_small_grid_opens_its_layer(server, visit):
    page = visit().open(f"{server}/{VIEW}&abview=All+layers")
    ready(page, "multiples")
    x, y = place(page, "multiples", "2", 0, 0)
    page.mouse.move(x, y)
    page.wait_for_timeout(300)
    page.mouse.click(x, y)
    page.wait_for_function("() => new URLSearchParams(location.search).get('layer') === 'conv2'")
    page.locator(".st-key-ablation_cell").get_by_text("Cell 0").wait_for()  # at once: its grid is part of the study


def test_a_study_fills_and_cancel_keeps_what_it_found(server, visit):
    page = visit().open(f"{server}/ablation?a=zoo/digits-cnn-s10&n=500&run=1&abview=The+paper%27s+question")
    page.get_by_text("grids so far").wait_for(timeout=180_000)
    page.get_by_test_id("stDataFrame").first.wait_for()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_text("The last run was cancelled; what it found is below.").wait_for()
    page.get_by_test_id("stDataFrame").first.wait_for()
