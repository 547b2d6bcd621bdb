"""The dashboard in a real browser: cold links, clicks, reloads, downloads, and what axe finds."""

import io
import json
import re
from pathlib import Path

import numpy as np
import pytest

from repsim_core import activations, datasets, models, similarity
from repsim_core.types import SimilarityMatrix
from tests.browser.charts import CELL, query

pytestmark = pytest.mark.browser

A, B = "zoo/digits-cnn-s10", "zoo/digits-cnn-s12"
VIEW = f"layer_map?a={A}&b={B}&n=200&seed=3&run=1&la=conv2&lb=conv3&tab=Spectra"


def matrix(n=200, seed=3, measure="cka"):
    """The numbers that the page must show, straight from the core."""
    data = datasets.load("digits", n=n, seed=seed)
    first, second = (activations.extract(models.load(name), data) for name in (A, B))
    return similarity.compare_layers(first, second, measure)


def heatmap(page):
    return page.locator(".st-key-map .js-plotly-plot").first


def drawn(page):
    """Values of the drawn matrix."""
    values = heatmap(page).evaluate(
        "gd => Array.from(gd._fullData.find(one => one.type === 'heatmap').z, row => Array.from(row))"
    )
    return np.array(values)


def click_cell(page, row, column):
    heatmap(page).scroll_into_view_if_needed()
    x, y = heatmap(page).evaluate(CELL, [row, column])
    page.mouse.move(x, y)
    page.wait_for_timeout(300)  # hover first, or the click finds no point
    page.mouse.click(x, y)


def box(page, label):
    return page.get_by_role("combobox", name=re.compile(label)).first


def test_compute_draws_the_numbers_of_the_core_and_the_address_restores_them(server, visit):
    page = visit().open(f"{server}/layer_map?a={A}&b={B}&n=150&seed=3")
    page.get_by_role("button", name="Compute").click()
    page.wait_for_selector(".st-key-map .js-plotly-plot .heatmaplayer")
    expected = matrix(n=150)
    assert drawn(page) == pytest.approx(expected.values, abs=1e-6)
    labels = heatmap(page).locator(".ytick text").all_text_contents()
    assert [one for one in labels if one][: len(expected.rows)] == list(expected.rows)
    assert query(page)["run"] == "1"
    other = visit().open(page.url)
    other.wait_for_selector(".st-key-map .js-plotly-plot .heatmaplayer")
    assert drawn(other) == pytest.approx(expected.values, abs=1e-6)


def test_a_link_opens_the_cell_and_the_panel_it_names(server, visit):
    page = visit().open(f"{server}/{VIEW}")
    value = matrix().value("conv2", "conv3")
    page.get_by_text(f"{value:.3f}", exact=True).first.wait_for()
    assert page.get_by_role("tab", name="Spectra").get_attribute("aria-selected") == "true"


def test_a_click_on_a_cell_opens_its_detail_and_a_reload_restores_it(server, visit):
    page = visit().open(f"{server}/{VIEW}")
    expected = matrix()
    row, column = expected.rows.index("conv4"), expected.columns.index("conv1")
    click_cell(page, row, column)
    page.wait_for_function("() => location.search.includes('la=conv4') && !location.search.includes('lb=conv3')")
    value = f"{expected.values[row, column]:.3f}"
    page.get_by_text(value, exact=True).first.wait_for()
    page.reload()
    page.wait_for_selector(".st-key-map .js-plotly-plot .heatmaplayer")
    page.get_by_text(value, exact=True).first.wait_for()
    assert page.locator(".st-key-cell").inner_text().startswith(value)
    assert query(page)["la"] == "conv4"
    assert page.get_by_role("tab", name="Spectra").get_attribute("aria-selected") == "true"


def test_hover_gives_value_chance_and_shapes(server, visit):
    page = visit().open(f"{server}/{VIEW}")
    expected = matrix()
    heatmap(page).scroll_into_view_if_needed()
    x, y = heatmap(page).evaluate(CELL, [0, 1])
    page.mouse.move(x, y)
    text = page.locator(".hoverlayer text").first
    text.wait_for()
    shown = text.text_content()
    assert f"{expected.values[0, 1]:.3f}" in shown
    for name in (expected.rows[0], expected.columns[1]):
        assert name in shown
    assert "chance" in shown
    assert "16 × 16 × 16" in shown


def test_the_keyboard_reaches_every_cell_by_the_select_boxes(server, visit):
    page = visit().open(f"{server}/{VIEW}")
    field = box(page, "Layer of A")
    field.focus()
    field.press("ArrowDown")
    field.press("ArrowDown")
    field.press("Enter")
    page.wait_for_function("() => !location.search.includes('la=conv2')")
    chosen = query(page).get("la", matrix().rows[-1])
    value = matrix().value(chosen, "conv3")
    page.get_by_text(f"{value:.3f}", exact=True).first.wait_for()


def test_swap_turns_the_matrix_over(server, visit):
    page = visit().open(f"{server}/{VIEW}")
    before = drawn(page)
    page.get_by_role("button", name="Swap A and B").click()
    page.wait_for_function(f"() => new URLSearchParams(location.search).get('a') === '{B}'")
    page.get_by_role("button", name="Compute").click()
    page.wait_for_selector(".st-key-map .js-plotly-plot .heatmaplayer")
    assert drawn(page) == pytest.approx(before.T, abs=1e-6)


@pytest.mark.parametrize(
    ("query", "offered"),
    [
        ("a=zoo/digits-cnn-s1o", "zoo/digits-cnn-s1o"),
        ("ds=digit", "digit"),
        ("m=ckaa", "ckaa"),
        ("run=1&la=conv77", "conv77"),
        ("n=-1", "-1"),
        ("n=NaN", "NaN"),
    ],
)
def test_an_unknown_value_in_a_link_is_said_not_swallowed(server, visit, query, offered):
    page = visit().page
    page.goto(f"{server}/layer_map?{query}")  # no wait for charts: a toast stays four seconds
    said = page.get_by_test_id("stToast").or_(page.get_by_test_id("stAlert")).filter(has_text=offered)
    said.first.wait_for()
    assert "Traceback" not in page.content()


def test_three_stimuli_are_refused_in_one_line(server, visit):
    page = visit().open(f"{server}/layer_map?a={A}&b={B}&n=3&run=1")
    page.get_by_text("needs at least 4 stimuli, got 3").first.wait_for()
    assert "Traceback" not in page.content()


def test_tables_and_pictures_do_not_mix_and_the_way_out_is_said(server, visit):
    page = visit().open(f"{server}/layer_map?ds=wine&n=50")
    page.get_by_text("choose a dataset of pictures").first.wait_for()


def test_downloads_are_valid_files(server, visit):
    page = visit().open(f"{server}/{VIEW}")
    page.locator(".st-key-map_tools").get_by_role("button", name="Export").click()
    expected = matrix()

    def content(label):
        with page.expect_download() as got:
            page.get_by_role("button", name=label, exact=True).first.click()
        return Path(got.value.path()).read_bytes()

    stored = SimilarityMatrix.from_bytes(content("NPZ"))
    np.testing.assert_allclose(stored.values, expected.values, rtol=1e-9)  # other threads, other order of sums
    assert json.loads(content("JSON recipe"))["request"]["measure"] == "cka"
    lines = content("CSV").decode().splitlines()
    assert len(lines) == 1 + expected.values.size
    assert b"plotly" in content("HTML, works offline (5 MB)").lower()
    program = content("Python").decode()
    compile(program, "download.py", "exec")
    printed = page.get_by_role("dialog")
    printed.locator(".stPlotlyChart").hover()
    with page.expect_download() as got:
        printed.get_by_label("Download plot").click()
    assert b"<svg" in Path(got.value.path()).read_bytes()[:300]


def test_the_table_twin_holds_every_cell(server, visit):
    page = visit().open(f"{server}/{VIEW}")
    page.locator(".st-key-map_tools").get_by_role("button", name="Show as table").click()
    with page.expect_download() as got:
        page.get_by_role("button", name="CSV", exact=True).first.click()
    table = np.genfromtxt(io.BytesIO(Path(got.value.path()).read_bytes()), delimiter=",", names=True, dtype=None)
    assert table["cka"] == pytest.approx(matrix().values.ravel())


def test_a_long_run_shows_progress_and_can_be_cancelled(server, visit):
    page = visit().open(f"{server}/layer_map?a=torchvision/resnet50&b=torchvision/resnet34&n=450&layers=all")
    page.get_by_role("button", name="Compute").click()
    page.get_by_role("progressbar").first.wait_for()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_text("The last run was cancelled").first.wait_for(timeout=30_000)
    page.get_by_role("button", name="Compute").wait_for()


def test_the_start_page_opens_a_pair(server, visit):
    page = visit().open(server)
    page.get_by_role("button", name="Open the map").first.click()
    page.wait_for_selector(".st-key-map .js-plotly-plot .heatmaplayer")
    assert page.locator("h1").inner_text() == "Layer map"
