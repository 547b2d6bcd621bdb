"""One number along the layers of a network, or along the checkpoints of a training, with its spread over subsets."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from repsim_core.errors import unknown_name
from repsim_core.topology.bands import Band, confidence_band
from repsim_core.topology.diagram_distances import diagram_distance
from repsim_core.topology.summaries import summary_table, total_persistence
from repsim_core.types import LayerDiagrams

NUMBERS = ("total persistence", "longest bar", "bars", "entropy")


def depth_course(
    found: LayerDiagrams, number: str = "total persistence", dimension: int = 1
) -> tuple[NDArray[np.float64], Band]:
    """Relative depth of every layer with diagrams, 0 to 1, and a number of :func:`summary_table` with its band.

    Raises
    ------
    UnknownNameError
        For another number than those of :data:`NUMBERS`.
    """
    if number not in NUMBERS:
        raise unknown_name("number", number, NUMBERS)
    table = summary_table(found)
    if not len(table):
        return np.zeros(0), Band(np.zeros(0), np.zeros(0), np.zeros(0))
    own = table[table["dimension"] == dimension].pivot(index="subset", columns="depth", values=number)
    return own.columns.to_numpy(np.float64), confidence_band(own.to_numpy(np.float64))


def course_to_last(found: LayerDiagrams, dimension: int = 1, *, kind: str = "sliced_wasserstein") -> pd.DataFrame:
    """Distance of each layer's diagrams from those of the last one, and total persistence, with standard errors.

    For a training whose checkpoints stand where layers do otherwise. An error is that of the mean over the subsets,
    NaN for a single one; subsets share points, so it is a little too small.
    """
    rows = []
    for layer in found.done:
        pairs = zip(found.of(layer, dimension), found.of(found.done[-1], dimension), strict=True)
        apart = np.array([diagram_distance(one, last, kind) for one, last in pairs])
        total = np.array([total_persistence(one) for one in found.of(layer, dimension)])
        rows.append((layer, apart.mean(), _error(apart), total.mean(), _error(total)))
    names = ["layer", "distance", "distance_error", "total_persistence", "total_persistence_error"]
    return pd.DataFrame(rows, columns=names)


def _error(values: NDArray[np.float64]) -> float:
    return float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else float("nan")
