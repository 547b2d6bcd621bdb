"""One pair of representations up close: where each bar of a cross-barcode comes from, and RTD against the batch."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from repsim_core.topology import chosen_subsets, normalised_distances, rtd
from repsim_core.types import PersistenceDiagram, Representation, TopologyDivergence

LARGEST_BATCH = 1000  # half a second a subset


def one_subset(
    x: Representation,
    y: Representation,
    trial: int,
    *,
    trials: int = 10,
    batch: int | None = None,
    seed: int = 0,
    metric: str = "euclidean",
    scale: str = "quantile",
) -> tuple[TopologyDivergence, tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Both cross-barcodes of one trial of :func:`repsim_core.topology.rtd`, with two distances for every bar.

    Returns
    -------
    (divergence, (forward, backward))
        The last two ``(bars, 2)``: how far apart the two stimuli of the bar are in x and in y, each over the scale of
        its space.
    """
    rows = chosen_subsets(x.n_stimuli, trials, batch, seed)[trial]
    found = rtd(x, y, subsets=[rows], metric=metric, scale=scale)
    w, other = (normalised_distances(one.values[rows], metric=metric, scale=scale) for one in (x, y))
    return found, (_of_pairs(found.forward[0], w, other), _of_pairs(found.backward[0], w, other))


def rtd_of_batches(
    x: Representation, y: Representation, batches: Sequence[int], *, trials: int = 5, **options: Any
) -> pd.DataFrame:
    """RTD for several batch sizes, a line each: ``batch``, ``rtd``, ``standard_error``, ``subsets``."""
    rows = []
    for batch in batches:
        found = rtd(x, y, trials=trials, batch=batch, **options)
        rows.append((batch, found.value, found.standard_error, len(found.values)))
    return pd.DataFrame(rows, columns=["batch", "rtd", "standard_error", "subsets"])


def sensible_batches(n: int, chosen: int) -> list[int]:
    """Six sizes up to n, evenly spaced, and the chosen one."""
    top = min(n, LARGEST_BATCH)
    even = {max(2, round(top * k / 6)) for k in range(1, 7)}
    return sorted(even | {chosen})


def _of_pairs(diagram: PersistenceDiagram, w: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    i, j = diagram.birth_simplices.T
    return np.stack([w[i, j], other[i, j]], axis=1)
