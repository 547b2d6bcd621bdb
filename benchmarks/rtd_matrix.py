"""What do many cross-barcodes, large ones and a whole layer map of RTD cost?"""

import multiprocessing
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.measurement import Row, ratio, rounds
from repsim_core import activations, datasets, models, similarity
from repsim_core.topology import cross_barcode, normalised_distances
from repsim_core.types import LayerActivations

SIZES = (250, 500, 1000, 2000)


def cloud_pair(n: int, units: int = 64) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Distances of two independent Gaussian clouds."""
    generator = np.random.default_rng(1)
    one, other = (normalised_distances(generator.standard_normal((n, units))) for _ in range(2))
    return one, other


def threads(repeats: int = 15) -> Row:
    """Two barcodes in two threads against one in one."""
    pair = cloud_pair(1000)
    with ThreadPoolExecutor(2) as pool:

        def both() -> None:
            list(pool.map(lambda _: cross_barcode(*pair), range(2)))

        seconds = rounds({"one": lambda: pool.submit(cross_barcode, *pair).result(), "two": both}, repeats)
    times = ratio(seconds["two"], seconds["one"])
    return Row(
        "Two threads with a cross-barcode each (n = 1000) against one",
        "≤ 1.15 × the time",
        f"{times:.2f} × ({min(seconds['two']):.2f} s against {min(seconds['one']):.2f} s at best)",
        times <= 1.15,
    )


def memory(n: int) -> Row:
    """What one call adds to a fresh process that holds both matrices."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    with tempfile.TemporaryDirectory() as folder:
        for name, one in zip("ab", cloud_pair(n), strict=True):
            np.save(Path(folder) / name, one)
        process = context.Process(target=_report_growth, args=(folder, sender))
        process.start()
        grown, seconds = receiver.recv()
        process.join()
    limit = 3 * 8 * n * n + 64e6
    return Row(
        f"Peak memory of one cross-barcode at n = {n}, beyond its two matrices",
        f"≤ three more and 64 MB: {limit / 1e6:.0f} MB",
        f"{grown / 1e6:.0f} MB, in {seconds:.1f} s",
        grown <= limit,
    )


def _report_growth(folder: str, sender: object) -> None:
    cross_barcode(*cloud_pair(50))
    pair = [np.load(Path(folder) / f"{name}.npy") for name in "ab"]
    before, start = _status("VmRSS"), time.perf_counter()
    cross_barcode(*pair)
    sender.send((_status("VmHWM") - before, time.perf_counter() - start))  # type: ignore[attr-defined]


def _status(field: str) -> int:
    """A line of the process's own status in bytes; unlike ``ru_maxrss`` it does not begin with the parent's."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(field))


def growth(what: str, units: int) -> Row:
    """Exponent of n in the processor time."""
    least = []
    for n in SIZES:
        pair = cloud_pair(n, units)
        seconds = []
        for _ in range(3):
            start = time.thread_time()
            cross_barcode(*pair)
            seconds.append(time.thread_time() - start)
        least.append(min(seconds))
    exponent = float(np.polyfit(np.log(SIZES), np.log(least), 1)[0])
    listed = ", ".join(f"{one:.3f}" for one in least)
    return Row(
        f"Growth of one cross-barcode with n, {what}, n = {', '.join(map(str, SIZES))}",
        "printed",
        f"n^{exponent:.2f} ({listed} s)",
        True,
    )


def weight_layers(seed: int) -> LayerActivations:
    """The 17 convolutions on the main path and the classifier of a random ResNet-18, 1000 pictures of 32 × 32."""
    torch.manual_seed(seed)
    model = models.load("torchvision/resnet18", weights=None)
    names = [name for name, _ in model.module.named_modules() if "conv" in name or name == "fc"]
    return activations.extract(model, datasets.load("shapes"), names)


def matrix() -> list[Row]:
    """A layer map of RTD, subset after subset."""
    a, b = weight_layers(0), weight_layers(1)
    reached: list[float] = []
    start = time.perf_counter()
    with ThreadPoolExecutor(2) as pool:
        similarity.compare_layers(
            a,
            b,
            "rtd",
            trials=10,
            batch=500,
            executor=pool,
            on_partial=lambda _: reached.append(time.perf_counter() - start),
        )
    reached.append(time.perf_counter() - start)
    what = f"RTD of {len(a)} × {len(b)} layers (two random ResNet-18), subsets of 500, two threads"
    return [
        Row(f"{what}: all cells of the first subset", "< 30 s", f"{reached[0]:.0f} s", reached[0] < 30),
        Row("The same: all ten subsets", "< 5 min", f"{reached[-1] / 60:.1f} min", reached[-1] < 300),
    ]


def rows() -> Iterator[Row]:
    """Threads, memory, growth, the matrix."""
    cross_barcode(*cloud_pair(50))  # compiles
    yield threads()
    yield memory(1000)
    yield memory(3000)
    yield growth("independent Gaussians, 64-d", 64)
    yield growth("the same in the plane", 2)
    yield from matrix()
