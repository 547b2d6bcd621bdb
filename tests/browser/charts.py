"""Where things are in a chart and in the address."""

from urllib.parse import parse_qs, urlparse

from playwright.sync_api import TimeoutError

CELL = """(gd, [row, column]) => { const {xaxis, yaxis} = gd._fullLayout, box = gd.getBoundingClientRect();
    return [box.left + xaxis._offset + xaxis.d2p(column), box.top + yaxis._offset + yaxis.d2p(row)]; }"""


def query(page):
    """Parameters of the address, the first value of each."""
    return {key: value[0] for key, value in parse_qs(urlparse(page.url).query).items()}


def turn_to(page, title):
    """Open a page by the navigation, as often as a visitor would click.

    Streamlit folds a page change and a fragment's timer that meet on the server into one run and keeps the page of the
    timer, so a click may be lost while a job reports its progress.
    """
    for _ in range(3):
        page.get_by_test_id("stSidebarNav").get_by_text(title).click()
        try:
            return page.get_by_role("heading", name=title, level=1).wait_for(timeout=20_000)
        except TimeoutError as error:
            lost = error
    raise lost
