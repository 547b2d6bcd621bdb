"""Clouds whose order is known, and what RTD does not see (R1 to R3)."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from repsim_core.claims.finding import Finding, Measured
from repsim_core.claims.verdict import found, measured
from repsim_core.compute.progress import Progress, no_progress
from repsim_core.experiments import Order, ordered_clouds
from repsim_core.topology import rtd

PAPER = "Barannikov et al. 2022"
Floats = NDArray[np.float64]
CLOSE, INVARIANT = 1e-3, 1e-6
# Printed by the authors' notebooks, or recomputed by their formula on their data where only a plot is there.
PRINTED: Mapping[str, Mapping[str, Sequence[float]]] = {
    "clusters": {
        "rtd": (10.3758, 11.9584, 13.7854, 15.0071, 16.0479, 19.1349, 19.6730),
        "cka_biased": (0.02209, 0.00901, 0.02543, 0.03062, 0.01477, 0.01261, 0.03433),
        "rtd_lite": (7.5469, 7.3504, 7.2600, 7.1873, 6.9100, 6.3329, 6.0833),
        "srtd_lite": (21.1412, 25.3202, 29.6570, 32.1259, 34.2308, 40.7451, 41.8033),
    },
    "rings": {
        "rtd": (0.0, 5.3900, 5.1078, 7.3447, 8.8075),
        "cka_biased": (1.0, 0.71471, 0.95610, 0.83945, 0.88889),
    },
}
TAUS: Mapping[str, Mapping[str, float]] = {
    "clusters": {"rtd": 1.0, "cka_biased": 0.238095},
    "rings": {"rtd": 0.8, "cka_biased": -0.2},
}


def off_from_print(order: Order) -> dict[str, float]:
    """Largest distance of a measure's value from the printed one, a number a cloud."""
    printed = pd.DataFrame(PRINTED[order.family])
    worst = (order.values[list(printed)] - printed).abs().max(axis=1)
    return {f"k = {k}": float(one) for k, one in zip(order.values["k"], worst, strict=True)}


def order_of(family: str, id: str) -> Finding:
    """R1, R2: values of RTD and CKA for every cloud of a family against those printed, and Kendall's tau with k."""
    order = ordered_clouds(family)
    one = measured(family, "largest distance from the printed values", off_from_print(order), holds=_close, needed=1)
    taus = all(abs(order.tau[name] - tau) < 1e-6 for name, tau in TAUS[family].items())
    sample = Measured(one.data, one.number, one.labels, one.values, one.holds & taus, one.mean_holds and taus, needed=1)
    parts = order.parts.drop(columns="k")
    return found(
        id,
        [sample],
        values={f"tau {name}": value for name, value in order.tau.items()},
        tables={"values": pd.concat([order.values, parts], axis=1)},
        recipe={"family": family, "batch": len(order.base), "trials": 1, "quantile": "0.9 of all n² entries"},
    )


def _close(off: float) -> bool:
    return off <= CLOSE


def clusters_in_order(*, progress: Progress | None = None) -> Finding:
    """R1: the clusters."""
    (progress or no_progress)(0, 1)
    return order_of("clusters", "R1")


def rings_in_order(*, progress: Progress | None = None) -> Finding:
    """R2: the rings."""
    (progress or no_progress)(0, 1)
    return order_of("rings", "R2")


def moved_copy(cloud: Floats, seed: int) -> Floats:
    """The cloud turned by a random rotation, scaled and moved."""
    rng = np.random.default_rng(seed)
    turn, _ = np.linalg.qr(rng.normal(size=(cloud.shape[1],) * 2))
    return np.asarray(3.7 * cloud @ turn + rng.normal(size=cloud.shape[1]))


def zero_and_invariant(*, progress: Progress | None = None) -> Finding:
    """R3: RTD of a cloud with its moved copy, and relative change of RTD with another cloud when one of them moves."""
    progress = progress or no_progress
    rng, changes = np.random.default_rng(10), {}
    first, second = rng.normal(size=(200, 6)), rng.normal(size=(200, 4))
    whole = rtd(first, second, trials=1, batch=200).value
    changes["against itself"] = rtd(first, first, trials=1, batch=200).value
    for done, seed in enumerate((10, 11, 12, 13, 14)):
        progress(done, 5)
        moved = moved_copy(first, seed)
        changes[f"against its copy, seed {seed}"] = rtd(first, moved, trials=1, batch=200).value / whole
        changes[f"copy against another, seed {seed}"] = abs(rtd(moved, second, trials=1, batch=200).value / whole - 1)
    progress(5, 5)
    return found(
        "R3",
        [
            measured(
                "random clouds",
                "RTD, or its change, as a share of RTD with another cloud",
                changes,
                holds=lambda change: change <= INVARIANT,
                needed=1,
            )
        ],
        recipe={"points": 200, "batch": 200, "trials": 1},
    )
