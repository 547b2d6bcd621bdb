r"""Centred kernel alignment: one vector of n² numbers a layer, whose cosines are the scores.

With ``K = Xc Xcᵀ`` biased CKA is the cosine of the centred Gram matrices; debiased CKA is the cosine of their
U-centred forms (Song et al. 2012), so that independent representations score 0 on average at any n and p.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from repsim_core.errors import DegenerateError
from repsim_core.linalg import (
    Array,
    at_least,
    centred_gram,
    distances_of_gram,
    h_centred,
    positive,
    stored_dtype,
    upper_triangle,
    wide_gram,
)
from repsim_core.linalg import u_centred as u_centred
from repsim_core.similarity.embedding import (
    Embedding,
    cosine_method,
    kernel_embedding,
    square_numbers,
)
from repsim_core.similarity.measure import ROTATIONS, Claims, Floats, Measure, copies

_WIDER = "take a wider kernel or the biased form"


def linear_embedding(x: Array, *, label: str = "x", debiased: bool = True) -> Embedding:
    """Embedding of linear CKA, from raw responses ``(n, p)``; O(n² p)."""
    at_least(len(x), 4 if debiased else 2, "Debiased CKA" if debiased else "CKA")
    eps = float(np.finfo(stored_dtype(x)).eps)
    return kernel_embedding(centred_gram(x, label), label, debiased=debiased, eps=eps, instead=_WIDER)


def rbf_embedding(x: Array, *, label: str = "x", scale: float = 0.5, debiased: bool = True) -> Embedding:
    r"""Embedding of RBF CKA with :math:`k = \exp(-d^2 / (2 t^2 \mathrm{med}))`; O(n² p).

    ``med`` is the median of all n² squared distances, zeros of the diagonal included, and ``scale`` is t.
    """
    positive(scale, "The RBF scale")
    at_least(len(x), 4 if debiased else 2, "Debiased RBF CKA" if debiased else "RBF CKA")
    distances = distances_of_gram(wide_gram(x, label))
    median = _median_of_all(distances)
    if median == 0:
        raise DegenerateError(
            f"{label}: more than half of its squared distances are 0, so the median rule gives no bandwidth; "
            "take more varied stimuli or linear CKA.",
            "zero_median_distance",
        )
    off_diagonal = float(np.exp(upper_triangle(distances).min() / (-2 * scale**2 * median)))
    distances /= -2 * scale**2 * median
    kernel = np.exp(distances, out=distances)
    eps = float(np.finfo(np.float64).eps)
    if off_diagonal <= eps:
        raise DegenerateError(
            f"{label}: at scale {scale:g} the RBF kernel is the identity (largest entry off the diagonal "
            f"{off_diagonal:.2g}), so every layer looks alike; take a larger scale, such as 0.5.",
            "identity_kernel",
        )
    kernel = kernel if debiased else h_centred(kernel)
    return kernel_embedding(kernel, label, debiased=debiased, eps=eps, instead=_WIDER)


def _median_of_all(distances: Floats) -> float:
    """Median of all n² entries, from the n(n − 1)/2 above the diagonal of zeros: each of them is there twice."""
    n = len(distances)
    # Below the n zeros of the diagonal there is nothing; a middle among them is 0 as well.
    middles = [(n * n - 1) // 2 - n, n * n // 2 - n]
    if middles[1] < 0:
        return 0.0
    above = np.concatenate([[0.0], upper_triangle(distances)])
    places = [1 + middle // 2 if middle >= 0 else 0 for middle in middles]
    return float(np.mean(np.partition(above, places)[places]))


TRACES = "tr K · tr L / ((n − 1) ‖K‖ ‖L‖) of the centred matrices, for every cell"
EXACTLY_ZERO = "0, exactly, at any n; small negative values are right"


def _blocks(n: int, units: int) -> int:
    """Working memory of a Gram matrix: a float32 copy of a block of units, and the matrix."""
    return min(n * units // 2, 2**22) + n * n


_KORNBLITH = "Kornblith, Norouzi, Lee and Hinton (2019), ICML. arXiv:1905.00414"


def kernel_claims(options: Mapping[str, Any]) -> Claims:
    """Claims of the cosine of U-centred matrices, or of H-centred ones with ``debiased=False``."""
    if options.get("debiased", True):
        return Claims((-1.0, 1.0), ROTATIONS, EXACTLY_ZERO, 4, jackknife=True)
    return Claims((0.0, 1.0), ROTATIONS, TRACES, 2, biased=True)


ENTRIES = (
    Measure(
        name="cka",
        title="CKA, linear, debiased",
        description="Are the same pairs of stimuli alike in both layers? Cosine of U-centred Gram matrices.",
        method=cosine_method(linear_embedding, square_numbers, _blocks),
        claims=kernel_claims,
        symmetric=True,
        larger_is_more_similar=True,
        cost="n² · units a layer, n² a cell",
        reference=_KORNBLITH + "; unbiased estimator of Song et al. (2012), JMLR 13",
    ),
    Measure(
        name="cka_biased",
        title="CKA, linear, biased",
        description="The published plug-in estimate: it rises towards 1 when n is small against the units.",
        method=cosine_method(partial(linear_embedding, debiased=False), square_numbers, _blocks),
        claims=lambda _: kernel_claims({"debiased": False}),
        symmetric=True,
        larger_is_more_similar=True,
        cost="n² · units a layer, n² a cell",
        reference=_KORNBLITH + ", section 3",
    ),
    Measure(
        name="cka_rbf",
        title="CKA, RBF kernel",
        description="CKA on Gaussian kernels: a small scale sees near neighbours, a large one tends to cka.",
        method=cosine_method(rbf_embedding, square_numbers, copies(1.2)),
        claims=kernel_claims,
        symmetric=True,
        larger_is_more_similar=True,
        cost="n² · units a layer, n² a cell",
        reference=_KORNBLITH + ", section 3; bandwidth: median of all n² squared distances",
        options={"scale": 0.5, "debiased": True},
        ranges={"scale": (0.2, 2.0)},
        help={
            "scale": "Bandwidth in units of the median distance, squared distances of all n² pairs.",
            "debiased": "U-centred kernels, which score 0 on average for unrelated layers.",
        },
    ),
)
