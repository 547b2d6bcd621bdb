"""The registry of measures, and the score of one pair; each module beside this one declares its own."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from numpy.typing import ArrayLike

from repsim_core.compute.progress import no_progress
from repsim_core.errors import DegenerateError, unknown_name
from repsim_core.linalg import at_least, paired
from repsim_core.similarity import (
    cca,
    cka,
    dcor,
    divergences,
    minibatch,
    neighbours,
    procrustes,
    regression,
    ridge,
    rsa,
)
from repsim_core.similarity.divergences import refined
from repsim_core.similarity.embedding import within_bounds
from repsim_core.similarity.measure import Measure, Work
from repsim_core.types import Representation

_FAMILIES = (cka, minibatch, rsa, procrustes, cca, regression, ridge, neighbours, dcor, divergences)
MEASURES: Mapping[str, Measure] = MappingProxyType(
    {entry.name: entry for family in _FAMILIES for entry in family.ENTRIES}
)


def measure_named(name: str) -> Measure:
    """Entry of :data:`MEASURES`, or the nearest names."""
    if name not in MEASURES:
        raise unknown_name("measure", name, MEASURES)
    return MEASURES[name]


def score(x: ArrayLike | Representation, y: ArrayLike | Representation, measure: str = "cka", **options: Any) -> float:
    """Likeness of two representations of the same stimuli.

    Parameters
    ----------
    x, y
        Arrays ``(n, p)`` and ``(n, q)``, rows the same stimuli in the same order, or representations, whose stimulus
        ids are compared.
    measure
        A key of :data:`MEASURES`; its ``options`` may follow as keywords.

    Returns
    -------
    float
        Within ``MEASURES[measure].claims_of(options).bounds``.

    Raises
    ------
    UnknownNameError, ShapeError, StimulusMismatchError
        For input that cannot be compared.
    DegenerateError
        Where the measure is undefined; ``reason`` says why.

    References
    ----------
    Kornblith et al. (2019), ICML, equations 3 and 4.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).normal(size=(50, 8))
    >>> round(score(x, 1 - 3 * x), 12)
    1.0
    >>> round(score(x, x[:, :4], "linear_regression", predicted="y"), 12)
    1.0
    """
    entry = measure_named(measure)
    chosen = entry.checked_options(options)
    first, second = paired(x, y)
    if entry.method is None:
        at_least(first.n_stimuli, entry.minimum_stimuli, entry.title)
        *_, (mean, _, reasons, _, _) = refined(measure, [first], [second], chosen, None, no_progress)
        if reasons[0, 0]:
            raise DegenerateError(f"{entry.title} is undefined here: {reasons[0, 0]}.", str(reasons[0, 0]))
        return float(mean[0, 0])
    a = entry.method.layer(first.values, label=first.layer, **chosen)
    b = entry.method.layer(second.values, label=second.layer, **chosen)
    values, _ = entry.method.cells([a], [b], chosen, Work())
    return float(within_bounds(float(values[0, 0]), *entry.claims_of(options).bounds))
