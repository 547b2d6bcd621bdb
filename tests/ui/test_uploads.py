"""Bringing files on the page: accepted and refused ones, choosing them at the side, and whose they are."""

import io
import re

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import nn

from repsim_core import activations, datasets, models, similarity, uploads
from repsim_core.compute import landlock
from repsim_core.limits import LIMITS
from repsim_core.models.zoo import FOLDER
from repsim_ui import cache, links, uploads_choice
from repsim_ui.recipes import Recipe, as_python
from tests.ui.app import PATIENCE, finished, opened, run, said, unescaped

pytestmark = [
    pytest.mark.usefixtures("warm", "fresh"),
    pytest.mark.skipif(not landlock.version(), reason="this kernel has no Landlock"),
]

MEMBER = "zoo/digits-cnn-s10"
N = 40


@pytest.fixture
def fresh():
    """No uploads before, none left behind."""
    found = cache.uploads()
    yield found
    for one in [*found._uploads.values()]:
        found.discard(one)


@pytest.fixture(scope="module")
def weights():
    return (FOLDER / "digits-cnn-s10.safetensors").read_bytes()


@pytest.fixture(scope="module")
def recorded():
    """Responses of a shipped network to digits, as somebody else's framework would write them."""
    found = activations.extract(models.load(MEMBER), datasets.load("digits", n=N, seed=0))
    return _npz(**{name.replace(".", "_"): one.values for name, one in found.items()}, ids=np.array(found.stimuli))


@pytest.fixture(scope="module")
def pictures():
    rng = np.random.default_rng(0)
    return _npz(inputs=rng.random((N, 1, 8, 8), dtype=np.float32), labels=np.arange(N) % 4)


@pytest.fixture(scope="module")
def graph():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Flatten(), nn.Linear(64, 12), nn.ReLU(), nn.Linear(12, 5)).eval()
    batch = torch.export.Dim("batch")
    program = torch.export.export(net, (torch.rand(2, 1, 8, 8),), dynamic_shapes=({0: batch},))
    out = io.BytesIO()
    torch.export.save(program, out)
    return net, out.getvalue()


def _npz(**arrays):
    out = io.BytesIO()
    np.savez(out, **arrays)
    return out.getvalue()


def bring(app, purpose, name, content):
    """The page after a file was put into the control of a purpose."""
    if app.segmented_control(key="bring").value != purpose:
        app.segmented_control(key="bring").set_value(purpose)
        run(app)
    app.file_uploader[0].set_value((name, content, "application/octet-stream"))
    return run(app)


def mine(app):
    return cache.uploads().of(app.session_state["visitor"])


def press(app, key):
    app.button(key=key).click()
    return run(app)


def test_weights_of_a_shipped_network_give_its_own_numbers(weights):
    app = bring(opened("models", n=str(N)), "weights", "mine.safetensors", weights)
    assert not app.error, [one.value for one in app.error]
    (one,) = mine(app)
    assert said(app, "mine.safetensors: weights, accepted") or said(app, "**mine.safetensors**: weights, accepted")
    assert one.facts["architecture"] == MEMBER
    press(app, f"use_a_{one.token}")
    assert app.selectbox(key="a").value == one.name
    assert said(app, "mine.safetensors × digits-cnn-s11")
    data = datasets.load("digits", n=N, seed=0)
    brought, shipped = (activations.extract(models.load(name), data) for name in (one.name, MEMBER))
    assert list(brought) == list(shipped)
    for layer in shipped:
        np.testing.assert_array_equal(brought[layer].values, shipped[layer].values)


def test_recorded_responses_are_a_model_and_its_stimuli(recorded):
    app = bring(opened("models", n=str(N)), "activations", "responses.npz", recorded)
    (one,) = mine(app)
    press(app, f"use_a_{one.token}")
    press(app, f"use_ds_{one.token}")
    assert (app.selectbox(key="a").value, app.selectbox(key="ds").value) == (one.name, one.name)
    assert "without network" not in str([each.value for each in app.warning])


def test_recorded_responses_are_compared_with_a_shipped_network(recorded):
    app = bring(opened("models", n=str(N)), "activations", "responses.npz", recorded)
    (one,) = mine(app)
    job = cache.submit_matrix(Recipe(one.name, MEMBER, "digits", N, 0), "me", 1.0)
    assert job.finished.wait(PATIENCE)
    assert job.state == "done", job.error
    diagonal = [
        job.result.values[row, column]
        for row, layer in enumerate(job.result.rows)
        for column, other in enumerate(job.result.columns)
        if layer == other.replace(".", "_")
    ]
    assert len(diagonal) > 3
    np.testing.assert_allclose(diagonal, 1.0, atol=1e-6)  # the same network


def test_data_of_ones_own_is_a_dataset(pictures):
    app = bring(opened("models", n="20"), "data", "pictures.npz", pictures)
    (one,) = mine(app)
    press(app, f"use_ds_{one.token}")
    assert app.selectbox(key="ds").value == one.name
    assert not app.error
    data = datasets.load(one.name, n=20, seed=0)
    assert data.inputs.shape == (20, 1, 8, 8)
    assert sorted(set(data.labels)) == [0, 1, 2, 3]
    app.number_input(key="n").set_value(100)
    run(app)
    press(app, "take_all")
    assert app.number_input(key="n").value == N


def test_a_graph_runs_in_the_sandbox_alone_and_gives_the_networks_numbers(graph):
    net, content = graph
    app = bring(opened("models", n=str(N)), "graph", "net.pt2", content)
    assert not app.error, [one.value for one in app.error]
    (one,) = mine(app)
    press(app, f"use_a_{one.token}")
    press(app, f"use_b_{one.token}")
    assert not app.warning, [each.value for each in app.warning]
    assert {"1", "3"} <= {info.name for info in cache.layer_infos(one.name, "digits")}
    assert cache.card(one.name).parameters == sum(value.numel() for value in net.parameters())
    recipe = Recipe(one.name, one.name, "digits", N, 0, layers="chosen", rows=("1", "3"), columns=("1", "3"))
    job = cache.submit_matrix(recipe, "me", 1.0)
    assert job.finished.wait(PATIENCE)
    assert job.state == "done", job.error
    data = datasets.load("digits", n=N, seed=0)
    with torch.no_grad():
        hidden = net[1](net[0](torch.from_numpy(np.array(data.inputs))))
        out = net[3](net[2](hidden))
    expected = [[similarity.score(x.numpy(), y.numpy(), "cka") for y in (hidden, out)] for x in (hidden, out)]
    np.testing.assert_allclose(job.result.values, expected, atol=1e-5)
    found = cache.responses(one.name, "digits", N, 0, "flatten", ("1",))["1"]
    np.testing.assert_allclose(found.values, hidden.numpy(), atol=1e-5)
    assert job.held is not None
    assert cache.jobs().store.labels() == [] or all(one.name not in each.title for each in cache.jobs().store.labels())
    with pytest.raises(ValueError, match="is a graph, which only runs in the sandbox"):
        models.load(one.name)


@pytest.mark.parametrize("page", ["layer_map", "divergence", "topology", "alignment", "ablation"])
def test_every_page_takes_a_graph(graph, page):
    app = bring(opened("models", n=str(N)), "graph", "net.pt2", graph[1])
    (one,) = mine(app)
    press(app, f"use_a_{one.token}")
    app.switch_page(f"../pages/{page}.py")
    run(app)
    assert app.selectbox(key="a").value == one.name
    assert not app.error, [each.value for each in app.error]
    if page == "layer_map":
        press(app, "compute")
        finished(app)
        assert said(app, "Computed in"), unescaped(app.markdown)
        assert not app.error


def test_the_ablation_page_says_what_recorded_responses_lack(recorded):
    app = bring(opened("models", n=str(N)), "activations", "responses.npz", recorded)
    (one,) = mine(app)
    press(app, f"use_a_{one.token}")
    app.switch_page("../pages/ablation.py")
    run(app)
    (words,) = unescaped(app.info)
    assert words.startswith(
        "An ablation needs the network itself, and of responses.npz only the responses were brought."
    )
    assert "compute" not in [each.key for each in app.button]


def test_a_refusal_stays_until_it_is_dismissed_and_the_next_file_works(pictures):
    app = bring(opened("models"), "activations", "objects.npz", _npz(layer=np.array([1, "x", None], dtype=object)))
    (shown,) = app.error
    assert "objects.npz: layer holds '|O', Python objects, which only a pickle can hold" in shown.value.replace(
        "\\", ""
    )
    bring(app, "data", "pictures.npz", pictures)
    assert len(app.error) == 1
    assert len(mine(app)) == 1
    press(app, "dismiss_refusal_0")
    assert not app.error


def test_titles_of_uploads_are_text(pictures):
    name = "<img src=x onerror=alert(1)> **bold** $x$.npz"
    app = bring(opened("models"), "data", name, pictures)
    (one,) = mine(app)
    shown = [each.value for each in app.markdown if "img" in each.value]
    assert shown
    assert all("<img" not in each.replace("\\<", "") for each in shown)
    press(app, f"use_ds_{one.token}")
    assert any("img" in each.value for each in app.sidebar.caption)
    assert all("<img" not in each.value.replace("\\<", "") for each in app.sidebar.caption)


def test_two_sessions_see_their_own(pictures, weights):
    first, second = opened("models"), opened("models")
    bring(first, "data", "first.npz", pictures)
    bring(second, "weights", "second.safetensors", weights)
    assert [one.title for one in mine(first)] == ["first.npz"]
    assert [one.title for one in mine(second)] == ["second.safetensors"]
    run(first)
    assert not any("second" in option for option in first.selectbox(key="a").options)
    assert not any("first.npz" in option for option in second.selectbox(key="ds").options)
    assert not said(first, "second.safetensors")


@pytest.mark.parametrize("key", ["a", "ds"])
def test_an_upload_of_another_session_in_a_link_is_replaced_aloud(recorded, key):
    other = bring(opened("models"), "activations", "responses.npz", recorded)
    (one,) = mine(other)
    for value in (one.name, uploads_choice.labelled(one.name), "upload/AAAAAAAAAAAAAAAAAAAA"):
        app = opened("models", **{key: value})
        assert app.selectbox(key=key).value == {"a": MEMBER, "ds": "digits"}[key]
        words = [each.value.replace("\\", "") for each in app.toast]
        assert any("uploads belong to the session that made them; showing" in each for each in words), words


def test_an_upload_in_a_link_of_its_own_session_is_kept(recorded):
    app = bring(opened("models"), "activations", "responses.npz", recorded)
    (one,) = mine(app)
    app.session_state["a"] = one.name
    run(app)
    assert app.selectbox(key="a").value == one.name
    assert not app.toast


def test_a_removed_upload_is_gone_everywhere(recorded):
    app = bring(opened("models"), "activations", "responses.npz", recorded)
    (one,) = mine(app)
    press(app, f"use_a_{one.token}")
    press(app, f"remove_{one.token}")
    assert mine(app) == []
    assert app.selectbox(key="a").value == MEMBER
    with pytest.raises(ValueError, match="There is no upload"):
        uploads.folder(one.token)


def test_results_of_uploads_are_no_recent_results_of_the_server(recorded):
    app = bring(opened("models", n=str(N)), "activations", "responses.npz", recorded)
    (one,) = mine(app)
    job = cache.submit_matrix(Recipe(one.name, MEMBER, "digits", N, 1), "me", 1.0)
    assert job.finished.wait(PATIENCE)
    assert job not in cache.jobs().recent(100)
    assert all(one.token not in each.title for each in [*cache.jobs().recent(100), *cache.jobs().failed()])


def test_copy_link_says_that_uploads_do_not_travel(recorded):
    app = bring(opened("models"), "activations", "responses.npz", recorded)
    (one,) = mine(app)
    press(app, f"use_a_{one.token}")
    from repsim_ui.state import Choices

    assert Choices(one.name, MEMBER, "digits", 5, 0).brought
    assert not Choices(MEMBER, MEMBER, "digits", 5, 0).brought
    assert links.address({"a": one.name}).endswith(f"a=upload%2F{one.token}")


def test_the_limits_are_said_where_files_are_brought():
    app = opened("models")
    assert said(
        app, f"Up to {LIMITS.upload_bytes // 10**6} MB a file, {LIMITS.session_files} files and 1.0 GB a session."
    )
    assert said(app, "Nothing was brought in this session.")


def test_a_server_without_landlock_takes_no_graphs(monkeypatch):
    monkeypatch.setattr(landlock, "version", lambda: 0)
    app = opened("models")
    app.segmented_control(key="bring").set_value("graph")
    run(app)
    assert not app.file_uploader
    assert any("cannot hold a graph from outside" in each.value for each in app.info)


def test_the_program_of_an_upload_names_the_file(recorded):
    app = bring(opened("models", n=str(N)), "activations", "responses.npz", recorded)
    (one,) = mine(app)
    program = as_python(Recipe(one.name, MEMBER, one.name, N, 0))
    assert "first = models.from_file('responses.npz')" in program
    assert f"dataset = datasets.from_file('responses.npz', n={N}, seed=0)" in program
    assert not re.search(r"upload/", program)


def test_weights_round_trip_through_a_state_dict(weights):
    out = io.BytesIO()
    torch.save({f"module.{name}": value for name, value in safetensors.torch.load(weights).items()}, out)
    app = bring(opened("models"), "weights", "net.pth", out.getvalue())
    assert not app.error, [one.value for one in app.error]
    (one,) = mine(app)
    assert one.facts["kind"] == "weights"
