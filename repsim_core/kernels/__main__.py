"""Compile every kernel into numba's cache on disk, at the lowest priority: ``python -m repsim_core.kernels``."""

import os

import numpy as np

from repsim_core.kernels.cone import cone_bars
from repsim_core.kernels.edges import sorted_edges
from repsim_core.kernels.trees import merge_bars, spanning_tree


def compile_all() -> None:
    """Call each kernel once, with the types it is used with."""
    distances = np.array([[0.0, 1.0], [1.0, 0.0]])
    cone_bars(sorted_edges(distances, 1.0), 3 * distances, 3.0)
    lengths, ends = spanning_tree(distances)
    merge_bars(lengths, ends, lengths, ends)


if __name__ == "__main__":
    os.nice(19)
    compile_all()
