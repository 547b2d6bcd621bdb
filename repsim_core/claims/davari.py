r"""CKA is moved while nothing that is read out of a layer changes (Davari et al. 2023).

The layer is the one the head reads, at 500 test stimuli, in float64. Points are moved by c root mean squares of their
distance from the mean.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from repsim_core.claims.claim import DERIVED, IN_THE_PAPER, Claim
from repsim_core.claims.finding import Finding, Measured
from repsim_core.claims.verdict import TRAINED, found, measured
from repsim_core.compute.progress import Progress, no_progress
from repsim_core.similarity import score

Floats = NDArray[np.float64]
PAPER = "Davari et al. 2023"
N, FAR = 500, 1e5
REACHES = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 1000.0)  # root mean squares
UNITS, SCALES = 64, (0.0, 1.0, 3.0, 10.0, 30.0, 100.0)  # of two unrelated layers that share a unit
ONE, CLASS = "one stimulus", "one class"
MEASURES = ("cka_biased", "cka", "cka_rbf", "procrustes", "rsa", "mutual_knn", "cca")
NETWORKS = {
    "digits": tuple(f"zoo/digits-cnn-s{seed}" for seed in (10, 11, 12, 13, 14)),
    "shapes": (*(f"zoo/shapes-cnn-s{seed}" for seed in (10, 11, 12)), "zoo/shapes-resnet-s10", "zoo/shapes-resnet-s11"),
}


def one_shared_unit() -> pd.DataFrame:
    """CKA and CCA of unrelated layers that share one unit, for each scale of that unit: a line a draw."""
    rows = []
    for scale in SCALES:
        for draw in range(5):
            x, y = np.random.default_rng([draw, UNITS]).standard_normal((2, N, UNITS))
            x[:, 0] *= scale
            y[:, 0] = x[:, 0]
            rows.append({"scale": scale, "CKA": score(x, y), "CCA": score(x, y, "cca"), "draw": draw})
    return pd.DataFrame(rows)


@dataclass(frozen=True, eq=False)
class Head:
    """The last linear layer: weights ``(classes, units)`` and bias ``(classes,)``."""

    weights: Floats
    bias: Floats

    def predictions(self, x: Floats) -> NDArray[np.int64]:
        """Class of the largest logit for each row of ``x``."""
        return np.asarray((x @ self.weights.T + self.bias).argmax(axis=1))

    def unread(self) -> Floats:
        """A direction that it does not read: the last right singular vector of the weights."""
        return np.asarray(np.linalg.svd(self.weights)[2][-1])


@cache
def read_layer(name: str, data: str) -> tuple[Floats, NDArray[np.int64], "Head", float]:
    """Responses that the head reads, classes of the stimuli, the head, test score of the network."""
    from repsim_core import activations, datasets, models

    model, stimuli = models.load(name), datasets.load(data, n=N)
    layer = activations.default_layers(models.layers(model, stimuli))[-2]
    x = activations.extract(model, stimuli, [layer])[layer].values.astype(np.float64)
    linear: Any = model.module.get_submodule("head")
    head = Head(*(one.detach().numpy().astype(np.float64) for one in (linear.weight, linear.bias)))
    return x, np.asarray(stimuli.labels), head, float(model.card.test_score or 0.0) if model.card else 0.0


def moved(x: Floats, rows: NDArray[np.bool_], direction: Floats, reach: float) -> Floats:
    """``x`` with ``rows`` translated by ``reach`` root mean squares along ``direction``."""
    size = np.sqrt(np.mean(np.sum((x - x.mean(axis=0)) ** 2, axis=1)))
    return np.asarray(x + reach * size * rows[:, None] * direction / np.linalg.norm(direction))


def limit_of_cka(x: Floats, rows: NDArray[np.bool_]) -> float:
    r"""Biased linear CKA of ``x`` and ``x`` with ``rows`` moved infinitely far.

    .. math:: \rho / (1 - \rho) \cdot \|\bar x_S\|^2 / E\|x\|^2 \cdot \sqrt{PR}, \quad PR = (\sum λ)^2 / \sum λ^2

    with x centred, ρ the share of the rows S, λ the eigenvalues of the covariance. Derived.

    Examples
    --------
    >>> x = np.random.default_rng(0).normal(size=(60, 5))
    >>> rows = np.arange(60) < 6
    >>> far = moved(x, rows, np.ones(5), 1e6)
    >>> abs(score(x, far, "cka_biased") - limit_of_cka(x, rows)) < 1e-5
    True
    """
    centred = x - x.mean(axis=0)
    eigenvalues = np.linalg.svd(centred, compute_uv=False) ** 2
    share = rows.mean()
    length = np.sum(centred[rows].mean(axis=0) ** 2) / np.mean(np.sum(centred**2, axis=1))
    return float(share / (1 - share) * length * eigenvalues.sum() / np.linalg.norm(eigenvalues))


def one_outlier(*, progress: Progress | None = None) -> Finding:
    """D1: CKA of each layer with itself after its first stimulus went 100 root mean squares away."""
    return _translated("D1", ONE, 100.0, 0.1, 0.5, progress or no_progress)


def unread_translation(*, progress: Progress | None = None) -> Finding:
    """D2: the same after all stimuli of class 0 went 10 root mean squares along a direction the head does not read."""
    return _translated("D2", CLASS, 10.0, 0.5, 0.8, progress or no_progress)


def closed_form(*, progress: Progress | None = None) -> Finding:
    """D3: how far CKA at a very large translation is from the closed form, the worse of one stimulus and one class."""
    progress = progress or no_progress

    def deviation(name: str, data: str) -> float:
        x, classes, head, _ = read_layer(name, data)
        off = []
        for rows in (np.arange(len(x)) == 0, classes == classes.min()):
            far = moved(x, rows, head.unread(), FAR)
            off.append(abs(score(x, far, "cka_biased") - limit_of_cka(x, rows)))
        return float(max(off))

    samples = _each(deviation, "deviation from the closed form", progress, holds=lambda one: one <= 1e-3)
    largest = max(float(one.values.max()) for one in samples)
    return found("D3", samples, recipe=_recipe(FAR), values={"largest": largest})


def _translated(id: str, what: str, reach: float, low: float, partly: float, progress: Progress) -> Finding:
    curves: list[dict[str, Any]] = []
    others: list[dict[str, Any]] = []

    def cka(name: str, data: str) -> float:
        x, classes, head, _ = read_layer(name, data)
        rows = np.arange(len(x)) == 0 if what == ONE else classes == classes.min()
        direction = head.unread()
        for one in REACHES:
            y = moved(x, rows, direction, one)
            curves.append(
                {
                    "data": data,
                    "network": name,
                    "reach": one,
                    "CKA": score(x, y, "cka_biased"),
                    "same predictions": float(np.mean(head.predictions(x) == head.predictions(y))),
                    "limit": limit_of_cka(x, rows),
                }
            )
        far = moved(x, rows, direction, reach)
        others.extend({"data": data, "network": name, "measure": one, "value": score(x, far, one)} for one in MEASURES)
        return score(x, far, "cka_biased")

    rules = {"holds": lambda one: one <= low, "partly": lambda one: one <= partly}
    samples = _each(cka, f"CKA after {what} moved", progress, **rules)
    table = pd.DataFrame(curves)
    kept = table[table["reach"] == reach]["same predictions"]
    return found(
        id,
        [_with_predictions(one, table[(table["data"] == one.data) & (table["reach"] == reach)]) for one in samples],
        values={"same_predictions": float(kept.min()), "reach": reach},
        recipe=_recipe(reach),
        tables={"curves": table, "measures": pd.DataFrame(others), "shared unit": one_shared_unit()},
    )


def _with_predictions(one: Measured, table: pd.DataFrame) -> Measured:
    """The rule asks for equal predictions as well: a network whose predictions changed does not hold."""
    kept = table.set_index("network")["same predictions"].reindex(list(one.labels)).to_numpy() >= SAME
    return Measured(
        one.data,
        one.number,
        one.labels,
        one.values,
        one.holds & kept,
        one.mean_holds and bool(kept.mean() >= 0.8),
        one.partly & kept,
        one.mean_partly and bool(kept.mean() >= 0.6),
        one.untrained,
    )


SAME = 0.99


def _each(
    number: Callable[[str, str], float],
    name: str,
    progress: Progress,
    holds: Callable[[float], bool],
    partly: Callable[[float], bool] | None = None,
) -> list[Measured]:
    total, done, samples = sum(map(len, NETWORKS.values())), 0, []
    for data, networks in NETWORKS.items():
        values = {}
        for one in networks:
            progress(done, total)
            values[one] = number(one, data)
            done += 1
        untrained = tuple(one for one in networks if read_layer(one, data)[3] < TRAINED)
        samples.append(measured(data, name, values, holds=holds, partly=partly, untrained=untrained))
    progress(total, total)
    return samples


def _recipe(reach: float) -> dict[str, object]:
    return {
        "n": N,
        "layer": "the one the head reads",
        "measure": "cka_biased",
        "reach": reach,
        "unit of reach": "root mean square distance from the mean",
        "direction": "last right singular vector of the head's weights",
        "networks": {data: list(names) for data, names in NETWORKS.items()},
    }


CLAIMS = (
    Claim(
        "D1",
        PAPER,
        "abstract",
        "One outlier changes linear CKA as much as one likes, while what is read out of the layer stays",
        f"one of {N} stimuli moved by 100 root mean squares brings biased linear CKA to 0.1 or less, and the head's "
        f"predictions stay for {SAME:.0%} of the stimuli",
        one_outlier,
        partly="to 0.5 or less",
        sure=IN_THE_PAPER,
    ),
    Claim(
        "D2",
        PAPER,
        "abstract",
        "Translating a part of the points changes linear CKA and leaves them as separable as they were",
        "class 0 moved by 10 root mean squares along a direction that the head does not read brings biased linear CKA "
        f"to 0.5 or less, and the head's predictions stay for {SAME:.0%} of the stimuli",
        unread_translation,
        partly="to 0.8 or less",
        sure=IN_THE_PAPER,
    ),
    Claim(
        "D3",
        PAPER,
        "its limit",
        "The limit of biased linear CKA is ρ/(1 − ρ) · ‖mean of the moved‖²/E‖x‖² · √(participation ratio)",
        "CKA at 100 000 root mean squares is within 0.001 of it, for one stimulus and for one class",
        closed_form,
        sure=DERIVED,
    ),
)
