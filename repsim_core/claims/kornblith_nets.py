"""The networks that the claims of Kornblith et al. are measured on, and their responses."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from repsim_core.types import Dataset, LayerActivations

PAPER = "Kornblith et al. 2019"
Floats = NDArray[np.float64]
# Data of a finding → members that ship and one of them to train further seeds from.
STUDIES: dict[str, tuple[str, str, tuple[int, ...], tuple[int, ...]]] = {
    "digits": ("digits", "zoo/digits-cnn", tuple(range(10, 20)), ()),
    "digits, Tiny-10": ("digits", "zoo/digits-tiny10", (10, 11, 12, 13), (14,)),
    "shapes": ("shapes", "zoo/shapes-cnn", (10, 11, 12), (13, 14)),
}


def without_head(model: Any, data: Dataset) -> list[str]:
    """Convolutions and the average pool, not the logits: what the paper compares."""
    from repsim_core import activations, models

    return activations.default_layers(models.layers(model, data))[:-1]


def responses(
    model: Any, data: Dataset, layers: Sequence[str] | None = None, *, pooling: str = "flatten"
) -> LayerActivations:
    """Responses of every layer but the head, or of those named."""
    from repsim_core import activations

    return activations.extract(model, data, layers or without_head(model, data), pooling=pooling)


def seed_networks(study: str) -> dict[str, Any]:
    """Networks of a key of :data:`STUDIES` by "seed 10"; the seeds that do not ship are trained, a minute each."""
    from repsim_core import models

    _, stem, shipped, further = STUDIES[study]
    found = {f"seed {seed}": models.load(f"{stem}-s{seed}") for seed in shipped}
    return found | {f"seed {seed}": further_seed(f"{stem}-s{shipped[0]}", seed) for seed in further}


@cache
def further_seed(member: str, seed: int, **arguments: Any) -> Any:
    """The recipe of a member with another seed, trained once a process."""
    from repsim_core.claims.fresh import trained

    return trained(member, seed, **arguments)[0]


def of_networks(per_pair: Floats, labels: Sequence[str]) -> dict[str, float]:
    """Mean over all pairs that a network is in, from ``(networks, networks)`` with NaN on the diagonal."""
    both = np.concatenate([per_pair, per_pair.T], axis=1)
    return {label: float(np.nanmean(row)) for label, row in zip(labels, both, strict=True)}


def jackknife_error(per_pair: Floats) -> float:
    """Standard error over networks of the mean over pairs, leaving out one network at a time."""
    count = len(per_pair)
    left = [np.nanmean(np.delete(np.delete(per_pair, k, axis=0), k, axis=1)) for k in range(count)]
    return float(np.sqrt((count - 1) / count * np.sum((np.array(left) - np.mean(left)) ** 2)))
