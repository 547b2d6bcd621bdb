"""Clouds whose order is known: which measure follows it?"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from repsim_core.datasets.points import clusters, rings
from repsim_core.errors import unknown_name
from repsim_core.similarity import score
from repsim_core.topology import normalised_distances, rtd, rtd_lite, srtd_lite

Cloud = NDArray[np.float64]
FAMILIES: Mapping[str, tuple[Callable[[int], Cloud], tuple[int, ...]]] = {
    "clusters": (clusters, (2, 3, 4, 5, 6, 10, 12)),
    "rings": (rings, (1, 2, 3, 4, 5)),
}
SIMILARITIES = ("cka_biased", "cka", "cka_rbf", "svcca", "cca", "procrustes", "dcor", "mutual_knn")


@dataclass(frozen=True, eq=False)
class Order:
    """Values of each measure between the first cloud of a family and its k-th, and how they follow k.

    ``values`` has a line per k: ``rtd``, ``rtd_lite``, ``srtd_lite`` and :data:`SIMILARITIES`; ``parts`` the cluster
    and the loop part of RTD. ``tau`` is Kendall's tau with k as published: the sign of a similarity is not turned, so a
    perfect similarity has −1.
    """

    family: str
    base: Cloud
    clouds: Mapping[int, Cloud]
    values: pd.DataFrame
    parts: pd.DataFrame
    tau: Mapping[str, float]


def ordered_clouds(family: str) -> Order:
    """The clusters or the rings of the paper, computed from their seed in a fraction of a second.

    Parameters
    ----------
    family
        A key of :data:`FAMILIES`.

    References
    ----------
    Barannikov et al. (2022), ICML, clusters and rings experiments. arXiv:2201.00058

    Examples
    --------
    >>> round(ordered_clouds("rings").tau["rtd"], 3)
    0.8
    """
    from scipy.stats import kendalltau  # here, since importing it takes most of a second

    if family not in FAMILIES:
        raise unknown_name("family", family, FAMILIES)
    make, steps = FAMILIES[family]
    base, found = make(1), {k: make(k) for k in steps}
    rows, parts = [], []
    w = normalised_distances(base)
    for k, cloud in found.items():
        other = normalised_distances(cloud)
        whole = rtd(base, cloud, trials=1, batch=len(base))
        rows.append(
            {
                "k": k,
                "rtd": whole.value,
                "rtd_lite": rtd_lite(w, other),
                "srtd_lite": srtd_lite(w, other),
                **{name: score(base, cloud, name) for name in SIMILARITIES},
            }
        )
        cluster, loop = float(whole.cluster_part.mean()), float(whole.loop_part.mean())
        parts.append({"k": k, "cluster_part": cluster, "loop_part": loop})
    values = pd.DataFrame(rows)
    tau = {name: float(kendalltau(values["k"], values[name]).statistic) for name in values.columns[1:]}
    return Order(family, base, found, values, pd.DataFrame(parts), tau)
