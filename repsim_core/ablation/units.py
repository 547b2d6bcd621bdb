"""What a unit is, how selective for a class and how active it is, and the grid that cuts the units by both."""

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from repsim_core.errors import DegenerateError, InputError, ShapeError, unknown_name
from repsim_core.linalg import non_finite, represented
from repsim_core.types import Representation, UnitScores

Unit = Literal["scalar", "channel"]
UNITS = {
    "scalar": "every number of the layer is a unit, as in the paper",
    "channel": "a channel of a map, or a feature of the tokens, with all its positions",
}
FEWEST_BINS, MOST_BINS = 2, 12


def unit_scores(
    activations: ArrayLike | Representation, labels: ArrayLike, target_class: int, *, unit: Unit = "scalar"
) -> UnitScores:
    r"""Class selectivity and activation magnitude of every unit.

    .. math:: s = (\mu_c - \mu_o) / \sqrt 2, \qquad m = (\mu_c + \mu_o) / \sqrt 2

    with the mean activations over the images of the class and over all others: a rotation by 45°, no ratio.

    Parameters
    ----------
    activations : (n, p) array or Representation
        Raw responses of a layer.
    labels : (n,) whole numbers
    target_class : int
    unit
        Channels need a :class:`Representation` that knows the ``unit_shape`` of the layer; the score of a channel is
        the mean over its positions.

    Returns
    -------
    UnitScores
        In the scale of the activations.

    Raises
    ------
    InputError, ShapeError
        If the class or the others have no image, or labels and rows do not agree.
    DegenerateError
        Reason ``non_finite``.

    References
    ----------
    Hayne, Jung and Carter (2024), TMLR, OpenReview YY2iA0hfia; as in the authors' code

    Examples
    --------
    >>> found = unit_scores([[2.0], [0.0]], [1, 0], 1)
    >>> round(float(found.selectivity[0] * found.magnitude[0]), 12)
    2.0
    """
    if unit not in UNITS:
        raise unknown_name("kind of unit", unit, UNITS)
    given = represented(activations, "activations")
    rows = np.asarray(labels)
    if rows.shape != (given.n_stimuli,):
        raise ShapeError(f"{given.n_stimuli} rows of activations but labels of shape {rows.shape}; give one a row.")
    if reason := non_finite(given):
        raise DegenerateError(f"{reason} Choose another layer.", "non_finite")
    here = rows == target_class
    inside, outside = int(here.sum()), int((~here).sum())
    if not inside or not outside:
        what = "has no image" if not inside else "holds every image"
        raise InputError(
            f"Class {target_class} {what} among the {len(rows)} of {given.model}/{given.layer}, "
            "so its selectivity is undefined; choose another class or more stimuli."
        )
    own = given.values[here].mean(axis=0, dtype=np.float64)
    other = given.values[~here].mean(axis=0, dtype=np.float64)
    if unit == "channel":
        owner = channel_of(given.unit_shape or (given.n_units,))
        size = np.bincount(owner)
        own, other = (np.bincount(owner, weights=one) / size for one in (own, other))
    root = np.sqrt(2.0)
    return UnitScores((own - other) / root, (own + other) / root, int(target_class), unit, (inside, outside))


def channel_of(shape: tuple[int, ...]) -> NDArray[np.intp]:
    """Channel of every scalar of a response: the first axis of a map, the last one of tokens, itself in a vector."""
    if len(shape) >= 3:
        return np.repeat(np.arange(shape[0]), int(np.prod(shape[1:])))
    return np.tile(np.arange(shape[-1]), int(np.prod(shape[:-1], dtype=np.int64)))


def equal_count_grid(selectivity: ArrayLike, magnitude: ArrayLike, bins: int = 4) -> NDArray[Any]:
    """Units cut into strips of equal count by selectivity, then each strip by magnitude.

    Parameters
    ----------
    selectivity, magnitude : (units,)
    bins : int
        2 to 12; 4 in the paper.

    Returns
    -------
    (bins, bins) object array of unit indices
        Strips from the least to the most selective, in each the quantiles from the weakest to the strongest. Every
        unit is in exactly one cell; the strips differ by at most one unit, and so do the cells of a strip. Equal
        scores keep the order of the units.

    Raises
    ------
    InputError, ShapeError
        If there are fewer units than cells, ``bins`` is out of range, or the scores do not agree in length.

    Examples
    --------
    >>> [one.tolist() for one in equal_count_grid([0, 1, 2, 3], [4, 3, 2, 1], 2).ravel()]
    [[1], [0], [3], [2]]
    """
    first, second = np.asarray(selectivity, dtype=np.float64), np.asarray(magnitude, dtype=np.float64)
    if first.ndim != 1 or first.shape != second.shape:
        raise ShapeError(f"Selectivity {first.shape} and magnitude {second.shape}: give one of each per unit.")
    enough_units(len(first), checked_bins(bins))
    grid = np.empty((bins, bins), dtype=object)
    for row, strip in enumerate(np.array_split(np.argsort(first, kind="stable"), bins)):
        strip = np.sort(strip)  # ties of magnitude by index, not by selectivity
        for column, cell in enumerate(np.array_split(strip[np.argsort(second[strip], kind="stable")], bins)):
            grid[row, column] = np.sort(cell)
    return grid


def checked_bins(bins: int) -> int:
    """The number of bins a side, if a grid may have it."""
    if not FEWEST_BINS <= bins <= MOST_BINS:
        raise InputError(f"A grid has {FEWEST_BINS} to {MOST_BINS} bins a side, not {bins}.")
    return bins


def enough_units(units: int, bins: int, layer: str = "") -> None:
    """Refuse a layer with fewer units than cells."""
    if units < bins * bins:
        fits = int(np.sqrt(units))
        way = f"take {fits} bins or fewer, or another layer" if fits >= FEWEST_BINS else "choose another layer"
        raise InputError(
            f"{layer or 'The layer'} has {units} units, fewer than the {bins * bins} cells of a "
            f"{bins} × {bins} grid; {way}."
        )
