"""Where things are in a chart and in the address."""

from urllib.parse import parse_qs, urlparse

CELL = """(gd, [row, column]) => { const {xaxis, yaxis} = gd._fullLayout, box = gd.getBoundingClientRect();
    return [box.left + xaxis._offset + xaxis.d2p(column), box.top + yaxis._offset + yaxis.d2p(row)]; }"""


def query(page):
    """Parameters of the address, the first value of each."""
    return {key: value[0] for key, value in parse_qs(urlparse(page.url).query).items()}
