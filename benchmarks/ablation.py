"""What does an ablation cost against one full forward pass and one fresh CKA a cell, and how long does a study take?"""

import time
from statistics import median
from typing import Any

import numpy as np
import torch

from benchmarks.measurement import Row, ratio, rounds
from repsim_core import ablation, activations, datasets, models, similarity
from repsim_core.ablation.tail import replaced
from repsim_core.compute.executor import task_executor
from repsim_core.types import Dataset, DatasetCard

N, SIDE, CLASSES = 500, 64, 1000
SUBJECT, STUDY = "torchvision/resnet18", "zoo/digits-cnn-s10"
BLOCKS = [f"layer{stage}.{block}" for stage in range(1, 5) for block in range(2)]
MEASURES = ("cka", "procrustes")


def pictures() -> Dataset:
    """Seeded noise pictures with labels in turn: the time does not depend on what they show."""
    inputs = np.random.default_rng(0).random((N, 3, SIDE, SIDE), dtype=np.float32)
    names = tuple(str(k) for k in range(CLASSES))
    card = DatasetCard("noise", "image", "classification", inputs.shape[1:], {"test": N}, names, "noise", "seed 0")
    return Dataset(card, "test", inputs, np.arange(N) % 10, tuple(f"noise/{i}" for i in range(N)))


def short(model: models.Model, data: Dataset, layer: str) -> Any:
    """All cells of a layer, performance, CKA and Procrustes, the way RepSim does it."""
    with task_executor() as pool:
        return ablation.ablation_grid(model, layer, data, 0, measures=MEASURES, probe=None, executor=pool)


def naive(model: models.Model, data: Dataset, layer: str, cells: Any) -> list[float]:
    """The same cells with one full forward pass and one fresh CKA each; Procrustes is not even asked of it."""
    intact = activations.extract(model, data, [layer])[layer]
    found = []
    for units in cells:
        parts = []

        def ablated(output: torch.Tensor, units: Any = units, parts: Any = parts) -> torch.Tensor:
            flat = output.flatten(1).clone()
            flat[:, torch.from_numpy(units)] = 0
            parts.append(flat.numpy())
            return flat.reshape(output.shape)

        with torch.inference_mode(), replaced(model.module, layer, ablated):
            for start in range(0, len(data), 128):
                model.module(model.prepare(data.inputs[start : start + 128]))
        found.append(similarity.score(intact.values, np.concatenate(parts)))
    return found


def rows(repeats: int = 3) -> list[Row]:
    """One full pass a cell against the tail, and a whole study."""
    model, data = models.load(SUBJECT, weights=None), pictures()
    grids = {layer: short(model, data, layer) for layer in BLOCKS}
    cells = {layer: [one for k, one in enumerate(grid.cells) if k % 16 == 5] for layer, grid in grids.items()}

    def by_hand() -> None:  # one cell of sixteen, since sixteen take minutes
        for layer in BLOCKS:
            naive(model, data, layer, cells[layer])

    def ours() -> None:
        for layer in BLOCKS:
            short(model, data, layer)

    seconds = rounds({"naive": by_hand, "ours": ours}, repeats)
    times = 16 * ratio(seconds["naive"], seconds["ours"])
    apart = max(abs(naive(model, data, layer, cells[layer])[0] - grids[layer].similarity("cka")[5]) for layer in BLOCKS)
    start = time.perf_counter()
    study()
    minutes = (time.perf_counter() - start) / 60
    what = f"All 16 cells of the 8 blocks of ResNet-18, {N} images of {SIDE}×{SIDE}"
    return [
        Row(
            f"{what}: performance, CKA and Procrustes against a full forward pass and a fresh CKA a cell",
            "≥ 4 × faster",
            f"{times:.1f} × faster ({median(seconds['ours']):.0f} s against {16 * median(seconds['naive']):.0f} s)",
            times >= 4,
        ),
        Row("The same: CKA against the fresh one", "to 1e-6", f"to {apart:.0e}", apart <= 1e-6),
        Row(
            f"Study of {STUDY}: 10 classes × 6 layers × 16 cells, all functions, five measures, {N} images",
            "< 5 min",
            f"{minutes:.1f} min",
            minutes < 5,
        ),
    ]


def study() -> Any:
    """Every class and every block of a network of the zoo."""
    model, data = models.load(STUDY), datasets.load("digits", n=N)
    layers = ["conv1", "conv2", "conv3", "conv4", "conv5", "pool"]
    with task_executor() as pool:
        return ablation.ablation_study(model, data, layers, executor=pool)
