"""All pairs of layers of two models: work once a layer, then every cell from what it left."""

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from repsim_core import __version__
from repsim_core.compute.executor import cores
from repsim_core.compute.memory import budget_bytes, readable_bytes
from repsim_core.compute.progress import Progress, mapped, no_progress
from repsim_core.errors import BudgetError, DegenerateError, InputError
from repsim_core.inference import cka_standard_errors
from repsim_core.inference.bias import SMALL
from repsim_core.linalg import at_least, same_stimuli
from repsim_core.similarity.decomposition import PER_DIRECTION
from repsim_core.similarity.divergences import refined
from repsim_core.similarity.embedding import Embedding, within_bounds
from repsim_core.similarity.features import cells_from_features
from repsim_core.similarity.measure import Claims, Floats, Measure, Method, Work
from repsim_core.similarity.measures import measure_named
from repsim_core.topology import PUBLISHED_BATCH
from repsim_core.types import LayerActivations, Representation, SimilarityMatrix

FEWEST = 4  # stimuli that any map makes sense for


@dataclass(frozen=True, eq=False)
class _Cells:
    """What was found of every pair, ``(rows, columns)``, and sentences on layers."""

    values: Floats
    reasons: NDArray[np.str_]
    chance: Floats
    error: Floats
    doubts: Sequence[str] = ()
    more: Mapping[str, Any] = field(default_factory=dict)  # for the recipe


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
    """Every layer of ``a`` against every layer of ``b``: ``values[i, j]`` is the score of the i-th and the j-th.

    Of an asymmetric measure ``x`` is the row's layer and ``y`` the column's; the recipe says how a cell reads.

    Parameters
    ----------
    a, b
        Responses of two models to the same stimuli in the same order.
    measure
        A key of ``MEASURES``; its options may follow as keywords.
    executor
        Runs the layers, and the cells that are tasks of their own, side by side; ``None`` runs them here.
    progress
        Called as ``progress(done, total)`` with counts of layers, of layers and cells, or of cells times subsets, as
        ``MEASURES[measure].unit`` says.
    memory_bytes
        Limit for what is kept of the layers and what their summaries need meanwhile; by default a quarter of the
        machine.
    on_partial
        Called with the matrix so far after each subset but the last, for measures that average over subsets.

    Returns
    -------
    SimilarityMatrix
        NaN with its reason where the measure is undefined for a layer (constant, not finite, too few stimuli for it);
        the other cells are not touched by it. One sentence a reason, with the numbers, stands in ``warnings``.

    Raises
    ------
    StimulusMismatchError, UnknownNameError, InputError, BudgetError
        For what cannot be compared at all.

    Notes
    -----
    One Gram matrix or decomposition a layer, O(n² p), and where algebra allows one matrix product for all cells,
    O(n² L M). Where n is so large that n × n matrices cost more than products of units, linear CKA takes the feature
    side instead, O(n p q) a cell.

    References
    ----------
    Kornblith et al. (2019), ICML, section 3. arXiv:1905.00414
    """
    entry = measure_named(measure)
    chosen = entry.checked_options(options)
    if not a or not b:
        raise InputError("There are no layers to compare; extract at least one of each model.")
    same_stimuli(next(iter(a.values())), next(iter(b.values())))
    progress = progress or no_progress
    if entry.method is None:
        return _over_subsets(entry, chosen, a, b, executor, progress, memory_bytes, on_partial)
    if _feature_side_is_cheaper(entry, a, b):
        found = _from_features(a, b, progress)
    else:
        layers = [*a.values()] if b is a else [*a.values(), *b.values()]
        _check_budget(_needed_bytes(entry.method, chosen, layers, executor), len(layers), len(a.stimuli), memory_bytes)
        found = _all_pairs(entry, chosen, a, b, executor, progress)
    values = within_bounds(found.values, *entry.claims(chosen).bounds)
    chance, error = (np.where(np.isfinite(values), one, np.nan) for one in (found.chance, found.error))
    return _labelled(entry, chosen, a, b, replace(found, values=values, chance=chance, error=error))


def _over_subsets(
    entry: Measure,
    options: Mapping[str, Any],
    a: LayerActivations,
    b: LayerActivations,
    executor: Executor | None,
    progress: Progress,
    memory_bytes: int | None,
    on_partial: Callable[[SimilarityMatrix], None] | None,
) -> SimilarityMatrix:
    n, unknown = len(a.stimuli), np.full((len(a), len(b)), np.nan)
    try:
        at_least(n, entry.claims(options).minimum_stimuli, entry.title)
    except DegenerateError as few:
        reasons = np.full(unknown.shape, few.reason)
        return _labelled(entry, options, a, b, _Cells(unknown, reasons, unknown, unknown, [str(few)]))
    batch = min(n, PUBLISHED_BATCH) if options["batch"] is None else options["batch"]
    layers = len(a) + (0 if b is a else len(b))
    _check_budget(lambda some: 8 * layers * some * some, layers, batch, memory_bytes)
    rows = list(a.values())
    columns = rows if b is a else list(b.values())
    for values, error, reasons, done, trials in refined(entry.name, rows, columns, options, executor, progress):
        counts = {"trials_done": done, "trials_total": trials}
        found = _labelled(entry, options, a, b, _Cells(values, reasons, unknown, error, more=counts))
        if on_partial is not None and done < trials:
            on_partial(found)
    return found


def _labelled(
    entry: Measure, options: Mapping[str, Any], a: LayerActivations, b: LayerActivations, found: _Cells
) -> SimilarityMatrix:
    """The numbers with all that is needed to read them and to compute them again."""
    claims = entry.claims(options)
    recipe = {
        "a": dict(a.recipe),
        "b": dict(b.recipe),
        "measure": entry.name,
        "options": dict(options),
        "layers_a": list(a.layers),
        "layers_b": list(b.layers),
        "repsim": __version__,
        **({"direction": claims.direction} if claims.direction else {}),
        **found.more,
    }
    return SimilarityMatrix(
        values=found.values,
        rows=a.layers,
        columns=b.layers,
        measure=entry.name,
        bounds=claims.bounds,
        larger_is_more_similar=entry.larger_is_more_similar,
        reasons=found.reasons,
        chance=found.chance,
        n_stimuli=len(a.stimuli),
        model_a=a.model,
        model_b=b.model,
        dataset=a.dataset,
        row_shapes=tuple(one.unit_shape for one in a.values()),
        column_shapes=tuple(one.unit_shape for one in b.values()),
        recipe=recipe,
        warnings=(*_warnings(entry, claims, a, b, found), *found.doubts),
        standard_error=found.error,
    )


def _all_pairs(
    entry: Measure,
    options: Mapping[str, Any],
    a: LayerActivations,
    b: LayerActivations,
    executor: Executor | None,
    progress: Progress,
) -> _Cells:
    method, n = entry.method, len(a.stimuli)
    assert method is not None  # compare_layers asked
    layers = [*a.values()] if b is a else [*a.values(), *b.values()]
    cells = len(a) * (len(a) + 1) // 2 if b is a and entry.symmetric else len(a) * len(b)
    done, total = 0, len(layers) + (cells if method.counts_cells else 0)

    def step() -> None:
        nonlocal done
        done += 1
        progress(done, total)

    def summary(one: Representation) -> Any:
        try:
            return method.layer(one.values, label=f"{one.model}/{one.layer}", **options)
        except DegenerateError as error:
            return error

    progress(0, total)
    # The jackknife wants one stack, zero where a layer is undefined; the summaries become views of it.
    stack = np.zeros((len(layers), n, n)) if entry.claims(options).jackknife and n >= 5 else None
    kept: list[Any] = []
    for found in mapped(summary, layers, executor):
        if stack is not None and isinstance(found, Embedding):
            stack[len(kept)].ravel()[:] = found.vector
            found = replace(found, vector=stack[len(kept)].ravel())
        kept.append(found)
        step()
    first = kept[: len(a)]
    second = first if b is a else kept[len(a) :]
    values, chance, error = np.full((3, len(a), len(b)), np.nan)
    rows, columns = ([k for k, one in enumerate(side) if not isinstance(one, Exception)] for side in (first, second))
    if rows and columns:
        left = [first[i] for i in rows]
        right = left if b is a else [second[j] for j in columns]
        where = np.ix_(rows, columns)
        values[where], chance[where] = method.cells(left, right, options, Work(executor, step))
        if stack is not None:
            error = cka_standard_errors(stack[: len(a)], stack if b is a else stack[len(a) :], executor=executor)
    if done < total:
        progress(total, total)  # the cells that stay undefined
    return _Cells(values, _reasons(first, second), chance, error, _doubts(kept, len(kept)))


def _reasons(rows: Sequence[Any], columns: Sequence[Any]) -> NDArray[np.str_]:
    """Reason of each cell: its row's, else its column's."""
    down, across = ([getattr(one, "reason", "") for one in side] for side in (rows, columns))
    return np.array([[row or column for column in across] for row in down], dtype="<U32")


def _doubts(kept: Sequence[Any], layers: int) -> list[str]:
    """One sentence for each reason why layers are undefined, and what the others note."""
    refused: dict[str, list[DegenerateError]] = {}
    for one in kept:
        if isinstance(one, DegenerateError):
            refused.setdefault(one.reason, []).append(one)
    said = []
    for errors in refused.values():
        more = f" So it is for {len(errors)} of {layers} layers." if len(errors) > 1 else ""
        said.append(f"{errors[0]}{more}")
    return said + [note for note in (getattr(one, "note", "") for one in kept) if note]


def _from_features(a: LayerActivations, b: LayerActivations, progress: Progress) -> _Cells:
    done, total = 0, len(a) * len(b)

    def step() -> None:
        nonlocal done
        done += 1
        progress(done, total)

    progress(0, total)
    values, errors, kept = cells_from_features(a, b, step)
    reasons = np.array([[one.reason if one else "" for one in row] for row in kept], dtype="<U32")
    layers = {str(one): one for row in kept for one in row if one}
    return _Cells(values, reasons, np.zeros(values.shape), errors, _doubts(list(layers.values()), len(a) + len(b)))


def _feature_side_is_cheaper(entry: Measure, a: LayerActivations, b: LayerActivations) -> bool:
    """Count multiplications of both forms; only debiased linear CKA has the short one."""
    if entry.name != "cka":
        return False
    n = len(a.stimuli)
    p, q = [one.n_units for one in a.values()], [one.n_units for one in b.values()]
    by_gram = n * n * (sum(p) + sum(q) + 2 * len(p) * len(q))  # two: the scores and their errors
    by_features = 2 * n * (sum(p) * sum(q) + sum(u * u for u in p) + sum(u * u for u in q))
    return by_features < by_gram


def _needed_bytes(
    method: Method, options: Mapping[str, Any], layers: Sequence[Representation], executor: Executor | None
) -> Callable[[int], int]:
    """Bytes that some stimuli need: what is left of every layer, and the work on as many as run side by side."""
    units, at_a_time = [one.n_units for one in layers], 1 if executor is None else min(cores(), len(layers))

    def needed(n: int) -> int:
        return 8 * (sum(method.numbers(n, one, options) for one in units) + at_a_time * method.working(n, max(units)))

    return needed


def _check_budget(needed: Callable[[int], int], layers: int, n: int, limit: int | None) -> None:
    allowed = budget_bytes() if limit is None else limit
    if needed(n) <= allowed:
        return
    fits = bisect_right(range(n), allowed, key=needed) - 1
    ways = f"Take {fits} stimuli or fewer, or fewer layers" if fits >= FEWEST else "Take fewer layers"
    raise BudgetError(
        f"{layers} layers at {n} stimuli need {readable_bytes(needed(n))} (limit {readable_bytes(allowed)}). {ways}."
    )


def _warnings(
    entry: Measure, claims: Claims, a: LayerActivations, b: LayerActivations, found: _Cells
) -> tuple[str, ...]:
    """The doubt a measure always carries, or the size of its bias on these data."""
    if entry.warning:
        return (entry.warning,)
    if not claims.biased or not np.isfinite(found.values).any():
        return ()
    n, widest = len(a.stimuli), max(one.n_units for one in (*a.values(), *b.values()))
    start = f"{entry.title} at n = {n} with up to {widest} units is pulled towards {claims.bounds[1]:g}"
    known = found.chance[np.isfinite(found.chance)]
    if not known.size:
        return (f"{start}: compare with shuffled stimuli.",) if n < PER_DIRECTION * widest else ()
    if known.max() <= SMALL:
        return ()
    low, high = f"{known.min():.2f}", f"{known.max():.2f}"
    return (f"{start}: unrelated layers score {low if low == high else f'{low} to {high}'} here.",)
