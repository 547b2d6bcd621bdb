"""What does the layer map cost on top of the two forward passes it cannot do without?"""

from functools import partial
from statistics import median

import numpy as np
import torch

from benchmarks.measurement import Row, peak_bytes, ratio, rounds
from repsim_core import activations, models, similarity
from repsim_core.types import Dataset, DatasetCard

N, SIDE, BATCH = 256, 64, 64
NAMES = ("torchvision/resnet18", "torchvision/resnet34")


def pictures(n: int = N) -> Dataset:
    """Seeded noise pictures: the time does not depend on what they show."""
    inputs = np.random.default_rng(0).random((n, 3, SIDE, SIDE), dtype=np.float32)
    card = DatasetCard("noise", "image", "none", inputs.shape[1:], {"test": n}, (), "noise", "seed 0")
    return Dataset(card, "test", inputs, None, tuple(f"noise/{i}" for i in range(n)))


def forward_passes(pair: tuple[models.Model, models.Model], data: Dataset) -> None:
    """Both networks over all pictures, nothing kept."""
    for model in pair:
        with torch.inference_mode():
            for start in range(0, len(data), BATCH):
                model.module(model.prepare(data.inputs[start : start + BATCH]))


def layer_map(pair: tuple[models.Model, models.Model], data: Dataset) -> object:
    """Extraction of every block and the matrix of debiased CKA."""
    a, b = (activations.extract(model, data, batch_size=BATCH) for model in pair)
    return similarity.compare_layers(a, b)


def loaded() -> tuple[models.Model, models.Model]:
    """Both networks with random weights."""
    first, second = (models.load(name, weights=None) for name in NAMES)
    return first, second


def fresh(work: object) -> None:
    """One run in a process of its own."""
    work(loaded(), pictures())  # type: ignore[operator]


def rows(repeats: int = 15) -> list[Row]:
    """Time and memory against the bare forward passes."""
    pair, data = loaded(), pictures()
    seconds = rounds({"forward": partial(forward_passes, pair, data), "map": partial(layer_map, pair, data)}, repeats)
    times = ratio(seconds["map"], seconds["forward"])
    matrix = layer_map(pair, data)
    grams = 8 * N * N * (len(matrix.rows) + len(matrix.columns))  # type: ignore[attr-defined]
    forward_peak, map_peak = peak_bytes(partial(fresh, forward_passes)), peak_bytes(partial(fresh, layer_map))
    share = map_peak / (forward_peak + grams)
    what = f"ResNet-18 × ResNet-34, every block, {N} images of {SIDE}×{SIDE}"
    return [
        Row(
            f"{what}: extraction and matrix against the two bare forward passes",
            "≤ 1.3 ×",
            f"{times:.2f} × ({median(seconds['map']):.2f} s against {median(seconds['forward']):.2f} s)",
            times <= 1.3,
        ),
        Row(
            "The same: peak resident memory against that of the forward passes plus the Gram matrices",
            "≤ 2 ×",
            f"{share:.2f} × ({map_peak / 1e6:.0f} MB against {(forward_peak + grams) / 1e6:.0f} MB)",
            share <= 2,
        ),
    ]
