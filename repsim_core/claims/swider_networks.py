"""Świder 2024 on whole networks: families, seeds, depth and fine-tuning."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from repsim_core.claims.finding import Finding, Measured
from repsim_core.claims.swider_method import DEGREE, KIND, METHOD, N
from repsim_core.claims.verdict import found, measured
from repsim_core.compute.progress import Progress, no_progress

SEEDS = (10, 11, 12, 13, 14)
_TWO = (10, 11)
# Group → networks; said before anything was computed.
FAMILIES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "digits": {
        "resnet": ("digits-resnet-small-s10", "digits-resnet-small-s11", "digits-resnet-large-s10"),
        "vgg": ("digits-vgg-small-s10", "digits-vgg-small-s11", "digits-vgg-large-s10"),
        "vit": ("digits-vit-small-s10", "digits-vit-large-s10"),
    },
    "shapes": {
        "cnn": tuple(f"shapes-cnn-s{seed}" for seed in (10, 11, 12)),
        "resnet": tuple(f"shapes-resnet-s{seed}" for seed in _TWO),
        "vgg": tuple(f"shapes-vgg-s{seed}" for seed in _TWO),
    },
}
ARCHITECTURES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "digits": {
        "cnn": tuple(f"digits-cnn-s{seed}" for seed in SEEDS),
        "tiny10": tuple(f"digits-tiny10-s{seed}" for seed in SEEDS[:4]),
        **{
            one: tuple(f"digits-{one}-s{seed}" for seed in _TWO)
            for one in ("resnet-small", "vgg-small", "mobilenet-small", "plain-x1")
        },
    },
    "shapes": FAMILIES["shapes"],
}
# Networks that differ in depth, shallow first. Two widths of a family are not compared.
SERIES: Mapping[str, tuple[str, ...]] = {
    **{f"plain s{seed}": tuple(f"digits-plain-x{m}-s{seed}" for m in (1, 2, 4, 8)) for seed in _TWO},
    "skip s10": tuple(f"digits-skip-x{m}-s10" for m in (1, 2, 4, 8)),
    **{f"T6, T10 s{seed}": (f"digits-cnn-s{seed}", f"digits-tiny10-s{seed}") for seed in SEEDS[:4]},
}
SOURCE, TUNED = "zoo/digits04-cnn-s10", "zoo/digits-cnn-s10-finetuned"


def matched_distances(groups: Mapping[str, Sequence[str]], dataset: str) -> pd.DataFrame:
    """Mean distance of the layers of every two networks at matched relative depth, square."""
    from repsim_core.claims.swider_clouds import network_diagrams
    from repsim_core.topology import model_distances

    names = [one for own in groups.values() for one in own]
    diagrams = [network_diagrams(f"zoo/{one}", dataset) for one in names]
    return pd.DataFrame(model_distances(diagrams, DEGREE, kind=KIND).values, names, names)


def families_differ(*, progress: Progress | None = None) -> Finding:
    """S3: mean distance to networks of other families over that to the own family, a number a network."""
    samples, tables = [], {}
    values: dict[str, float] = {}
    for (data, groups), far in _each(FAMILIES, progress):
        own, other = _near_and_far(far, groups)
        ratio = {one: float(np.mean(other[one]) / np.mean(own[one])) for one in own}
        name = "distance to other families / within the family"
        samples.append(measured(data, name, ratio, holds=lambda one: one > 1))
        tables[data] = _long(far)
        values |= {f"within_{data}": _mean(own), f"across_{data}": _mean(other)}
    return found("S3", samples, note=_S3, values=values, recipe=METHOD | {"n": N}, tables=tables)


_S3 = "Families have two or three networks each here, of two sizes on digits; a family's own distances mix both."


def similar_architectures_are_near(*, progress: Progress | None = None) -> Finding:
    """S4: how often another seed is nearer than another architecture, a share a network."""
    samples, tables = [], {}
    values: dict[str, float] = {}
    for (data, groups), far in _each(ARCHITECTURES, progress):
        own, other = _near_and_far(far, groups)
        share = {one: float(np.mean(np.less.outer(own[one], other[one]))) for one in own}
        nearer = [bool(np.mean(own[one]) < np.mean(other[one])) for one in own]
        shares = np.array(list(share.values()))
        name = "share of pairs in which another seed is nearer than another architecture"
        holds, mean = shares >= 0.8, bool(shares.mean() >= 0.8)
        samples.append(
            Measured(data, name, tuple(share), shares, holds, mean, np.array(nearer), _mean(own) < _mean(other))
        )
        tables[data] = _long(far)
        values |= {f"seeds_{data}": _mean(own), f"architectures_{data}": _mean(other)}
    return found("S4", samples, values=values, recipe=METHOD | {"n": N}, tables=tables)


def steps_of(network: str) -> tuple[int, float, float]:
    """Hidden layers, mean distance of consecutive ones, and the sum of those."""
    from repsim_core.claims.swider_clouds import network_diagrams
    from repsim_core.topology import smoothness

    diagrams = network_diagrams(f"zoo/{network}", "digits")
    steps = smoothness(diagrams, DEGREE, kind=KIND)
    return len(diagrams.layers), steps.mean_step, steps.path_length


def deeper_moves_in_smaller_steps(*, progress: Progress | None = None) -> Finding:
    """S5: rank correlation of depth and mean step over networks that differ in depth, a number a series."""
    from scipy.stats import spearmanr

    progress, rows, rho = progress or no_progress, [], {}
    for done, (series, networks) in enumerate(SERIES.items()):
        progress(done, len(SERIES))
        own = [steps_of(one) for one in networks]
        rows += [(series, one, *numbers) for one, numbers in zip(networks, own, strict=True)]
        rho[series] = float(spearmanr([one[0] for one in own], [one[1] for one in own]).statistic)
    progress(len(SERIES), len(SERIES))
    table = pd.DataFrame(rows, columns=["series", "network", "layers", "mean_step", "path_length"])
    ends = table.groupby("series", sort=False)
    return found(
        "S5",
        [measured("digits", "rank correlation of depth and mean step", rho, holds=lambda one: one < 0)],
        note=(
            "Seven series of networks that differ in depth: plain at two seeds, with skips at one, T6 and T10 at four "
            "(two networks, so ±1). The sum of the steps grows with depth by itself. The shapes have no such series."
        ),
        values={
            "step_shallow": float(ends["mean_step"].first().mean()),
            "step_deep": float(ends["mean_step"].last().mean()),
            "path_shallow": float(ends["path_length"].first().mean()),
            "path_deep": float(ends["path_length"].last().mean()),
        },
        recipe=METHOD | {"n": N},
        tables={"networks": table},
    )


def tuned_steps(seed: int) -> pd.DataFrame:
    """Distance of each layer of T6 trained on digits 0 to 4 from itself fine-tuned on all ten; on all ten digits."""
    from repsim_core import models
    from repsim_core.claims.fresh import trained
    from repsim_core.claims.swider_clouds import apart, network_diagrams

    source = models.load(SOURCE) if seed == SEEDS[0] else trained(SOURCE, seed)[0]
    tuned = models.load(TUNED) if seed == SEEDS[0] else trained(TUNED, seed, start=source)[0]
    before, after = (network_diagrams(one, "digits") for one in (source, tuned))
    rows = [
        {"layer": layer, "distance": apart(before.of(layer, DEGREE)[0], after.of(layer, DEGREE)[0])}
        for layer in before.layers
    ]
    return pd.DataFrame(rows).assign(place=range(1, len(rows) + 1), seed=seed)


def fine_tuning_shows_late(*, progress: Progress | None = None) -> Finding:
    """S6: movement of the first third of the layers over that of the others, a number a seed."""
    progress, tables = progress or no_progress, []
    for done, seed in enumerate(SEEDS):
        progress(done, len(SEEDS))
        tables.append(tuned_steps(seed))
    progress(len(SEEDS), len(SEEDS))
    thirds = {f"seed {int(one['seed'].iloc[0])}": _early_and_late(one) for one in tables}
    early, late = (float(np.mean([one[k] for one in thirds.values()])) for k in (0, 1))
    return found(
        "S6",
        [
            measured(
                "digits",
                "movement of the first third / of the other layers",
                {name: first / rest for name, (first, rest) in thirds.items()},
                holds=lambda one: one < 1,
            )
        ],
        note="One network and its fine-tuned form ship; the other four pairs are trained for this. None on shapes.",
        values={"early": early, "late": late},
        recipe=METHOD | {"n": N, "source": SOURCE, "fine-tuned": TUNED, "seeds": list(SEEDS)},
        tables={"layers": pd.concat(tables, ignore_index=True)},
    )


def _early_and_late(table: pd.DataFrame) -> tuple[float, float]:
    """Mean distance in the first third of the layers, and in the rest."""
    distances, third = table["distance"].to_numpy(), len(table) // 3
    return float(distances[:third].mean()), float(distances[third:].mean())


def _each(
    studies: Mapping[str, Mapping[str, Sequence[str]]], progress: Progress | None
) -> list[tuple[tuple[str, Mapping[str, Sequence[str]]], pd.DataFrame]]:
    progress, every = progress or no_progress, []
    for done, (data, groups) in enumerate(studies.items()):
        progress(done, len(studies))
        every.append(((data, groups), matched_distances(groups, data)))
    progress(len(studies), len(studies))
    return every


def _near_and_far(
    far: pd.DataFrame, groups: Mapping[str, Sequence[str]]
) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Distances of each network from the others of its group, and from those of other groups."""
    own, other = {}, {}
    for members in groups.values():
        for one in members:
            own[one] = [float(far.loc[one, two]) for two in members if two != one]
            other[one] = [float(far.loc[one, two]) for two in far.columns if two not in members]
    return own, other


def _mean(distances: Mapping[str, Sequence[float]]) -> float:
    return float(np.mean(np.concatenate([np.asarray(one) for one in distances.values()])))


def _long(far: pd.DataFrame) -> pd.DataFrame:
    """A line a pair."""
    rows = [
        {"first": one, "second": two, "distance": float(far.loc[one, two])}
        for k, one in enumerate(far.index)
        for two in far.columns[k + 1 :]
    ]
    return pd.DataFrame(rows)
