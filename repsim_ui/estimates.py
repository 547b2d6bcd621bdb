"""What a map will cost, before it is computed: rough, from counts alone, calibrated on two cores."""

from collections.abc import Sequence

import numpy as np

from repsim_core.similarity import MEASURES
from repsim_core.topology import PUBLISHED_BATCH
from repsim_core.types import LayerInfo
from repsim_ui.recipes import Recipe

CHEAP = 3.0  # seconds; what is estimated to take less starts at once, and the page waits for the answer
PATIENCE = CHEAP  # seconds that it waits


def seconds(n: int, first: Sequence[LayerInfo], second: Sequence[LayerInfo], everything: Sequence[LayerInfo]) -> float:
    """Seconds for one map.

    ``first`` and ``second`` are the compared layers of A and B; ``everything`` all layers of both models, which decide
    what the forward passes cost. A convolution uses each weight once a position.
    """
    multiplications = sum(one.parameters * int(np.prod(one.shape[1:], dtype=np.int64)) for one in _leaves(everything))
    units = sum(one.units for one in everything)
    forward = n * (2e-10 * multiplications + 4e-9 * units)
    gram = n * n * sum(one.units for one in [*first, *second]) / 2e10
    cells = n * n * (len(first) + len(second)) * 4e-8 + n * n * len(first) * len(second) / 3e9
    return 0.1 + forward + gram + cells


def subsets(recipe: Recipe) -> tuple[int, int]:
    """Stimuli in a subset and subsets, of a measure that averages over them; 0 and 0 of one that does not."""
    entry = MEASURES[recipe.measure]
    if entry.method is not None:
        return 0, 0
    options = dict(entry.options) | dict(recipe.options)
    batch = int(options["batch"] or min(PUBLISHED_BATCH, recipe.n))
    return batch, 1 if batch >= recipe.n else int(options["trials"])


def subset_seconds(measure: str, batch: int, trials: int, cells: int) -> float:
    """Seconds for the cells of a measure that is averaged over subsets; calibrated on two cores."""
    return cells * trials * (6e-2 if measure in ("rtd", "srtd") else 2e-2) * (batch / 500) ** 2


def pair_seconds(recipe: Recipe) -> float:
    """Seconds for one pair of layers whose responses are there, of a middling number of units."""
    batch, trials = subsets(recipe)
    return 1e-3 + 2e-8 * recipe.n**2 + subset_seconds(recipe.measure, batch, trials, 1)


def _leaves(infos: Sequence[LayerInfo]) -> list[LayerInfo]:
    """Layers that contain no other: a block would count its convolutions twice."""
    names = [one.name for one in infos]
    return [one for one in infos if not any(other.startswith(f"{one.name}.") for other in names)]
