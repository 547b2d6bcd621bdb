"""Layers on disk: the same numbers, run once, whatever is chosen next and whatever happens to the files."""

import copy
import resource
import threading
from importlib import import_module
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

from repsim_core import activations, datasets, models
from repsim_core.activations import layer_file
from repsim_core.compute.store import Store
from repsim_core.errors import BudgetError, Cancelled, InputError
from repsim_core.types import Dataset
from tests.activations import toys

of_layers = import_module("repsim_core.activations.store")
DATA = datasets.load("digits", n=40, seed=1)


@pytest.fixture(scope="module")
def model():
    return models.load("zoo/digits-cnn-s10")


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "results", 10**8)


@pytest.fixture
def passes(monkeypatch):
    """Layers of every forward pass over the stimuli."""
    seen = []
    real = of_layers.extract

    def counted(model, dataset, layers, **options):
        seen.append(list(layers))
        return real(model, dataset, layers, **options)

    monkeypatch.setattr(of_layers, "extract", counted)
    return seen


def same(one, other):
    assert (one.layers, one.recipe, one.notes, one.stimuli) == (other.layers, other.recipe, other.notes, other.stimuli)
    assert [one[name].fingerprint for name in one] == [other[name].fingerprint for name in other]


def test_what_is_stored_is_what_extract_gives_to_the_bit(model, store, passes):
    first = activations.stored(model, DATA, store=store)
    same(first, activations.extract(model, DATA))
    same(activations.stored(model, DATA, store=store), first)
    assert len(passes) == 1
    assert not next(iter(first.values())).values.flags.writeable


def test_another_selection_runs_only_what_is_missing(model, store, passes):
    activations.stored(model, DATA, ["conv1", "conv3"], store=store)
    found = activations.stored(model, DATA, ["head", "conv3", "conv1", "conv2"], store=store)
    assert passes == [["conv1", "conv3"], ["conv2", "head"]]
    same(found, activations.extract(model, DATA, ["conv1", "conv2", "conv3", "head"]))


def changed_inputs():
    inputs = DATA.inputs.copy()
    inputs[7] += 0.5
    return Dataset(DATA.card, DATA.split, inputs, DATA.labels, DATA.stimuli, DATA.seed)


@pytest.mark.parametrize(
    "other",
    [
        {"pooling": "mean"},
        {"half": True},
        {"device": "cpu"},
        {"dataset": datasets.load("digits", n=40, seed=2)},
        {"dataset": changed_inputs()},  # under the same ids
    ],
    ids=["pooling", "half", "device", "stimuli", "inputs"],
)
def test_another_recipe_is_another_file(model, store, passes, other):
    activations.stored(model, DATA, ["conv4"], store=store)
    activations.stored(model, other.pop("dataset", DATA), ["conv4"], store=store, **other)
    assert len(passes) == 2


def test_weights_structure_and_preprocessing_are_part_of_the_address(model, store, passes):
    activations.stored(model, DATA, ["conv4"], store=store)
    trained_on = copy.deepcopy(model)
    with torch.no_grad():  # the digest in the model is that of its loading
        next(trained_on.module.parameters())[0] += 0.25
    smoother = copy.deepcopy(model)
    for parent in list(smoother.module.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.ReLU):
                setattr(parent, name, nn.GELU())
    greyer = models.Model(model.name, model.module, model.card, model.input_shape, model.weights_digest, (0.5,), (0.5,))
    kept = activations.stored(model, DATA, ["conv4"], store=store)
    for number, other in enumerate((trained_on, smoother, greyer)):
        found = activations.stored(other, DATA, ["conv4"], store=store)
        assert len(passes) == number + 2
        assert not np.array_equal(found["conv4"].values, kept["conv4"].values)


def test_a_network_with_hooks_is_not_kept(model, store):
    ablated = copy.deepcopy(model)
    ablated.module.get_submodule("conv2").register_forward_hook(lambda module, inputs, output: output * 0)
    found = activations.stored(ablated, DATA, ["conv2"], store=store)
    assert not found["conv2"].values.any()
    assert found.notes[-1].startswith("Not kept on disk: the network has hooks of its own")
    assert activations.stored(model, DATA, ["conv2"], store=store)["conv2"].values.any()


def test_a_bare_module_is_refused(store):
    with pytest.raises(InputError, match=r"Linear is a bare module: its code has no digest.* use extract"):
        activations.stored(nn.Linear(2, 2), DATA, store=store)


def test_the_budget_is_that_of_extract(model, store):
    with pytest.raises(BudgetError, match=r"\(limit 100 B\)"):
        activations.stored(model, DATA, store=store, memory_bytes=100)


# half precision ------------------------------------------------------------------------------------------------------


def test_half_precision_halves_the_files_is_labelled_and_gives_the_same_twice(model, store):
    half = activations.stored(model, DATA, store=store, half=True)
    halves = sum(one.stat().st_size for one in store.folder.glob("*.result"))
    whole = activations.extract(model, DATA)
    assert halves == pytest.approx(sum(one.values.nbytes for one in whole.values()) / 2, rel=0.05)
    assert half.recipe["stored"] == "float16"
    assert half.notes[-1] == of_layers.HALF_NOTE
    assert {one.values.dtype for one in half.values()} == {np.dtype(np.float32)}
    same(activations.stored(model, DATA, store=store, half=True), half)
    for name in whole:  # half a unit in the last of 11 bits
        assert np.allclose(half[name].values, whole[name].values, rtol=2**-11, atol=2**-24 * whole[name].values.max())


def test_similarity_from_half_precision_is_within_1e_5(model):
    layers = list(activations.extract(model, DATA).values())
    for one, other in pairwise(layers):
        rounded = (layer_file.widened(*layer_file.halved(each.values)) for each in (one, other))
        assert toys.debiased_cka(*rounded) == pytest.approx(toys.debiased_cka(one.values, other.values), abs=1e-5)


@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e6, 1e30])
def test_half_precision_does_not_overflow_or_vanish(rng, scale):
    values = (rng.normal(size=(50, 20)) * scale).astype(np.float32)
    halved, exponent = layer_file.halved(values)
    assert np.isfinite(halved).all()
    assert np.allclose(layer_file.widened(halved, exponent), values, rtol=2**-11, atol=2**-38 * np.abs(values).max())


def test_half_precision_keeps_zeros_and_what_is_not_finite():
    values = np.array([[0.0, np.nan, np.inf, -1.0]], dtype=np.float32)
    assert np.array_equal(layer_file.widened(*layer_file.halved(values)), values, equal_nan=True)
    assert not layer_file.widened(*layer_file.halved(np.zeros((2, 3), np.float32))).any()


# what goes wrong -----------------------------------------------------------------------------------------------------


def test_a_flipped_bit_in_one_layer_runs_that_layer_again(model, store, passes, caplog):
    whole = activations.stored(model, DATA, store=store)
    victim = max(store.folder.glob("*.result"), key=lambda one: one.stat().st_size)
    raw = bytearray(victim.read_bytes())
    raw[len(raw) // 2] ^= 4
    victim.write_bytes(raw)
    same(activations.stored(model, DATA, store=store), whole)
    assert [len(one) for one in passes] == [len(whole), 1]
    assert f"{victim.name} is damaged; it is removed and will be computed again." in caplog.text


def test_a_file_without_a_layer_is_run_again(model, store, passes, caplog):
    activations.stored(model, DATA, ["conv4"], store=store)
    (path,) = store.folder.glob("*.result")
    store.put(b'{"dtype": "object"}\n', store.label(path.stem))
    assert activations.stored(model, DATA, ["conv4"], store=store)["conv4"].values.any()
    assert len(passes) == 2
    assert "holds no layer" in caplog.text


def test_an_unusable_folder_costs_time_and_a_note(model, tmp_path, passes):
    folder = tmp_path / "results"
    folder.mkdir()
    folder.chmod(0o777)
    found = activations.stored(model, DATA, ["conv4"], store=Store(folder, 10**8), name="beside-x")
    assert found.notes[-1] == (
        f"Not kept on disk: {folder} can be written by others; take a folder of your own as REPSIM_CACHE."
    )
    assert list(folder.iterdir()) == []


def test_a_request_of_more_than_an_eighth_is_not_kept_and_says_so(model, tmp_path):
    store = Store(tmp_path / "results", 10**6)
    found = activations.stored(model, DATA, store=store)
    assert len(found) == 7
    assert found.notes[-1].endswith("is more than an eighth of the store (125 kB of REPSIM_CACHE_GB).")
    assert list(store.folder.glob("*.result")) == []


def test_a_full_disk_still_gives_the_result_and_a_note(model, store):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))  # no file may grow beyond
    try:
        found = activations.stored(model, DATA, ["conv1", "head"], store=store, name="beside-x")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert found["conv1"].values.nbytes > 20_000
    assert found["conv1"].values.any()
    assert found.notes[-1] == "Not kept on disk: File too large."
    assert list(store.folder.glob(".tmp-*")) == []
    assert activations.remembered(store, "beside-x") is None


def test_layers_in_use_survive_their_eviction(model, tmp_path, monkeypatch):
    monkeypatch.setattr(of_layers.layer_file.Store.view, "__kwdefaults__", {"mapped_bytes": 1})
    store = Store(tmp_path / "results", 10**7)
    activations.stored(model, DATA, ["conv1"], store=store)
    mapped = activations.stored(model, DATA, ["conv1"], store=store)["conv1"]
    before = mapped.values.copy()
    for path in store.folder.glob("*.result"):
        path.unlink()
    assert np.array_equal(mapped.values, before)
    assert mapped.values.ctypes.data % 64 == 0  # products need no copy


# one computation -----------------------------------------------------------------------------------------------------


def test_threads_that_want_the_same_layers_run_them_once(model, store, passes):
    results = []

    def session():
        results.append(activations.stored(copy.deepcopy(model), DATA, store=store))

    threads = [threading.Thread(target=session) for _ in range(5)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(passes) == 1
    for one in results[1:]:
        same(one, results[0])


def test_who_waits_can_give_up(model, store):
    (common,) = [of_layers._common(model, DATA, "flatten", False, None)]
    entered, leave = threading.Event(), threading.Event()

    def hold():
        with store.turn(f"beside-{of_layers.digest(common)}"):
            entered.set()
            leave.wait(20)

    holder = threading.Thread(target=hold)
    holder.start()
    entered.wait(20)

    def stop(done, total):
        raise Cancelled("enough")

    with pytest.raises(Cancelled, match="enough"):
        activations.stored(model, DATA, store=store, progress=stop)
    leave.set()
    holder.join()


# by a name -----------------------------------------------------------------------------------------------------------


def test_a_name_finds_them_without_the_model(model, store):
    first = activations.stored(model, DATA, store=store, name="beside-map")
    same(activations.remembered(store, "beside-map"), first)
    some = activations.remembered(store, "beside-map", ["conv4"])
    assert some.layers == ("conv4",)
    assert activations.remembered(store, "beside-map", ["conv4", "other"]) is None
    assert activations.remembered(store, "beside-none") is None
    max(store.folder.glob("*.result"), key=lambda one: one.stat().st_size).unlink()
    assert activations.remembered(store, "beside-map") is None
