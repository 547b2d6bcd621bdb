"""What a persistence diagram is summed up by: curves over the scale, images, and single numbers."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from repsim_core.errors import InputError
from repsim_core.topology.diagram_distances import finite, pairs
from repsim_core.types import PersistenceDiagram
from repsim_core.types.diagrams import LayerDiagrams

Floats = NDArray[np.float64]


def betti_curve(diagram: PersistenceDiagram, grid: ArrayLike) -> NDArray[np.int64]:
    """β(ε) = number of bars with birth ≤ ε < death at each ε of an increasing ``grid``; essential classes count.

    Examples
    --------
    >>> from repsim_core.topology.rips import rips
    >>> betti_curve(rips([[0.0], [1.0], [3.0]])[0], [0.0, 1.0, 2.5]).tolist()
    [3, 2, 1]
    """
    from gudhi.representations import BettiCurve

    found = BettiCurve(predefined_grid=_increasing(grid))(pairs(diagram))
    return np.asarray(found, dtype=np.int64)


def landscape(diagram: PersistenceDiagram, grid: ArrayLike, *, count: int = 3) -> Floats:
    """The first ``count`` persistence landscapes ``(count, grid)`` of the finite bars, in Bubenik's scaling.

    ``grid`` has to be evenly spaced. Landscape k at ε is the k-th largest of min(ε − birth, death − ε), at least 0.

    References
    ----------
    Bubenik (2015), JMLR 16.
    """
    from gudhi.representations import Landscape

    even = _even(grid)
    engine = Landscape(count, len(even), [float(even[0]), float(even[-1])], keep_endpoints=True)
    # GUDHI measures along the diagonal, which stretches by the square root of 2.
    found = np.asarray(engine(finite(diagram)), dtype=np.float64).reshape(count, len(even))
    return np.asarray(found / np.sqrt(2))


def silhouette(diagram: PersistenceDiagram, grid: ArrayLike) -> Floats:
    """Mean of the tents min(ε − birth, death − ε) of the finite bars, each weighted by its length; 0 without bars.

    References
    ----------
    Chazal, Fasy, Lecci, Rinaldo and Wasserman (2014), SoCG.
    """
    from gudhi.representations import Silhouette

    even = _even(grid)
    engine = Silhouette(_length, len(even), [float(even[0]), float(even[-1])], keep_endpoints=True)
    return np.asarray(np.asarray(engine(finite(diagram))) / np.sqrt(2))


def persistence_image(
    diagram: PersistenceDiagram, *, reach: tuple[float, float, float, float], bandwidth: float, pixels: int = 20
) -> Floats:
    """The finite bars as a grey image ``(pixels, pixels)``: rows are lengths, columns births, lowest first.

    Each bar is a Gaussian of ``bandwidth`` times its length. ``reach`` is the least and largest birth, then the least
    and largest length.

    References
    ----------
    Adams et al. (2017), JMLR 18.
    """
    from gudhi.representations import PersistenceImage

    engine = PersistenceImage(bandwidth, _length_of_turned, [pixels, pixels], list(reach))
    return np.asarray(engine(finite(diagram)), dtype=np.float64).reshape(pixels, pixels)


def persistence_entropy(diagram: PersistenceDiagram) -> float:
    """−Σ pᵢ log pᵢ with pᵢ the share of a finite bar in the total length; NaN without finite bars, else 0 to log(bars).

    References
    ----------
    Atienza, González-Díaz and Soriano-Trigueros (2020), Pattern Recognition 107. arXiv:1803.08304
    """
    bars = finite(diagram)
    if not len(bars):
        return float("nan")
    from gudhi.representations import Entropy

    return max(float(Entropy(mode="scalar")(bars)[0]), 0.0)  # −1 · log 1 is −0


def total_persistence(diagram: PersistenceDiagram, *, power: float = 1.0) -> float:
    """Σ (death − birth)^power over the finite bars; 0 without any."""
    bars = finite(diagram)
    return float(((bars[:, 1] - bars[:, 0]) ** power).sum())


def bars_above(diagram: PersistenceDiagram, noise: float) -> int:
    """Finite bars longer than ``noise``, such as :func:`repsim_core.topology.noise_lengths` finds it."""
    bars = finite(diagram)
    return int((bars[:, 1] - bars[:, 0] > noise).sum())


def summary_table(found: LayerDiagrams, *, noise: tuple[float, ...] = ()) -> pd.DataFrame:
    """Single numbers of every diagram, one line each; ``noise`` holds a length for each dimension."""
    rows = []
    for position, layer in enumerate(found.layers):
        depth = position / max(len(found.layers) - 1, 1)
        for r, diagrams in enumerate(found.diagrams.get(layer, ())):
            for k, one in enumerate(diagrams):
                lengths = one.lengths[np.isfinite(one.lengths)]
                numbers = {
                    "bars": len(lengths),
                    "total persistence": total_persistence(one),
                    "longest bar": float(lengths.max()) if len(lengths) else 0.0,
                    "entropy": persistence_entropy(one),
                }
                if k < len(noise):
                    numbers["bars above noise"] = bars_above(one, noise[k])
                rows.append({"layer": layer, "depth": depth, "subset": r, "dimension": k} | numbers)
    return pd.DataFrame(rows)


def _length(pair: Floats) -> float:
    return float(pair[1] - pair[0])


def _length_of_turned(pair: Floats) -> float:
    return float(pair[1])


def _increasing(grid: ArrayLike) -> Floats:
    found = np.asarray(grid, dtype=np.float64)
    if found.ndim != 1 or not len(found) or not (np.diff(found) > 0).all():
        raise InputError("The grid of a curve must be a list of increasing numbers.")
    return found


def _even(grid: ArrayLike) -> Floats:
    found = _increasing(grid)
    steps = np.diff(found)
    if len(found) < 2 or not np.allclose(steps, steps[0], rtol=1e-6, atol=0):
        raise InputError("The grid of this curve must be evenly spaced, such as np.linspace(0, 1, 100).")
    return found
