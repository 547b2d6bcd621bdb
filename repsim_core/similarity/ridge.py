"""Ridge regression scored on stimuli it has not seen: the share of variance explained out of sample."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from repsim_core.linalg import Array, at_least, reduced
from repsim_core.similarity.measure import ROTATIONS, Claims, Floats, Measure, Method, Work, copies, whole_number
from repsim_core.similarity.regression import PREDICTED, direction_of

PENALTIES = np.logspace(-6, 4, 21)  # times the mean squared singular value of the training stimuli


@dataclass(frozen=True, eq=False)
class Fold:
    """A predictor split in training and test stimuli, its training part decomposed once for every target."""

    train: NDArray[np.int64]
    test: NDArray[np.int64]
    left: Floats  # (train, rank): left singular vectors of the centred training rows
    singular_values: Floats
    projected: Floats  # (test, rank): test rows along the right singular vectors


def held_out(n: int, count: int, seed: int) -> list[NDArray[np.int64]]:
    """Test stimuli of each fold: a seeded permutation in ``count`` pieces as equal as can be."""
    return np.array_split(np.random.default_rng(seed).permutation(n), count)


def ridge_layer(x: Array, *, label: str = "x", predicted: str = "x", folds: int = 5, seed: int = 0) -> Floats:
    """Centred responses in at most n columns: predictions and errors turn with the units."""
    at_least(len(x), 2 * whole_number(folds, "folds", 2), f"Ridge regression with {folds} folds")
    return reduced(x, label)[0]


def ridge_cells(
    rows: Sequence[Floats], columns: Sequence[Floats], options: Mapping[str, Any], work: Work
) -> tuple[Floats, Floats]:
    """R² out of sample of every pair; no closed form of its chance level."""
    turned = options["predicted"] == "y"
    targets, predictors = (columns, rows) if turned else (rows, columns)
    splits = held_out(len(rows[0]), options["folds"], options["seed"])
    values = np.empty((len(targets), len(predictors)))
    for j, predictor in enumerate(predictors):  # its folds are dropped again: they are as large as ten layers
        split = [_fold(predictor, test) for test in splits]
        values[:, j] = work.each_pair(_task, targets, [split], symmetric=False)[:, 0]
    return values.T if turned else values, np.full((len(rows), len(columns)), np.nan)


def _fold(features: Floats, test: NDArray[np.int64]) -> Fold:
    train = np.setdiff1d(np.arange(len(features)), test)
    mean = features[train].mean(axis=0)
    left, values, right = np.linalg.svd(features[train] - mean, full_matrices=False)
    # Against the whole layer: what is constant in training leaves nothing but round-off there.
    kept = values > max(features.shape) * np.finfo(np.float64).eps * np.linalg.norm(features)
    return Fold(train, test, left[:, kept], values[kept], (features[test] - mean) @ right[kept].T)


def _task(pair: tuple[Floats, list[Fold]]) -> float:
    return out_of_sample(*pair)


def out_of_sample(target: Floats, split: Sequence[Fold]) -> float:
    r"""``1 − Σ‖x − x̂‖² / Σ‖x − train mean‖²`` over the folds; may be negative.

    The penalty of a fold is that of least generalised cross-validation on its training stimuli, of :data:`PENALTIES`
    (Golub, Heath and Wahba 1979), which needs no more than the one decomposition.
    """
    wrong = whole = 0.0
    for fold in split:
        mean = target[fold.train].mean(axis=0)
        known, unknown = target[fold.train] - mean, target[fold.test] - mean
        along = fold.left.T @ known
        energy = fold.singular_values**2
        penalty = _penalty(energy, np.sum(along**2, axis=1), float(np.sum(known**2)), len(fold.train))
        predicted = fold.projected @ ((fold.singular_values / (energy + penalty))[:, None] * along)
        wrong += float(np.sum((unknown - predicted) ** 2))
        whole += float(np.sum(unknown**2))
    return 1 - wrong / whole


def _penalty(energy: Floats, along: Floats, total: float, n: int) -> float:
    """The penalty of least ``Σ residual² / (n − degrees of freedom)²``; the mean takes one degree."""
    if not energy.size:
        return 1.0  # the predictor is constant in training: any penalty predicts the mean
    penalties = PENALTIES * energy.mean()
    shrunk = penalties[:, None] / (energy + penalties[:, None])  # share of each direction left unexplained
    # Both are differences of nearly equal numbers where the directions fill the space, so they are not taken there.
    spare = n - 1 - len(energy)
    outside = max(total - float(along.sum()), 0.0) if spare else 0.0
    free = spare + np.sum(shrunk, axis=1)
    return float(penalties[np.argmin((outside + shrunk**2 @ along) / free**2)])


def _numbers(n: int, units: int, _options: Mapping[str, Any]) -> int:
    return n * min(n, units)


def _claims(options: Mapping[str, Any]) -> Claims:
    chance = "no closed form; a little below 0: permute"
    return Claims((-np.inf, 1.0), ROTATIONS, chance, 2 * options["folds"], direction=direction_of(options))


ENTRIES = (
    Measure(
        name="ridge",
        title="Ridge regression, R² out of sample",
        description="Share of one layer's variance that a regularised linear map of the other predicts on new stimuli.",
        method=Method(ridge_layer, ridge_cells, _numbers, copies(3.6), counts_cells=True),
        claims=_claims,
        symmetric=False,
        larger_is_more_similar=True,
        cost="n · units · min(n, units) a layer and fold; n · units · min(n, units) a cell and fold",
        reference="Hoerl and Kennard (1970), Technometrics 12; Golub, Heath and Wahba (1979), Technometrics 21",
        options={"predicted": "x", "folds": 5, "seed": 0},
        choices={"predicted": tuple(PREDICTED)},
        ranges={"folds": (2, 10)},
        help={
            "predicted": "; ".join(f"{name}: {text}" for name, text in PREDICTED.items()),
            "folds": "Each is predicted from the others.",
            "seed": "Of the split into folds.",
        },
    ),
)
