"""The indices of table 2 by the names of the paper, and which layer of another network each calls the most similar."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from repsim_core.similarity import compare_layers, measure_named
from repsim_core.types import LayerActivations

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Index:
    """A measure with its options, the group it belongs to in the paper's ordering, and the percentage of table 2."""

    measure: str
    group: str
    printed: float = float("nan")
    options: Mapping[str, Any] = field(default_factory=dict)


_RBF = {"debiased": False}
INDICES: Mapping[str, Index] = {
    "CCA, mean ρ": Index("cca", "CCA", 1.4),
    "CCA, R²": Index("cca", "CCA", 10.6, {"squared": True}),
    "SVCCA, mean ρ": Index("svcca", "CCA", 9.9),
    "SVCCA, R²": Index("svcca", "CCA", 15.1, {"squared": True}),
    "PWCCA": Index("pwcca", "CCA", 11.1),
    "linear regression": Index("linear_regression", "regression", 45.4),
    "HSIC, linear": Index("hsic", "HSIC", 22.2),
    "CKA, linear": Index("cka_biased", "CKA", 99.3),
    "CKA, RBF 0.2": Index("cka_rbf", "CKA", 80.6, _RBF | {"scale": 0.2}),
    "CKA, RBF 0.4": Index("cka_rbf", "CKA", 99.1, _RBF | {"scale": 0.4}),
    "CKA, RBF 0.8": Index("cka_rbf", "CKA", 99.3, _RBF | {"scale": 0.8}),
    "CKA, linear, debiased": Index("cka", "beside"),
    "Procrustes": Index("procrustes", "beside"),
    "RTD": Index("rtd", "beside", options={"trials": 1, "batch": 300, "seed": 0}),
}
CKA = "CKA, linear"


def index_scores(a: LayerActivations, b: LayerActivations, index: Index) -> Floats:
    """Score of every layer of ``a`` with every layer of ``b``, larger is more similar; asymmetric ones as S + Sᵀ."""
    if index.measure == "hsic":
        return linear_hsic(a, b)
    matrix = compare_layers(a, b, index.measure, **index.options)
    values = matrix.values if matrix.larger_is_more_similar else -matrix.values
    if not measure_named(index.measure).symmetric:
        values = values + compare_layers(b, a, index.measure, **index.options).values.T
    return np.asarray(values)


def linear_hsic(a: LayerActivations, b: LayerActivations) -> Floats:
    """‖YᵀX‖²_F / (n − 1)² of every pair of layers, units centred (equation 3)."""
    left, right = (np.array([_gram(one.values) for one in side.values()]) for side in (a, b))
    return np.asarray(left @ right.T) / (len(a.stimuli) - 1) ** 2


def _gram(values: NDArray[Any]) -> Floats:
    centred = values.astype(np.float64) - values.mean(axis=0, dtype=np.float64)
    return np.asarray((centred @ centred.T).ravel())


def matches(scores: Floats) -> Floats:
    """Where each row's best column is: 1/t on each of t best ones, a row of zeros where nothing is defined.

    Examples
    --------
    >>> matches(np.array([[0.9, 0.2], [0.5, 0.5]])).tolist()
    [[1.0, 0.0], [0.5, 0.5]]
    """
    defined = np.asarray(np.isfinite(scores).any(axis=1))
    best = np.nanmax(np.where(np.isfinite(scores), scores, -np.inf), axis=1)
    tied = (scores == best[:, None]) & defined[:, None]
    return np.asarray(tied / np.maximum(tied.sum(axis=1), 1)[:, None], dtype=np.float64)
