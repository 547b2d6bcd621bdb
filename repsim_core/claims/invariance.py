"""What an index ignores: table 1 of Kornblith et al. (2019), entry by entry, on trained networks.

The layer is the average pool, at 500 test stimuli; the other side is another network on the same stimuli.
"""

from dataclasses import replace
from functools import cache
from itertools import product

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from repsim_core.claims.claim import Claim
from repsim_core.claims.finding import Finding
from repsim_core.claims.verdict import found, measured
from repsim_core.compute.progress import Progress, no_progress
from repsim_core.similarity import compare_layers, score
from repsim_core.types import SimilarityMatrix

Floats = NDArray[np.float64]
N, LAYER, STAYS = 500, "pool", 1e-6
CHANGES = ("rotation", "scaling", "invertible map")
# Index → the changes of X that leave it as it is. Regression fits X from Y, or Y from X.
TABLE: dict[str, tuple[str, ...]] = {
    "cca": CHANGES,
    "svcca": ("rotation", "scaling"),
    "linear_regression, X predicted": ("rotation", "scaling"),
    "linear_regression, Y predicted": CHANGES,
    "cka_biased": ("rotation", "scaling"),
    "cka": ("rotation", "scaling"),
}
NOT_IN_TABLE = (("svcca", "invertible map"),)  # "if the same subspace is kept", which depends on the map
SHOWN = ("cka", "cka_biased", "cca", "svcca", "linear_regression, X predicted", "procrustes_angle", "rsa", "rtd")
PAIRS = {
    "digits": tuple((f"zoo/digits-cnn-s{seed}", f"zoo/digits-cnn-s{seed + 1}") for seed in (10, 11, 12, 13, 14)),
    "shapes": (
        ("zoo/shapes-cnn-s10", "zoo/shapes-cnn-s11"),
        ("zoo/shapes-cnn-s11", "zoo/shapes-cnn-s12"),
        ("zoo/shapes-cnn-s12", "zoo/shapes-cnn-s10"),
        ("zoo/shapes-resnet-s10", "zoo/shapes-resnet-s11"),
        ("zoo/shapes-vgg-s10", "zoo/shapes-vgg-s11"),
    ),
}


@cache
def pooled(name: str, data: str) -> Floats:
    """Responses of the average pool ``(500, units)``."""
    from repsim_core import activations, datasets, models

    values = activations.extract(models.load(name), datasets.load(data, n=N), [LAYER])[LAYER].values
    return np.asarray(values, np.float64)


def changed(x: Floats, change: str, seed: int) -> Floats:
    """``x`` after a random rotation, a scaling by 3, a random map of condition 10, or with its rows shuffled."""
    rng = np.random.default_rng(seed)
    p = x.shape[1]
    rotation = np.linalg.qr(rng.standard_normal((p, p)))[0]
    if change == "rotation":
        return np.asarray(x @ rotation)
    if change == "scaling":
        return 3 * x
    if change == "invertible map":
        other = np.linalg.qr(rng.standard_normal((p, p)))[0]
        return np.asarray(x @ (rotation * np.geomspace(1, 10, p)) @ other)
    return x[rng.permutation(len(x))]  # shuffled stimuli


def index(name: str, x: Floats, y: Floats) -> float:
    """Value of an entry of :data:`TABLE`."""
    measure, _, predicted = name.partition(", ")
    options = {"predicted": "x" if predicted.startswith("X") else "y"} if predicted else {}
    return score(x, y, measure, **options)


def what_each_index_ignores(*, progress: Progress | None = None) -> Finding:
    """K0: the share of the table's entries that come out, for each pair of networks."""
    progress = progress or no_progress
    entries = [one for one in product(TABLE, CHANGES) if one not in NOT_IN_TABLE]
    rows, samples, done = [], [], 0
    for data, pairs in PAIRS.items():
        agree = {}
        for seed, (a, b) in enumerate(pairs):
            progress(done, sum(map(len, PAIRS.values())))
            done += 1
            x, y = pooled(a, data), pooled(b, data)
            right, one = [], {"data": data, "pair": f"{a} × {b}"}
            for name, change in entries:
                before, after = index(name, x, y), index(name, changed(x, change, seed), y)
                right.append((abs(after - before) <= STAYS) == (change in TABLE[name]))
                rows.append(one | {"index": name, "change": change, "before": before, "after": after})
            agree[f"{a} × {b}"] = float(np.mean(right))
        samples.append(measured(data, "share of the table's entries", agree, holds=lambda one: one == 1.0))
    progress(done, done)
    return found(
        "K0",
        samples,
        values={"entries": float(len(entries))},
        recipe={"n": N, "layer": LAYER, "stays": f"change of at most {STAYS:g}", "invertible map": "condition 10"},
        tables={"entries": pd.DataFrame(rows), "itself": against_itself()},
    )


def against_itself() -> pd.DataFrame:
    """Every index of a layer against itself, changed: one row an index and a change, of the first network."""
    x = pooled(PAIRS["digits"][0][0], "digits")
    return pd.DataFrame(
        [
            {"index": name, "change": change, "value": index(name, changed(x, change, 0), x)}
            for name, change in product(SHOWN, (*CHANGES, "shuffled stimuli"))
        ]
    )


def map_of_itself(model: str, data: str, n: int, *, shuffled: bool = False) -> SimilarityMatrix:
    """CKA of every layer of a network with every layer of itself, which may see other stimuli in each row."""
    from repsim_core import activations, datasets, models

    found = activations.extract(models.load(model), datasets.load(data, n=n))
    order = np.random.default_rng(0).permutation(n) if shuffled else np.arange(n)
    # Under the ids of the others, or the two sides would be refused, and rightly.
    rows = {name: replace(one, values=one.values[order], owned=False) for name, one in found.items()}
    return compare_layers(found, replace(found, representations=rows))


CLAIMS = (
    Claim(
        "K0",
        "Kornblith et al. 2019",
        "table 1",
        "CCA ignores every invertible linear map, linear CKA only rotation and isotropic scaling, regression the "
        "maps of the side it predicts from",
        f"every entry comes out: a change of at most {STAYS:g} where the index is invariant, more where it is not",
        what_each_index_ignores,
    ),
)
