"""The registry: every measure with what it claims, which the tests check in both directions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Any

from numpy.typing import ArrayLike

from repsim_core.compute.progress import no_progress
from repsim_core.errors import DegenerateError, InputError, unknown_name
from repsim_core.linalg import at_least, paired
from repsim_core.similarity.cka import Embedding, linear_embedding, rbf_embedding, within_bounds
from repsim_core.similarity.divergences import OPTIONS, refined
from repsim_core.topology import LITE_WARNING, METRICS, SCALES
from repsim_core.types import Representation


@dataclass(frozen=True)
class Measure:
    """A measure of likeness and its claims.

    ``embedding`` turns one layer into a unit vector, and the score is the cosine of two of them; without one the
    measure compares normalised distance matrices over seeded subsets (:mod:`repsim_core.similarity.divergences`).
    ``chance`` says what unrelated representations score: the mean over all pairings of the stimuli.
    """

    name: str
    title: str
    description: str
    embedding: Callable[..., Embedding] | None
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
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # the values an option may take, first default
    warning: str = ""  # a doubt to stand beside every result

    def checked_options(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Defaults with what was given on top; an unknown option is refused with the known ones."""
        for name in given:
            if name not in self.options:
                if not self.options:
                    raise InputError(f"{self.name} takes no options, got {name!r}; leave it out.")
                raise unknown_name(f"option of {self.name}", name, self.options)
            if name in self.choices and given[name] not in self.choices[name]:
                raise unknown_name(name, str(given[name]), self.choices[name])
        return dict(self.options) | dict(given)


_ROTATIONS = frozenset({"rotation", "permutation", "scaling", "translation"})
_SUBSETS = "none in closed form, and it grows with the batch: compare with shuffled stimuli at the same batch"


def _divergence(name: str, title: str, description: str, cost: str, reference: str, **claims: Any) -> Measure:
    """An entry of the RTD family: a distance without an upper bound, averaged over subsets."""
    return Measure(
        name=name,
        title=title,
        description=description,
        embedding=None,
        bounds=(0.0, float("inf")),
        symmetric=True,
        larger_is_more_similar=False,
        metric=False,
        invariant_to=_ROTATIONS,
        chance=_SUBSETS,
        minimum_stimuli=2,
        cost=cost,
        reference=reference,
        options=OPTIONS,
        choices={"metric": tuple(METRICS), "scale": tuple(SCALES)},
        **claims,
    )


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
            _divergence(
                "rtd",
                "RTD",
                "Where does one space join or close what the other has not? Sum of the bars of both cross-barcodes.",
                "batch² log batch + batch³ / 128 a cell and subset",
                "Barannikov et al. (2022), ICML. arXiv:2201.00058",
            ),
            _divergence(
                "rtd_lite",
                "RTD-Lite",
                "How differently do clusters merge? Each spanning tree against that of the smaller distances.",
                "batch² a cell and subset",
                "Tulchinskii et al. (2025), AISTATS",
                warning=LITE_WARNING,
            ),
            _divergence(
                "srtd",
                "SRTD",
                "As RTD, in one symmetric barcode: the larger distances against the smaller ones.",
                "batch² log batch + batch³ / 128 a cell and subset",
                "Wang and Hu (2026), TMLR. arXiv:2606.06342",
            ),
            _divergence(
                "srtd_lite",
                "SRTD-lite",
                "Spanning tree of the larger distances against that of the smaller ones.",
                "batch² a cell and subset",
                "Wang and Hu (2026), TMLR. arXiv:2606.06342",
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
    if entry.embedding is None:
        at_least(first.n_stimuli, entry.minimum_stimuli, entry.title)
        *_, (mean, _, reasons, _, _) = refined(measure, [first], [second], chosen, None, no_progress)
        if reasons[0, 0]:
            raise DegenerateError(f"{entry.title} is undefined here: {reasons[0, 0]}.", str(reasons[0, 0]))
        return float(mean[0, 0])
    a = entry.embedding(first.values, label=first.layer, **chosen)
    b = entry.embedding(second.values, label=second.layer, **chosen)
    return float(within_bounds(float(a.vector @ b.vector), entry.bounds[0]))
