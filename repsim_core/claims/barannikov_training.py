"""RTD along a training, and between independent networks and snapshots of one (R4, R5)."""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from repsim_core.claims.finding import Finding, Measured
from repsim_core.claims.verdict import found
from repsim_core.compute.progress import Progress, no_progress
from repsim_core.similarity import score
from repsim_core.topology import rtd
from repsim_core.types import Dataset, Representation

Floats = NDArray[np.float64]
SEEDS = (10, 11, 12, 13, 14)
EPOCHS = (0, 1, 2, 3, 4, 6, 8, 9, 10, 12, 14, 16, 18, 20, 22, 25, 28, 31, 34, 37)
BATCH, FOLLOWS = 300, 0.8
SNAPSHOTS = (15, 30, 45)
PAIR: dict[str, Any] = {"trials": 1, "batch": BATCH, "seed": 0}


def pool_and_classes(model: Any, data: Dataset) -> tuple[Representation, NDArray[Any]]:
    """Average pool of a network, and the class that it names for every stimulus."""
    from repsim_core import activations

    found = activations.extract(model, data, ["pool", "head"])
    return found["pool"], np.asarray(found["head"].values.argmax(axis=1))


def compared(
    first: tuple[Representation, NDArray[Any]], second: tuple[Representation, NDArray[Any]]
) -> dict[str, float]:
    """RTD, linear CKA as published, and the share of stimuli whose predicted class differs."""
    return {
        "rtd": rtd(first[0], second[0], **PAIR).value,
        "cka": score(first[0], second[0], "cka_biased"),
        "disagreement": float(np.mean(first[1] != second[1])),
    }


def course_of(last: Any, checkpoints: dict[int, Any], data: Dataset) -> pd.DataFrame:
    """A line a checkpoint: epoch, rtd, cka and disagreement with the last one."""
    final = pool_and_classes(last, data)
    rows = [
        {"epoch": epoch} | compared(pool_and_classes(model, data), final)
        for epoch, model in sorted(checkpoints.items())
    ]
    return pd.DataFrame(rows)


def correlations(course: pd.DataFrame) -> tuple[float, float]:
    """Pearson correlation with disagreement of RTD, and of 1 − CKA."""
    both = np.corrcoef([course["disagreement"], course["rtd"], 1 - course["cka"]])[0]
    return float(both[1]), float(both[2])


def follows_disagreement(*, progress: Progress | None = None) -> Finding:
    """R4: twenty checkpoints of five trainings against the network they become."""
    from repsim_core import datasets
    from repsim_core.claims.fresh import trained

    progress, data, courses, found_here = progress or no_progress, datasets.load("digits", n=BATCH), [], {}
    for done, seed in enumerate(SEEDS):
        progress(done, len(SEEDS))
        last, checkpoints = trained("zoo/digits-cnn-s10", seed, epochs=EPOCHS)
        course = course_of(last, checkpoints, data)
        courses.append(course.assign(seed=seed))
        found_here[f"seed {seed}"] = correlations(course)
    progress(len(SEEDS), len(SEEDS))
    with_rtd, with_cka = np.array(list(found_here.values())).T
    low, high = paired_interval(with_rtd - with_cka)
    sample = Measured(
        "digits",
        "Pearson correlation of RTD with disagreement",
        tuple(found_here),
        with_rtd,
        holds=(with_rtd >= FOLLOWS) & (with_rtd > with_cka),
        mean_holds=bool(with_rtd.mean() >= FOLLOWS and low > 0),
        partly=with_rtd >= FOLLOWS,
        mean_partly=bool(with_rtd.mean() >= FOLLOWS),
    )
    table = pd.DataFrame({"seed": SEEDS, "RTD": with_rtd, "1 − CKA": with_cka})
    return found(
        "R4",
        [sample],
        values={
            "mean of RTD": float(with_rtd.mean()),
            "mean of 1 − CKA": float(with_cka.mean()),
            "difference, low": low,
            "difference, high": high,
        },
        tables={"courses": pd.concat(courses, ignore_index=True), "correlations": table},
        recipe={"recipe of": "zoo/digits-cnn-s10", "epochs": [*EPOCHS, 40], "layer": "pool", "n": BATCH, **PAIR},
        note=(
            "Predictions settle in the first epochs, and 1 − CKA with them, while RTD goes on falling to the end: "
            "both follow disagreement, CKA more closely."
        ),
    )


def paired_interval(differences: Floats) -> tuple[float, float]:
    """95 % interval of Student's t of a mean difference."""
    from scipy.stats import t

    half = t.ppf(0.975, len(differences) - 1) * differences.std(ddof=1) / np.sqrt(len(differences))
    return float(differences.mean() - half), float(differences.mean() + half)


def snapshots_of(seed: int) -> list[Any]:
    """Four snapshots of one run whose rate starts again: of the zoo for seed 10, else trained."""
    from repsim_core import models
    from repsim_core.claims.fresh import trained

    if seed == 10:
        return [models.load(f"zoo/digits-cnn-cyclic-{k}") for k in (1, 2, 3, 4)]
    last, kept = trained("zoo/digits-cnn-cyclic-4", seed, epochs=SNAPSHOTS)
    return [kept[epoch] for epoch in SNAPSHOTS] + [last]


def mean_of_pairs(pairs: Sequence[dict[str, float]]) -> dict[str, float]:
    """Mean of each number."""
    return {name: float(np.mean([one[name] for one in pairs])) for name in pairs[0]}


def independent_differ_more(*, progress: Progress | None = None) -> Finding:
    """R5: snapshots of one run with one another, and its last network with those of other seeds."""
    from repsim_core import datasets

    progress, data, runs = progress or no_progress, datasets.load("digits", n=BATCH), {}
    for done, seed in enumerate(SEEDS):
        progress(done, len(SEEDS))
        runs[seed] = [pool_and_classes(one, data) for one in snapshots_of(seed)]
    progress(len(SEEDS), len(SEEDS))
    rows = []
    for seed, run in runs.items():
        within = mean_of_pairs([compared(a, b) for a, b in combinations(run, 2)])
        between = mean_of_pairs([compared(run[-1], other[-1]) for one, other in runs.items() if one != seed])
        rows += [{"seed": seed, "pairs": "snapshots"} | within, {"seed": seed, "pairs": "independent"} | between]
    table = pd.DataFrame(rows)
    return found(
        "R5",
        [judged_pairs(table)],
        values={
            f"{name}, {pairs}": float(one)
            for (pairs, name), one in table.groupby("pairs")[["rtd", "cka", "disagreement"]].mean().stack().items()
        },
        tables={"pairs": table},
        recipe={"recipe of": "zoo/digits-cnn-cyclic-4", "snapshots": [*SNAPSHOTS, 60], "layer": "pool", **PAIR},
        note=(
            "RTD and CKA have the paper's order in every run. Networks this accurate disagree on so few of the "
            "pictures that the order of their disagreements is a matter of chance."
        ),
    )


def judged_pairs(table: pd.DataFrame) -> Measured:
    """Each run and the mean by all three orders; by RTD's alone for the weaker rule."""
    wide = table.pivot_table(index="seed", columns="pairs", values=["rtd", "cka", "disagreement"])
    apart = {name: (wide[name]["independent"] - wide[name]["snapshots"]).to_numpy() for name in wide.columns.levels[0]}
    order = (apart["rtd"] > 0) & (apart["cka"] < 0) & (apart["disagreement"] > 0)
    means = {name: one.mean() for name, one in apart.items()}
    return Measured(
        "digits",
        "RTD of independent networks minus that of snapshots",
        tuple(f"seed {one}" for one in wide.index),
        apart["rtd"],
        holds=order,
        mean_holds=bool(means["rtd"] > 0 > means["cka"] and means["disagreement"] > 0),
        partly=apart["rtd"] > 0,
        mean_partly=bool(means["rtd"] > 0),
    )
