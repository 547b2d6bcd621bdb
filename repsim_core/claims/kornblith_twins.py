"""Do layers find their twins in a network of another seed, and which index finds them? (K1, K2; table 2)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from math import comb
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from repsim_core.claims.finding import Finding, Measured
from repsim_core.claims.kornblith_indices import CKA, INDICES, index_scores, matches
from repsim_core.claims.kornblith_nets import STUDIES, jackknife_error, of_networks, responses, seed_networks
from repsim_core.claims.verdict import found, measured
from repsim_core.compute.progress import Progress, no_progress
from repsim_core.types import LayerActivations

Floats = NDArray[np.float64]
MOST, TIMES_CHANCE, SURELY = 0.95, 3, 2
FEW = 300  # pictures for the table of all indices: most of them cost n³
Z = 1.959963985  # two-sided p = 0.05


def pair_matches(networks: Sequence[LayerActivations], index: str, step: Any = None) -> Floats:
    """Matches ``(networks, networks, layers, layers)`` of every ordered pair; NaN for a network with itself."""
    count, layers = len(networks), len(networks[0])
    found = np.full((count, count, layers, layers), np.nan)
    for i, j in combinations(range(count), 2):
        scores = index_scores(networks[i], networks[j], INDICES[index])
        found[i, j], found[j, i] = matches(scores), matches(scores.T)
        if step:
            step()
    return found


def shares_found(found: Floats) -> tuple[Floats, Floats, Floats]:
    """Per ordered pair: share of layers whose match is the twin, is the twin or beside it, and is undefined."""
    twin = np.eye(found.shape[-1], dtype=bool)
    near = twin | np.eye(len(twin), k=1, dtype=bool) | np.eye(len(twin), k=-1, dtype=bool)
    total = found.shape[-1]
    exact, beside = (np.where(mask, found, 0).sum(axis=(-2, -1)) / total for mask in (twin, near))
    missing = 1 - found.sum(axis=(-2, -1)) / total
    alone = np.isnan(found).any(axis=(-2, -1))
    return tuple(np.where(alone, np.nan, one) for one in (exact, beside, missing))  # type: ignore[return-value]


def twins_of_linear_cka(*, progress: Progress | None = None) -> Finding:
    """K1: share of layers that find their twin by linear CKA, a number a network (mean over its pairs)."""
    progress, samples, tables = progress or no_progress, [], {}
    values: dict[str, float] = {}
    arrays: dict[str, Floats] = {}
    done, total = 0, sum(len(one[2]) + len(one[3]) for one in STUDIES.values())
    for study in STUDIES:
        networks = study_responses(study)
        found_here = pair_matches(list(networks.values()), CKA)
        exact, beside, _ = shares_found(found_here)
        chance, error = 1 / found_here.shape[-1], jackknife_error(exact)
        lower = float(np.nanmean(exact)) - Z * error
        samples.append(_judged_share(study, of_networks(exact, list(networks)), chance, lower))
        key = study.replace(", ", "_")
        values |= {f"{key} mean": float(np.nanmean(exact)), f"{key} within one": float(np.nanmean(beside))}
        values |= {f"{key} jackknife error": error, f"{key} chance": chance}
        arrays[key] = np.nanmean(found_here, axis=(0, 1))
        arrays[f"{key} pairs"] = exact
        tables[study] = pd.DataFrame({"layer": next(iter(networks.values())).layers, "found": arrays[key].diagonal()})
        done += len(networks)
        progress(done, total)
    note = (
        "In networks this small neighbouring layers of one resolution are nearly equal: where the best match is not "
        "the twin, it is nearly always the layer beside it."
    )
    recipe = {"index": "cka_biased", "features": "flattened", "stimuli": "all test pictures", "pairs": "ordered"}
    return found("K1", samples, values=values, note=note, tables=tables, arrays=arrays, recipe=recipe)


def study_responses(study: str, *, n: int | None = None, pooling: str = "flatten") -> dict[str, LayerActivations]:
    """Responses of every network of a study to the test pictures, all of them or n in equal shares of the classes."""
    from repsim_core import datasets

    data = datasets.load(STUDIES[study][0], n=n)
    return {label: responses(net, data, pooling=pooling) for label, net in seed_networks(study).items()}


def _judged_share(study: str, shares: Mapping[str, float], chance: float, lower: float) -> Measured:
    one = measured(
        study,
        "share of twins found by linear CKA",
        shares,
        holds=lambda share: share >= MOST,
        partly=lambda share: share >= TIMES_CHANCE * chance,
    )
    surely = one.mean_partly and lower > SURELY * chance
    return replace(one, mean_partly=surely)


def indices_in_order(*, progress: Progress | None = None) -> Finding:
    """K2: share of twins found by every index; how far linear CKA is above the best of the other groups, a network."""
    progress, samples, rows = progress or no_progress, [], []
    values: dict[str, float] = {}
    plans = [(study, pooling) for study in STUDIES for pooling in ("flatten", "mean")]
    counts = {study: len(shipped) + len(further) for study, (_, _, shipped, further) in STUDIES.items()}
    done, total = 0, sum(comb(counts[study], 2) * len(INDICES) for study, _ in plans)

    def step() -> None:
        nonlocal done
        done += 1
        progress(done, total)

    for study, pooling in plans:
        networks = study_responses(study, n=FEW, pooling=pooling)
        shares = {}
        for index in INDICES:
            shares[index], beside, missing = shares_found(pair_matches(list(networks.values()), index, step))
            rows.append(
                {
                    "data": study,
                    "features": {"flatten": "flattened", "mean": "mean over positions"}[pooling],
                    "index": index,
                    "found": float(np.nanmean(shares[index])),
                    "standard error": jackknife_error(shares[index]),
                    "within one": float(np.nanmean(beside)),
                    "undefined": float(np.nanmean(missing)),
                    "printed": INDICES[index].printed / 100,
                }
            )
        if pooling == "flatten":
            samples.append(judged_order(study, shares, list(networks)))
            values |= {f"{study.replace(', ', '_')} {index}": float(np.nanmean(shares[index])) for index in INDICES}
    note = (
        "On Tiny-10 and on shapes the groups stand in the printed order; on the six layers of the digits networks "
        "regression and HSIC change places by less than their errors. Flattened convolutions have more units than "
        "there are pictures: the CCA family is undefined on most of them (theorem 1), which counts as misses."
    )
    recipe = {"n": FEW, "indices": {name: {"measure": one.measure, **one.options} for name, one in INDICES.items()}}
    return found("K2", samples, values=values, note=note, recipe=recipe, tables={"indices": pd.DataFrame(rows)})


def judged_order(study: str, shares: Mapping[str, Floats], labels: Sequence[str]) -> Measured:
    """Linear CKA minus the best index of the other groups, and whether the groups stand in the printed order."""
    others = [name for name, one in INDICES.items() if one.group in ("CCA", "regression", "HSIC")]
    family = [name for name in others if INDICES[name].group == "CCA"]
    nets = {name: np.array(list(of_networks(shares[name], labels).values())) for name in [CKA, *others]}
    ahead = nets[CKA] - np.max([nets[name] for name in others], axis=0)
    above_family = nets[CKA] > np.max([nets[name] for name in family], axis=0)
    mean = {name: float(np.nanmean(shares[name])) for name in [CKA, *others]}
    best = max(mean[name] for name in family)
    in_order = mean[CKA] > mean["linear regression"] > mean["HSIC, linear"] > best
    return Measured(
        study,
        "share found by linear CKA minus that of the best of CCA, regression and HSIC",
        tuple(labels),
        ahead,
        holds=ahead > 0,
        mean_holds=in_order and all(is_above(shares[CKA], shares[name]) for name in others),
        partly=above_family,
        mean_partly=all(is_above(shares[CKA], shares[name]) for name in family),
    )


def is_above(first: Floats, second: Floats) -> bool:
    """Whether the mean difference of two shares per pair is above 0 by the jackknife over networks, p < 0.05."""
    difference = first - second
    return bool(np.nanmean(difference) > Z * jackknife_error(difference))
