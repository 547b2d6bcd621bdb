"""Measures on the nearest neighbours of each stimulus: how many are shared, and how alike the two layers weigh them."""

from collections.abc import Mapping, Sequence
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

from repsim_core.errors import DegenerateError
from repsim_core.linalg import (
    Array,
    at_least,
    centred_gram,
    distances_of_gram,
    product_noise,
    row_products,
    stored_dtype,
    wide_gram,
)
from repsim_core.similarity.embedding import (
    Embedding,
    cosine_method,
    cosines,
    kernel_embedding,
    length,
    square_numbers,
)
from repsim_core.similarity.measure import (
    ROTATIONS,
    Claims,
    Floats,
    Measure,
    Method,
    Work,
    copies,
    no_structure,
    whole_number,
)

METRICS: Mapping[str, str] = {
    "cosine": "cosine of the angle at the origin, on rows as they are",
    "euclidean": "length of the difference",
}
FORMS: Mapping[str, str] = {
    "shared": "share of the k neighbours that are the same",
    "adjusted": "the same, with chance at 0",
    "jaccard": "shared over all neighbours of either layer, mean over the stimuli",
}


def nearest(x: Array, k: int, metric: str = "cosine", *, label: str = "x") -> tuple[NDArray[np.bool_], int]:
    """``mask[i, j]``: is j among the k nearest of i? And the number of rows where a tie had to be broken.

    A row is not its own neighbour. Distances equal up to round-off are ties, and the earlier row wins.

    Raises
    ------
    DegenerateError
        Reason ``too_few_stimuli``, ``zero_variance``, ``zero_vector`` or ``no_structure``.
    """
    n, units = x.shape
    k = whole_number(k, "k", 1)
    if k >= n:
        raise DegenerateError(
            f"{k} nearest neighbours need at least {k + 1} stimuli, got {n}; "
            f"take n = {k + 1} or more, or k = {max(n - 1, 1)} or fewer.",
            "too_few_stimuli",
        )
    if metric == "cosine":
        distances, shares = 1 - row_products(x, label), product_noise(np.ones(n), units)
    else:
        product = wide_gram(x, label)
        distances, shares = distances_of_gram(product), product_noise(np.diag(product), units)
    noise = np.add.outer(shares, shares)
    np.fill_diagonal(distances, np.inf)
    if (distances <= distances.min() + noise).sum() == n * (n - 1):
        raise no_structure(label, n, "take more varied stimuli")
    border = np.partition(distances, k - 1, axis=1)[:, k - 1 : k]
    mask = distances <= border + noise
    tied = np.flatnonzero(mask.sum(axis=1) > k)
    if tied.size:
        sure = distances[tied] < border[tied] - noise[tied]
        open_places = k - sure.sum(axis=1, keepdims=True)
        equal = mask[tied] & ~sure
        mask[tied] = sure | (equal & (np.cumsum(equal, axis=1) <= open_places))
    return mask, len(tied)


def _note(label: str, tied: int, n: int, k: int) -> str:
    return f"{label}: ties at the neighbour number {k} of {tied} of {n} stimuli, broken by row order." if tied else ""


def mask_embedding(
    x: Array, *, label: str = "x", k: int = 10, metric: str = "cosine", form: str = "shared"
) -> Embedding:
    """The mask of neighbours, of norm √(n k); O(n² p)."""
    mask, tied = nearest(x, k, metric, label=label)
    n = len(mask)
    if form == "adjusted" and k == n - 1:
        raise DegenerateError(
            f"{label}: with k = {k} of {n} stimuli all are neighbours, so the adjusted form is 0/0; "
            f"take k = {n - 2} or fewer.",
            "too_few_stimuli",
        )
    # Counts in float32 are exact, and their products half the time.
    return Embedding(
        mask.astype(np.float32).ravel(), float(np.sqrt(n * k)), float(np.sqrt(k / (n - 1))), _note(label, tied, n, k)
    )


def mutual_cells(
    rows: Sequence[Embedding], columns: Sequence[Embedding], options: Mapping[str, Any], work: Work
) -> tuple[Floats, Floats]:
    """Shared neighbours of every pair: one product, or one small one a stimulus for Jaccard."""
    k, n = options["k"], int(np.sqrt(rows[0].vector.size))
    if options["form"] == "jaccard":
        return _jaccard(rows, columns, k), np.full((len(rows), len(columns)), jaccard_chance(n, k))
    values, chance = cosines(rows, columns, options, work)
    if options["form"] == "adjusted":
        return (values - chance) / (1 - chance), np.zeros_like(chance)
    return values, chance


def _jaccard(rows: Sequence[Embedding], columns: Sequence[Embedding], k: int) -> Floats:
    n = int(np.sqrt(rows[0].vector.size))
    total = np.zeros((len(rows), len(columns)))
    for i in range(n):
        left = np.stack([one.vector[i * n : (i + 1) * n] for one in rows])
        right = left if rows is columns else np.stack([one.vector[i * n : (i + 1) * n] for one in columns])
        shared = np.asarray(left @ right.T, dtype=np.float64)
        total += shared / (2 * k - shared)
    return total / n


def jaccard_chance(n: int, k: int) -> float:
    """Mean over all pairings: the neighbours of a row then share a hypergeometric number s, E[s / (2k − s)]."""
    ways = {s: comb(k, s) * comb(n - 1 - k, k - s) for s in range(k + 1)}
    return sum(count / comb(n - 1, k) * s / (2 * k - s) for s, count in ways.items())


def masked_embedding(x: Array, *, label: str = "x", k: int = 10, metric: str = "cosine") -> Embedding:
    """U-centred Gram matrix at the neighbours, 0 elsewhere; O(n² p)."""
    at_least(len(x), 4, "CKNNA")
    mask, tied = nearest(x, k, metric, label=label)
    n, eps = len(mask), float(np.finfo(stored_dtype(x)).eps)
    whole = kernel_embedding(centred_gram(x, label), label, debiased=True, eps=eps, instead="take more varied stimuli")
    kept = whole.vector.reshape(n, n) * mask
    norm = length(kept)
    if norm <= 8 * np.sqrt(n) * eps * whole.norm:
        raise DegenerateError(
            f"{label}: the U-centred Gram matrix is 0 at the {k} nearest neighbours, so CKNNA is 0/0; "
            "take more neighbours.",
            "no_structure",
        )
    chance = float(kept.sum()) / (norm * float(np.sqrt(n * (n - 1))))
    return Embedding(kept.ravel(), norm, chance, _note(label, tied, n, k))


_BLIND = {"cosine": frozenset({"rotation", "permutation", "scaling", "row scaling"}), "euclidean": ROTATIONS}
_OPTIONS: Mapping[str, Any] = {"k": 10, "metric": "cosine"}
_HELP = {"k": "Neighbours of each stimulus.", "metric": "; ".join(f"{name}: {text}" for name, text in METRICS.items())}


def _mutual_claims(options: Mapping[str, Any]) -> Claims:
    chance = {
        "shared": "k / (n − 1), exactly",
        "adjusted": "0, exactly, at any n",
        "jaccard": "the mean of s / (2k − s) over the hypergeometric number s of shared neighbours, exactly",
    }
    adjusted = options["form"] == "adjusted"
    least = options["k"] + (2 if adjusted else 1)
    low, blind = -1.0 if adjusted else 0.0, _BLIND[options["metric"]]
    # 1 − shared / k is half the size of a symmetric difference over k
    return Claims((low, 1.0), blind, chance[options["form"]], least, metric=True)


def _masked_claims(options: Mapping[str, Any]) -> Claims:
    blind = _BLIND[options["metric"]] - {"row scaling"}
    chance = "ΣG ΣG′ / (n (n − 1) ‖G‖ ‖G′‖) of the masked matrices, for every cell"
    return Claims((-1.0, 1.0), blind, chance, max(4, options["k"] + 1))


ENTRIES = (
    Measure(
        name="mutual_knn",
        title="Mutual nearest neighbours",
        description="Does a stimulus have the same nearest neighbours in both layers?",
        method=Method(mask_embedding, mutual_cells, square_numbers, copies(2)),
        claims=_mutual_claims,
        symmetric=True,
        larger_is_more_similar=True,
        cost="n² · units a layer, n² a cell",
        reference="Huh, Cheung, Wang and Isola (2024), ICML. arXiv:2405.07987; here with the distance named",
        options={**_OPTIONS, "form": "shared"},
        choices={"metric": tuple(METRICS), "form": tuple(FORMS)},
        ranges={"k": (1, 100)},
        help={**_HELP, "form": "; ".join(f"{name}: {text}" for name, text in FORMS.items())},
    ),
    Measure(
        name="cknna",
        title="CKNNA, as a true cosine",
        description="CKA of near stimuli alone: cosine of U-centred Gram matrices at each layer's neighbours.",
        method=cosine_method(masked_embedding, square_numbers, copies(2)),
        claims=_masked_claims,
        symmetric=True,
        larger_is_more_similar=True,
        cost="n² · units a layer, n² a cell",
        reference="After Huh et al. (2024), ICML. arXiv:2405.07987, whose own form changes its mask and is no cosine",
        options=_OPTIONS,
        choices={"metric": tuple(METRICS)},
        ranges={"k": (1, 100)},
        help=_HELP,
    ),
)
