"""How much of the targets lies on the strong directions of a layer, and how much would by chance."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from repsim_core.alignment.decomposition import Decomposition, decomposition, turned
from repsim_core.alignment.features import Features
from repsim_core.alignment.targets import Coding, Targets, targets_for
from repsim_core.errors import InputError
from repsim_core.linalg import at_least, represented
from repsim_core.types import LabelAlignment, Representation

Floats = NDArray[np.float64]
FORMS: dict[str, dict[str, Any]] = {
    "published": {"centre": False, "bias": True, "normalise": True},
    "centred": {"centre": True, "bias": False, "normalise": False},
}
FORM_SENTENCES: dict[str, str] = {
    "published": "a column of ones is appended, each row divided by its norm, targets as they are, as in the "
    "authors' demo; a class that is rare lies mostly on the constant direction",
    "centred": "units and targets minus their means and energies over the norm of the targets, so that the constant "
    "direction counts for nothing and all directions together give R² of a linear fit",
}
BAND = (0.05, 0.95)
PERMUTED_NUMBERS = 2**22  # shuffled targets held at a time: 34 MB


def label_alignment(
    x: ArrayLike | Representation,
    targets: ArrayLike | Targets,
    *,
    centre: bool = False,
    bias: bool = True,
    normalise: bool = True,
    coding: Coding = "sign",
    rank: int | None = None,
    permutations: int = 0,
    keep: int = 0,
    seed: int = 0,
) -> LabelAlignment:
    r"""Energy of targets on the left singular vectors of a representation.

    .. math:: \Phi = U \Sigma V^\top, \qquad e_i = (u_i^\top y)^2, \qquad
              \mathrm{Alignment}(\tau) = \sum_{\sigma_i \ge \tau} e_i

    and ``‖y‖²`` at τ = 0, where the null space is included.

    Parameters
    ----------
    x
        Responses ``(n, p)`` to n stimuli.
    targets
        One a stimulus, or several at once as ``(n, targets)``: classes (whole numbers, strings), numbers, or what
        :func:`class_targets` and :func:`dataset_targets` return. All share one decomposition.
    centre, bias, normalise
        Centre units and targets and divide energies by ``‖y‖²``; append a column of ones; divide each row by its norm,
        after the ones. The default is the published form; ``**FORMS["centred"]`` gives the other one.
    coding
        How classes become columns, a key of :data:`CODINGS`.
    rank
        Only so many of the strongest directions, where both sides of x are long. The curve is NaN below them.
    permutations, seed
        Pairings of stimuli and targets, drawn at random, for the band and the p value. The mean is exact without.

    keep
        How many of the strongest left singular vectors are kept in the result, fewer if there are fewer.

    Returns
    -------
    LabelAlignment
        Energies at least 0; the area in [0, 1], 1 where one direction holds both layer and targets.

    Raises
    ------
    ShapeError, StimulusMismatchError, InputError, BudgetError
        Targets of another length or of other stimuli, no such rank, or more directions than memory.
    DegenerateError
        ``zero_variance``, ``non_finite``, ``zero_row``, ``too_few_stimuli`` for the layer; ``constant_target``,
        ``missing_class``, ``non_finite`` for the targets.

    Notes
    -----
    O(n p min(n, p)), and O(n p) a target and permutation where p < n. The published form is blind to the scale of a
    single row, the centred form to translation and scale; both to rotation of the units (the published one up to the
    column of ones). Compare curves only at equal n.

    References
    ----------
    Imani, Hu and White (2022), Representation alignment in neural networks, TMLR. arXiv:2112.07806

    Examples
    --------
    >>> y = np.array([1.0, 1.0, -1.0, -1.0])
    >>> round(label_alignment(y[:, None], y, **FORMS["centred"]).area, 12)
    1.0
    """
    representation = represented(x, "x")
    chosen = targets_for(representation, targets, coding)
    at_least(representation.n_stimuli, 3, "Label alignment")
    for name, value in (("permutations", permutations), ("keep", keep)):
        if value < 0:
            raise InputError(f"{name} must be 0 or more, got {value}.")
    features = Features(representation, centre=centre, bias=bias, normalise=normalise)
    parts = decomposition(features, rank)
    recipe = {
        "centre": centre,
        "bias": bias,
        "normalise": normalise,
        "coding": coding,
        "rank": rank,
        "permutations": permutations,
        "keep": keep,
        "seed": seed,
        "units": representation.n_units,
    }
    return _measured(parts, chosen, representation, recipe)


def _measured(found: Decomposition, chosen: Targets, x: Representation, recipe: dict[str, Any]) -> LabelAlignment:
    n = x.n_stimuli
    y = chosen.values - chosen.values.mean(axis=0) if recipe["centre"] else np.array(chosen.values)
    # Divided by the norm of all, in two steps: squares of an extreme scale would overflow.
    size = float(np.abs(y).max())
    unit = y / size
    squares = np.einsum("ij,ij->j", unit, unit)
    scale = 1 / squares.sum() if recipe["centre"] else size**2
    coordinates = found.coordinates(np.hstack([unit, np.ones((n, 1))]))
    energies, along_ones = coordinates[:, :-1].T ** 2, coordinates[:, -1]
    # Mean of (uᵀ P y)² over all permutations P: what varies is spread evenly, what is constant stays where it is.
    mean = unit.mean(axis=0)
    varying = squares - n * mean**2
    chance = varying[:, None] / (n - 1) * (1 - along_ones**2 / n) + mean[:, None] ** 2 * along_ones**2
    bands, areas = _permuted(found, unit, recipe["permutations"], recipe["seed"])
    total = float(squares.sum())
    return LabelAlignment(
        singular_values=found.singular_values,
        parts=energies * scale,
        totals=squares * scale,
        chance_parts=chance * scale,
        names=chosen.names,
        norm=found.norm,
        n_stimuli=n,
        band=bands * scale,
        null_areas=areas / total,
        vectors=turned(found.left_vectors(recipe["keep"])),
        model=x.model,
        layer=x.layer,
        complete=found.complete,
        recipe=recipe,
    )


def _permuted(found: Decomposition, y: Floats, count: int, seed: int) -> tuple[Floats, Floats]:
    """Quantiles of the cumulative energies over random pairings ``(2, r)``, and ``Σ σ e / norm`` of each pairing."""
    if not count:
        return np.empty((2, 0)), np.empty(0)
    generator = np.random.default_rng(seed)
    heights = found.singular_values / found.norm
    cumulated = []
    size = max(1, PERMUTED_NUMBERS // y.size)
    for start in range(0, count, size):
        drawn = [y[generator.permutation(len(y))] for _ in range(min(size, count - start))]
        energies = found.coordinates(np.hstack(drawn)) ** 2
        cumulated.append(energies.reshape(len(heights), len(drawn), -1).sum(axis=2))
    each = np.concatenate(cumulated, axis=1)
    return np.quantile(np.cumsum(each, axis=0), BAND, axis=1), np.asarray(heights @ each)
