"""The rule of all verdicts, written before any run.

It *holds* on a dataset when the mean passes and at least 4 of 5 seeds do. Otherwise the weaker rule is tested the same
way with 3 of 5, where the claim has one; where it has none, a mean that passes is enough for ``partly``. Fewer networks
than needed, or one that did not train, make at most ``partly``. Datasets that disagree make ``partly``.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from repsim_core.claims.finding import NOT_ATTEMPTED, Finding, Measured

REPRODUCED, PARTLY, NOT_HERE = "reproduced", "partly", "not here"
MOST, MORE = 0.8, 0.6  # 4 of 5, 3 of 5
TRAINED = 0.7  # test accuracy on digits from which on a network counts as trained


def measured(
    data: str,
    number: str,
    values: Mapping[str, float],
    *,
    holds: Callable[[float], bool],
    partly: Callable[[float], bool] | None = None,
    **more: Any,
) -> Measured:
    """Seeds judged by a threshold on their number, and the mean by the same threshold.

    Parameters
    ----------
    values
        Seed or network to its number; NaN where undefined, and then ``undefined=`` says why.
    holds, partly
        Whether a number passes the rule, and the weaker rule where the claim has one.
    more
        Further fields of :class:`Measured`: ``untrained``, ``needed``, ``undefined``.

    Examples
    --------
    >>> seeds = {"seed 10": 0.91, "seed 11": 0.97, "seed 12": 0.96, "seed 13": 0.99, "seed 14": 0.98}
    >>> one = measured("digits", "share of twins", seeds, holds=lambda share: share >= 0.95)
    >>> one.held, round(one.mean, 3), verdict_of(one)
    (4, 0.962, 'reproduced')
    """
    numbers = np.array(list(values.values()), np.float64)
    defined = numbers[np.isfinite(numbers)]
    mean = float(defined.mean()) if defined.size else float("nan")
    passed: dict[str, Any] = {"holds": _passed(holds, numbers), "mean_holds": bool(defined.size) and bool(holds(mean))}
    if partly is not None:
        passed |= {"partly": _passed(partly, numbers), "mean_partly": bool(defined.size) and bool(partly(mean))}
    return Measured(data, number, tuple(values), numbers, **passed, **more)


def _passed(rule: Callable[[float], bool], numbers: NDArray[np.float64]) -> list[bool]:
    return [bool(np.isfinite(one)) and bool(rule(float(one))) for one in numbers]


def verdict_of(one: Measured) -> str:
    """Verdict on one dataset."""
    if one.mean_holds and one.held >= MOST * one.n:
        return PARTLY if one.untrained or one.n < one.needed else REPRODUCED
    if one.partly.size:
        return PARTLY if one.mean_partly and one.partly.sum() >= MORE * one.n else NOT_HERE
    return PARTLY if one.mean_holds else NOT_HERE


def found(
    id: str,
    samples: Sequence[Measured],
    *,
    note: str = "",
    values: Mapping[str, float] | None = None,
    recipe: dict[str, Any] | None = None,
    tables: Mapping[str, pd.DataFrame] | None = None,
    arrays: Mapping[str, NDArray[Any]] | None = None,
) -> Finding:
    """The finding of a claim from what it measured on each dataset, with the verdict by the rule above.

    Datasets with one verdict have that verdict together; where they disagree it is ``partly``. One dataset alone stands
    for itself.
    """
    verdicts = {verdict_of(one) for one in samples}
    verdict = verdicts.pop() if len(verdicts) == 1 else PARTLY if verdicts else NOT_ATTEMPTED
    by_data = {one.data: one for one in samples}
    return Finding(id, verdict, by_data, values or {}, note, recipe or {}, tables or {}, arrays or {})


def not_attempted(id: str, why: str) -> Finding:
    """The finding of a claim that was not tried, with the reason."""
    return Finding(id, NOT_ATTEMPTED, {}, note=why)
