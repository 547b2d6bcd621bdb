"""Procrustes: how well can one layer be turned onto the other?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from repsim_core.linalg import Array, at_least, reduced
from repsim_core.similarity.embedding import length, within_bounds
from repsim_core.similarity.measure import ROTATIONS, Claims, Floats, Measure, Method, Work, copies

NEAR = 1e-5  # below this the difference of norms has lost its digits, and the distance is measured itself


@dataclass(frozen=True, eq=False)
class Shape:
    """A layer up to rotation: ``points (n, ≤ n)``, centred, of norm 1, and the norm they had."""

    points: Floats
    size: float

    def reordered(self, order: NDArray[np.intp]) -> "Shape":
        """The same with the stimuli in another order."""
        return replace(self, points=self.points[order])


def shape(x: Array, *, label: str = "x") -> Shape:
    """Centred responses in at most n columns, over their norm; O(n p min(n, p))."""
    at_least(len(x), 2, "Procrustes")
    points, exponent = reduced(x, label)
    norm = length(points)
    return Shape(points / norm, float(np.ldexp(norm, exponent)))


def procrustes_similarity(x: Shape, y: Shape) -> float:
    """Nuclear norm of ``Xᵀ Y`` of unit shapes: 1 if one is a rotation of the other.

    Singular values of the product itself: by way of √eig(K^½ L K^½) a layer is 5e-11 unlike itself.
    """
    return float(within_bounds(np.linalg.svd(x.points.T @ y.points, compute_uv=False).sum(), 0.0))


def residual(x: Shape, y: Shape, size_x: float, size_y: float) -> float:
    r"""Distance left after the best rotation, :math:`\min_Q \|s_x X - s_y Y Q\|`, to full precision near 0.

    References
    ----------
    Schönemann (1966), Psychometrika 31; Williams et al. (2021), NeurIPS, equation 5. arXiv:2110.14739
    """
    if x.points.shape[1] < y.points.shape[1]:  # the narrower one is turned, so that it keeps its norm
        x, y, size_x, size_y = y, x, size_y, size_x
    unit = max(size_x, size_y)  # squares of extreme sizes would overflow
    own, other = size_x / unit, size_y / unit
    left = own**2 + other**2 - 2 * own * other * procrustes_similarity(x, y)
    if left > NEAR:
        return float(unit * np.sqrt(left))
    a, _, b = np.linalg.svd(y.points.T @ x.points, full_matrices=False)
    return unit * length(own * x.points - other * (y.points @ (a @ b)))


def angle(x: Shape, y: Shape) -> float:
    """Angular shape distance, arccos of the similarity: by the chord, which keeps its digits near 0."""
    return float(2 * np.arcsin(residual(x, y, 1.0, 1.0) / 2))


def _similarity_of(pair: tuple[Shape, Shape]) -> float:
    return procrustes_similarity(*pair)


def _angle_of(pair: tuple[Shape, Shape]) -> float:
    return angle(*pair)


def _distance_of(pair: tuple[Shape, Shape]) -> float:
    x, y = pair
    return residual(x, y, x.size, y.size)


def _cells(
    value: Any, rows: Sequence[Shape], columns: Sequence[Shape], _options: Any, work: Work
) -> tuple[Floats, Floats]:
    values = work.each_pair(value, rows, columns, symmetric=True)
    return values, np.full_like(values, np.nan)


def _numbers(n: int, units: int, _options: Mapping[str, Any]) -> int:
    return n * min(n, units)


_COST = "n · units · min(n, units) a layer; singular values of min(n, units)² numbers a cell"
_PERMUTE = "no closed form: permute; it falls as n grows"

ENTRIES = (
    Measure(
        name="procrustes",
        title="Procrustes similarity",
        description="How much of one layer lies on the other after the best rotation and scaling?",
        method=Method(shape, partial(_cells, _similarity_of), _numbers, copies(3.6), counts_cells=True),
        claims=lambda _: Claims((0.0, 1.0), ROTATIONS, _PERMUTE, 2, biased=True),
        symmetric=True,
        larger_is_more_similar=True,
        cost=_COST,
        reference="Schönemann (1966), Psychometrika 31; Williams et al. (2021), NeurIPS. arXiv:2110.14739",
    ),
    Measure(
        name="procrustes_angle",
        title="Angular shape distance",
        description="The angle between two shapes after the best rotation, in radians: a true metric.",
        method=Method(shape, partial(_cells, _angle_of), _numbers, copies(3.6), counts_cells=True),
        claims=lambda _: Claims((0.0, np.pi / 2), ROTATIONS, _PERMUTE.replace("falls", "rises"), 2, metric=True),
        symmetric=True,
        larger_is_more_similar=False,
        cost=_COST,
        reference="Williams, Kunz, Kornblith and Linderman (2021), NeurIPS. arXiv:2110.14739",
    ),
    Measure(
        name="procrustes_size",
        title="Size-and-shape distance",
        description="What is left between two layers after the best rotation alone, in the units of the responses.",
        method=Method(shape, partial(_cells, _distance_of), _numbers, copies(3.6), counts_cells=True),
        claims=lambda _: Claims(
            (0.0, np.inf), ROTATIONS - {"scaling"}, _PERMUTE.replace("falls", "rises"), 2, metric=True
        ),
        symmetric=True,
        larger_is_more_similar=False,
        cost=_COST,
        reference="Kendall (1984), Bull. London Math. Soc. 16; Williams et al. (2021). arXiv:2110.14739",
    ),
)
