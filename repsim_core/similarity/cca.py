"""Canonical correlations: the cosines between the spaces that two layers span over the stimuli."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from repsim_core.errors import InputError
from repsim_core.linalg import Array
from repsim_core.similarity.decomposition import Decomposition, decomposed, enough_stimuli, leading, with_loadings
from repsim_core.similarity.measure import ROTATIONS, Claims, Floats, Measure, Method, Work, copies

LINEAR = ROTATIONS | {"invertible linear"}


def canonical_correlations(x: Decomposition, y: Decomposition) -> Floats:
    """Singular values of ``Uxᵀ Uy``, descending, min(rank) of them; O(n rx ry)."""
    return np.asarray(np.linalg.svd(x.left.T @ y.left, compute_uv=False))


def cca_layer(x: Array, *, label: str = "x", squared: bool = False) -> Decomposition:
    """All directions of a layer, refused where the stimuli are too few for them."""
    found = decomposed(x, label=label)
    enough_stimuli(found, label, "take more stimuli, or svcca with a smaller share")
    return found


def svcca_layer(x: Array, *, label: str = "x", share: float = 0.99, squared: bool = False) -> Decomposition:
    """The directions that hold ``share`` of the variance (Raghu et al. 2017), refused as above."""
    if not 0 < share <= 1:
        raise InputError(f"share must be above 0 and at most 1, got {share!r}.")
    found = leading(decomposed(x, label=label), share)
    enough_stimuli(found, label, "take more stimuli or a smaller share")
    return found


def pwcca_layer(x: Array, *, label: str = "x", side: str = "x") -> Decomposition:
    """As :func:`cca_layer`, with the loadings of the units."""
    return with_loadings(cca_layer(x, label=label), x, label=label)


def cca_cells(
    rows: Sequence[Decomposition], columns: Sequence[Decomposition], options: Mapping[str, Any], work: Work
) -> tuple[Floats, Floats]:
    """Mean correlation or mean square over the smaller number of directions; chance is known for the squares."""
    squared = options["squared"]
    values = work.each_pair(_mean_squared if squared else _mean, rows, columns, symmetric=True)
    larger = np.array([[max(one.rank, other.rank) for other in columns] for one in rows])
    chance = larger / (len(rows[0].left) - 1)
    return values, chance if squared else np.full_like(values, np.nan)


def _mean(pair: tuple[Decomposition, Decomposition]) -> float:
    return float(canonical_correlations(*pair).mean())


def _mean_squared(pair: tuple[Decomposition, Decomposition]) -> float:
    x, y = pair
    return float(np.sum((x.left.T @ y.left) ** 2) / min(x.rank, y.rank))  # no singular values needed for their squares


def pwcca_cells(
    rows: Sequence[Decomposition], columns: Sequence[Decomposition], options: Mapping[str, Any], work: Work
) -> tuple[Floats, Floats]:
    """Correlations weighted by how much their canonical variates are used on one side."""
    if options["side"] == "x":
        values = work.each_pair(_weighted, rows, columns, symmetric=False)
    else:
        values = work.each_pair(_weighted, columns, rows, symmetric=False).T
    return values, np.full_like(values, np.nan)


def _weighted(pair: tuple[Decomposition, Decomposition]) -> float:
    """Morcos et al. (2018): weights w_i = Σ_j |⟨h_i, x_j⟩| of the first side, h_i its unit canonical variates."""
    x, y = pair
    assert x.loadings is not None  # pwcca_layer put them there
    directions, correlations, _ = np.linalg.svd(x.left.T @ y.left, full_matrices=False)
    weights = np.abs(directions.T @ x.loadings).sum(axis=1)
    return float(weights @ correlations / weights.sum())


def _numbers(n: int, units: int, _options: Mapping[str, Any]) -> int:
    return n * min(n, units)


def _loaded_numbers(n: int, units: int, _options: Mapping[str, Any]) -> int:
    return (n + units) * min(n // 5, units)


def _claims(options: Mapping[str, Any], *, blind: frozenset[str], number: str) -> Claims:
    squared = f"{number} / (n − 1), exactly"
    rooted = f"no closed form; at most √({number} / (n − 1)): permute"
    return Claims((0.0, 1.0), blind, squared if options["squared"] else rooted, 5, biased=True)


def _weighted_claims(options: Mapping[str, Any]) -> Claims:
    own, other = ROTATIONS - {"rotation"}, LINEAR
    first, second = (own, other) if options["side"] == "x" else (other, own)
    which = "row" if options["side"] == "x" else "column"
    return Claims(
        (0.0, 1.0),
        first,
        "no closed form: permute",
        5,
        second,
        biased=True,
        direction=f"weighted by the {which}'s units",
    )


_SQUARED_HELP = "Mean of the squared correlations, whose chance level is known."

ENTRIES = (
    Measure(
        name="cca",
        title="CCA, mean correlation",
        description="Do both layers span the same directions over the stimuli, whatever the size of each?",
        method=Method(cca_layer, cca_cells, _numbers, copies(1.2), counts_cells=True),
        claims=partial(_claims, blind=LINEAR, number="max(rank)"),
        symmetric=True,
        larger_is_more_similar=True,
        cost="n · units² a layer; n · rank² a cell",
        reference="Hotelling (1936), Biometrika 28; Kornblith et al. (2019), section 3. arXiv:1905.00414",
        options={"squared": False},
        help={"squared": _SQUARED_HELP},
    ),
    Measure(
        name="svcca",
        title="SVCCA",
        description="CCA of the leading principal directions alone.",
        method=Method(svcca_layer, cca_cells, _numbers, copies(1.2), counts_cells=True),
        claims=partial(_claims, blind=ROTATIONS, number="larger number kept"),
        symmetric=True,
        larger_is_more_similar=True,
        cost="n · units² a layer; n · kept² a cell",
        reference="Raghu, Gilmer, Yosinski and Sohl-Dickstein (2017), NeurIPS. arXiv:1706.05806",
        options={"share": 0.99, "squared": False},
        ranges={"share": (0.5, 1.0)},
        help={"share": "Of the variance Σσ² that the kept directions hold.", "squared": _SQUARED_HELP},
    ),
    Measure(
        name="pwcca",
        title="PWCCA",
        description="CCA weighted by how much the units of one side use each canonical variate.",
        method=Method(pwcca_layer, pwcca_cells, _loaded_numbers, copies(1.2), counts_cells=True),
        claims=_weighted_claims,
        symmetric=False,
        larger_is_more_similar=True,
        cost="n · units² a layer; rank² · units a cell",
        reference="Morcos, Raghu and Bengio (2018), NeurIPS. arXiv:1806.05759",
        options={"side": "x"},
        choices={"side": ("x", "y")},
        help={"side": "Whose units weigh: x the first layer's (rows of a matrix), y the second's (columns)."},
    ),
)
