"""How far two persistence diagrams are apart."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from repsim_core.errors import InputError, unknown_name
from repsim_core.types import PersistenceDiagram

DIAGRAM_DISTANCES: Mapping[str, str] = {
    "sliced_wasserstein": "mean over 50 directions of the transport between both diagrams seen from there; quick, and "
    "what short bars add up to counts",
    "bottleneck": "the longest move that a best matching needs: only the most different bar counts",
    "wasserstein": "the whole transport of a best matching, each bar by its own move",
}
DIRECTIONS = 50
ACCURACY = 0.01  # relative, of the Wasserstein distance

Pairs = NDArray[np.float64]


def diagram_distance(
    a: PersistenceDiagram,
    b: PersistenceDiagram,
    kind: str = "bottleneck",
    *,
    order: float = 1.0,
    ground: float = np.inf,
    unequal_n: bool = False,
) -> float:
    r"""Distance of two diagrams of one dimension; bars may also be matched with the diagonal.

    Parameters
    ----------
    kind
        A key of :data:`DIAGRAM_DISTANCES`. ``bottleneck`` is exact, in the maximum norm. ``wasserstein`` is
        :math:`(\min_\gamma \sum_x \|x - \gamma(x)\|_q^p)^{1/p}` to a relative 0.01 by Hera. ``sliced_wasserstein`` is
        the mean over 50 directions θ in [−π/2, π/2) of ‖sort(A·θ) − sort(B·θ)‖₁, each diagram first given the other's
        points projected on the diagonal.
    order, ground
        p and q of the Wasserstein distance; q is 1, 2 or infinite.
    unequal_n
        Diagrams of different numbers of points are refused unless this says that it is meant.

    Returns
    -------
    float
        At least 0, in the unit of the filtration; infinite where the numbers of essential classes differ. All three
        are metrics on diagrams up to points on the diagonal, a given order and ground norm understood.

    Raises
    ------
    UnknownNameError, InputError
        For another kind, different dimensions, different n, or an order below 1.

    References
    ----------
    Cohen-Steiner, Edelsbrunner and Harer (2007), Discrete Comput. Geom. 37. Kerber, Morozov and Nigmetov (2017),
    JEA 22. Carrière, Cuturi and Oudot (2017), ICML. arXiv:1706.03358
    """
    if kind not in DIAGRAM_DISTANCES:
        raise unknown_name("diagram distance", kind, DIAGRAM_DISTANCES)
    if a.dimension != b.dimension:
        raise InputError(
            f"One diagram is of dimension {a.dimension}, the other of {b.dimension}; compare like with like."
        )
    if not unequal_n:
        same_n(a, b)
    if not order >= 1:
        raise InputError(f"The order of a Wasserstein distance is 1 or more, got {order!r}.")
    if ground not in (1, 2, np.inf):
        raise InputError(f"The ground norm is 1, 2 or infinite, got {ground!r}.")
    first, second = pairs(a), pairs(b)
    essential = [np.sort(one[np.isinf(one[:, 1]), 0]) for one in (first, second)]
    if len(essential[0]) != len(essential[1]):
        return float("inf")
    if kind == "sliced_wasserstein":
        return _sliced(finite(a), finite(b)) + float(np.abs(essential[0] - essential[1]).sum())
    if kind == "bottleneck":
        import gudhi

        return float(gudhi.bottleneck_distance(first, second))
    from gudhi.hera import wasserstein_distance

    return float(wasserstein_distance(first, second, order=order, internal_p=ground, delta=ACCURACY))


def diagram_matching(a: PersistenceDiagram, b: PersistenceDiagram) -> NDArray[np.int64]:
    """A best matching ``(moves, 2)`` of the finite bars for the Wasserstein distance of order 1 in the maximum norm.

    Rows are places in ``a`` and ``b``; −1 is the diagonal. O((bars of both)³).
    """
    from scipy.optimize import linear_sum_assignment

    rows, columns = (np.flatnonzero(np.isfinite(one.deaths)) for one in (a, b))
    first, second = finite(a), finite(b)
    n, m = len(first), len(second)
    cost = np.zeros((n + m, n + m))
    cost[:n, :m] = np.abs(first[:, None, :] - second[None, :, :]).max(axis=2)
    cost[:n, m:] = ((first[:, 1] - first[:, 0]) / 2)[:, None]
    cost[n:, :m] = ((second[:, 1] - second[:, 0]) / 2)[None, :]
    i, j = linear_sum_assignment(cost)
    moves = np.stack([np.where(i < n, i, -1), np.where(j < m, j, -1)], axis=1)
    moves = moves[(moves >= 0).any(axis=1)]
    return np.stack(
        [
            np.where(moves[:, k] >= 0, np.append(places, -1)[moves[:, k]], -1)
            for k, places in enumerate((rows, columns))
        ],
        axis=1,
    ).astype(np.int64)


def same_n(a: PersistenceDiagram, b: PersistenceDiagram) -> None:
    """Refuse two diagrams of different numbers of points."""
    first, second = a.recipe.get("n"), b.recipe.get("n")
    if first is not None and second is not None and first != second:
        raise InputError(
            f"The diagrams are of {first} and {second} points. A diagram has more and shorter bars the more points it "
            f"is made of, so their distance would tell the numbers apart, not the shapes: take {min(first, second)} "
            "points on both sides, or say unequal_n=True."
        )


def pairs(one: PersistenceDiagram) -> Pairs:
    """Births and deaths ``(bars, 2)``."""
    return np.stack([one.births, one.deaths], axis=1)


def finite(one: PersistenceDiagram) -> Pairs:
    """Births and deaths of the bars that end."""
    every = pairs(one)
    return np.asarray(every[np.isfinite(every[:, 1])])


def _sliced(first: Pairs, second: Pairs) -> float:
    # Not by gudhi.representations: as of 3.13 it leaves out the last of the directions, a third of a per cent.
    angles = -np.pi / 2 + np.pi * np.arange(DIRECTIONS) / DIRECTIONS
    directions = np.stack([np.cos(angles), np.sin(angles)])
    middles = [np.repeat(one.mean(axis=1, keepdims=True), 2, axis=1) for one in (first, second)]
    sides = np.vstack([first, middles[1]]), np.vstack([second, middles[0]])
    one, other = (np.sort(side @ directions, axis=0) for side in sides)
    return float(np.abs(one - other).sum(axis=0).mean())
