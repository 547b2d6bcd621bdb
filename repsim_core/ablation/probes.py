"""How well one class can be read from a layer by a linear probe: held-out soft loss, or the form of the authors."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from repsim_core.errors import InputError

Floats = NDArray[np.float64]
PROBES = {
    "cross_validated": "log-loss of held-out images, five folds",
    "subsets": "as published: hard decisions on the images of the fit, random subsets of 100 units",
}
FOLDS, SUBSET_UNITS, FEWEST_SUBSETS = 5, 100, 200
WRONG = float(-np.log(np.finfo(np.float64).eps))  # what a wrong hard decision costs: 36.04


@contextmanager
def quiet_fits() -> Iterator[None]:
    """Keep scikit-learn from warning of fits that stop at their last step: they separate the classes."""
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


def fold_count(inside: NDArray[np.bool_]) -> int:
    """Folds that leave an image of the class in every fit; refuses a class of one image."""
    fewest = int(min(inside.sum(), (~inside).sum()))
    if fewest < 2:
        raise InputError(
            f"A probe needs two images of the class and two of the others, got {fewest}; take more stimuli."
        )
    return min(FOLDS, fewest)


def held_out_losses(factor: Floats, inside: NDArray[np.bool_], *, scale: float, folds: int, seed: int) -> Floats:
    """Log-loss of every image by a probe that did not see it, ``(n,)`` nats; O(folds · n · r) a step.

    Logistic regression, ridge penalty 1. Since that is blind to rotation, any factor of the Gram matrix stands for the
    responses. ``scale`` multiplies them; the same for the whole layer and its parts, or what was lost would be scaled
    away.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold

    features, losses = factor * scale, np.empty(len(factor))
    for fit, held in StratifiedKFold(folds, shuffle=True, random_state=seed).split(features, inside):
        probe = LogisticRegression(max_iter=1000).fit(features[fit], inside[fit])
        side = np.where(inside[held], -1.0, 1.0)
        losses[held] = np.logaddexp(0.0, side * probe.decision_function(features[held]))
    return losses


def unit_scale(trace: float, n: int) -> float:
    """Factor that gives a layer the mean squared length of 100 units of variance 1, whatever its own scale."""
    return float(np.sqrt(SUBSET_UNITS * n / trace))


def subset_count(units: int) -> int:
    """Subsets in the authors' code: one for every 100 units, at least 200."""
    return max(units // SUBSET_UNITS, FEWEST_SUBSETS)


def subset_losses(
    values: NDArray[np.floating[Any]],
    kept: NDArray[np.intp],
    inside: NDArray[np.bool_],
    *,
    subsets: int,
    seed: int,
) -> Floats:
    """Log-loss of hard decisions on the very images of the fit, ``(subsets,)``, each from 100 random units kept.

    A wrong decision costs −log eps, so this is 36.04 times the share of errors.
    """
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(seed)
    losses = np.empty(subsets)
    for k in range(subsets):
        chosen = rng.choice(kept, size=min(SUBSET_UNITS, len(kept)), replace=False)
        features = values[:, chosen]
        losses[k] = WRONG * np.mean(LogisticRegression().fit(features, inside).predict(features) != inside)
    return losses
