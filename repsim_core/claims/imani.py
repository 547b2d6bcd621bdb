"""Imani, Hu and White 2022: alignment emerges, grows with depth, follows shuffled labels, and goes with transfer."""

from collections.abc import Callable
from itertools import product

import numpy as np
import pandas as pd

from repsim_core.claims.claim import Claim
from repsim_core.claims.finding import Finding, Measured
from repsim_core.claims.verdict import found, measured
from repsim_core.compute.progress import Progress, no_progress

PAPER, WHERE = "Imani, Hu and White 2022", "text"
SEEDS = (10, 11, 12, 13, 14)
DEPTHS = (1, 2, 3, 4, 6)
OPTIMISERS, ACTIVATIONS, WIDTHS = ("adam", "sgd"), ("relu", "tanh", "leaky_relu", "linear"), (16, 64, 256)
SHUFFLED_EPOCHS = 300
RECIPE = {
    "form": "published: a column of ones, rows of length 1, not centred",
    "number": "area of the alignment curve, in [0, 1]",
    "data": "digits below five or not, the training half, 898 stimuli",
    "training": "as the perceptrons of the zoo: Adam 1e-3 or SGD 0.05 with momentum 0.9, batch 64, 100 epochs",
    "seeds": "10 is the shipped network where there is one, 11 to 14 are trained",
}
# Networks whose last hidden layer is an average pool.
CNNS = {
    "digits": (
        *(f"zoo/digits-cnn-s{seed}" for seed in range(10, 20)),
        *(f"zoo/digits-tiny10-s{seed}" for seed in range(10, 14)),
        *(f"zoo/digits-{one}-s10" for one in ("resnet-small", "resnet-large", "plain-x1", "plain-x2", "plain-x4")),
    ),
    "shapes": (
        *(f"zoo/shapes-cnn-s{seed}" for seed in (10, 11, 12)),
        *(f"zoo/shapes-resnet-s{seed}" for seed in (10, 11)),
        *(f"zoo/shapes-vgg-s{seed}" for seed in (10, 11)),
    ),
}


def training_aligns(*, progress: Progress | None = None) -> Finding:
    """A1: share of 24 networks, optimisers × activations × widths, whose last hidden layer ends above its start."""
    from repsim_core.claims.imani_areas import LOW, all_aligned
    from repsim_core.claims.imani_training import Perceptron

    kinds = [
        Perceptron(optimiser=one, activation=activation, width=width)
        for one, activation, width in product(OPTIMISERS, ACTIVATIONS, WIDTHS)
    ]
    table = all_aligned([(kind, seed, LOW) for seed in SEEDS for kind in kinds], progress)
    last = table[table["place"] == table["depth"]]
    rises = last.assign(rises=last["trained"] > last["initial"])
    name = "share of 24 networks whose last hidden layer became more aligned"
    shares = _by_seed(rises, lambda own: float(own["rises"].mean()))
    sample = measured("digits", name, shares, holds=lambda one: one == 1, partly=lambda one: one >= 3 / 4)
    means = rises.groupby(["optimiser", "activation", "width"], sort=False)[["initial", "trained", "score"]].mean()
    return found(
        "A1",
        [sample],
        values={"initial": float(last["initial"].mean()), "trained": float(last["trained"].mean())},
        recipe=RECIPE,
        tables={"networks": means.reset_index(), "every": last.drop(columns=["layer", "place", "depth"])},
    )


def depth_aligns(*, progress: Progress | None = None) -> Finding:
    """A2: rank correlation of depth and the area of the last hidden layer, a number a seed."""
    table = _depths(progress)
    last = table[table["place"] == table["depth"]]
    rho = _by_seed(last, lambda own: _rank_correlation(own["depth"], own["trained"]))
    means = last.groupby("depth")["trained"].mean()
    return found(
        "A2",
        [measured("digits", "rank correlation of depth and last area", rho, holds=lambda one: one >= 0.8)],
        values={f"depth_{depth}": float(one) for depth, one in means.items()},
        recipe=RECIPE | {"depths": list(DEPTHS)},
        tables={"layers": table},
    )


def later_layers_align(*, progress: Progress | None = None) -> Finding:
    """A3: rank correlation of place and area from the input on, mean over the depths from 2 on, a number a seed."""
    table = _depths(progress)
    deep = table[table["depth"] >= 2]
    rho = _by_seed(
        deep,
        lambda own: float(
            np.mean([_rank_correlation(one["place"], one["trained"]) for _, one in own.groupby("depth")])
        ),
    )
    sample = measured(
        "digits",
        "rank correlation of place and area",
        rho,
        holds=lambda one: one >= 0.9,
        partly=lambda one: one >= 0.7,
    )
    most = deep[deep["depth"] == max(DEPTHS)].groupby("place")["trained"].mean()
    return found(
        "A3",
        [sample],
        values={f"place_{place}": float(one) for place, one in most.items()},
        recipe=RECIPE | {"depths": list(DEPTHS[1:])},
        tables={"layers": table},
    )


def shuffled_labels_align(*, progress: Progress | None = None) -> Finding:
    """A4: area of the last hidden layer over that of the input with labels that belong to no picture."""
    from repsim_core.claims.imani_areas import SHUFFLED, all_aligned
    from repsim_core.claims.imani_training import Perceptron

    table = all_aligned([(Perceptron(epochs=SHUFFLED_EPOCHS), seed, SHUFFLED) for seed in SEEDS], progress)
    ratio = _by_seed(table, lambda own: own["trained"].iloc[-1] / own["trained"].iloc[0])
    means = table.groupby("place")["trained"].mean()
    return found(
        "A4",
        [measured("digits", "area of the last hidden layer / of the input", ratio, holds=lambda one: one > 10)],
        values={f"place_{place}": float(one) for place, one in means.items()},
        recipe=RECIPE | {"labels": "those of digits_low in random order", "epochs": SHUFFLED_EPOCHS},
        tables={"layers": table},
    )


def deep_networks_are_aligned(*, progress: Progress | None = None) -> Finding:
    """A5: area of the average pool above that of the input and of the untrained network, whichever is larger."""
    progress, tables = progress or no_progress, []
    work = [(network, data) for data, networks in CNNS.items() for network in networks]
    for done, (network, data) in enumerate(work):
        progress(done, len(work))
        tables.append(pooled_areas(network, data))
    progress(len(work), len(work))
    return pools_judged(pd.concat(tables, ignore_index=True))


def pools_judged(table: pd.DataFrame) -> Finding:
    """A5 from the table of :func:`pooled_areas`, all networks."""
    above = table.assign(above=table["trained"] - table[["initial", "input"]].max(axis=1))
    published, samples = above[above["form"] == "published"], []
    centred = above[above["form"] == "centred"]
    for data, own in published.groupby("data", sort=False):
        name = "area of the pool − the larger of input and untrained"
        values = dict(zip(own["network"], own["above"].astype(float), strict=True))
        samples.append(measured(str(data), name, values, holds=lambda one: one > 0))
    means = table.groupby(["form", "data"], sort=False)[["input", "initial", "trained"]].mean()
    return found(
        "A5",
        samples,
        note=(
            "The published form does not centre: of one class against nine 64 % is a constant, and an untrained pool, "
            "nearly constant itself, holds that on a direction of full strength, whatever the labels. In the centred "
            f"form {int((centred['above'] > 0).sum())} of {len(centred)} networks are above both."
        ),
        values={
            f"{state}_{form}_{data}": float(one[state]) for (form, data), one in means.iterrows() for state in one.index
        },
        recipe={"forms": ["published", "centred"], "stimuli": "test", "targets": "one class against the rest, mean"},
        tables={"networks": table},
    )


def pooled_areas(network: str, dataset: str) -> pd.DataFrame:
    """Mean area over the classes of input and average pool, before and after training, on the test stimuli."""
    from repsim_core import datasets, models
    from repsim_core.alignment import FORMS
    from repsim_core.claims.imani_areas import layer_areas

    data = datasets.load(dataset)
    trained, initial = models.load(network), models.load(network, weights=None)
    rows = []
    for form in FORMS:
        states = [layer_areas(one, data, ["pool"], form) for one in (initial, trained)]
        rows.append(
            {"form": form, "input": states[1]["input"], "initial": states[0]["pool"], "trained": states[1]["pool"]}
        )
    return pd.DataFrame(rows).assign(network=network.removeprefix("zoo/"), data=dataset)


def alignment_goes_with_transfer(*, progress: Progress | None = None) -> Finding:
    """A6: how many of four conditions hold, error and area on the related and the unrelated rule, a share a seed."""
    from repsim_core.claims import imani_transfer

    progress, tables = progress or no_progress, []
    for done, seed in enumerate(SEEDS):
        progress(done, len(SEEDS))
        tables.append(imani_transfer.transfers(seed))
    progress(len(SEEDS), len(SEEDS))
    return transfer_judged(pd.concat(tables, ignore_index=True))


def transfer_judged(table: pd.DataFrame) -> Finding:
    """A6 from the table of :func:`repsim_core.claims.imani_transfer.transfers`, all seeds."""
    from repsim_core.claims import imani_transfer
    from repsim_core.experiments.recorded_alignment import claims as recorded_claims

    change = changes(table)
    better, mean = change > 0, change.mean() > 0
    errors = ["related error", "unrelated error"]
    sample = Measured(
        "six variables",
        "share of four conditions: error and area, related and unrelated",
        tuple(f"seed {seed}" for seed in change.index),
        better.mean(axis=1).to_numpy(),
        better.all(axis=1).to_numpy(),
        bool(mean.all()),
        better[errors].all(axis=1).to_numpy(),
        bool(mean[errors].all()),
    )
    means = table.groupby(["rule", "state"])[["error", "area"]].mean()
    zoo = {one.name: one for one in recorded_claims() if one.name.startswith(("related", "unrelated"))}
    counts = {
        f"zoo {name} {what}": float(getattr(one, what)) for name, one in zoo.items() for what in ("held", "tried")
    }
    return found(
        "A6",
        [sample],
        note=(
            "The form of the paper's tasks is known from memory, the encoding is ours. Networks of the zoo on tasks "
            "they were not trained on: "
            + "; ".join(f"{one.claim[0].lower()}{one.claim[1:]}, {one.held} of {one.tried}" for one in zoo.values())
            + "."
        ),
        values={
            f"{name} {rule} {state}": float(one) for (rule, state), row in means.iterrows() for name, one in row.items()
        }
        | counts,
        recipe={
            "rules": imani_transfer.RULES,
            "training": f"{imani_transfer.TRAINED_ON} points, 15 epochs, squared loss",
            "probe": "ridge on 100 labels, penalty by leaving one out, 1000 test points, five draws",
        },
        tables={"rules": table},
    )


def changes(table: pd.DataFrame) -> pd.DataFrame:
    """What training on the source did, a line a seed: positive is what the claim expects of each column."""
    wide = table.pivot(index="seed", columns=["rule", "state"], values=["error", "area"])
    found = {}
    for rule, sign in (("related", 1), ("unrelated", -1)):
        found[f"{rule} error"] = sign * (wide["error", rule, "initial"] - wide["error", rule, "trained"])
        found[f"{rule} area"] = sign * (wide["area", rule, "trained"] - wide["area", rule, "initial"])
    return pd.DataFrame(found)


def _depths(progress: Progress | None) -> pd.DataFrame:
    from repsim_core.claims.imani_areas import by_depth

    progress = progress or no_progress
    progress(0, 1)
    found = by_depth(DEPTHS)
    progress(1, 1)
    return found


def _by_seed(table: pd.DataFrame, number: Callable[[pd.DataFrame], float]) -> dict[str, float]:
    return {f"seed {seed}": float(number(own)) for seed, own in table.groupby("seed")}


def _rank_correlation(one: "pd.Series[float]", other: "pd.Series[float]") -> float:
    from scipy.stats import spearmanr

    return float(spearmanr(one, other).statistic)


CLAIMS = (
    Claim(
        "A1",
        PAPER,
        WHERE,
        "Alignment with the labels emerges in training, for all architectures and optimisers",
        "the last hidden layer ends more aligned than it began in all 24 networks: 2 optimisers × 4 activations × "
        "widths 16, 64, 256",
        training_aligns,
        partly="in 3/4 of them",
        tolerance=1e-3,
    ),
    Claim(
        "A2",
        PAPER,
        WHERE,
        "Deeper networks align more",
        "rank correlation of depth (1, 2, 3, 4, 6) and area of the last hidden layer at least 0.8",
        depth_aligns,
        tolerance=1e-3,
    ),
    Claim(
        "A3",
        PAPER,
        WHERE,
        "Layers nearer the output are more aligned",
        "rank correlation of layer and area at least 0.9",
        later_layers_align,
        partly="at least 0.7",
        tolerance=1e-3,
    ),
    Claim(
        "A4",
        PAPER,
        WHERE,
        "A network trained on shuffled labels aligns with them",
        "after 300 epochs the last hidden layer is more than 10 times as aligned as the input",
        shuffled_labels_align,
        tolerance=1e-3,
    ),
    Claim(
        "A5",
        PAPER,
        WHERE,
        "Good deep convolutional networks are highly aligned",
        "the average pool is more aligned than in the untrained network, and than the input (one class against the "
        "rest, mean)",
        deep_networks_are_aligned,
        tolerance=1e-4,
    ),
    Claim(
        "A6",
        PAPER,
        WHERE,
        "Alignment goes with positive and negative transfer",
        "related rule: error and area both better than at initialisation; unrelated rule: both worse",
        alignment_goes_with_transfer,
        partly="the errors alone",
        tolerance=1e-3,
    ),
)
