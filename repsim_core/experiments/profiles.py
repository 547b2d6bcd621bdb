"""Numbers of single layers, which need no second network and no pairing of stimuli."""

from collections.abc import Sequence
from concurrent.futures import Executor

import pandas as pd

from repsim_core.compute.progress import Progress, mapped, no_progress
from repsim_core.similarity import layer_profile
from repsim_core.types import LayerActivations, ResultTable

PROFILES = {
    "effective_rank": "how many directions the variance spreads over: exp of the entropy of its shares",
    "participation_ratio": "the same with large directions counting more: (Σλ)² / Σλ²",
    "first_share": "share of the strongest direction in the variance",
    "slope": "slope of log variance against log rank, over the ranks in the table",
    "dimension": "intrinsic dimension by TwoNN, from the two nearest neighbours of each stimulus",
}


def layer_profiles(
    networks: Sequence[LayerActivations], *, executor: Executor | None = None, progress: Progress | None = None
) -> ResultTable:
    """Profile of every layer (:func:`repsim_core.similarity.layer_profile`).

    Returns
    -------
    ResultTable
        A line a layer: ``network``, ``data``, ``layer``, ``depth`` (0 for the first, 1 for the last), ``units``,
        ``rank``, the keys of :data:`PROFILES`, ``first_rank`` and ``last_rank`` of the slope, and ``reason``, which
        says why a number is NaN.
    """
    progress = progress or no_progress
    layers = [
        (one, place / max(1, len(side) - 1), side.dataset)
        for side in networks
        for place, one in enumerate(side.values())
    ]
    rows = []
    progress(0, len(layers))
    found = mapped(layer_profile, [one for one, _, _ in layers], executor)
    for (one, depth, data), profile in zip(layers, found, strict=True):
        rows.append(
            {
                "network": one.model,
                "data": data,
                "layer": one.layer,
                "depth": depth,
                "units": one.n_units,
                "rank": profile.rank,
                **{name: getattr(profile, name) for name in PROFILES},
                "first_rank": profile.slope_ranks[0],
                "last_rank": profile.slope_ranks[1],
                "reason": "; ".join(f"{name}: {why}" for name, why in profile.reasons.items()),
            }
        )
        progress(len(rows), len(layers))
    return ResultTable(pd.DataFrame(rows), {"networks": [one.model for one in networks]})
