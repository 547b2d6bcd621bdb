"""Which points stand apart from a cloud, by the two rules in use, and as many at random for comparison."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from repsim_core.errors import DegenerateError, InputError, unknown_name
from repsim_core.topology.distances import checked
from repsim_core.types.diagram_results import Outliers

OUTLIER_RULES: Mapping[str, str] = {
    "none": "nothing is removed",
    "lof": "local outlier factor: how much sparser a point lies than its neighbours (scikit-learn)",
    "knn": "distance to the k-th nearest neighbour",
    "random": "as many points at random: what removing points does by itself",
}
SHARE, LOF_NEIGHBOURS = 0.05, 20


def outliers(
    d: ArrayLike, rule: str = "lof", *, share: float = SHARE, neighbours: int = LOF_NEIGHBOURS, seed: int = 0
) -> Outliers:
    """The ``share`` of points with the highest score by one rule.

    Parameters
    ----------
    d
        Distances ``(n, n)``.
    rule
        A key of :data:`OUTLIER_RULES`.
    share
        Of the points to remove, from 0 to 0.5; ⌊share · n⌋ points go, equally many under every rule.
    neighbours
        Of both rules that look at neighbours; at most n − 1 are there.
    seed
        Of the rule ``random`` alone.

    Returns
    -------
    Outliers
        Rows kept and removed and the score of every point: the factor, about 1 inside a cloud; a distance; or a rank.

    Raises
    ------
    UnknownNameError, InputError
        For another rule, a share out of range, or no neighbours.
    DegenerateError
        Reason ``duplicates``: so many equal points that the local outlier factor is 0/0.

    References
    ----------
    Breunig, Kriegel, Ng and Sander (2000), SIGMOD.

    Examples
    --------
    >>> outliers(np.abs(np.subtract.outer([0, 1, 2, 9], [0, 1, 2, 9])), "knn", share=0.25, neighbours=1).removed
    array([3])
    """
    matrix = checked(d, "d")
    n = len(matrix)
    if rule not in OUTLIER_RULES:
        raise unknown_name("outlier rule", rule, OUTLIER_RULES)
    if not 0 <= share <= 0.5:
        raise InputError(f"share must lie between 0 and 0.5, got {share!r}.")
    if not isinstance(neighbours, int | np.integer) or neighbours < 1:
        raise InputError(f"neighbours must be a whole number from 1 on, got {neighbours!r}.")
    count = 0 if rule == "none" else int(share * n + 1e-9)
    scores = _scores(matrix, rule, min(int(neighbours), n - 1), seed) if n > 1 else np.zeros(n)
    removed = np.sort(np.argsort(-scores, kind="stable")[:count])
    kept = np.setdiff1d(np.arange(n), removed)
    recipe = {"rule": rule, "share": float(share), "neighbours": int(neighbours)} | (
        {"seed": seed} if rule == "random" else {}
    )
    return Outliers(kept, removed, scores, recipe)


def _scores(d: NDArray[np.float64], rule: str, neighbours: int, seed: int) -> NDArray[np.float64]:
    if rule == "none":
        return np.zeros(len(d))
    if rule == "random":
        return np.random.default_rng(seed).permutation(len(d)).astype(np.float64)
    if rule == "knn":
        return np.asarray(np.partition(d, neighbours, axis=1)[:, neighbours])  # place 0 is the point itself
    from sklearn.neighbors import LocalOutlierFactor

    if not np.partition(d, neighbours, axis=1)[:, neighbours].all():
        raise DegenerateError(
            f"Some of the {len(d)} points have {neighbours} equal twins or more, so their local density is infinite; "
            "take more neighbours, or the rule knn.",
            "duplicates",
        )
    factor = LocalOutlierFactor(n_neighbors=neighbours, metric="precomputed").fit(d)
    return np.asarray(-factor.negative_outlier_factor_)
