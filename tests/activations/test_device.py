"""Devices by name, full precision, and the products that streaming is made of."""

import os

import numpy as np
import pytest
import torch

from repsim_core import activations, models
from repsim_core.activations import device as devices
from repsim_core.activations.device import cross_products, full_precision, gram_block, own_gram, weighted_sums
from repsim_core.compute import memory
from repsim_core.errors import InputError
from tests.activations import toys
from tests.activations.test_extract import stimuli


@pytest.fixture(autouse=True)
def _unset(monkeypatch):
    monkeypatch.delenv("REPSIM_DEVICE", raising=False)


def test_unset_leaves_networks_where_they_are():
    assert devices.device() is None
    assert devices.device("") is None


def test_the_setting_names_the_device_and_an_argument_goes_before_it(monkeypatch):
    monkeypatch.setenv("REPSIM_DEVICE", " CPU ")
    assert devices.device() == torch.device("cpu")
    monkeypatch.setenv("REPSIM_DEVICE", "nonsense")
    assert devices.device("cpu") == torch.device("cpu")


@pytest.mark.parametrize("name", ["gpu", "cuda:", "cuda:x", "cpu:1", "mps", "cuda:-1", "1"])
def test_what_is_no_device_is_refused_with_what_is(name, monkeypatch):
    with pytest.raises(
        InputError, match=rf"device='{name}' is no device; take 'cpu', 'cuda' or, of several GPUs, 'cuda:1'"
    ):
        devices.device(name)
    monkeypatch.setenv("REPSIM_DEVICE", name)
    with pytest.raises(InputError, match=f"REPSIM_DEVICE='{name}' is no device"):
        activations.extract(toys.InPlace(), stimuli())


def test_a_gpu_that_is_not_there_is_refused_with_the_reason(monkeypatch):
    monkeypatch.setenv("REPSIM_DEVICE", "cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.version, "cuda", "13.2")
    with pytest.raises(
        InputError, match=r"REPSIM_DEVICE='cuda', but torch .* sees no GPU \(is its driver installed\?\)"
    ):
        activations.extract(toys.InPlace(), stimuli())
    monkeypatch.setattr(torch.version, "cuda", None)
    with pytest.raises(InputError, match=r"has no CUDA in it; take 'cpu' or leave it unset"):
        devices.device()


def test_a_gpu_of_a_number_that_is_not_there_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert devices.device("cuda:1") == torch.device("cuda:1")
    with pytest.raises(InputError, match=r"device='cuda:2', but torch sees 2 GPUs, numbered from 0"):
        devices.device("cuda:2")


def test_a_named_cpu_gives_the_same_numbers():
    model = toys.Frozen()
    here, named = (activations.extract(model, stimuli(), device=name) for name in (None, "cpu"))
    assert [one.fingerprint for one in here.values()] == [one.fingerprint for one in named.values()]


@pytest.mark.parametrize("asked", ["ieee", "tf32"])
def test_tf32_is_off_inside_and_as_it_was_outside_also_after_an_exception(asked):
    before, seen = torch.backends.cuda.matmul.fp32_precision, []
    torch.backends.cuda.matmul.fp32_precision = asked
    try:
        with pytest.raises(ZeroDivisionError):
            _fail_within(seen)
        assert seen == ["ieee"] * 3
        assert torch.backends.cuda.matmul.fp32_precision == asked
        assert torch.backends.cudnn.allow_tf32  # torch's default, readable by its older name too
    finally:
        torch.backends.cuda.matmul.fp32_precision = before


def _fail_within(seen):
    with full_precision():
        places = (torch.backends.cuda.matmul, torch.backends.cudnn.conv, torch.backends.cudnn.rnn)
        seen.extend(one.fp32_precision for one in places)
        raise ZeroDivisionError


def test_tf32_is_off_while_networks_run():
    seen = []
    model = torch.nn.Sequential(toys.Returns(lambda x: seen.append(torch.backends.cudnn.conv.fp32_precision) or x))
    models.layers(model, np.zeros((2, 2), np.float32))
    seen.clear()
    activations.extract(model, stimuli())
    assert seen[-1] == "ieee"


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("width", [1, 255, 256, 257, 2**18 + 3])
def test_products_are_those_of_numpy_in_float64(rng, dtype, width):
    rows = 7 if width < 1000 else 3
    x, y = (rng.normal(size=(n, width)).astype(dtype) for n in (rows, 4))
    a, b = torch.from_numpy(x), torch.from_numpy(y)
    wide = x.astype(np.float64), y.astype(np.float64)
    tolerance = {"rtol": 1e-12, "atol": (2e-6 if dtype == np.float32 else 1e-12) * np.sqrt(width)}
    assert np.allclose(gram_block(a, b), wide[0] @ wide[1].T, **tolerance)
    weights = rng.normal(size=(2, rows))
    assert np.allclose(weighted_sums(weights, a), weights @ wide[0], rtol=1e-12, atol=1e-12)
    if width < 1000:
        z = torch.from_numpy(rng.normal(size=(rows, 5)).astype(dtype))
        assert np.allclose(cross_products(a, z), wide[0].T @ z.double().numpy(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("rows", "width"), [(1, 1), (3, 2000), (128, 40), (129, 1025), (300, 3000)])
def test_a_gram_matrix_is_that_of_numpy_and_symmetric(rng, dtype, rows, width):
    x = rng.normal(size=(rows, width)).astype(dtype)
    found = own_gram(torch.from_numpy(x))
    assert np.array_equal(found, found.T)
    wide = x.astype(np.float64)
    lengths = np.linalg.norm(wide, axis=1)
    assert (np.abs(found - wide @ wide.T) <= np.sqrt(width) * np.finfo(dtype).eps * np.outer(lengths, lengths)).all()


def test_half_of_what_is_free_within_the_control_group(monkeypatch, tmp_path):
    monkeypatch.delenv("REPSIM_MEMORY_GB", raising=False)
    monkeypatch.setattr(memory, "_CONTROL_GROUP", tmp_path)
    free = memory.free_bytes()
    assert 0 < free <= os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    (tmp_path / "memory.max").write_text("5000\n")
    (tmp_path / "memory.current").write_text("1000\n")
    assert (memory.free_bytes(), memory.streaming_bytes()) == (4000, 2000)
    (tmp_path / "memory.max").write_text("max\n")
    assert memory.free_bytes() > 4000
    monkeypatch.setenv("REPSIM_MEMORY_GB", "0.5")
    assert memory.streaming_bytes() == 500_000_000
