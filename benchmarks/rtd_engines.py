"""How much faster is the cone than the Rips engines on the matrix of the published code, and do they agree?

Seconds are those of the processor, one thread each, so that other work on the machine counts for neither side. Every
call of a peer runs in a forked child, killed after ``CAP`` seconds: it then counts as that much, a lower bound.
"""

import math
import multiprocessing
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.measurement import Row, ratio
from repsim_core import activations, datasets, models
from repsim_core.datasets import points
from repsim_core.topology import cross_barcode, normalised_distances

Floats = NDArray[np.float64]
Engine = Callable[[Floats, float], Floats]

CAP = 30  # seconds of one call of a peer
LONG = 8  # a round of a peer that takes longer is the only one
REPEATS = 5
AGREEMENT = 1e-4
K_CLUSTERS = (2, 3, 4, 5, 6, 10, 12)


@dataclass(frozen=True)
class Pair:
    """One direction of a pair of normalised distance matrices."""

    w: Floats
    other: Floats

    @property
    def radius(self) -> float:
        """Where the cone is over; the peers may stop there too."""
        return float(self.w.max(axis=1).min())

    def published(self, fast: bool) -> Floats:
        """The 2n × 2n matrix, with the strict lower triangle of w infinite in the fast form."""
        n = len(self.w)
        half = self.w.copy()
        if fast:
            half[np.tril_indices(n, -1)] = np.inf
        return np.block([[np.zeros((n, n)), half.T], [half, np.minimum(self.w, self.other)]])


def by_gudhi(matrix: Floats, _radius: float) -> Floats:
    """Its fork of Ripser on the dense matrix; edge collapses before it took twenty times as long."""
    from gudhi.sklearn.rips_persistence import RipsPersistence

    rips = RipsPersistence(1, input_type="full distance matrix", homology_coeff_field=2)
    return np.asarray(rips.fit_transform([matrix])[0])


def by_gudhi_sparse(matrix: Floats, radius: float) -> Floats:
    """The same up to a radius, which makes it sparse."""
    from gudhi.sklearn.rips_persistence import RipsPersistence

    rips = RipsPersistence(1, radius, input_type="full distance matrix", homology_coeff_field=2)
    return np.asarray(rips.fit_transform([matrix])[0])


def by_giotto(matrix: Floats, radius: float) -> Floats:
    """giotto-ph, which rounds to float32: the radius may do so too."""
    from gph import ripser_parallel

    thresh = np.nextafter(np.float32(radius), np.float32(np.inf))
    return np.asarray(ripser_parallel(matrix, metric="precomputed", maxdim=1, thresh=thresh, n_threads=1)["dgms"][1])


def by_ripser(matrix: Floats, radius: float) -> Floats:
    """ripser.py, float32 as well."""
    from ripser import ripser

    thresh = np.nextafter(np.float32(radius), np.float32(np.inf))
    return np.asarray(ripser(matrix, distance_matrix=True, maxdim=1, thresh=float(thresh))["dgms"][1])


ENGINES: dict[str, Engine] = {
    "GUDHI": by_gudhi,
    "GUDHI (sparse)": by_gudhi_sparse,
    "giotto-ph": by_giotto,
    "ripser.py": by_ripser,
}


def theirs(engine: Engine, pair: Pair, fast: bool, cap: float = CAP) -> tuple[float, float | None]:
    """Seconds and the sum of the bars; ``cap`` and None where it was killed."""
    matrix = pair.published(fast)
    receiver, sender = multiprocessing.get_context("fork").Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(
        target=_reported, args=(engine, matrix, pair.radius, math.ceil(cap), sender)
    )
    process.start()
    sender.close()
    try:
        seconds, total = receiver.recv()
    except EOFError:
        seconds, total = float(math.ceil(cap)), None
    process.join()
    return seconds, total


def _reported(engine: Engine, matrix: Floats, radius: float, cap: int, sender: object) -> None:
    engine(np.ones((4, 4)) - np.eye(4), 2.0)  # imports
    resource.setrlimit(resource.RLIMIT_CPU, (cap + math.ceil(time.process_time()),) * 2)
    start = time.process_time()
    bars = engine(matrix, radius)
    seconds = time.process_time() - start
    sender.send((seconds, float((np.minimum(bars[:, 1], radius) - bars[:, 0]).sum())))  # type: ignore[attr-defined]


def ours(pair: Pair) -> tuple[float, float]:
    """Seconds and the sum of the bars, with the checks of the matrices."""
    start = time.thread_time()
    bars = cross_barcode(pair.w, pair.other)
    return time.thread_time() - start, bars.total


def fastest(pair: Pair) -> str:
    """Which engine is the quickest on the fast matrix; none gets longer than the best before it."""
    best, least = "", float(CAP)
    for name, engine in ENGINES.items():
        seconds, total = theirs(engine, pair, True, least)
        if total is not None and seconds < least:
            best, least = name, seconds
    return best or "giotto-ph"


def against(
    what: str, pairs: Sequence[Pair], name: str, fast: bool, target: float, apart: list[float], each: bool = False
) -> Row:
    """One engine on all pairs in turn with ours, judged by all together or by ``each``.

    What the sums of bars differ by goes to ``apart``.
    """
    own, peer, capped = [], [], False
    for turn in range(REPEATS):
        own.append([0.0] * len(pairs))
        peer.append([0.0] * len(pairs))
        for at, pair in enumerate(pairs):
            own[turn][at], total = ours(pair)
            peer[turn][at], found = theirs(ENGINES[name], pair, fast)
            capped |= found is None
            if found is not None:
                apart.append(abs(found - total) / max(total, 1.0))
        if sum(peer[turn]) > LONG:
            break
    times = ratio([sum(one) for one in peer], [sum(one) for one in own])
    least = min(
        ratio(longer, shorter) for longer, shorter in zip(zip(*peer, strict=True), zip(*own, strict=True), strict=True)
    )
    met = (least if each else times) >= target
    turns = f"{len(own)} rounds" if len(own) > 1 else f"once: more than {LONG} s a round"
    sign = "≥ " if capped else ""
    seconds = f"{median(map(sum, own)):.2f} s against {'more than ' if capped else ''}{median(map(sum, peer)):.1f} s"
    details = [seconds, turns, *([f"at least {least:.0f} × a pair"] if len(pairs) > 1 else [])]
    form = "the fast matrix" if fast else "the published matrix"
    return Row(
        f"{what}: cross-barcodes against {name} on {form}",
        f"≥ {target:g} × faster",
        f"{sign}{times:.0f} × faster ({'; '.join(details)})",
        met,
    )


def layer_pairs(n: int) -> list[Pair]:
    """Consecutive and distant layers, trained and random, the direction alternating."""
    data = datasets.load("shapes")
    torch.manual_seed(0)
    found = []
    for name in ("zoo/shapes-resnet-s10", "torchvision/resnet18"):
        model = models.load(name) if name.startswith("zoo") else models.load(name, weights=None)
        every = list(activations.extract(model, data).values())
        middle = len(every) // 2
        near, far = (every[middle], every[middle + 1]), (every[-1], every[0])
        found += [Pair(*(normalised_distances(one.values[:n]) for one in both)) for both in (near, far)]
    return found


def clouds(n: int, draw: str) -> list[Pair]:
    """Two independent clouds: ``standard_normal`` in 64 dimensions or ``random`` in the plane."""
    generator = np.random.default_rng(0)
    shape = (n, 64 if draw == "standard_normal" else 2)
    one, other = (normalised_distances(getattr(generator, draw)(shape)) for _ in range(2))
    return [Pair(one, other)]


def both_ways(make: Callable[[int], Floats], ks: Sequence[int]) -> list[Pair]:
    """The paper's families: the first member against each, there and back."""
    base = normalised_distances(make(1))
    others = [normalised_distances(make(k)) for k in ks]
    return [pair for other in others for pair in (Pair(base, other), Pair(other, base))]


def rows() -> Iterator[Row]:
    """Layers, clouds, the paper's families; then whether all agree."""
    apart: list[float] = []
    ours(clouds(50, "random")[0])  # compiles
    kinds: list[tuple[str, Callable[[int], list[Pair]], float, float]] = [
        ("Layers of a zoo network and of ResNet-18, consecutive and distant", layer_pairs, 15, 40),
        ("Independent Gaussians, 64-d", partial(clouds, draw="standard_normal"), 12, 30),
        ("Independent uniform squares", partial(clouds, draw="random"), 6, 12),
    ]
    for what, make, fast, symmetric in kinds:
        for n in (500, 1000):
            pairs = make(n)
            # One hard pair would outweigh the others in a sum.
            yield against(f"{what}, n = {n}", pairs, fastest(pairs[-1]), True, fast, apart, each=True)
            yield against(f"{what}, n = {n}", pairs, "ripser.py", False, symmetric, apart, each=True)
    pairs = both_ways(points.rings, (1, 2, 3, 4, 5))
    yield against("The paper's rings, five pairs both ways", pairs, fastest(pairs[2]), True, 100, apart)
    yield against("The paper's rings, k = 2 both ways", pairs[2:4], "ripser.py", False, 300, apart)
    pairs = both_ways(points.clusters, K_CLUSTERS)
    yield against("The paper's clusters, seven pairs both ways", pairs, fastest(pairs[0]), True, 8, apart)
    yield against("The paper's clusters, seven pairs both ways", pairs, "ripser.py", False, 15, apart)
    yield Row(
        f"Sums of bars in the {len(apart)} calls above that finished",
        f"equal to {AGREEMENT:.0e}",
        f"to {max(apart):.0e}",
        max(apart) <= AGREEMENT,
    )
