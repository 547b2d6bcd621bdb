"""Alpha complexes: in two or three dimensions the homology of growing balls, of any number of points."""

import numpy as np
from numpy.typing import ArrayLike

from repsim_core.errors import ShapeError
from repsim_core.topology.clouds import cloud
from repsim_core.types import PersistenceDiagram, Representation

MOST_UNITS = 3


def alpha(x: ArrayLike | Representation) -> list[PersistenceDiagram]:
    """Diagrams of the alpha filtration of points ``(n, 1…3)``, one for each dimension below that of the space.

    A value is the *diameter* of balls that touch, twice the radius, so that components have the deaths of
    :func:`repsim_core.topology.rips`; loops die later there, by a factor of at most √2 in scale (Jung). By GUDHI, on a
    Delaunay triangulation: O(n log n) in the plane.

    Raises
    ------
    ShapeError
        For more than three units: a Delaunay triangulation grows exponentially with them; take :func:`rips`.
    DegenerateError
        Reason ``non_finite``.

    References
    ----------
    Edelsbrunner (1993), The union of balls and its dual shape.

    Examples
    --------
    The diagonals of a square are twice the radius at which its corners' balls cover it:

    >>> alpha([[0, 0], [1, 0], [1, 1], [0, 1]])[1].deaths.round(6).tolist()
    [1.414214]
    """
    one = cloud(x)
    if not 1 <= one.n_units <= MOST_UNITS:
        raise ShapeError(
            f"{one.model}/{one.layer}: an alpha complex takes points of 1 to {MOST_UNITS} units, got {one.n_units}; "
            "take rips, or project the points first."
        )
    import gudhi

    points = np.asarray(one.values, dtype=np.float64)
    unique, first = np.unique(points, axis=0, return_index=True)
    complex_ = gudhi.AlphaComplex(points=unique, precision="exact")
    tree = complex_.create_simplex_tree()
    place = {tuple(complex_.get_point(k)): k for k in range(len(unique))} if len(unique) > 1 else {}
    rows = np.zeros(len(unique), np.int64)  # vertex of the complex → row of x
    for point, row in zip(unique.tolist(), first, strict=True):
        rows[place.get(tuple(point), 0)] = row
    tree.compute_persistence(homology_coeff_field=2, min_persistence=0.0, persistence_dim_max=True)
    return [_diagram(tree, k, rows, len(points)) for k in range(one.n_units)]


def _diagram(tree: object, dimension: int, rows: np.ndarray, n: int) -> PersistenceDiagram:
    births, deaths, born, died = [], [], [], []
    for one, other in tree.persistence_pairs():  # type: ignore[attr-defined]
        if len(one) != dimension + 1:
            continue
        birth, death = (2 * np.sqrt(tree.filtration(cell)) if cell else np.inf for cell in (one, other))  # type: ignore[attr-defined]
        if death > birth:
            births.append(birth)
            deaths.append(death)
            born.append(sorted(rows[one]))
            died.append(sorted(rows[other]) if other else [-1] * (dimension + 2))
    return PersistenceDiagram(
        np.array(births, np.float64),
        np.array(deaths, np.float64),
        dimension,
        np.array(born, np.int32).reshape(-1, dimension + 1),
        np.array(died, np.int32).reshape(-1, dimension + 2),
        {"of": "alpha", "n": n},
    )
