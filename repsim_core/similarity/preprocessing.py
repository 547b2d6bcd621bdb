"""What is done to responses before they are compared: scale of units or rows, fewer dimensions. All recorded."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from repsim_core.errors import InputError, unknown_name
from repsim_core.types import LayerActivations, Representation

SCALINGS: Mapping[str, str] = {
    "none": "responses as they are",
    "zscore": "each unit over the stimuli: mean 0, standard deviation 1; constant units become 0",
    "rownorm": "each stimulus divided by its length; rows of zeros stay 0",
}
REDUCTIONS: Mapping[str, str] = {
    "none": "all units",
    "pca": "the leading principal directions, fitted on the compared stimuli",
    "projection": "a seeded sparse random projection, which keeps distances up to a few per cent",
}
DIMENSIONS = 50

Values = NDArray[np.floating[Any]]


def preprocessed(
    layers: LayerActivations,
    *,
    scaling: str = "none",
    reduction: str = "none",
    dimensions: int = DIMENSIONS,
    seed: int = 0,
) -> LayerActivations:
    """The same layers after a scaling and a reduction, in this order.

    Parameters
    ----------
    scaling, reduction
        Keys of :data:`SCALINGS` and :data:`REDUCTIONS`.
    dimensions, seed
        Of the reduction; a layer with no more units than that is left as it is, and principal directions are at most
        n − 1.

    Returns
    -------
    LayerActivations
        Its ``recipe`` says what was done, its ``notes`` what that met: constant units, rows of zeros.

    Raises
    ------
    UnknownNameError, InputError
        For another name, or fewer than one dimension.
    """
    for kind, name, known in (("scaling", scaling, SCALINGS), ("reduction", reduction, REDUCTIONS)):
        if name not in known:
            raise unknown_name(kind, name, known)
    if dimensions < 1:
        raise InputError(f"A reduction keeps at least 1 dimension, got {dimensions}.")
    if scaling == reduction == "none":
        return layers
    notes = list(layers.notes)
    found: dict[str, Representation] = {}
    for name, one in layers.items():
        values, met = _scaled(one.values, scaling)
        if met:
            notes.append(f"{name}: {met}.")
        values = _reduced(values, reduction, dimensions, seed)
        shape = one.unit_shape if values.shape[1] == one.n_units else (values.shape[1],)
        found[name] = Representation(values, one.stimuli, one.model, one.layer, shape, owned=values is not one.values)
    recipe = layers.recipe | {"scaling": scaling, "reduction": reduction}
    if reduction != "none":
        recipe |= {"dimensions": dimensions, "reduction_seed": seed}
    return replace(layers, representations=found, recipe=recipe, notes=tuple(notes))


def _scaled(values: Values, scaling: str) -> tuple[Values, str]:
    if scaling == "zscore":
        # Centred twice, and compared with the size before: the mean of a constant column is off by an ulp or so.
        centred = values - values.mean(axis=0, dtype=np.float64).astype(values.dtype)
        centred -= centred.mean(axis=0, dtype=np.float64).astype(values.dtype)
        spread = centred.std(axis=0, dtype=np.float64)
        dead = ~(spread > 4 * np.finfo(values.dtype).eps * np.abs(values).max(axis=0))
        scaled = np.where(dead, 0.0, centred / np.where(dead, 1.0, spread)).astype(values.dtype)
        count = int(dead.sum())
        return scaled, f"{count} of {len(dead)} units are constant and became 0" if count else ""
    if scaling == "rownorm":
        lengths = np.linalg.norm(values.astype(np.float64), axis=1, keepdims=True)
        zero = lengths == 0
        count = int(zero.sum())
        scaled = (values / np.where(zero, 1.0, lengths)).astype(values.dtype)
        return scaled, f"{count} of {len(values)} rows are all zero and stayed so" if count else ""
    return values, ""


def _reduced(values: Values, reduction: str, dimensions: int, seed: int) -> Values:
    if reduction == "none" or dimensions >= values.shape[1] or not np.isfinite(values).all():
        return values
    if reduction == "pca":
        from sklearn.decomposition import PCA

        kept = min(dimensions, len(values) - 1)
        return np.ascontiguousarray(PCA(kept, svd_solver="full").fit_transform(values))
    from sklearn.random_projection import SparseRandomProjection

    return np.ascontiguousarray(SparseRandomProjection(dimensions, random_state=seed).fit_transform(values))
