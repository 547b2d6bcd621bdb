"""Numbers of single layers, which need no second network and no pairing of stimuli."""

from collections.abc import Sequence
from concurrent.futures import Executor

import numpy as np
import pandas as pd

from repsim_core.compute.progress import Progress, mapped, no_progress
from repsim_core.errors import DegenerateError
from repsim_core.similarity import profile
from repsim_core.types import LayerActivations, Representation, ResultTable


def layer_profiles(
    networks: Sequence[LayerActivations], *, executor: Executor | None = None, progress: Progress | None = None
) -> ResultTable:
    """Profile of every layer, as :func:`repsim_core.similarity.profile` has it.

    Returns
    -------
    ResultTable
        A line a layer: ``network``, ``data``, ``layer``, ``depth`` (0 for the first, 1 for the last), ``units``, the
        numbers of the profile, and ``reason`` where they are NaN.
    """
    progress = progress or no_progress
    layers = [
        (one, place / max(1, len(side) - 1), side.dataset) for side in networks for place, one in enumerate(side.values())
    ]
    rows = []
    progress(0, len(layers))
    for (one, depth, data), numbers in zip(layers, mapped(_numbers, [each[0] for each in layers], executor), strict=True):
        names = {"network": one.model, "data": data, "layer": one.layer, "depth": depth, "units": one.n_units}
        rows.append(names | numbers)
        progress(len(rows), len(layers))
    frame = pd.DataFrame(rows)
    frame["reason"] = frame.get("reason", pd.Series("", index=frame.index)).fillna("")
    return ResultTable(frame, {"networks": [one.model for one in networks]})


def _numbers(one: Representation) -> dict[str, float | str]:
    raise NotImplementedError
