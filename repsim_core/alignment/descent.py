"""How fast gradient descent learns targets from a layer: by the spectrum, and by descending."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from repsim_core.alignment.features import Features
from repsim_core.alignment.targets import Coding, Targets, targets_for
from repsim_core.errors import InputError
from repsim_core.linalg import represented
from repsim_core.types import LabelAlignment, Representation

Floats = NDArray[np.float64]


def descent_curve(alignment: LabelAlignment, steps: ArrayLike, *, rate: float | None = None) -> Floats:
    r"""Share of the targets that gradient descent from 0 has not learnt after t steps, from the spectrum alone.

    .. math:: \frac{\|\Phi w_t - y\|^2}{\|y\|^2} = \sum_i (1 - \eta\sigma_i^2)^{2t} \frac{e_i}{\|y\|^2}
              + \text{what lies outside the span}

    for the loss ``½‖Φw − y‖²`` with step η. Label energy on large singular values is learnt first.

    Parameters
    ----------
    alignment
        With all directions.
    steps
        Numbers t of steps, whole or not.
    rate
        η; ``None`` takes ``1 / σ₁²``, with which the strongest direction is learnt in one step.

    Returns
    -------
    float64 array of the shape of ``steps``, in [0, 1], falling

    Raises
    ------
    InputError
        If the rate lets the strongest direction grow (2 / σ₁² or more), steps are negative, or directions are missing.

    References
    ----------
    Imani, Hu and White (2022), section 3, arXiv:2112.07806; the exact form is derived.
    """
    if not alignment.complete:
        raise InputError(f"{alignment.layer} has its strongest directions only; compute it without rank.")
    times = np.asarray(steps, dtype=np.float64)
    if not np.all(times >= 0):
        raise InputError("steps must be 0 or more.")
    left = (
        1
        - relative_rate(alignment.singular_values, rate)
        * (alignment.singular_values / alignment.singular_values[0]) ** 2
    )
    factors = np.abs(left) ** (2 * times[..., None])  # 0 ** 0 is 1: nothing is learnt before the first step
    outside = max(0.0, 1 - alignment.captured)
    return np.asarray(factors @ alignment.shares + outside)


def descended_losses(
    x: ArrayLike | Representation,
    targets: ArrayLike | Targets,
    steps: int,
    *,
    rate: float | None = None,
    centre: bool = False,
    bias: bool = True,
    normalise: bool = True,
    coding: Coding = "sign",
) -> Floats:
    """The same by descending: ``‖Φ w − y‖² / ‖y‖²`` after 0, 1, …, ``steps`` steps from 0, ``(steps + 1,)``.

    Parameters as in :func:`label_alignment` and :func:`descent_curve`; the largest singular value that the default rate
    needs is that of the layer. O(n p) a step and target.

    Raises
    ------
    InputError
        If steps are below 1 or the rate is too large; and what :func:`label_alignment` raises.

    References
    ----------
    Imani, Hu and White (2022), section 3. arXiv:2112.07806
    """
    representation = represented(x, "x")
    chosen = targets_for(representation, targets, coding)
    if steps < 1:
        raise InputError(f"steps must be 1 or more, got {steps}.")
    features = Features(representation, centre=centre, bias=bias, normalise=normalise)
    phi = np.concatenate([block for _, block in features.row_blocks()])
    y = chosen.values - chosen.values.mean(axis=0) if centre else np.array(chosen.values)
    y = y / np.linalg.norm(y)
    largest = float(np.linalg.norm(phi, 2))
    own = rate if rate is None else rate * 4.0**features.scale
    step = relative_rate(np.array([largest]), own) / largest**2
    weights = np.zeros((phi.shape[1], y.shape[1]))
    losses = np.empty(steps + 1)
    for t in range(steps + 1):
        residual = phi @ weights - y
        losses[t] = np.vdot(residual, residual)
        weights -= step * (phi.T @ residual)
    return losses


def relative_rate(singular_values: Floats, rate: float | None) -> float:
    """``η σ₁²``, refused outside (0, 2)."""
    if rate is None:
        return 1.0
    relative = float(rate * singular_values[0] ** 2)
    if not 0 < relative < 2:
        raise InputError(
            f"A rate of {rate:g} does not converge: the largest singular value is {singular_values[0]:.4g}, "
            f"so take more than 0 and less than {2 / singular_values[0] ** 2:.4g}."
        )
    return relative
