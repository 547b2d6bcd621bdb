"""Two CKA packages that people install: how long they take for the same cells, and whether the cells are right.

Every leaf module of ResNet-18 × ResNet-34. The oracle takes the features that the networks gave, in float64 from there.
"""

import contextlib
import copy
import io
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from statistics import median

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader, TensorDataset

from benchmarks.layer_matrix import BATCH, forward_passes, loaded, pictures
from benchmarks.measurement import Row, ratio, rounds
from repsim_core import activations, models, similarity
from repsim_core.streaming import streamed_similarity, streaming_plan
from repsim_core.types import Dataset, LayerActivations

Floats = NDArray[np.float64]
N, ROUNDS = 512, 3
TOLERANCE = 1e-6


def leaves(model: models.Model) -> list[str]:
    """Names of the modules without children."""
    return [name for name, one in model.module.named_modules() if not list(one.children())]


def extracted(model: models.Model, data: Dataset) -> LayerActivations:
    """Responses of every leaf."""
    return activations.extract(model, data, leaves(model), batch_size=BATCH)


def ours(first: models.Model, second: models.Model, data: Dataset) -> Floats:
    """The cells here, forward passes included: all stimuli in one batch, as the packages take them."""
    plan = streaming_plan(first, second, data, layers_a=leaves(first), layers_b=leaves(second), batch_size=len(data))
    assert plan.at_once
    return streamed_similarity(first, second, data, plan=plan).matrix.values


def by_torch_cka(first: models.Model, second: models.Model, data: Dataset) -> Floats:
    """torch-cka, all pictures in one batch (more change its numbers); copies, since its hooks are never removed."""
    warnings.simplefilter("ignore")
    from torch_cka import CKA

    a, b = copy.deepcopy(first.module), copy.deepcopy(second.module)
    with contextlib.redirect_stderr(io.StringIO()):
        peer = CKA(a, b, "A", "B", leaves(first), leaves(second))
        with contextlib.suppress(AssertionError):  # that no cell is NaN; the cells are read all the same
            peer.compare(_loader(data, len(data)))
    return np.asarray(peer.hsic_matrix.numpy(), np.float64)


def by_pytorch_cka(first: models.Model, second: models.Model, data: Dataset) -> Floats:
    """pytorch-cka, in batches of the size it is given: its estimate is that of minibatches."""
    warnings.simplefilter("ignore")
    from cka import compute_cka

    a, b = copy.deepcopy(first.module), copy.deepcopy(second.module)
    loader = _loader(data, len(data))
    (found,) = compute_cka(a, b, loader, layers=leaves(first), model2_layers=leaves(second), progress=False)
    return np.asarray(found.numpy(), np.float64)


def oracle(first: LayerActivations, second: LayerActivations) -> Floats:
    """Debiased CKA in float64 throughout, by the three terms of the unbiased HSIC, a Gram matrix a layer."""
    sides = [[_centred_gram(one.values) for one in side.values()] for side in (first, second)]
    own = [[_hsic(k, k) for k in side] for side in sides]
    values = np.empty((len(first), len(second)))
    for i, k in enumerate(sides[0]):
        for j, other in enumerate(sides[1]):
            values[i, j] = _hsic(k, other) / np.sqrt(own[0][i] * own[1][j])
    return values


def rows() -> Iterator[Row]:
    """Time against the forward passes and the packages, then the worst cell of each."""
    (first, second), data = loaded(), pictures(N)
    what = f"ResNet-18 × ResNet-34, all {len(leaves(first))} × {len(leaves(second))} leaf modules, {N} images of 64×64"
    sides: dict[str, Callable[[], object]] = {
        "forward": partial(forward_passes, (first, second), data),
        "ours": partial(ours, first, second, data),
        "pytorch-cka": partial(by_pytorch_cka, first, second, data),
    }
    seconds = rounds(sides, ROUNDS)
    times = ratio(seconds["ours"], seconds["forward"])
    products = _gram_seconds(first, second, data)
    bound = 1 + products / median(seconds["forward"])
    yield Row(
        f"{what}: extraction and matrix against the two bare forward passes",
        "≤ 1.15 ×",
        f"{times:.2f} × ({median(seconds['ours']):.1f} s against {median(seconds['forward']):.1f} s; the products of "
        f"the Gram matrices alone, in float32, make {bound:.2f} ×)",
        times <= 1.15,
    )
    times = ratio(seconds["pytorch-cka"], seconds["ours"])
    yield Row(
        "pytorch-cka 1.1.3 on the same",
        "not slower",
        f"{times:.2f} × its speed ({median(seconds['ours']):.1f} s against {median(seconds['pytorch-cka']):.1f} s)",
        times >= 1,
    )
    peers: dict[str, Floats] = {}

    def by_peer() -> None:  # its numbers are looked at below: it takes minutes
        peers["torch-cka"] = by_torch_cka(first, second, data)

    once = rounds({"ours": sides["ours"], "torch-cka": by_peer}, 1, warm_up=0)  # ours is warm from above
    times = ratio(once["torch-cka"], once["ours"])
    yield Row(
        "torch-cka 0.21 on the same",
        "≥ 8 × faster",
        f"{times:.1f} × faster ({once['ours'][0]:.1f} s against {once['torch-cka'][0]:.1f} s; one round)",
        times >= 8,
    )
    a, b = extracted(first, data), extracted(second, data)
    truth = oracle(a, b)
    own = np.abs(similarity.compare_layers(a, b).values - truth).max()
    peers["pytorch-cka"] = by_pytorch_cka(first, second, data)
    said = "; ".join(f"{name} to {_worst(found, truth)}" for name, found in peers.items())
    yield Row("The worst cell against an oracle in float64", "to 1e-6", f"to {own:.0e}; {said}", bool(own <= TOLERANCE))
    diagonal = np.abs(np.diag(similarity.compare_layers(a, a).values) - 1).max()
    peer = np.diag(by_torch_cka(first, first, data))
    wrong = int((~(np.abs(peer - 1) <= TOLERANCE)).sum())
    yield Row(
        "ResNet-18 against itself: the diagonal is 1",
        "to 1e-6",
        f"to {diagonal:.0e}; torch-cka's is not in {wrong} of {len(peer)} layers",
        bool(diagonal <= TOLERANCE),
    )


def _loader(data: Dataset, batch: int) -> DataLoader:  # type: ignore[type-arg]
    return DataLoader(TensorDataset(torch.from_numpy(np.array(data.inputs))), batch_size=batch)


def _gram_seconds(first: models.Model, second: models.Model, data: Dataset) -> float:
    """Seconds of one product X Xᵀ in float32 for every leaf: what no exact method can do without."""
    found = [torch.from_numpy(np.array(one.values)) for net in (first, second) for one in extracted(net, data).values()]
    seconds = rounds({"products": lambda: [one @ one.T for one in found]}, ROUNDS)
    return median(seconds["products"])


def _worst(found: Floats, truth: Floats) -> str:
    broken = int((~np.isfinite(found)).sum())
    error = np.abs(found - truth)[np.isfinite(found)].max()
    return f"{error:.2g}" + (f" with {broken} of {found.size} cells NaN or infinite" if broken else "")


def _centred_gram(values: NDArray[np.floating]) -> Floats:  # type: ignore[type-arg]
    wide = values.astype(np.float64)
    wide -= wide.mean(axis=0)
    product = wide @ wide.T
    np.fill_diagonal(product, 0.0)
    return np.asarray(product)


def _hsic(k: Floats, other: Floats) -> float:
    """Unbiased HSIC of two kernels with zero diagonals, up to a factor (Song et al. 2012, equation 5)."""
    n = len(k)
    sums, its = k.sum(axis=0), other.sum(axis=0)
    return float(np.sum(k * other) + sums.sum() * its.sum() / ((n - 1) * (n - 2)) - 2 * np.dot(sums, its) / (n - 2))
