"""A layer map over more stimuli than fit: does it keep to its budget, and what do repeated passes cost?"""

import multiprocessing
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from torch import nn

from benchmarks.measurement import Row, ratio, rounds
from repsim_core import activations, similarity
from repsim_core.streaming import streamed_similarity, streaming_plan
from repsim_core.types import Dataset, DatasetCard

SIDE, CHANNELS = 32, 98  # 98 × 32 × 32 = 100 352 units
LAYERS = ("1", "3")


def pictures(n: int) -> Dataset:
    """Seeded noise pictures."""
    inputs = np.random.default_rng(0).random((n, 1, SIDE, SIDE), dtype=np.float32)
    card = DatasetCard("noise", "image", "none", inputs.shape[1:], {"test": n}, (), "noise", "seed 0")
    return Dataset(card, "test", inputs, None, tuple(map(str, range(n))))


def network(seed: int) -> nn.Module:
    """One wide convolution, and a narrow layer after it."""
    torch.manual_seed(seed)
    layers = (nn.Conv2d(1, CHANNELS, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(4), nn.Flatten())
    return nn.Sequential(*layers, nn.Linear(16 * CHANNELS, 200))


def status(key: str) -> int:
    """Bytes of VmRSS or VmHWM of this process."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(one for one in lines if one.startswith(f"{key}:")).split()[1])


def many(n: int, options: dict[str, Any], sender: Any) -> None:
    """One run in a process of its own: the plan, its bytes, what it took, its cells by label, seconds."""
    pair = network(0), network(1)
    few = pictures(64)
    streamed_similarity(*pair, few, plan=streaming_plan(*pair, few, **options))
    data = pictures(n)
    before, start = status("VmRSS"), time.perf_counter()
    plan = streaming_plan(*pair, data, **options)
    found = streamed_similarity(*pair, data, plan=plan)
    seconds = time.perf_counter() - start
    apart = float(np.nanmax(np.abs(found.matrix.values - found.minibatch.values)))
    sender.send((str(plan), plan.bytes, status("VmHWM") - before, apart, seconds))


def fresh(n: int, **options: Any) -> tuple[str, int, int, float, float]:
    """:func:`many` in a fresh process."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=many, args=(n, options, sender))
    process.start()
    found: tuple[str, int, int, float, float] = receiver.recv()
    process.join()
    return found


def rows(n: int = 20_000, few: int = 800, repeats: int = 3) -> Iterator[Row]:
    """The large run, then exactness by blocks against everything in memory."""
    layers = {"layers_a": ["1", "4"], "layers_b": ["1", "4"]}
    said, announced, taken, _, seconds = fresh(n, **layers, memory_bytes=10**9, most_passes=1)
    yield Row(
        f"{n:,} stimuli, a convolution of 100 352 units and a layer of 200 in each network, within 1 GB: {said}",
        "≤ 1.3 × the bytes announced",
        f"{taken / announced:.2f} × ({taken / 1e6:.0f} MB against {announced / 1e6:.0f} MB), {seconds:.0f} s",
        taken <= 1.3 * announced,
    )
    pair, data = (network(0), network(1)), pictures(few)
    whole = streaming_plan(*pair, data, layers_a=LAYERS[:1], layers_b=LAYERS[:1], memory_bytes=10**11)
    parts = streaming_plan(*pair, data, layers_a=LAYERS[:1], layers_b=LAYERS[:1], memory_bytes=whole.bytes // 2)

    def in_memory() -> Any:
        a, b = (activations.extract(one, data, LAYERS[:1], memory_bytes=10**11) for one in pair)
        return similarity.compare_layers(a, b)

    times = rounds(
        {
            "memory": in_memory,
            "whole": lambda: streamed_similarity(*pair, data, plan=whole),
            "parts": lambda: streamed_similarity(*pair, data, plan=parts),
        },
        repeats,
    )
    apart = float(np.abs(streamed_similarity(*pair, data, plan=parts).matrix.values - in_memory().values).max())
    for name, plan, target in (("whole", whole, 1.5), ("parts", parts, 2.0)):
        took = ratio(times[name], times["memory"])
        yield Row(
            f"{few} stimuli, exact, {plan.passes:.1f} passes in {plan.bytes / 1e6:.0f} MB, against all in memory",
            f"≤ {target} × the time, to 1e-7",
            f"{took:.2f} × ({median(times[name]):.1f} s against {median(times['memory']):.1f} s), to {apart:.0e}",
            took <= target and apart <= 1e-7,
        )
