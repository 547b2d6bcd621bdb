"""Representational similarity analysis: one dissimilarity for each pair of stimuli, compared between layers."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from repsim_core.linalg import (
    Array,
    at_least,
    distances_of_gram,
    product_noise,
    row_products,
    upper_triangle,
    wide_gram,
)
from repsim_core.similarity.embedding import Embedding, cosines, length
from repsim_core.similarity.measure import ROTATIONS, Claims, Floats, Measure, Method, Work, copies, no_structure

DISSIMILARITIES: Mapping[str, str] = {
    "correlation": "1 − Pearson correlation over the units",
    "euclidean": "length of the difference",
    "sqeuclidean": "squared length of the difference",
    "cosine": "1 − cosine of the angle at the origin",
}
COMPARISONS: Mapping[str, str] = {
    "spearman": "correlation of ranks, ties at their mean rank",
    "pearson": "correlation",
    "cosine": "cosine, nothing taken away",
    "kendall": "Kendall's tau-a: ties count as disagreement of neither kind",
}


def dissimilarities(x: Array, kind: str = "correlation", *, label: str = "x") -> tuple[Floats, Floats]:
    """Strict upper triangle of the dissimilarity matrix, row by row, and the round-off of each of its entries.

    Raises
    ------
    DegenerateError
        Reason ``zero_variance``, ``zero_vector`` or ``constant_row``.
    """
    units = x.shape[1]
    if kind in ("euclidean", "sqeuclidean"):
        product = wide_gram(x, label)
        shares = product_noise(np.diag(product), units)
        found = upper_triangle(distances_of_gram(product))
        noise = upper_triangle(np.add.outer(shares, shares))
        if kind == "euclidean":
            found = np.sqrt(found)
            # d² ± e is d ± e / (2 d)
            noise = np.divide(noise, 2 * found, out=np.sqrt(noise), where=found > 0)
        return found, noise
    found = upper_triangle(row_products(x, label, centre=kind == "correlation"))
    np.subtract(1.0, found, out=found)
    tolerance = 64 * float(np.finfo(np.float64).eps) * units
    found[np.abs(found) < tolerance] = 0.0
    return found, 2 * product_noise(np.ones(1), units)


def midranks(values: Floats, noise: Floats) -> tuple[Floats, int]:
    """Ranks from 1 of values ≥ 0, equal ones at the mean of theirs, and the number of tied pairs.

    Neighbours in order that differ by no more than round-off count as equal: one-hot or repeated stimuli have exact
    ties, which products return an ulp apart.
    """
    from repsim_core.kernels.radix import sorted_with

    ordered, order = sorted_with(values + 0.0, np.arange(len(values), dtype=np.int32))
    tolerance = noise if len(noise) == 1 else noise[order[1:]]
    apart = ordered[1:] - ordered[:-1] > tolerance
    ranks = np.empty(len(values))
    if apart.all():
        ranks[order] = np.arange(1, len(values) + 1)
        return ranks, 0
    starts = np.flatnonzero(np.concatenate([[True], apart]))
    sizes = np.diff(np.append(starts, len(values)))
    ranks[order] = np.repeat(starts + (sizes + 1) / 2, sizes)
    return ranks, int(np.sum(sizes * (sizes - 1) // 2))


def dissimilarity_embedding(
    x: Array, *, label: str = "x", dissimilarity: str = "correlation", compare: str = "spearman"
) -> Embedding:
    """Dissimilarities as they come (cosine), minus their mean (Pearson) or as ranks minus theirs (Spearman, Kendall).

    O(n² p) and a sort of n²/2 numbers for the ranks.
    """
    at_least(len(x), 3, "RSA")
    found, noise = dissimilarities(x, dissimilarity, label=label)
    if found.max() - found.min() <= noise.max():
        raise no_structure(label, len(x), "take another dissimilarity or more varied stimuli")
    tied = 0
    if compare in ("spearman", "kendall"):
        found, tied = midranks(found, noise)
    if compare in ("spearman", "pearson"):
        found -= found.mean()
    norm, count = length(found), len(found)
    chance = float(found.sum()) / (norm * float(np.sqrt(count))) if compare == "cosine" else 0.0
    return Embedding(found, float(np.sqrt(count * (count - 1) / 2 - tied)) if compare == "kendall" else norm, chance)


def rsa_cells(
    rows: Sequence[Embedding], columns: Sequence[Embedding], options: Mapping[str, Any], work: Work
) -> tuple[Floats, Floats]:
    """One product for all cells; for Kendall's tau-a a count of discordant pairs each."""
    if options["compare"] != "kendall":
        return cosines(rows, columns, options, work)
    return work.each_pair(_tau_a, rows, columns, symmetric=True), np.zeros((len(rows), len(columns)))


def _tau_a(pair: tuple[Embedding, Embedding]) -> float:
    """Concordant minus discordant over all pairs of dissimilarities; SciPy's tau-b divides by fewer."""
    from scipy.stats import kendalltau

    x, y = pair
    total = x.vector.size * (x.vector.size - 1) / 2
    return float(kendalltau(x.vector, y.vector, method="asymptotic").statistic * (x.norm / total) * y.norm)


def _numbers(n: int, _units: int, _options: Mapping[str, Any]) -> int:
    return n * (n - 1) // 2


_BLIND: Mapping[str, frozenset[str]] = {
    "correlation": frozenset({"permutation", "scaling", "row scaling", "row shift"}),
    "cosine": frozenset({"rotation", "permutation", "scaling", "row scaling"}),
    "euclidean": ROTATIONS,
    "sqeuclidean": ROTATIONS,
}


def _claims(options: Mapping[str, Any]) -> Claims:
    raw = options["compare"] == "cosine"
    chance = "ΣG ΣG′ / (N ‖G‖ ‖G′‖) of the N dissimilarities, for every cell" if raw else "0, exactly, at any n"
    return Claims(
        (0.0 if raw else -1.0, 1.0), _BLIND[options["dissimilarity"]], chance, 3, metric=options["compare"] == "kendall"
    )


ENTRIES = (
    Measure(
        name="rsa",
        title="RSA",
        description="Do both layers put the same pairs of stimuli far apart? Correlation of dissimilarities.",
        method=Method(dissimilarity_embedding, rsa_cells, _numbers, copies(2)),
        claims=_claims,
        symmetric=True,
        larger_is_more_similar=True,
        cost="n² · units and n² log n a layer, n² / 2 a cell; n² log n a cell for Kendall",
        reference="Kriegeskorte, Mur and Bandettini (2008), Frontiers in Systems Neuroscience 2:4",
        options={"dissimilarity": "correlation", "compare": "spearman"},
        choices={"dissimilarity": tuple(DISSIMILARITIES), "compare": tuple(COMPARISONS)},
        help={
            "dissimilarity": "; ".join(f"{name}: {text}" for name, text in DISSIMILARITIES.items()),
            "compare": "; ".join(f"{name}: {text}" for name, text in COMPARISONS.items()),
        },
    ),
)
