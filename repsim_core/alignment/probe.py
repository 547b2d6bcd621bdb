"""What a linear model learns of a task from a few labels, read from a layer."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from repsim_core.datasets.subset import subset
from repsim_core.errors import DegenerateError, InputError, ShapeError
from repsim_core.linalg import non_finite, represented
from repsim_core.types import Representation

Floats = NDArray[np.float64]
PENALTIES = np.logspace(-6, 4, 21)  # times the mean squared length of a labelled row


@dataclass(frozen=True, eq=False)
class Probe:
    """Scores on stimuli whose labels were not used, a draw each: accuracy, or R² for numbers (at most 1)."""

    scores: Floats  # (draws,)
    labelled: int
    tested: int
    score_name: str

    @property
    def mean(self) -> float:
        """Mean over the draws."""
        return float(self.scores.mean())

    @property
    def deviation(self) -> float:
        """Standard deviation over the draws, NaN for one; draws share stimuli, so it is no standard error."""
        return float(self.scores.std(ddof=1)) if len(self.scores) > 1 else float("nan")


def few_label_probe(
    x: ArrayLike | Representation,
    labels: ArrayLike,
    *,
    labelled: int = 100,
    draws: int = 5,
    seed: int = 0,
) -> Probe:
    """Score of ridge regression on a layer, from few labels.

    Parameters
    ----------
    x
        Responses ``(n, p)``.
    labels
        Classes (whole numbers or strings), fitted as ±1 one against the rest; numbers with a fraction are a regression.
    labelled
        Stimuli whose labels may be used, every class in its share; the penalty is chosen among them by leaving one out,
        and the others are the test.
    draws, seed
        Choices of the labelled stimuli with the seeds ``seed``, ``seed + 1``, …: the same for every layer, so that
        layers are compared on equal terms.

    Returns
    -------
    Probe

    Raises
    ------
    ShapeError
        Labels of another length.
    InputError
        If fewer than two stimuli would be labelled or tested, or a class would have no label.
    DegenerateError
        ``zero_variance``, ``non_finite``, ``constant_target``.

    References
    ----------
    Imani, Hu and White (2022), section 5 (transfer). arXiv:2112.07806
    """
    from sklearn.linear_model import RidgeClassifierCV, RidgeCV

    representation = represented(x, "x")
    name = f"{representation.model}/{representation.layer}"
    truth = np.asarray(labels)
    if truth.shape != (representation.n_stimuli,):
        raise ShapeError(f"{name} has {representation.n_stimuli} stimuli, but labels have shape {truth.shape}.")
    n = representation.n_stimuli
    if not 2 <= labelled <= n - 2 or draws < 1:
        raise InputError(
            f"{labelled} labelled of {n} stimuli in {draws} draws cannot be tested; "
            f"take 2 to {n - 2} labels and a draw or more."
        )
    if reason := non_finite(representation):
        raise DegenerateError(reason, "non_finite")
    regression = truth.dtype.kind == "f"
    if regression and not np.isfinite(truth).all():
        raise DegenerateError("The labels have NaN or infinity; leave those stimuli out.", "non_finite")
    if len(np.unique(truth)) < 2:
        raise DegenerateError(f"All {n} labels are the same; take stimuli of two classes or more.", "constant_target")
    values = representation.values.astype(np.float64)
    if bool((values == values[:1]).all()):
        raise DegenerateError(f"{name} does not vary over its {n} stimuli; choose another layer.", "zero_variance")
    scores = []
    for draw in range(draws):
        train = _labelled_rows(truth, labelled, regression, seed + draw)
        test = np.setdiff1d(np.arange(n), train)
        # The mean and the scale of the labelled rows alone: nothing of the test is used.
        middle = values[train].mean(axis=0)
        scale = float(np.sqrt(np.mean(np.sum((values[train] - middle) ** 2, axis=1)))) or 1.0
        rows = (values[train] - middle) / scale
        # Ridge sees the span of its rows alone: in its coordinates a wide layer costs no more than a narrow one.
        basis = np.linalg.qr(rows.T)[0] if rows.shape[1] > len(rows) else np.eye(rows.shape[1])
        rows, asked = rows @ basis, (values[test] - middle) @ basis / scale
        model = RidgeCV(alphas=PENALTIES) if regression else RidgeClassifierCV(alphas=PENALTIES)
        scores.append(float(model.fit(rows, truth[train]).score(asked, truth[test])))
    return Probe(np.array(scores), labelled, n - labelled, "R²" if regression else "accuracy")


def _labelled_rows(truth: NDArray[np.generic], count: int, regression: bool, seed: int) -> NDArray[np.intp]:
    """Rows whose labels are used, every class in its share."""
    classes, index = np.unique(truth, return_inverse=True)
    rows = subset(None if regression else index, len(truth), count, seed=seed)
    if not regression and len(np.unique(index[rows])) < len(classes):
        raise InputError(
            f"{count} labels of {len(truth)} stimuli leave one of {len(classes)} classes without any; take more labels."
        )
    return rows
