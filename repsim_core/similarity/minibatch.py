"""Debiased CKA from batches of the stimuli: an estimate for when neither n × n nor units × units fits."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from repsim_core.linalg import Array, at_least, refuse_constant, shifted_gram, u_centred, unit_scaled
from repsim_core.similarity.embedding import Vector, cosines, length
from repsim_core.similarity.measure import (
    ROTATIONS,
    Claims,
    Floats,
    Measure,
    Method,
    Work,
    copies,
    no_structure,
    whole_number,
)

LEAST = 4  # stimuli in a batch, as debiased CKA needs


def batches(n: int, batch: int, seed: int) -> list[np.ndarray[Any, np.dtype[np.int64]]]:
    """One seeded permutation in pieces of ``batch``, the tail merged into the piece before."""
    batch = whole_number(batch, "batch", LEAST)
    order = np.random.default_rng(seed).permutation(n)
    return np.split(order, np.arange(batch, n - n % batch, batch))


def minibatch_embedding(x: Array, *, label: str = "x", batch: int = 256, seed: int = 0) -> Vector:
    """The U-centred Gram matrices of the batches, one after the other: n · batch numbers; O(n · batch · p).

    Their cosine is the ratio of sums over the batches, numerator and denominators apart; a mean of ratios would be
    another and a worse number.
    """
    at_least(len(x), LEAST, "Minibatch CKA")
    refuse_constant(x, label)
    scaled, whole = unit_scaled(x), 0.0
    pieces = []
    for rows in batches(len(x), batch, seed):
        product, _ = shifted_gram(scaled[np.sort(rows)])
        whole += float(np.vdot(product, product))
        pieces.append(u_centred(product).ravel())
    vector = np.concatenate(pieces)
    norm, eps = length(vector), float(np.finfo(scaled.dtype).eps)
    if norm <= 8 * np.sqrt(batch) * eps * np.sqrt(whole):
        raise no_structure(label, len(x), "take larger batches")
    return Vector(vector, norm, 0.0)


def batch_cells(
    rows: Sequence[Vector], columns: Sequence[Vector], options: Mapping[str, Any], work: Work
) -> tuple[Floats, Floats]:
    """Ratios of sums over the batches, all in one product."""
    return cosines(rows, columns, options, work)


def _numbers(n: int, _units: int, options: Mapping[str, Any]) -> int:
    return n * min(n, 2 * int(options["batch"]))


ENTRIES = (
    Measure(
        name="cka_minibatch",
        title="CKA, linear, debiased, minibatch estimate",
        description="An estimate of cka that never compares stimuli of different batches, for very many stimuli.",
        method=Method(minibatch_embedding, batch_cells, _numbers, copies(1)),
        claims=lambda _: Claims((-1.0, 1.0), ROTATIONS, "0, exactly, over all pairings within the batches", LEAST),
        symmetric=True,
        larger_is_more_similar=True,
        cost="n · batch · units a layer, n · batch a cell",
        reference="Nguyen, Raghu and Kornblith (2021), ICLR. arXiv:2010.15327",
        options={"batch": 256, "seed": 0},
        ranges={"batch": (32, 1024)},
        help={"batch": "Stimuli in a batch; all of them give cka itself.", "seed": "Of the one permutation."},
        warning="An estimate from batches: cells differ from cka by about 0.01.",
    ),
)
