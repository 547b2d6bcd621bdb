"""Too deep: a block of layers that equal the last, linear probes along it, and networks with skips (K3, K4)."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from repsim_core.claims.finding import Finding, Measured
from repsim_core.claims.kornblith_nets import responses
from repsim_core.claims.verdict import TRAINED, found
from repsim_core.compute.progress import Progress, no_progress
from repsim_core.types import LayerActivations

Floats = NDArray[np.float64]
REPEATS, SEEDS = (1, 2, 4, 8), (10, 11)
ALIKE, HALF = 0.9, 0.5
RECIPE = {
    "measure": "cka_biased",
    "alike": ALIKE,
    "features": "flattened",
    "stimuli": "all test pictures",
    "probe": "logistic regression, ridge penalty 1, features centred, mean squared length 100; fit on the train half",
}


def layer_map(layers: LayerActivations) -> Floats:
    """Linear CKA of every layer of a network with every other."""
    from repsim_core.similarity import compare_layers

    return np.asarray(compare_layers(layers, layers, "cka_biased").values)


def share_like_the_last(cka: Floats) -> float:
    """Share of layers, the last included, whose CKA with the last is above 0.9.

    Examples
    --------
    >>> share_like_the_last(np.array([[1, 0.5, 0.2], [0.5, 1, 0.95], [0.2, 0.95, 1]]))
    0.6666666666666666
    """
    return float((cka[:, -1] > ALIKE).mean())


def largest_block(cka: Floats) -> float:
    """Share of layers in the longest run of neighbours that are all above 0.9 with one another.

    Examples
    --------
    >>> largest_block(np.array([[1, 0.5, 0.2], [0.5, 1, 0.95], [0.2, 0.95, 1]]))
    0.6666666666666666
    """
    count, longest = len(cka), 1
    for start in range(count):
        while start + longest < count and (cka[start : start + longest + 1, start : start + longest + 1] > ALIKE).all():
            longest += 1
    return longest / count


def probe_accuracy(train: NDArray[Any], classes: NDArray[Any], test: NDArray[Any], truth: NDArray[Any]) -> float:
    """Share of test rows that an l2-regularised logistic regression on the training rows names rightly."""
    from sklearn.linear_model import LogisticRegression

    from repsim_core.ablation.probes import quiet_fits, unit_scale

    centre = train.mean(axis=0, dtype=np.float64)
    centred = train - centre
    scale = unit_scale(float(np.square(centred).sum()), len(train))
    with quiet_fits():
        probe = LogisticRegression(max_iter=1000).fit(centred * scale, classes)
    return float(np.mean(probe.predict((test - centre) * scale) == truth))


def probes_along(model: Any) -> tuple[LayerActivations, Floats]:
    """Responses to the test pictures, and the accuracy of a probe on every layer."""
    from repsim_core import datasets

    train, test = (datasets.load("digits", split=split) for split in ("train", "test"))
    fitted, shown = responses(model, train), responses(model, test)
    assert train.labels is not None  # digits have labels
    assert test.labels is not None
    scores = [probe_accuracy(fitted[one].values, train.labels, shown[one].values, test.labels) for one in shown]
    return shown, np.array(scores)


def best_depth(probes: Floats) -> float:
    """Relative depth, 0 for the first layer and 1 for the last, of the best probe; of several the first."""
    return float(np.argmax(probes) / (len(probes) - 1))


def block_of_equal_layers(*, progress: Progress | None = None) -> Finding:
    """K3: share of layers like the last in plain networks of four depths, with accuracy and probes."""
    from repsim_core import models

    progress, rows, courses, arrays = progress or no_progress, [], [], {}
    for done, (repeats, seed) in enumerate((r, s) for r in REPEATS for s in SEEDS):
        progress(done, len(REPEATS) * len(SEEDS))
        net = models.load(f"zoo/digits-plain-x{repeats}-s{seed}")
        shown, probes = probes_along(net)
        cka = layer_map(shown)
        assert net.card is not None  # of the zoo
        rows.append(
            {
                "repeats": repeats,
                "seed": seed,
                "layers": len(cka),
                "share": share_like_the_last(cka),
                "largest block": largest_block(cka),
                "accuracy": float(net.card.test_score or 0),
                "best probe": float(probes.max()),
                "depth of best probe": best_depth(probes),
                "last probe": float(probes[-1]),
            }
        )
        courses += [
            {
                "repeats": repeats,
                "seed": seed,
                "layer": name,
                "depth": place / (len(cka) - 1),
                "probe": probe,
                "cka": one,
            }
            for place, (name, probe, one) in enumerate(zip(shown, probes, cka[:, -1], strict=True))
        ]
        if seed == SEEDS[0]:
            arrays[f"x{repeats}"] = cka.astype(np.float32)
    progress(len(REPEATS) * len(SEEDS), len(REPEATS) * len(SEEDS))
    table = pd.DataFrame(rows)
    return found(
        "K3",
        [judged_block(table)],
        values={f"share x{r}": float(table[table["repeats"] == r]["share"].mean()) for r in REPEATS}
        | {f"accuracy x{r}": float(table[table["repeats"] == r]["accuracy"].mean()) for r in REPEATS},
        tables={"depth": table, "courses": pd.DataFrame(courses)},
        arrays=arrays,
        recipe=RECIPE | {"networks": "zoo/digits-plain-x1, x2, x4, x8", "seeds": list(SEEDS)},
        note=(
            "With warm-up and clipped gradients the deepest network trains, and its probes are best early, as in the"
            " paper. A block of alike layers stands before the end, but the last layers turn away from it. Two seeds"
            " a depth ship."
        ),
    )


def judged_block(table: pd.DataFrame) -> Measured:
    """Each seed by all conditions of the rule at once, and their means by the same."""
    seeds = sorted(table["seed"].unique())

    def at(repeats: int, column: str) -> Floats:
        rows = table[table["repeats"] == repeats].set_index("seed").loc[seeds]
        return np.asarray(rows[column], dtype=np.float64)

    deep, flat, four = at(8, "share"), at(1, "share"), at(4, "share")
    accuracy, place = at(8, "accuracy"), at(8, "depth of best probe")

    def whole(deep: Any, flat: Any, accuracy: Any, place: Any) -> Any:
        return (deep > HALF) & (flat <= HALF) & (accuracy >= TRAINED) & (place < HALF)

    labels = tuple(f"seed {seed}" for seed in seeds)
    return Measured(
        "digits",
        "share of layers like the last at 8×",
        labels,
        deep,
        holds=whole(deep, flat, accuracy, place),
        mean_holds=bool(whole(deep.mean(), flat.mean(), accuracy.mean(), place.mean())),
        partly=(deep > HALF) | (four > HALF),
        mean_partly=bool(deep.mean() > HALF or four.mean() > HALF),
        untrained=tuple(label for label, one in zip(labels, accuracy, strict=True) if one < TRAINED),
    )


def kind_of(layer: str) -> str:
    """Whether a layer is "inside" a residual block or "after" its sum; "" for what is in no block."""
    if layer.endswith(".first"):
        return "inside"
    return "after" if layer.startswith("block") else ""


def kinds_apart(cka: Floats, layers: list[str]) -> tuple[float, float]:
    """Mean CKA of two different layers of one kind, and of two of different kinds."""
    kinds = np.array([kind_of(one) for one in layers])
    named = (kinds != "")[:, None] & (kinds != "")[None, :] & ~np.eye(len(kinds), dtype=bool)
    same = kinds[:, None] == kinds[None, :]
    return float(cka[named & same].mean()), float(cka[named & ~same].mean())


def kinds_apart_nearby(cka: Floats, layers: list[str]) -> float:
    """The same difference free of depth: layers two apart are of one kind, one and three apart of two.

    Mean over places k of CKA(k, k + 2) minus the mean of CKA(k, k + 1) and CKA(k, k + 3), blocks alone.
    """
    inside = [k for k, one in enumerate(layers) if kind_of(one)]
    block = cka[np.ix_(inside, inside)]
    two, near, far = (block.diagonal(gap) for gap in (2, 1, 3))
    return float(np.mean(two[: len(far)] - (near[: len(far)] + far) / 2)) if len(far) else float("nan")


def skips_make_a_grid(*, progress: Progress | None = None) -> Finding:
    """K4: CKA within a kind of layer minus across kinds, and the share of layers like the last, with skips."""
    from repsim_core import datasets, models

    progress, data, rows, arrays = progress or no_progress, datasets.load("digits"), [], {}
    for done, repeats in enumerate(REPEATS):
        progress(done, len(REPEATS))
        net = models.load(f"zoo/digits-skip-x{repeats}-s10")
        names = [one.name for one in models.layers(net, data)]
        chosen = [one for one in names if one in ("stem", "pool") or one.count(".") == 0 or kind_of(one) == "inside"]
        chosen.remove("head")
        cka = layer_map(responses(net, data, chosen))
        within, across = kinds_apart(cka, chosen)
        assert net.card is not None
        rows.append(
            {
                "repeats": repeats,
                "layers": len(cka),
                "share": share_like_the_last(cka),
                "within kinds": within,
                "across kinds": across,
                "apart at equal distance": kinds_apart_nearby(cka, chosen),
                "accuracy": net.card.test_score,
            }
        )
        arrays[f"x{repeats}"] = cka.astype(np.float32)
    progress(len(REPEATS), len(REPEATS))
    table = pd.DataFrame(rows)
    apart = (table["within kinds"] - table["across kinds"]).to_numpy()
    sample = Measured(
        "digits",
        "CKA within a kind of layer minus across kinds",
        tuple(f"{r}×, seed 10" for r in REPEATS),
        apart,
        holds=(apart > 0) & (table["share"] <= HALF).to_numpy(),
        mean_holds=bool(apart.mean() > 0 and table["share"].mean() <= HALF),
    )
    return found(
        "K4",
        [sample],
        values={f"share x{r}": float(one) for r, one in zip(REPEATS, table["share"], strict=True)},
        tables={"skips": table},
        arrays=arrays,
        recipe=RECIPE | {"networks": "zoo/digits-skip-x1, x2, x4, x8", "seeds": [10]},
        note=(
            "Kinds alternate with depth, so layers of two kinds are nearer neighbours on average than layers of one; "
            "the column of equal distance takes that away. The zoo has one network with skips of each depth."
        ),
    )
