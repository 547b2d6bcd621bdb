"""Long work in a real browser: it crashes, the server restarts, and the page says or shows what is left."""

import os
import signal
from pathlib import Path

import pytest

from scripts.server import running_server

pytestmark = pytest.mark.browser

HEATMAP = ".st-key-map .js-plotly-plot .heatmaplayer"
LONG = "layer_map?a=torchvision/resnet50&b=torchvision/resnet34&n=450&layers=all"


def children_of(parent):
    """Process numbers of living children."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, owner = path.read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if int(owner) == parent and state not in "ZX":
            found.append(int(path.parent.name))
    return found


def jobs_of_this_process():
    """Children of the nurseries of the servers that this process started."""
    servers = children_of(os.getpid())
    nurseries = [
        one
        for server in servers
        for one in children_of(server)
        if b"repsim_core.compute.nursery" in Path(f"/proc/{one}/cmdline").read_bytes()
    ]
    return [child for nursery in nurseries for child in children_of(nursery)]


def test_a_crash_is_shown_until_it_is_dismissed(server, visit):
    page = visit().open(f"{server}/{LONG}")
    page.get_by_role("button", name="Compute").click()
    page.get_by_text("stimuli through").first.wait_for()
    for child in jobs_of_this_process():
        os.kill(child, signal.SIGSEGV)
    page.get_by_text("The computation crashed (signal 11)").first.wait_for()
    page.reload()
    page.get_by_text("The computation crashed (signal 11)").first.wait_for()
    other = visit().open(f"{server}/{LONG}")
    other.get_by_text("The computation crashed (signal 11)").first.wait_for()
    other.get_by_role("button", name="Dismiss").click()
    other.get_by_role("button", name="Compute").wait_for()


def test_a_map_outlives_its_server(visit, tmp_path):
    view = "layer_map?n=120&seed=4&run=1"
    with running_server(cache=tmp_path) as server:
        page = visit().open(f"{server}/{view}")
        page.wait_for_selector(HEATMAP)
        said = page.get_by_text("Computed in").first.inner_text()
        page.close()  # or it would miss its server aloud
    results = [path.name for path in (tmp_path / "results").glob("*.result") if not path.name.startswith("beside")]
    assert len(results) == 1
    written = (tmp_path / "results" / results[0]).stat().st_ino
    with running_server(cache=tmp_path) as server:
        page = visit().open(f"{server}/{view}")
        page.wait_for_selector(HEATMAP)
        assert page.get_by_text("Computed in").first.inner_text() == said
        assert (tmp_path / "results" / results[0]).stat().st_ino == written  # not written again
        page.goto(server)
        page.get_by_role("button", name="digits-cnn-s10 × digits-cnn-s11 on digits, cka, n = 120").wait_for()
