"""The registry: every measure with what it claims, which the tests check in both directions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Any

from numpy.typing import ArrayLike

from repsim_core.errors import InputError, unknown_name
from repsim_core.linalg import paired
from repsim_core.similarity.cka import Embedding, linear_embedding, rbf_embedding, within_bounds
from repsim_core.types import Representation


@dataclass(frozen=True)
class Measure:
    """A measure of likeness and its claims.

    ``embedding`` turns one layer into a unit vector; the score is the cosine of two of them. ``chance`` says what
    unrelated representations score: the mean over all pairings of the stimuli.
    """

    name: str
    title: str
    description: str
    embedding: Callable[..., Embedding]
    bounds: tuple[float, float]
    symmetric: bool
    larger_is_more_similar: bool
    metric: bool
    invariant_to: frozenset[str]
    chance: str
    minimum_stimuli: int
    cost: str
    reference: str
    biased: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)

    def checked_options(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Defaults with what was given on top; an unknown option is refused with the known ones."""
        for name in given:
            if name not in self.options:
                if not self.options:
                    raise InputError(f"{self.name} takes no options, got {name!r}; leave it out.")
                raise unknown_name(f"option of {self.name}", name, self.options)
        return dict(self.options) | dict(given)


_ROTATIONS = frozenset({"rotation", "permutation", "scaling", "translation"})
_KORNBLITH = "Kornblith, Norouzi, Lee and Hinton (2019), ICML. arXiv:1905.00414"

MEASURES: Mapping[str, Measure] = MappingProxyType(
    {
        one.name: one
        for one in (
            Measure(
                name="cka",
                title="CKA, linear, debiased",
                description="Are the same pairs of stimuli alike in both layers? Cosine of U-centred Gram matrices.",
                embedding=linear_embedding,
                bounds=(-1.0, 1.0),
                symmetric=True,
                larger_is_more_similar=True,
                metric=False,
                invariant_to=_ROTATIONS,
                chance="0, exactly, at any n; small negative values are right",
                minimum_stimuli=4,
                cost="n² · units a layer, n² a cell",
                reference=_KORNBLITH + "; unbiased estimator of Song et al. (2012), JMLR 13",
            ),
            Measure(
                name="cka_biased",
                title="CKA, linear, biased",
                description="The published plug-in estimate: it rises towards 1 when n is small against the units.",
                embedding=partial(linear_embedding, debiased=False),
                bounds=(0.0, 1.0),
                symmetric=True,
                larger_is_more_similar=True,
                metric=False,
                invariant_to=_ROTATIONS,
                chance="tr K · tr L / ((n − 1) ‖K‖ ‖L‖) of the centred Gram matrices, for every cell",
                minimum_stimuli=2,
                cost="n² · units a layer, n² a cell",
                reference=_KORNBLITH + ", section 3",
                biased=True,
            ),
            Measure(
                name="cka_rbf",
                title="CKA, RBF kernel, debiased",
                description="CKA on Gaussian kernels: a small scale sees near neighbours, a large one tends to cka.",
                embedding=rbf_embedding,
                bounds=(-1.0, 1.0),
                symmetric=True,
                larger_is_more_similar=True,
                metric=False,
                invariant_to=_ROTATIONS,
                chance="0, exactly, for the debiased form",
                minimum_stimuli=4,
                cost="n² · units a layer, n² a cell",
                reference=_KORNBLITH + ", section 3; bandwidth: median of all n² squared distances",
                options={"scale": 0.5, "debiased": True},
            ),
        )
    }
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
        Within ``MEASURES[measure].bounds``.

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
    """
    entry = measure_named(measure)
    chosen = entry.checked_options(options)
    first, second = paired(x, y)
    a = entry.embedding(first.values, label=first.layer, **chosen)
    b = entry.embedding(second.values, label=second.layer, **chosen)
    return float(within_bounds(float(a.vector @ b.vector), entry.bounds[0]))
