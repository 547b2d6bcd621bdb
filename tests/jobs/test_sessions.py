"""A real server with many tabs: long work holds up no page, ends with its tab, and dies with the server."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from scripts.server import running_server
from tests.jobs.supervisor import alive, end, until
from tests.jobs.tab import computing, opened_tab, server_at

pytestmark = pytest.mark.slow

LONG = "a=torchvision/resnet50&b=torchvision/resnet34&n=450&layers=all&run=1&seed="
QUICK = "a=zoo/digits-cnn-s10&b=zoo/digits-cnn-s11&n=40&run=1"
PAGES = (("", "RepSim"), ("layer_map", "Layer map"))


def computed(tab, query):
    """Whether the map of this link is there."""
    said = tab.view("layer_map", query)
    assert "computation failed" not in said, said
    return "Computed in" in said


def test_long_maps_hold_up_no_tab_end_with_their_own_and_die_with_their_server(tmp_path):
    with running_server(cache=tmp_path) as address, ExitStack() as tabs:
        server = server_at(address)
        watching = [tabs.enter_context(opened_tab(address)) for _ in range(2)]
        for seed, tab in enumerate(watching):
            assert 'body: "Layer map"' in tab.view("layer_map", f"{LONG}{seed}")
        until(lambda: len(computing(server)[0]) == 2, 90, every=0.2)
        long, nursery = computing(server)

        def visit(number):
            with opened_tab(address) as tab:
                page, title = PAGES[number % 2]
                return f'body: "{title}"' in tab.view(page, f"n={100 + number}")

        with ThreadPoolExecutor(10) as pool:
            assert all(pool.map(visit, range(10)))
        with opened_tab(address) as tab:  # short work, too, gets past both
            until(lambda: computed(tab, QUICK), 90, every=0.5)
        assert long <= computing(server)[0]  # nobody has waited for the end of either

        watching[0].close()
        until(lambda: len(long & computing(server)[0]) == 1, 90, every=0.2)

        end(server)
        until(lambda: not any(alive(one) for one in (*long, *nursery)), 30, every=0.05)  # measured 0.02 s
    with running_server(cache=tmp_path) as address, opened_tab(address) as tab:
        assert computed(tab, QUICK.removesuffix("&run=1"))  # nobody asks for it again
        assert computing(server_at(address))[0] == set()
