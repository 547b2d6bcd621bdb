"""Which directions two networks share (K8, figure 8), and what theorem 1 says of few stimuli (K10)."""

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from repsim_core.claims.finding import Finding
from repsim_core.claims.kornblith_nets import STUDIES, of_networks
from repsim_core.claims.kornblith_twins import study_responses
from repsim_core.claims.verdict import found, measured
from repsim_core.compute.progress import Progress, no_progress
from repsim_core.similarity import score
from repsim_core.types import Representation

Floats = NDArray[np.float64]
FIRST, MOST = 10, 0.8
STIMULI, UNITS, SEEDS = 50, 60, (10, 11, 12, 13, 14)


def numerator_parts(x: Representation, y: Representation) -> Floats:
    """λᵢˣ λⱼʸ ⟨uᵢˣ, uⱼʸ⟩² for all pairs of principal directions: they add up to ‖YᵀX‖²_F (equation 14)."""
    left, right = (one.values - one.values.mean(axis=0, dtype=np.float64) for one in (x, y))
    u, s, _ = np.linalg.svd(left, full_matrices=False)
    v, t, _ = np.linalg.svd(right, full_matrices=False)
    return np.asarray(np.outer(s**2, t**2) * (u.T @ v) ** 2)


def shared_by_the_first(parts: Floats, count: int) -> float:
    """Share of the sum that the first ``count`` directions of both sides make.

    Examples
    --------
    >>> shared_by_the_first(np.array([[3.0, 0.0], [0.0, 1.0]]), 1)
    0.75
    """
    return float(parts[:count, :count].sum() / parts.sum())


def large_directions_are_shared(*, progress: Progress | None = None) -> Finding:
    """K8: share of linear CKA's numerator in the first ten directions of the average pool, a number a network."""
    progress, samples, rows = progress or no_progress, [], []
    studies = ("digits", "shapes")
    for done, study in enumerate(studies):
        progress(done, len(studies))
        networks = study_responses(study)
        pools = [one["pool"] for one in networks.values()]
        count = len(pools)
        per_pair = np.full((count, count), np.nan)
        curves = []
        for i, j in combinations(range(count), 2):
            parts = numerator_parts(pools[i], pools[j])
            per_pair[i, j] = per_pair[j, i] = shared_by_the_first(parts, FIRST)
            curves.append([shared_by_the_first(parts, k) for k in range(1, 21)])
        rows += [
            {"data": study, "directions": k, "share": share} for k, share in enumerate(np.mean(curves, axis=0), start=1)
        ]
        samples.append(
            measured(
                study,
                f"share of CKA's numerator in the first {FIRST} directions",
                of_networks(per_pair, list(networks)),
                holds=lambda share: share >= MOST,
            )
        )
    progress(len(studies), len(studies))
    recipe = {"layer": "pool", "stimuli": "all test pictures", "networks": [STUDIES[one][1] for one in studies]}
    return found("K8", samples, tables={"directions": pd.DataFrame(rows)}, recipe=recipe)


def few_stimuli_say_nothing(*, progress: Progress | None = None) -> Finding:
    """K10: CCA and R² of regression of unrelated random matrices with more units than stimuli, distance from 1."""
    progress, rows = progress or no_progress, []
    for done, seed in enumerate(SEEDS):
        progress(done, len(SEEDS))
        rng = np.random.default_rng(seed)
        x, y = (rng.normal(size=(STIMULI, UNITS)) for _ in range(2))
        rows.append({"seed": seed, "CCA": canonical_mean(x, y), "regression": explained(x, y)})
    progress(len(SEEDS), len(SEEDS))
    table = pd.DataFrame(rows)
    off = (table[["CCA", "regression"]] - 1).abs().max(axis=1)
    return found(
        "K10",
        [
            measured(
                "random matrices",
                "largest distance of CCA and R² from 1",
                {f"seed {seed}": float(one) for seed, one in zip(SEEDS, off, strict=True)},
                holds=lambda one: one <= 1e-9,
                needed=1,
            )
        ],
        tables={"indices": table},
        recipe={"n": STIMULI, "units": UNITS, "seeds": list(SEEDS)},
    )


def column_space(x: Floats) -> Floats:
    """Orthonormal basis of the column space of the centred matrix."""
    u, s, _ = np.linalg.svd(x - x.mean(axis=0), full_matrices=False)
    return np.asarray(u[:, s > s[0] * max(x.shape) * np.finfo(np.float64).eps])


def canonical_mean(x: Floats, y: Floats) -> float:
    """Mean canonical correlation by its definition, refusing nothing: the measure ``cca`` refuses n ≤ units."""
    first, second = column_space(x), column_space(y)
    correlations = np.linalg.svd(first.T @ second, compute_uv=False)
    return float(correlations.sum() / min(first.shape[1], second.shape[1]))


def explained(x: Floats, y: Floats) -> float:
    """R² of the regression of x on y, ‖Q_Yᵀ X‖²_F / ‖X‖²_F (equation 5)."""
    centred = x - x.mean(axis=0)
    return float(np.square(column_space(y).T @ centred).sum() / np.square(centred).sum())


def values_of_indices(x: NDArray[Any], y: NDArray[Any]) -> dict[str, float]:
    """CCA, R² of regression and debiased linear CKA of two layers, whatever their units."""
    left, right = x.astype(np.float64), y.astype(np.float64)
    return {"CCA": canonical_mean(left, right), "regression": explained(left, right), "CKA": score(left, right, "cka")}
