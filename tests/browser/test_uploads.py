"""Bringing files in a real browser: accepted ones of each kind, one refusal of each, and whose they are."""

import io
import pickle
import zipfile

import numpy as np
import pytest
from PIL import Image

from repsim_core.compute import landlock
from repsim_core.models.zoo import FOLDER
from tests.browser.charts import query

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not landlock.version(), reason="this kernel has no Landlock"),
]

WEIGHTS, ACTIVATIONS, DATA, GRAPH = (
    "Weights of a known architecture",
    "Activations from any framework",
    "Data",
    "A whole network (experimental)",
)
N = 24


def npz(**arrays):
    out = io.BytesIO()
    np.savez(out, **arrays)
    return out.getvalue()


@pytest.fixture(scope="module")
def files():
    rng = np.random.default_rng(0)
    pictures = io.BytesIO()
    with zipfile.ZipFile(pictures, "w") as archive:
        for k in range(N):
            picture = io.BytesIO()
            Image.fromarray(rng.integers(0, 255, (12, 12, 3), dtype=np.uint8)).save(picture, "PNG")
            archive.writestr(f"{'cats' if k % 2 else 'dogs'}/{k}.png", picture.getvalue())
    eps = io.BytesIO()
    with zipfile.ZipFile(eps, "w") as archive:
        for k in range(4):
            archive.writestr(f"a/{k}.png", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n")
    return {
        "mine.safetensors": (FOLDER / "digits-cnn-s10.safetensors").read_bytes(),
        "responses.npz": npz(first=rng.random((N, 8), np.float32), second=rng.random((N, 5), np.float32)),
        "pictures.zip": pictures.getvalue(),
        "pickled.pt": pickle.dumps({"weight": [1.0, 2.0]}),
        "objects.npz": npz(layer=np.array([1, "x", None], dtype=object)),
        "eps.zip": eps.getvalue(),
        "empty.pt2": b"",
    }


def bring(visit, purpose, name, content):
    """Put a file into the control of a purpose and wait for the page."""
    page = visit.page
    page.get_by_test_id("stMain").get_by_role("radio", name=purpose).click()
    visit.settled()
    control = page.locator('[data-testid="stFileUploader"]', has_text=purpose).locator("input[type=file]")
    control.set_input_files({"name": name, "mimeType": "application/octet-stream", "buffer": content})
    page.get_by_text(f"{name}: ").or_(page.get_by_text("Not taken.").filter(has_text=name)).first.wait_for()
    visit.settled()


def test_one_of_each_kind_is_brought_and_used(server, visit, files):
    here = visit()
    page = here.open(f"{server}/models?n=20")
    bring(here, WEIGHTS, "mine.safetensors", files["mine.safetensors"])
    bring(here, ACTIVATIONS, "responses.npz", files["responses.npz"])
    bring(here, DATA, "pictures.zip", files["pictures.zip"])
    for words in ("weights, accepted", "activations, accepted", "data, accepted"):
        assert page.get_by_text(words).count() == 1
    assert page.get_by_text("3 of 8 files").count() == 1
    page.get_by_role("button", name="Use as A").first.click()
    page.wait_for_url("**upload*")
    here.settled()
    assert query(page)["a"].startswith("mine.safetensors (upload/")
    sidebar = page.get_by_test_id("stSidebar")
    assert sidebar.get_by_text("mine.safetensors × digits-cnn-s11").count() == 1
    page.get_by_test_id("stSidebarNav").get_by_text("Layer map").click()
    page.get_by_role("heading", name="Layer map", level=1).wait_for()
    here.settled()
    page.get_by_role("button", name="Compute", exact=True).click()
    page.locator(".stPlotlyChart .js-plotly-plot").first.wait_for()
    here.settled()
    assert query(page)["a"].startswith("mine.safetensors (upload/")


def test_a_refusal_of_each_kind_stays_until_it_is_dismissed(server, visit, files):
    here = visit()
    page = here.open(f"{server}/models")
    for purpose, name, words in (
        (WEIGHTS, "pickled.pt", "pickle"),
        (ACTIVATIONS, "objects.npz", "Python objects, which only a pickle can hold"),
        (DATA, "eps.zip", "eps.zip"),
        (GRAPH, "empty.pt2", "is empty (0 bytes); export it again"),
    ):
        bring(here, purpose, name, files[name])
        shown = page.get_by_role("alert").filter(has_text=name)
        assert shown.filter(has_text="Not taken.").count() == 1
        assert shown.filter(has_text=words).count() == 1
    assert page.get_by_text("Not taken.").count() == 4
    page.get_by_role("button", name="Dismiss").first.click()
    here.settled()
    assert page.get_by_text("Not taken.").count() == 3
    bring(here, DATA, "pictures.zip", files["pictures.zip"])
    assert page.get_by_text("data, accepted").count() == 1
    assert page.get_by_text("Not taken.").count() == 3


def test_two_sessions_do_not_see_each_others_files(server, visit, files):
    mine, yours = visit(), visit()
    page, other = mine.open(f"{server}/models"), yours.open(f"{server}/models")
    bring(mine, ACTIVATIONS, "responses.npz", files["responses.npz"])
    page.get_by_role("button", name="Use as A").first.click()
    page.wait_for_url("**upload*")
    mine.settled()
    bring(yours, DATA, "pictures.zip", files["pictures.zip"])
    assert other.get_by_text("responses.npz").count() == 0
    assert page.get_by_text("pictures.zip").count() == 0
    stranger = visit()
    third = stranger.page
    third.goto(page.url)
    third.get_by_text("uploads belong to the session that made them").wait_for()  # a toast, gone after four seconds
    stranger.settled()
    assert third.get_by_text("responses.npz").count() == 0
    assert "upload" not in query(third).get("a", "")


def test_a_file_name_that_is_markup_stays_text(server, visit, files):
    here = visit()
    name = "<img src=x onerror=document.title=1>.npz"
    page = here.open(f"{server}/models")
    bring(here, ACTIVATIONS, name, files["responses.npz"])
    assert page.get_by_text(f"{name}: activations, accepted").count() == 1
    assert page.locator('img[src="x"]').count() == 0
