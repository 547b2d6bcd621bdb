"""All pairs of layers of two models: one embedding a layer, one matrix product for every cell."""

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from repsim_core import __version__
from repsim_core.compute.memory import budget_bytes, readable_bytes
from repsim_core.compute.progress import Progress, mapped, no_progress
from repsim_core.errors import BudgetError, DegenerateError, InputError
from repsim_core.linalg import at_least, same_stimuli
from repsim_core.similarity.cka import Embedding, linear_cka_from_features, within_bounds
from repsim_core.similarity.divergences import refined
from repsim_core.similarity.measures import Measure, measure_named
from repsim_core.topology import PUBLISHED_BATCH
from repsim_core.types import LayerActivations, Representation, SimilarityMatrix

Floats = NDArray[np.float64]


def compare_layers(
    a: LayerActivations,
    b: LayerActivations,
    measure: str = "cka",
    *,
    executor: Executor | None = None,
    progress: Progress | None = None,
    memory_bytes: int | None = None,
    on_partial: Callable[[SimilarityMatrix], None] | None = None,
    **options: Any,
) -> SimilarityMatrix:
    """Every layer of ``a`` against every layer of ``b``.

    Parameters
    ----------
    a, b
        Responses of two models to the same stimuli in the same order.
    measure
        A key of ``MEASURES``; its options may follow as keywords.
    executor
        Runs the layers side by side; ``None`` runs them here.
    progress
        Called as ``progress(done, total)`` with counts of layers, or of cells times subsets.
    memory_bytes
        Limit for the n × n matrices; by default a quarter of the machine.
    on_partial
        Called with the matrix so far after each subset but the last, for measures that average over subsets.

    Returns
    -------
    SimilarityMatrix
        NaN with its reason where a layer is constant or not finite; the other cells are not touched by it.

    Raises
    ------
    StimulusMismatchError, UnknownNameError, DegenerateError, BudgetError
        The third if there are too few stimuli for any cell.

    Notes
    -----
    One Gram matrix a layer, O(n² p), and one matrix product for all cells, O(n² L M). Where n is so large that n × n
    matrices cost more than products of units, linear CKA takes the feature side instead, O(n p q) a cell.

    References
    ----------
    Kornblith et al. (2019), ICML, section 3. arXiv:1905.00414
    """
    entry = measure_named(measure)
    chosen = entry.checked_options(options)
    if not a or not b:
        raise InputError("There are no layers to compare; extract at least one of each model.")
    same_stimuli(next(iter(a.values())), next(iter(b.values())))
    n = len(a.stimuli)
    at_least(n, entry.minimum_stimuli, entry.title)
    progress = progress or no_progress

    def matrix(values: Floats, reasons: NDArray[np.str_], chance: Floats, error: Floats, more: Any) -> SimilarityMatrix:
        return _labelled(entry, chosen, a, b, values, reasons, chance, error, more)

    if entry.embedding is None:
        batch = min(n, PUBLISHED_BATCH) if chosen["batch"] is None else chosen["batch"]
        _check_budget(batch, len(a) + (0 if b is a else len(b)), memory_bytes)
        rows = list(a.values())
        columns = rows if b is a else list(b.values())
        for values, error, reasons, done, trials in refined(measure, rows, columns, chosen, executor, progress):
            found = matrix(
                values, reasons, np.full_like(values, np.nan), error, {"trials_done": done, "trials_total": trials}
            )
            if on_partial is not None and done < trials:
                on_partial(found)
        return found
    if _feature_side_is_cheaper(entry, a, b):
        values, reasons, chance = _from_features(entry, a, b, progress)
    else:
        _check_budget(n, len(a) + (0 if b is a else len(b)), memory_bytes)
        values, reasons, chance = _from_embeddings(entry, chosen, a, b, executor, progress)
    return matrix(values, reasons, np.where(np.isfinite(values), chance, np.nan), np.full_like(values, np.nan), {})


def _labelled(
    entry: Measure,
    options: Mapping[str, Any],
    a: LayerActivations,
    b: LayerActivations,
    values: Floats,
    reasons: NDArray[np.str_],
    chance: Floats,
    error: Floats,
    more: Mapping[str, Any],
) -> SimilarityMatrix:
    """The numbers with all that is needed to read them and to compute them again."""
    recipe = {
        "a": dict(a.recipe),
        "b": dict(b.recipe),
        "measure": entry.name,
        "options": dict(options),
        "layers_a": list(a.layers),
        "layers_b": list(b.layers),
        "repsim": __version__,
        **more,
    }
    return SimilarityMatrix(
        values=values,
        rows=a.layers,
        columns=b.layers,
        measure=entry.name,
        bounds=entry.bounds,
        larger_is_more_similar=entry.larger_is_more_similar,
        reasons=reasons,
        chance=chance,
        n_stimuli=len(a.stimuli),
        model_a=a.model,
        model_b=b.model,
        dataset=a.dataset,
        row_shapes=tuple(one.unit_shape for one in a.values()),
        column_shapes=tuple(one.unit_shape for one in b.values()),
        recipe=recipe,
        warnings=_warnings(entry, a, b),
        standard_error=error,
    )


def _from_embeddings(
    entry: Measure,
    options: Mapping[str, Any],
    a: LayerActivations,
    b: LayerActivations,
    executor: Executor | None,
    progress: Progress,
) -> tuple[Floats, NDArray[np.str_], Floats]:
    n = len(a.stimuli)
    layers = [*a.values()] if b is a else [*a.values(), *b.values()]
    stack = np.zeros((len(layers), n * n))
    factors, reasons = np.zeros(len(layers)), [""] * len(layers)

    embedding = entry.embedding
    assert embedding is not None  # compare_layers asked

    def embed(one: Representation) -> Embedding | DegenerateError:
        try:
            return embedding(one.values, label=f"{one.model}/{one.layer}", **options)
        except DegenerateError as error:
            return error

    progress(0, len(layers))
    for index, found in enumerate(mapped(embed, layers, executor)):
        if isinstance(found, DegenerateError):
            reasons[index] = found.reason
        else:
            stack[index], factors[index] = found.vector, found.chance
        progress(index + 1, len(layers))
    first = slice(0, len(a))
    second = first if b is a else slice(len(a), None)
    values = within_bounds(stack[first] @ stack[second].T, entry.bounds[0])
    why = _joined(reasons[first], reasons[second])
    values[why != ""] = np.nan
    return values, why, np.outer(factors[first], factors[second])


def _from_features(
    entry: Measure, a: LayerActivations, b: LayerActivations, progress: Progress
) -> tuple[Floats, NDArray[np.str_], Floats]:
    shape = (len(a), len(b))
    values, reasons = np.full(shape, np.nan), np.full(shape, "", dtype="<U32")
    debiased = entry.name == "cka"
    chance = np.zeros(shape)
    for i, one in enumerate(a.values()):
        for j, other in enumerate(b.values()):
            try:
                values[i, j] = linear_cka_from_features(one.values, other.values, debiased=debiased)
            except DegenerateError as error:
                reasons[i, j] = error.reason
            progress(i * shape[1] + j + 1, values.size)
    return values, reasons, chance


def _feature_side_is_cheaper(entry: Measure, a: LayerActivations, b: LayerActivations) -> bool:
    """Count multiplications of both forms; only debiased linear CKA has the short one with its chance level."""
    if entry.name != "cka":
        return False
    n = len(a.stimuli)
    p, q = [one.n_units for one in a.values()], [one.n_units for one in b.values()]
    by_gram = n * n * (sum(p) + sum(q) + len(p) * len(q))
    by_features = n * (sum(p) * sum(q) + len(q) * sum(u * u for u in p) + len(p) * sum(u * u for u in q))
    return by_features < by_gram


def _check_budget(n: int, layers: int, limit: int | None) -> None:
    allowed = budget_bytes() if limit is None else limit
    needed = 8 * n * n * layers
    if needed > allowed:
        fits = int(np.sqrt(allowed / (8 * layers)))
        raise BudgetError(
            f"{layers} layers at {n} stimuli need {readable_bytes(needed)} of n × n matrices "
            f"(limit {readable_bytes(allowed)}). Take {fits} stimuli or fewer, or fewer layers."
        )


def _joined(rows: list[str], columns: list[str]) -> NDArray[np.str_]:
    """Reason of each cell: its row's, else its column's."""
    return np.array([[row or column for column in columns] for row in rows], dtype="<U32")


def _warnings(entry: Measure, a: LayerActivations, b: LayerActivations) -> tuple[str, ...]:
    if entry.warning:
        return (entry.warning,)
    widest = max(one.n_units for one in (*a.values(), *b.values()))
    n = len(a.stimuli)
    if entry.biased and n < widest:
        return (
            f"Biased CKA at n = {n} with up to {widest} units is pulled towards 1; "
            "compare with the chance level of the cell, or take the debiased form.",
        )
    return ()
