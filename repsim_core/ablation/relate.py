"""Does a representation move most where most is lost? Rank correlation over the cells of every grid, and contrasts."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from repsim_core.ablation.grams import CCA_FAMILY
from repsim_core.errors import InputError, unknown_name
from repsim_core.types import FUNCTIONS, AblationGrid, Average, Relations

Floats = NDArray[np.float64]
SHAPE_FAMILY = ("cka_biased", "procrustes")
LEVEL = 0.95
INTERVALS = (
    "95 % intervals of Student's t over layers and classes. Their coefficients are not independent, so the variance is "
    "the largest of those clustered by layer, by class, by both (Cameron, Gelbach and Miller 2011) and by neither, "
    "with one degree of freedom less than the smaller number of clusters."
)


def relate(
    grids: Sequence[AblationGrid],
    *,
    performance: str = "rank_deficit",
    place: str | None = None,
) -> Relations:
    """Spearman correlation of dissimilarity with loss over the cells of each grid, averaged and contrasted.

    Parameters
    ----------
    grids
        With the same measures; one for every layer and class, as of :func:`ablation_study`. Cells still to come are
        left out, and so are grids with fewer than four cells.
    performance
        The function that stands for performance in the contrasts; the other is decodability.
    place
        A layer downstream; None is the layer that was ablated.

    Returns
    -------
    Relations
        ``table`` has every coefficient: positive when the representation moves most where most is lost. Undefined ones
        (a function or a measure that is equal in all cells) are NaN and counted. Averages are means of Fisher's
        z = artanh ρ, layers first and then classes, turned back; a perfect ±1 of m cells enters as half a step less,
        1 − 6 / (m³ − m), and is counted. The contrasts are mean differences of ρ: of decodability and performance over
        all measures, of CKA and Procrustes against the CCA family over both functions, and what that advantage gains
        from decodability to performance.

    Raises
    ------
    InputError
        If there are no grids, or they were measured differently.

    References
    ----------
    Hayne, Jung and Carter (2024), TMLR, OpenReview YY2iA0hfia
    """
    if not grids:
        raise InputError("There are no grids to relate; measure at least one.")
    if performance not in FUNCTIONS or FUNCTIONS[performance].family != "performance":
        known = [name for name, one in FUNCTIONS.items() if one.family == "performance"]
        raise unknown_name("performance", performance, known)
    measures = grids[0].measures
    if any(one.measures != measures for one in grids):
        raise InputError("The grids were measured differently; relate grids of one study.")
    table = _table(grids, place)
    averages = {
        (measure, function): _averaged(_square(table, measure, function))
        for measure in measures
        for function in FUNCTIONS
        if ((table["function"] == function) & (table["measure"] == measure)).any()
    }
    return Relations(table, averages, _contrasts(table, measures, performance), INTERVALS)


def spearman(first: NDArray[np.floating], second: NDArray[np.floating]) -> float:
    """Rank correlation with midranks; NaN where one side is equal everywhere or fewer than four pairs are defined."""
    from scipy.stats import rankdata

    both = np.isfinite(first) & np.isfinite(second)
    if both.sum() < 4:
        return float("nan")
    a, b = (rankdata(one[both]) for one in (first, second))
    a, b = a - a.mean(), b - b.mean()
    norms = float(np.sqrt((a @ a) * (b @ b)))
    return float(np.clip(a @ b / norms, -1, 1)) if norms > 0 else float("nan")


def _table(grids: Sequence[AblationGrid], place: str | None) -> pd.DataFrame:
    rows = []
    for grid in grids:
        if place is not None and place not in grid.places:
            continue
        for function in grid.functions:
            lost = grid.change(function)
            for measure in grid.measures:
                moved = grid.dissimilarity(measure, place)
                # Equal to round-off is equal: ranks would order the noise.
                scale = float(np.nanmax(np.abs(moved), initial=0.0)) if np.isfinite(moved).any() else 0.0
                rounded = np.round(moved / scale, 12) if scale else moved
                cells = int((np.isfinite(moved) & np.isfinite(lost)).sum())
                rho = spearman(rounded, np.round(lost, 12))
                rows.append((grid.layer, grid.class_name, measure, function, rho, cells))
    return pd.DataFrame(rows, columns=["layer", "class", "measure", "function", "rho", "cells"])


def _square(table: pd.DataFrame, measure: str, function: str) -> pd.DataFrame:
    """Coefficients with layers down and classes across; ``cells`` travels in ``attrs``."""
    own = table[(table["measure"] == measure) & (table["function"] == function)]
    square = own.pivot(index="layer", columns="class", values="rho")
    square.attrs["cells"] = int(own["cells"].max()) if len(own) else 0
    return square


def _averaged(square: pd.DataFrame) -> Average:
    """Mean of Fisher's z, back on the scale of ρ."""
    rho = square.to_numpy(dtype=np.float64)
    cells = max(square.attrs["cells"], 4)
    perfect = np.abs(rho) >= 1 - 1e-12
    most = 1 - 6 / (cells**3 - cells)
    z = np.arctanh(np.where(perfect, np.sign(rho) * most, rho))
    found = _interval(z)
    mean, low, high = (float(np.tanh(one)) for one in (found.mean, found.low, found.high))
    return Average(mean, low, high, found.p, found.count, found.undefined, int(perfect.sum()))


def _interval(square: Floats) -> Average:
    """Mean of ``(layers, classes)``, layers first, with an interval that knows of both; NaN is left out."""
    from scipy.stats import t as student

    there = np.isfinite(square)
    count, undefined = int(there.sum()), int((~there).sum())
    nothing = float("nan")
    if not count:
        return Average(nothing, nothing, nothing, nothing, 0, undefined)
    per_class = [square[there[:, k], k].mean() for k in range(square.shape[1]) if there[:, k].any()]
    mean = float(np.mean(per_class))
    away = np.where(there, square - mean, 0.0)
    sums = [away.sum(axis=0)[there.any(axis=0)], away.sum(axis=1)[there.any(axis=1)]]
    alone = float((away**2).sum()) / count**2
    variances, clusters = [alone * count / max(count - 1, 1)], [len(one) for one in sums if len(one) > 1]
    for one in sums:
        if len(one) > 1:
            variances.append(float((one**2).sum()) / count**2 * len(one) / (len(one) - 1))
    if len(variances) == 3:
        variances.append(variances[1] + variances[2] - alone)
    if count < 2:
        return Average(mean, nothing, nothing, nothing, count, undefined)
    error, freedom = float(np.sqrt(max(variances))), min(clusters) - 1
    if error == 0:
        return Average(mean, mean, mean, nothing, count, undefined)
    half = float(student.ppf((1 + LEVEL) / 2, freedom)) * error
    p = float(2 * student.sf(abs(mean) / error, freedom))
    return Average(mean, mean - half, mean + half, p, count, undefined)


def _contrasts(table: pd.DataFrame, measures: Sequence[str], performance: str) -> dict[str, Average]:
    """The three contrasts of the paper, on ρ itself; a coefficient that is undefined takes its cell out."""
    squares = {
        (measure, function): _square(table, measure, function)
        for measure in measures
        for function in ("decodability", performance)
    }
    if any(one.empty for one in squares.values()) or not squares:
        return {}
    first = next(iter(squares.values()))
    aligned = {key: one.reindex_like(first).to_numpy(dtype=np.float64) for key, one in squares.items()}

    def mean(names: Sequence[str], function: str) -> Floats:
        return np.asarray(np.mean([aligned[name, function] for name in names], axis=0))

    found = {
        "decodability − performance": _interval(mean(measures, "decodability") - mean(measures, performance)),
    }
    shapes, family = ([one for one in names if one in measures] for names in (SHAPE_FAMILY, CCA_FAMILY))
    if shapes and family:
        lead = {one: mean(shapes, one) - mean(family, one) for one in ("decodability", performance)}
        found["CKA and Procrustes − CCA family"] = _interval((lead["decodability"] + lead[performance]) / 2)
        found["that lead, performance − decodability"] = _interval(lead[performance] - lead["decodability"])
    return found
