"""The first left singular vectors of one layer against those of another, and the stimuli a vector stands for."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from repsim_core.alignment.decomposition import Decomposition, decomposition, turned
from repsim_core.alignment.features import Features
from repsim_core.errors import InputError
from repsim_core.linalg import at_least, paired, represented
from repsim_core.types import Representation, SingularAlignment

Floats = NDArray[np.float64]
VARIANCE, MOST = 0.99, 20  # the rule for k
MARGIN = 100  # how many times the rounding of the stored responses two singular values must be apart
RULE = f"the fewer directions of the two layers that hold {VARIANCE:.0%} of their variance, at most {MOST}"


def singular_vector_alignment(
    x: ArrayLike | Representation,
    y: ArrayLike | Representation,
    *,
    k: int | None = None,
    centre: bool = True,
    bias: bool = False,
    normalise: bool = False,
) -> SingularAlignment:
    r"""Cosines ``uᵢᵀ vⱼ`` of the first k left singular vectors of two layers.

    Parameters
    ----------
    x, y
        Responses ``(n, p)`` and ``(n, q)`` to the same stimuli in the same order.
    k
        Vectors of each; ``None`` takes the fewer directions of the two layers that hold 99 % of their variance, at most
        20.
    centre, bias, normalise
        As in :func:`label_alignment`; here the centred form is the default, so that a vector is a principal component.

    Returns
    -------
    SingularAlignment
        Cosines in [−1, 1]. A vector of x is turned so that its largest entry is positive, one of y so that its largest
        cosine is. Principal angles in radians, ascending, between the spans of the first k.

    Raises
    ------
    ShapeError, StimulusMismatchError, BudgetError
    InputError
        If k is above the rank of a layer.
    DegenerateError
        ``zero_variance``, ``non_finite``, ``zero_row`` or ``too_few_stimuli``.

    Notes
    -----
    Vectors whose singular values are closer than 100 times the rounding of the stored responses are one block: only
    their span is determined. O(n p min(n, p) + n q min(n, q)).

    References
    ----------
    Björck and Golub (1973), Numerical methods for computing angles between linear subspaces. doi:10.2307/2005662

    Examples
    --------
    >>> x = np.array([[3.0, 0], [-3, 0], [0, 1], [0, -1]])
    >>> np.abs(singular_vector_alignment(x, x[:, ::-1], k=2).cosines).round(12).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    from scipy.linalg import subspace_angles

    first, second = paired(x, y)
    at_least(first.n_stimuli, 3, "Singular vector alignment")
    form = {"centre": centre, "bias": bias, "normalise": normalise}
    found = [decomposition(Features(one, **form)) for one in (first, second)]
    names = tuple(f"{one.model}/{one.layer}" for one in (first, second))
    ruled = k is None
    if k is None:
        k = min(MOST, *(_strong(one.singular_values) for one in found))
    for one, name in zip(found, names, strict=True):
        if not 1 <= k <= len(one.singular_values):
            raise InputError(
                f"{name} has {len(one.singular_values)} directions, but k = {k} was asked for; "
                f"take 1 to {min(len(each.singular_values) for each in found)}."
            )
    u, v = turned(found[0].left_vectors(k)), found[1].left_vectors(k)
    cosines = u.T @ v
    strongest = cosines[np.abs(cosines).argmax(axis=0), np.arange(k)]
    v = v * np.where(strongest < 0, -1.0, 1.0)
    cosines = np.clip(u.T @ v, -1, 1)
    blocks, notes = [], []
    for one, name in zip(found, names, strict=True):
        every = degenerate_blocks(one)
        blocks.append(every[:k])
        if k < len(every) and every[k - 1] == every[k]:
            notes.append(f"k = {k} cuts through directions of {name} that cannot be told apart; take another k.")
    return SingularAlignment(
        cosines=cosines,
        principal_angles=np.sort(subspace_angles(u, v)),
        singular_values_x=found[0].singular_values[:k],
        singular_values_y=found[1].singular_values[:k],
        blocks_x=blocks[0],
        blocks_y=blocks[1],
        vectors_x=u,
        vectors_y=v,
        n_stimuli=first.n_stimuli,
        names=(names[0], names[1]),
        recipe={"k": k, "rule": RULE if ruled else "", **form},
        notes=tuple(notes),
    )


def left_vectors(
    x: ArrayLike | Representation,
    k: int,
    *,
    centre: bool = True,
    bias: bool = False,
    normalise: bool = False,
) -> tuple[Floats, Floats]:
    """The first k left singular vectors ``(n, k)``, each with its largest entry positive, and all singular values.

    Raises what :func:`label_alignment` raises for the layer, and :class:`InputError` if k is above its rank.

    References
    ----------
    Imani, Hu and White (2022), arXiv:2112.07806, section 3.
    """
    representation = represented(x, "x")
    found = decomposition(Features(representation, centre=centre, bias=bias, normalise=normalise))
    rank = len(found.singular_values)
    if not 1 <= k <= rank:
        name = f"{representation.model}/{representation.layer}"
        raise InputError(f"{name} has {rank} directions, but k = {k} was asked for; take 1 to {rank}.")
    return turned(found.left_vectors(k)), found.singular_values


def degenerate_blocks(found: Decomposition) -> NDArray[np.int64]:
    """A number for each direction, equal where neighbours' singular values cannot be told apart."""
    apart = -np.diff(found.singular_values) > MARGIN * found.features.rounding * found.norm
    return np.concatenate([[0], np.cumsum(apart)]).astype(np.int64)


def _strong(singular_values: Floats) -> int:
    """Directions that hold the share of the variance."""
    energy = np.cumsum((singular_values / singular_values[0]) ** 2)
    return int(np.searchsorted(energy, VARIANCE * energy[-1])) + 1
