"""Świder 2024 on single layers: outliers, numbers of points, training against test stimuli; and the table of claims."""

import pandas as pd

from repsim_core.claims.claim import Claim
from repsim_core.claims.finding import Finding, Measured
from repsim_core.claims.swider_method import METHOD, PAPER, WHERE, N
from repsim_core.claims.swider_networks import (
    deeper_moves_in_smaller_steps,
    families_differ,
    fine_tuning_shows_late,
    similar_architectures_are_near,
)
from repsim_core.claims.verdict import found, measured
from repsim_core.compute.progress import Progress, no_progress


def outliers_change_little(*, progress: Progress | None = None) -> Finding:
    """S1: the mean effect of removing outliers over the distance of two layers, a number a network."""
    from repsim_core.claims.swider_effects import DRAWS, NEIGHBOURS, SHARE

    table, _ = _effects(progress)
    means = _means(table, "lof", "random")
    samples = [
        measured(
            str(data),
            "effect of removing outliers / distance of two layers",
            own["lof"].to_dict(),
            holds=lambda one: one < 1 / 5,
            partly=lambda one: one < 1 / 2,
        )
        for data, own in _by_data(means)
    ]
    return found(
        "S1",
        samples,
        note="Fewer points alone move a diagram: read the effect beside that of removing as many points at random.",
        values=_averages(means),
        recipe=METHOD | {"n": N, "share": SHARE, "neighbours": NEIGHBOURS, "draws of stimuli": DRAWS},
        tables={"layers": table[["data", "network", "layer", "lof", "random", "between"]]},
    )


def equal_numbers_matter(*, progress: Progress | None = None) -> Finding:
    """S2: 100 against 300 points of one layer over the distance of two layers, a number a network."""
    from repsim_core.claims.swider_effects import DRAWS, FEW, SIZES

    table, sizes = _effects(progress)
    means = _means(table, "unequal", "equal")
    samples = []
    for data, own in _by_data(means):
        far, settled, average = own["unequal"] > 1, own["equal"] < 1 / 10, own.mean()
        samples.append(
            Measured(
                str(data),
                "100 against 300 points of one layer / distance of two layers",
                tuple(own.index),
                own["unequal"].to_numpy(),
                (far & settled).to_numpy(),
                bool(average["unequal"] > 1 and average["equal"] < 1 / 10),
                far.to_numpy(),
                bool(average["unequal"] > 1),
            )
        )
    values = _averages(means)
    return found(
        "S2",
        samples,
        note=(
            "Means over five draws of stimuli, since one draw moves these numbers by a third. 300 stimuli and 300 "
            f"others of one layer are at {values['equal_digits']:.3f} of the distance of two layers on digits and at "
            f"{values['equal_shapes']:.3f} on shapes."
        ),
        values=values,
        recipe=METHOD | {"n": [FEW, N], "sizes": list(SIZES), "stimuli": "disjoint", "draws of stimuli": DRAWS},
        tables={"layers": table[["data", "network", "layer", "unequal", "equal", "between"]], "sizes": sizes},
    )


def training_and_test_agree(*, progress: Progress | None = None) -> Finding:
    """S7: share of layers in which training and test stimuli are nearer than half the distance of two layers."""
    table, _ = _effects(progress)
    near = table.assign(near=table["train_test"] < table["between"] / 2)
    samples = [
        measured(
            str(data),
            "share of layers where training and test stimuli are near",
            own.groupby("network", sort=False)["near"].mean().to_dict(),
            holds=lambda one: one >= 0.8,
        )
        for data, own in near.groupby("data", sort=False)
    ]
    return found(
        "S7",
        samples,
        values=_averages(_means(table, "train_test", "equal")),
        recipe=METHOD | {"n": N},
        tables={"layers": table[["data", "network", "layer", "train_test", "equal", "between"]]},
    )


def _effects(progress: Progress | None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The tables of all networks."""
    from repsim_core.claims.swider_effects import NETWORKS, layer_effects

    progress, every = progress or no_progress, []
    work = [(network, data) for data, networks in NETWORKS.items() for network in networks]
    progress(0, len(work))
    for done, (network, data) in enumerate(work, start=1):
        every.append(layer_effects(network, data))
        progress(done, len(work))
    layers, sizes = ([getattr(one, name) for one in every] for name in ("layers", "sizes"))
    return pd.concat(layers, ignore_index=True), pd.concat(sizes, ignore_index=True)


def _means(table: pd.DataFrame, *names: str) -> pd.DataFrame:
    """Effects over the distance of two layers, mean over the layers of each network."""
    over = table.assign(**{name: table[name] / table["between"] for name in names})
    return over.groupby(["data", "network"], sort=False)[list(names)].mean()


def _by_data(means: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    return [(str(data), own.droplevel("data")) for data, own in means.groupby("data", sort=False)]


def _averages(means: pd.DataFrame) -> dict[str, float]:
    return {f"{name}_{data}": float(own[name].mean()) for data, own in _by_data(means) for name in own}


CLAIMS = (
    Claim(
        "S1",
        PAPER,
        WHERE,
        "Removing outliers changes the topology of a layer little",
        "removing 5 % by local outlier factor moves a diagram by less than 1/5 of the distance of two layers",
        outliers_change_little,
        partly="by less than 1/2",
        tolerance=1e-4,
    ),
    Claim(
        "S2",
        PAPER,
        WHERE,
        "Diagrams compare at equal numbers of points only, and are stable from a few hundred points on",
        "100 against 300 points of one layer are further apart than two layers, and 300 against 300 others nearer than "
        "1/10 of that",
        equal_numbers_matter,
        partly="the first alone",
        tolerance=1e-4,
    ),
    Claim(
        "S3",
        PAPER,
        WHERE,
        "ResNet, VGG and ViT differ in topology, with similarities",
        "layers at matched relative depth are further apart across families than within",
        families_differ,
        tolerance=1e-4,
    ),
    Claim(
        "S4",
        PAPER,
        WHERE,
        "Networks of similar architecture have similar topology",
        "another seed is nearer than another architecture in 80 % of pairs",
        similar_architectures_are_near,
        partly="in the mean",
        tolerance=1e-4,
    ),
    Claim(
        "S5",
        PAPER,
        WHERE,
        "With more layers topology changes more smoothly from layer to layer",
        "the mean distance of consecutive layers falls with depth (rank correlation below 0)",
        deeper_moves_in_smaller_steps,
        tolerance=1e-4,
    ),
    Claim(
        "S6",
        PAPER,
        WHERE,
        "A fine-tuned network is like its source at first and differs in the middle and at the end",
        "the first third of the layers moves less than the last two thirds",
        fine_tuning_shows_late,
        tolerance=1e-3,
    ),
    Claim(
        "S7",
        PAPER,
        WHERE,
        "Training and test data have the same topology",
        "training and test stimuli are nearer than half the distance of two layers in 80 % of the layers",
        training_and_test_agree,
        tolerance=1e-4,
    ),
)
