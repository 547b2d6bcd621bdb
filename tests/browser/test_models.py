"""Models & data in a browser: ticks in the tree of layers, a shift beside the clean stimuli, links of both."""

import contextlib
from urllib.parse import unquote

import pytest
from playwright.sync_api import TimeoutError

pytestmark = pytest.mark.browser

A, B = "zoo/digits-cnn-s10", "zoo/digits-cnn-s12"
CHOOSING = f"models?a={A}&b={B}&n=60&layers=chosen"
ROW = 35  # pixels of a row of the tree


def tick(page, table, row):
    """Tick a row of a tree by its box at the left; the header is row -1."""
    box = page.get_by_test_id("stDataFrame").nth(table).bounding_box()
    page.mouse.click(box["x"] + 16, box["y"] + ROW * (row + 1.5))


def chips(page, key):
    return [one.get_attribute("title") for one in page.locator(f".st-key-{key} span[title]").all()]


def settle(visit_):
    visit_.page.wait_for_timeout(400)
    visit_.settled()


def test_a_tick_in_the_tree_chooses_a_layer_and_is_in_the_link(server, visit):
    one = visit()
    page = one.open(f"{server}/{CHOOSING}&rb=conv1")
    page.get_by_test_id("stDataFrame").first.scroll_into_view_if_needed()
    tick(page, 0, 1)  # enlarge, conv1, conv1.conv, ...
    settle(one)
    assert chips(page, "ra") == ["conv1"]
    tick(page, 0, 3)
    settle(one)
    assert chips(page, "ra") == ["conv1", "conv1.norm"]
    tick(page, 0, 1)
    settle(one)
    assert chips(page, "ra") == ["conv1.norm"]
    assert "ra=conv1.norm" in page.url
    page.get_by_text("A layer map of 1 × 1 layers at 60 stimuli").wait_for()
    page.reload()
    one.settled()
    assert chips(page, "ra") == ["conv1.norm"]


def test_every_block_is_ticked_and_the_layer_map_has_the_same_choice(server, visit):
    one = visit()
    page = one.open(f"{server}/{CHOOSING}&rb=conv1")
    page.locator(".st-key-ra_blocks button").click()
    settle(one)
    blocks = chips(page, "ra")
    assert len(blocks) == 7
    page.get_by_test_id("stSidebarNav").get_by_text("Layer map").click()
    page.get_by_role("heading", name="Layer map", exact=True).wait_for()
    one.settled()
    assert chips(page, "ra") == blocks
    page.get_by_text("7 × 1 = 7 cells on 60 stimuli").wait_for()
    page.get_by_role("button", name="Tree of layers").first.click()
    settle(one)
    page.get_by_role("button", name="Every block").wait_for()


def test_a_shift_is_chosen_seen_and_in_the_address(server, visit):
    one = visit()
    page = one.open(f"{server}/models?n=60")
    box, seen = (
        page.locator(".st-key-data_shift").get_by_role("combobox"),
        page.get_by_text("Clean, and shifted by blur:1"),
    )
    for _ in range(5):  # what is typed while the page is drawn anew is lost
        box.click()
        box.fill("blur")
        page.wait_for_timeout(1000)  # the list follows what is typed
        box.press("Enter")
        with contextlib.suppress(TimeoutError):
            seen.wait_for(timeout=15_000)
            break
    one.settled()
    assert "ds=digits~blur:1" in unquote(page.url)
    page.reload()
    one.settled()
    seen.wait_for()
    page.get_by_text("digits~blur:1 · n = 60").wait_for()
