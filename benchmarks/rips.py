"""What does the persistent homology of a layer cost, beside Ripser, giotto-ph and GUDHI, and of a whole network?"""

import time
from collections.abc import Callable, Iterator

import gudhi
import numpy as np
from numpy.typing import NDArray

from benchmarks.measurement import Row, ratio, rounds
from repsim_core import topology
from repsim_core.compute.executor import task_executor
from repsim_core.types import LayerActivations, Representation

Floats = NDArray[np.float64]
REPEATS = 5


def by_ripser(d: Floats) -> list[Floats]:
    """ripser.py, float32 inside."""
    from ripser import ripser

    return [np.asarray(one) for one in ripser(d, distance_matrix=True, maxdim=1)["dgms"]]


def by_giotto(d: Floats) -> list[Floats]:
    """giotto-ph on one thread, as we are; float32 inside."""
    from gph import ripser_parallel

    return [np.asarray(one) for one in ripser_parallel(d, metric="precomputed", maxdim=1, n_threads=1)["dgms"]]


def by_gudhi(d: Floats) -> list[Floats]:
    """GUDHI's own fork of Ripser, float64."""
    from gudhi.sklearn.rips_persistence import RipsPersistence

    engine = RipsPersistence([0, 1], input_type="full distance matrix", homology_coeff_field=2)
    return [np.asarray(one) for one in engine.fit_transform([d])[0]]


ENGINES: dict[str, Callable[[Floats], list[Floats]]] = {
    "ripser.py": by_ripser,
    "giotto-ph": by_giotto,
    "GUDHI": by_gudhi,
}


def cloud(n: int) -> Floats:
    """Distances of n Gaussian points in 64 dimensions."""
    return topology.cloud_distances(np.random.default_rng(0).standard_normal((n, 64)))


def against(n: int) -> Iterator[Row]:
    """Diagrams to dimension 1 with every engine in each round, then how far apart they are."""
    d = cloud(n)
    sides: dict[str, Callable[[], object]] = {"RepSim": lambda: topology.rips_of_distances(d)}
    sides |= {name: (lambda engine=engine: engine(d)) for name, engine in ENGINES.items()}
    seconds = rounds(sides, REPEATS)
    medians = {name: float(np.median(one)) for name, one in seconds.items()}
    peer = min(ENGINES, key=lambda name: medians[name])
    times = ratio(seconds[peer], seconds["RepSim"])
    every = ", ".join(f"{name} {value:.3f} s" for name, value in medians.items())
    yield Row(
        f"Diagrams to dimension 1, Gaussian cloud in 64-d, n = {n}: against the fastest engine",
        "not slower",
        f"{times:.1f} × faster than {peer} ({every})",
        times >= 1,
    )
    own = topology.rips_of_distances(d)
    apart = 0.0
    for engine in ENGINES.values():
        for one, theirs in zip(own, engine(d), strict=True):
            pairs = np.stack([one.births, one.deaths], axis=1)
            theirs = theirs[theirs[:, 1] > theirs[:, 0]]
            apart = max(apart, gudhi.bottleneck_distance(pairs, theirs) / float(d.max()))
    yield Row(
        f"The same diagrams of all engines, n = {n}",
        "bottleneck distance ≤ 1e-6 of the largest distance",
        f"to {apart:.0e}",
        apart <= 1e-6,
    )


def network(layers: int, n: int, units: int) -> LayerActivations:
    """A network of random layers."""
    generator = np.random.default_rng(1)
    stimuli = tuple(map(str, range(n)))
    found = {
        f"layer{k}": Representation(generator.standard_normal((n, units), np.float32), stimuli, "random", f"layer{k}")
        for k in range(layers)
    }
    return LayerActivations("random", "noise", stimuli, found)


def whole(size: int, repeats: int, max_dimension: int, layers: int, target: float) -> Row:
    """All diagrams of a network on the cores there are, responses at hand."""
    responses = network(layers, 500, 1024)
    with task_executor() as pool:
        start = time.perf_counter()
        topology.layer_diagrams(responses, size=size, repeats=repeats, max_dimension=max_dimension, executor=pool)
        seconds = time.perf_counter() - start
    estimate = topology.rips_cost(size, max_dimension).seconds
    return Row(
        f"{layers} layers, n = {size}, up to H{max_dimension}, {repeats} subset{'s' if repeats > 1 else ''}",
        f"< {target:.0f} s",
        f"{seconds:.1f} s (estimate for one complex {estimate:.2g} s)",
        seconds < target,
    )


def rows() -> Iterator[Row]:
    """Engines at two sizes, a network, cavities."""
    topology.rips_of_distances(cloud(20), max_dimension=2)  # compiles
    for n in (500, 1000):
        yield from against(n)
    yield whole(300, 3, 1, 30, 20)
    yield whole(200, 1, 2, 30, 20)
