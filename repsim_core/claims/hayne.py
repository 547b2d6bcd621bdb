"""Hayne, Jung and Carter 2024: does similarity follow what a network loses when units are switched off?"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from repsim_core.claims.claim import IN_THE_CODE, Claim
from repsim_core.claims.finding import Finding, Measured
from repsim_core.claims.verdict import found, measured
from repsim_core.compute.progress import Progress

PAPER = "Hayne, Jung and Carter 2024"
DIGITS, SHAPES, AUTHORS, FORTY = "digits", "shapes", "as published", "forty classes"
LEAD, GAIN = "CKA and Procrustes − CCA family", "that lead, performance − decodability"
AVERAGED = ["measure", "function", "mean_rho", "coefficients", "undefined"]
HIGH_HIGH = 15  # the most selective, most active cell
Judged = Callable[[pd.DataFrame, pd.DataFrame, pd.DataFrame, str], Measured]


def decodability_followed_better(*, progress: Progress | None = None) -> Finding:
    """H1: the smallest lead of decodability over performance among five measures, a number a network."""
    note = (
        "With ten classes most cells lose no place and few subsets blur a probe. With the rise of cross-entropy as "
        "performance decodability leads on digits because similarity does not follow cross-entropy there (mean "
        "coefficient {digits:+.2f}; {shapes:+.2f} on shapes)."
    )
    return _finding("H1", _first, (AUTHORS, FORTY), ("averages", "example"), note, progress, weaker=FORTY)


def cka_and_procrustes_lead(*, progress: Progress | None = None) -> Finding:
    """H2: mean coefficient of CKA and Procrustes less that of the CCA family over both functions."""
    return _finding("H2", _second, (AUTHORS,), ("averages",), "", progress)


def the_lead_shrinks(*, progress: Progress | None = None) -> Finding:
    """H3: that lead for performance (rank deficit) less that for decodability."""
    return _finding("H3", _third, (AUTHORS,), (), "Performance is the rank deficit of the class.", progress)


def selective_and_strong_hurts_most(*, progress: Progress | None = None) -> Finding:
    """H4: rank deficit of the most selective and most active cell over the largest of the others."""
    return _finding("H4", _fourth, (FORTY,), ("cells",), "", progress)


def no_winner(*, progress: Progress | None = None) -> Finding:
    """H5: the larger distance between the coefficients of CKA and Procrustes, of the two functions."""
    return _finding("H5", _fifth, (AUTHORS,), (), "", progress)


def _first(averages: pd.DataFrame, contrasts: pd.DataFrame, cells: pd.DataFrame, data: str) -> Measured:
    rho = _means(averages)
    lead, other = (
        (rho["decodability"] - rho[name]).groupby("network", sort=False).min()
        for name in ("rank_deficit", "cross_entropy")
    )
    mean = rho.groupby("measure").mean()
    wins = [bool((mean["decodability"] > mean[name]).all()) for name in ("rank_deficit", "cross_entropy")]
    number = "smallest lead of decodability over rank deficit, of five measures"
    return Measured(data, number, tuple(lead.index), lead.to_numpy(), lead > 0, wins[0], other > 0, wins[1])


def _second(averages: pd.DataFrame, contrasts: pd.DataFrame, cells: pd.DataFrame, data: str) -> Measured:
    lead, gain = _contrast(contrasts, LEAD), _contrast(contrasts, GAIN)
    sides = np.stack([lead - gain / 2, lead + gain / 2])  # of decodability, of performance
    one = np.asarray((sides > 0).any(axis=0))
    number = "coefficient of CKA and Procrustes − of the CCA family"
    mean = bool(lead.mean() > 0)
    return Measured(
        data, number, tuple(lead.index), lead.to_numpy(), lead > 0, mean, one, bool((sides.mean(axis=1) > 0).any())
    )


def _third(averages: pd.DataFrame, contrasts: pd.DataFrame, cells: pd.DataFrame, data: str) -> Measured:
    gain = _contrast(contrasts, GAIN)
    shrinks, low = gain < 0, interval(gain.to_numpy())[1] < 0
    number = "lead of CKA and Procrustes for performance − for decodability"
    return Measured(data, number, tuple(gain.index), gain.to_numpy(), shrinks, low, shrinks, bool(gain.mean() < 0))


def _fourth(averages: pd.DataFrame, contrasts: pd.DataFrame, cells: pd.DataFrame, data: str) -> Measured:
    deficit = cells.groupby(["network", "cell"], sort=False)["rank_deficit"].mean().unstack()
    ratio = deficit[HIGH_HIGH] / deficit.drop(columns=HIGH_HIGH).max(axis=1)
    number = "rank deficit of the high-high cell / the next largest"
    return Measured(data, number, tuple(ratio.index), ratio.to_numpy(), ratio > 1, bool((ratio > 1).all()))


def _fifth(averages: pd.DataFrame, contrasts: pd.DataFrame, cells: pd.DataFrame, data: str) -> Measured:
    rho = _means(averages)[["decodability", "rank_deficit"]]
    apart = (rho.xs("cka_biased", level="measure") - rho.xs("procrustes", level="measure")).abs().max(axis=1)
    return measured(data, "distance of CKA and Procrustes", apart.to_dict(), holds=lambda one: one < 0.05)


def interval(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> tuple[float, float]:
    """95 % interval of the mean by Student's t; NaN for fewer than two."""
    from scipy.stats import t

    if len(values) < 2:
        return float("nan"), float("nan")
    half = float(t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values)))
    return float(values.mean()) - half, float(values.mean()) + half


def _finding(
    id: str,
    judge: Judged,
    beside: Sequence[str],
    keep: Sequence[str],
    note: str,
    progress: Progress | None,
    *,
    weaker: str = "",
) -> Finding:
    """Digits and shapes judged, other forms of the same beside them, in words and numbers.

    Where the form ``weaker`` meets the full rule, that is what the claim calls partly on digits.
    """
    from repsim_core.claims.hayne_study import PLANS, measured_grids

    grids = {name: measured_grids(name, progress) for name in (DIGITS, SHAPES, *beside)}
    judged = {name: judge(one.averages, one.contrasts, one.cells, name) for name, one in grids.items()}
    own, shapes = judged.pop(DIGITS), judged.pop(SHAPES)
    if weaker and judged[weaker].mean_holds and judged[weaker].holds.all():
        own = replace(own, partly=np.ones(own.n, bool), mean_partly=True)
    averages = pd.concat([one.averages.assign(plan=name) for name, one in grids.items()], ignore_index=True)
    means = averages.groupby(["plan", "function", "measure"])["mean_rho"].mean()
    judging = averages[averages["function"].isin(["decodability", "rank_deficit", "cross_entropy"])]
    undefined, every = int(judging["undefined"].sum()), int(judging[["undefined", "coefficients"]].sum().sum())
    words = "; ".join(f"{name} {one.mean:+.3f} ({one.held} of {one.n} hold)" for name, one in judged.items())
    notes = (
        note.format(**{name: float(means[name, "cross_entropy"].mean()) for name in (DIGITS, SHAPES)}),
        f"The same number in other forms: {words}.",
        f"{undefined} of {every} coefficients are undefined: nothing was lost in any cell." if undefined else "",
    )
    cells = grids[DIGITS].cells
    tables = {
        "averages": averages[["plan", "network", *AVERAGED]],
        "cells": cells.groupby(["network", "cell"], sort=False).mean(numeric_only=True).reset_index(),
        "example": example(cells),
    }
    plans = {name: PLANS[name] for name in grids}
    return found(
        id,
        [own, shapes],
        note=" ".join(one for one in notes if one),
        values={f"{plan} {function} {measure}": float(one) for (plan, function, measure), one in means.items()}
        | {name: one.mean for name, one in judged.items()},
        recipe={
            name: {"n": of.n, "probe": of.probe, "subsets": of.subsets, "κ": of.ridge} for name, of in plans.items()
        }
        | {"cells": 16, "layers": "conv1 to conv5", "coefficient": "Spearman, Fisher's z over layers, then classes"},
        tables={name: tables[name] for name in keep},
    )


def example(cells: pd.DataFrame) -> pd.DataFrame:
    """One grid whole: the first network, its middle layer, one class."""
    network = cells["network"].iloc[0]
    kept = (cells["network"] == network) & (cells["layer"] == "conv3") & (cells["class"] == "3")
    return cells[kept].reset_index(drop=True)


def _means(averages: pd.DataFrame) -> pd.DataFrame:
    """Mean coefficients, functions across; lines by network and measure."""
    return averages.pivot_table(index=["network", "measure"], columns="function", values="mean_rho", sort=False)


def _contrast(contrasts: pd.DataFrame, name: str) -> "pd.Series[float]":
    """One contrast with rank deficit as performance, by network."""
    own = contrasts[(contrasts["contrast"] == name) & (contrasts["performance"] == "rank_deficit")]
    return own.set_index("network")["mean"]


CLAIMS = (
    Claim(
        "H1",
        PAPER,
        "table of correlations",
        "Every measure follows decodability better than performance",
        "coefficient for decodability above that for rank deficit for all five measures, ten classes",
        decodability_followed_better,
        partly="only with forty classes, or only with the rise of cross-entropy as performance",
        printed="means 0.402 and 0.179 (AlexNet), 0.589 and 0.135 (MobileNetV2), 0.588 and 0.381 (ResNet-50)",
        sure=IN_THE_CODE,
        tolerance=1e-3,
    ),
    Claim(
        "H2",
        PAPER,
        "table of correlations",
        "CKA and Procrustes follow function better than the CCA family",
        "mean difference above 0 over both functions",
        cka_and_procrustes_lead,
        partly="above 0 for one",
        printed="0.325 and 0.268 (AlexNet), 0.419 and 0.323 (MobileNetV2), 0.613 and 0.399 (ResNet-50)",
        sure=IN_THE_CODE,
        tolerance=1e-3,
    ),
    Claim(
        "H3",
        PAPER,
        "interaction of function and measure",
        "That advantage shrinks for performance",
        "the lead is smaller for performance than for decodability, and the interval over networks leaves out 0",
        the_lead_shrinks,
        partly="in the mean",
        printed="+0.119 to −0.005 (AlexNet), +0.107 to +0.084 (MobileNetV2), +0.357 to +0.070 (ResNet-50)",
        sure=IN_THE_CODE,
        tolerance=1e-3,
    ),
    Claim(
        "H4",
        PAPER,
        "ablation grids",
        "Losing the most selective and most active units hurts a class most",
        "the high-high cell has the largest rank deficit of the class in every network",
        selective_and_strong_hurts_most,
        printed="56.6 places in AlexNet, cells beside it 7.9 to 15.1; 43.4 in MobileNetV2, beside it 20.8 to 27.6",
        sure=IN_THE_CODE,
        tolerance=1e-3,
    ),
    Claim(
        "H5",
        PAPER,
        "table of correlations",
        "Neither CKA nor Procrustes wins",
        "their coefficients differ by less than 0.05 for both functions",
        no_winner,
        printed="−0.024 to +0.037",
        sure=IN_THE_CODE,
        tolerance=1e-3,
    ),
)
