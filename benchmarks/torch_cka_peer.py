"""The CKA package most people install: how long it takes for the same cells, and whether they are right."""

import contextlib
import copy
import io
import warnings
from statistics import median

import numpy as np
import torch
from torch.utils.data import DataLoader, TensorDataset

from benchmarks.layer_matrix import loaded, pictures
from benchmarks.measurement import Row, ratio, rounds
from repsim_core import activations, models, similarity
from repsim_core.types import Dataset

TOLERANCE = 1e-6


def leaves(model: models.Model) -> list[str]:
    """Names of the modules without children."""
    return [name for name, one in model.module.named_modules() if not list(one.children())]


def theirs(first: models.Model, second: models.Model, data: Dataset) -> np.ndarray:
    """Matrix of torch-cka, all pictures in one batch; its networks are copies, since its hooks stay behind.

    At the very end it asserts that no cell is NaN; the cells are read all the same.
    """
    warnings.simplefilter("ignore")
    from torch_cka import CKA

    a, b = copy.deepcopy(first.module), copy.deepcopy(second.module)
    loader = DataLoader(TensorDataset(torch.from_numpy(np.array(data.inputs))), batch_size=len(data))
    with contextlib.redirect_stderr(io.StringIO()):
        peer = CKA(a, b, "A", "B", leaves(first), leaves(second))
        with contextlib.suppress(AssertionError):
            peer.compare(loader)
    return np.asarray(peer.hsic_matrix.numpy())


def ours(first: models.Model, second: models.Model, data: Dataset) -> np.ndarray:
    """The same cells here."""
    a, b = (activations.extract(one, data, leaves(one), batch_size=64) for one in (first, second))
    return similarity.compare_layers(a, b).values


def rows(repeats: int = 3) -> list[Row]:
    """Speed on ResNet-18 × ResNet-34, then the diagonal of ResNet-18 against itself."""
    (first, second), data = loaded(), pictures()
    seconds = rounds(
        {"ours": lambda: ours(first, second, data), "theirs": lambda: theirs(first, second, data)}, repeats
    )
    times = ratio(seconds["theirs"], seconds["ours"])
    own = np.abs(np.diag(ours(first, first, data)) - 1).max()
    peer = theirs(first, first, data)
    wrong = ~(np.abs(np.diag(peer) - 1) <= TOLERANCE)
    undefined = ~np.isfinite(peer)
    return [
        Row(
            f"torch-cka 0.21 on the same, all {len(leaves(first))} × {len(leaves(second))} leaf modules",
            "≥ 6 × faster",
            f"{times:.1f} × faster ({median(seconds['ours']):.1f} s against {median(seconds['theirs']):.1f} s)",
            times >= 6,
        ),
        Row(
            "ResNet-18 against itself, all leaf modules: the diagonal is 1",
            "to 1e-6, where theirs is not",
            f"to {own:.0e}; theirs is not in {wrong.sum()} of {len(peer)} layers, and {undefined.sum()} of its "
            f"{peer.size} cells are NaN or infinite",
            own <= TOLERANCE and bool(wrong.any()),
        ),
    ]
