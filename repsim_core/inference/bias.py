r"""What biased CKA scores for unrelated layers, before and after the data are seen.

Independent features with p and q units of equal variance give, over n stimuli,

.. math:: E[\mathrm{CKA}] \approx \sqrt{\frac{p\,q}{(n + p)(n + q)}}

and for other spectra p is the participation ratio :math:`(\sum \lambda)^2 / \sum \lambda^2` of the population.
"""

import numpy as np
from numpy.typing import NDArray

from repsim_core.errors import DegenerateError, InputError
from repsim_core.linalg import Array, at_least, centred_gram, positive

SMALL = 0.05  # of a scale from 0 to 1, chance below which no warning is due


def independent_cka(n: int, p: float, q: float) -> float:
    """Expected biased CKA of unrelated layers with p and q effective units at n stimuli, within [0, 1].

    Examples
    --------
    >>> round(independent_cka(256, 10_000, 10_000), 3)
    0.975
    """
    if not n >= 2:
        raise InputError(f"n must be 2 or more, got {n!r}.")
    positive(p, "p"), positive(q, "q")
    return float(np.sqrt(p / (n + p) * (q / (n + q))))


def stimuli_for_bias(bias: float, p: float, q: float) -> int:
    """Stimuli at which unrelated layers with p and q effective units score ``bias`` or less by biased CKA."""
    positive(p, "p"), positive(q, "q")
    if not 0 < bias < 1:
        raise InputError(f"The bias must lie between 0 and 1, got {bias!r}.")
    # (n + p)(n + q) = p q / bias²
    found = (np.sqrt((p - q) ** 2 + 4 * p * q / bias**2) - p - q) / 2
    return max(2, int(np.ceil(found - 1e-9)))


def effective_units(x: Array, *, label: str = "x") -> float:
    r"""Participation ratio of the population behind the responses ``(n, p)``, at most about p; O(n² p).

    Both of its moments are estimated without bias, :math:`\operatorname{tr} \Sigma` by tr K / (n − 1) and
    :math:`\operatorname{tr} \Sigma^2` by the U-statistic, so that it does not stop at n as that of the sample does.

    Raises
    ------
    DegenerateError
        ``too_few_stimuli`` below 4, ``zero_variance``, ``no_structure``: all pairs of stimuli equally alike.
    """
    at_least(len(x), 4, "The participation ratio")
    kernel = centred_gram(x, label)
    n, lengths = len(kernel), np.diag(kernel)
    total = float(lengths.sum())
    # ‖U‖² of a centred kernel, whose rows sum to −d once the diagonal is gone
    square = float(np.sum(kernel**2)) - n / (n - 2) * float(lengths @ lengths) + total**2 / ((n - 1) * (n - 2))
    if square <= 64 * np.finfo(np.float64).eps * total**2:
        raise DegenerateError(
            f"{label}: all pairs of its {n} stimuli are equally alike, so it has no effective units; take more.",
            "no_structure",
        )
    return (total / (n - 1)) ** 2 * n * (n - 3) / square


def chance_of_biased_cka(k: NDArray[np.float64], l: NDArray[np.float64]) -> float:  # noqa: E741
    r"""Mean of biased CKA over all n! pairings, :math:`\operatorname{tr} K \operatorname{tr} L / ((n-1) \|K\| \|L\|)`.

    ``k`` and ``l`` are centred Gram matrices ``(n, n)`` of any scale. Exact for any data.
    """
    at_least(len(k), 2, "CKA")
    norm = float(np.linalg.norm(k)) * float(np.linalg.norm(l))
    if not norm > 0:
        raise DegenerateError("One of both Gram matrices is 0, so CKA is 0/0; choose another layer.", "zero_variance")
    return float(np.trace(k)) * float(np.trace(l)) / ((len(k) - 1) * norm)


def bias_warning(n: int, p: float, q: float) -> str:
    """The size of the bias of biased CKA as a sentence, or "" where unrelated layers score 0.05 or less."""
    chance = independent_cka(n, p, q)
    if chance <= SMALL:
        return ""
    return (
        f"Biased CKA at n = {n} gives unrelated layers of {p:.0f} and {q:.0f} effective units about {chance:.2f}, not "
        f"0; {stimuli_for_bias(SMALL, p, q)} stimuli would bring that to {SMALL:g}. Take the debiased form."
    )
