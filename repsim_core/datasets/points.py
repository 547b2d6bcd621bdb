"""The two synthetic families on which a topological distance is told from a linear one.

References
----------
Barannikov, Trofimov, Balabin, Burnaev (2022), Representation topology divergence, ICML. arXiv:2201.00058
"""

import numpy as np
from numpy.typing import NDArray

from repsim_core.datasets.source import Content, Source
from repsim_core.errors import InputError
from repsim_core.types import DatasetCard

CLUSTERS = (1, 2, 3, 4, 5, 6, 10, 12)
_RADII = (1.0, 1.25, 0.75, 1.5, 0.5)
_PAPER = "made by RepSim after Barannikov et al. (2022), arXiv:2201.00058"


def clusters(k: int) -> NDArray[np.float64]:
    """One cloud of 300 points in the plane, its sixty groups of five spread over k directions.

    Parameters
    ----------
    k : int
        1 leaves the cloud whole; otherwise group i moves by 10 (cos θ, sin θ), θ = 2π (i mod k)/k.

    Returns
    -------
    (300, 2) coordinates

    References
    ----------
    Barannikov et al. (2022), ICML, clusters experiment (authors' notebook, ``RandomState(7)``). arXiv:2201.00058

    Examples
    --------
    >>> clusters(3).shape
    (300, 2)
    """
    if k < 1:
        raise InputError(f"clusters: k = {k} is no number of clusters; choose 1 or more.")
    generator = np.random.RandomState(7)  # the published data
    groups = np.stack([generator.multivariate_normal(np.zeros(2), np.eye(2), 5) for _ in range(60)])
    if k > 1:
        angle = 2 * np.pi * (np.arange(60) % k) / k
        groups = groups + 10 * np.stack([np.cos(angle), np.sin(angle)], axis=1)[:, None]
    return np.asarray(groups.reshape(300, 2), dtype=np.float64)


def rings(k: int) -> NDArray[np.float64]:
    """Five concentric rings of 100 points; the first k of them share the radius 1.

    Parameters
    ----------
    k : int
        1 to 5. The other rings take the radii 1.25, 0.75, 1.5, 0.5 in this order.

    Returns
    -------
    (500, 2) coordinates, ring by ring, without noise

    References
    ----------
    Barannikov et al. (2022), ICML, rings experiment. arXiv:2201.00058

    Examples
    --------
    >>> rings(5).shape
    (500, 2)
    """
    if not 1 <= k <= 5:
        raise InputError(f"rings: k = {k}, but k of the five rings coincide; choose 1 to 5.")
    radii = np.array((1.0,) * (k - 1) + _RADII)[:5]
    angle = 2 * np.pi * np.arange(100) / 100
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return np.asarray((radii[:, None, None] * circle).reshape(500, 2), dtype=np.float64)


def _clusters_source(k: int) -> Source:
    labels = None if k == 1 else np.repeat(np.arange(60) % k, 5).astype(np.int64)
    classes = () if k == 1 else tuple(f"cluster {i + 1}" for i in range(k))
    description = "One Gaussian cloud in the plane" if k == 1 else f"The cloud of clusters_1 pulled into {k} clusters"
    card = DatasetCard(
        f"clusters_{k}",
        "points",
        "none" if k == 1 else "classification",
        (2,),
        {"all": 300},
        classes,
        description,
        _PAPER,
    )
    stimuli = tuple(f"clusters/{i:04d}" for i in range(300))
    return Source(card, lambda _: Content(clusters(k).astype(np.float32), labels, stimuli))


def _rings_source(k: int) -> Source:
    labels = np.repeat(np.arange(5), 100).astype(np.int64)
    classes = tuple(f"ring {i + 1}" for i in range(5))
    description = "Five rings of different radius" if k == 1 else f"Five rings, {k} of them on top of each other"
    card = DatasetCard(f"rings_{k}", "points", "classification", (2,), {"all": 500}, classes, description, _PAPER)
    stimuli = tuple(f"rings/{i:04d}" for i in range(500))
    return Source(card, lambda _: Content(rings(k).astype(np.float32), labels, stimuli))


SOURCES = tuple(_clusters_source(k) for k in CLUSTERS) + tuple(_rings_source(k) for k in range(1, 6))
