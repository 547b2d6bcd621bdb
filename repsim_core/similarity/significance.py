"""Is a score above chance? Every cell of a layer map with the stimuli of one side shuffled, the same way for all."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from repsim_core.compute.progress import Progress, mapped
from repsim_core.errors import DegenerateError
from repsim_core.inference import embedding_permutation_test, score_permutation_test
from repsim_core.linalg import same_stimuli
from repsim_core.similarity.embedding import Embedding, cosines
from repsim_core.similarity.layers import compare_layers
from repsim_core.similarity.measure import Measure, Work
from repsim_core.similarity.measures import measure_named
from repsim_core.types import LayerActivations, PermutationTest, Representation

Order = NDArray[np.intp]


def permutation_test(
    a: LayerActivations,
    b: LayerActivations,
    measure: str = "cka",
    *,
    permutations: int = 199,
    seed: int = 0,
    classes: Sequence[Hashable] | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
    on_partial: Callable[[PermutationTest], None] | None = None,
    **options: Any,
) -> PermutationTest:
    """Scores of every pair of layers with the stimuli of ``b`` shuffled, one shuffle for all pairs.

    Parameters
    ----------
    a, b, measure, options
        As of :func:`repsim_core.similarity.compare_layers`.
    permutations, seed
        How many shuffles; p cannot fall below 1/(permutations + 1).
    classes
        A label for each stimulus, to ask "alike beyond the classes?": shuffles stay within them.

    Returns
    -------
    PermutationTest
        p of each cell, of each cell against the best of all, and of the best match of each layer of ``a``.

    Notes
    -----
    What does not depend on the pairing is done once: Gram matrices move with their stimuli, O(n² M) a shuffle, and so
    do the left singular vectors. Measures of other shapes are computed again for each shuffle.
    """
    entry = measure_named(measure)
    chosen = entry.checked_options(options)
    same_stimuli(next(iter(a.values())), next(iter(b.values())))
    common: dict[str, Any] = {
        "permutations": permutations,
        "seed": seed,
        "classes": classes,
        "rows": a.layers,
        "columns": b.layers,
        "executor": executor,
        "progress": progress,
        "on_partial": on_partial,
    }
    n, larger = len(a.stimuli), entry.larger_is_more_similar
    if entry.method is None:
        return score_permutation_test(
            lambda order: compare_layers(a, _reordered(b, order), measure, **options).values,
            n,
            larger_is_more_similar=larger,
            **common,
        )
    first, second = (_summaries(entry, chosen, side, executor) for side in (a, b))
    if entry.method.cells is cosines:
        return embedding_permutation_test(_stack(first, n), _stack(second, n), **common)
    shuffled = list(zip(b.values(), second, strict=True))

    def score(order: Order) -> NDArray[np.float64]:
        return _cells(entry, chosen, first, [_moved(entry, chosen, one, summary, order) for one, summary in shuffled])

    return score_permutation_test(score, n, larger_is_more_similar=larger, **common)


def _summaries(
    entry: Measure, options: Mapping[str, Any], layers: LayerActivations, executor: Executor | None
) -> list[Any]:
    """What is computed once a layer, None where the measure is undefined."""
    return list(mapped(lambda one: _summary(entry, options, one.values, one.layer), layers.values(), executor))


def _summary(entry: Measure, options: Mapping[str, Any], values: NDArray[Any], label: str) -> Any:
    assert entry.method is not None
    try:
        return entry.method.layer(values, label=label, **options)
    except DegenerateError:
        return None


def _moved(entry: Measure, options: Mapping[str, Any], one: Representation, summary: Any, order: Order) -> Any:
    """The summary of a layer whose stimuli are in another order."""
    if summary is None:
        return None
    if hasattr(summary, "reordered"):
        return summary.reordered(order)
    return _summary(entry, options, one.values[order], one.layer)


def _cells(
    entry: Measure, options: Mapping[str, Any], first: Sequence[Any], second: Sequence[Any]
) -> NDArray[np.float64]:
    """Scores of all pairs, NaN where a layer has no summary."""
    assert entry.method is not None
    found = np.full((len(first), len(second)), np.nan)
    rows, columns = ([k for k, one in enumerate(side) if one is not None] for side in (first, second))
    if rows and columns:
        values, _ = entry.method.cells([first[i] for i in rows], [second[j] for j in columns], options, Work())
        found[np.ix_(rows, columns)] = values
    return found


def _stack(summaries: Sequence[Embedding | None], n: int) -> NDArray[np.float32]:
    """Embeddings of unit length as matrices ``(layers, n, n)``, zero where undefined; float32 halves the time."""
    from scipy.spatial.distance import squareform  # here, since importing it takes a while

    stack = np.zeros((len(summaries), n, n), np.float32)
    for place, one in zip(stack, summaries, strict=True):
        if one is not None:
            # A dissimilarity matrix came as its triangle.
            square = one.vector.reshape(n, n) if one.vector.size == n * n else squareform(one.vector)
            place[:] = square / np.linalg.norm(square)
    return stack


def _reordered(layers: LayerActivations, order: Order) -> LayerActivations:
    """The same rows under the same names, in another order: the pairing is broken."""
    moved = {
        name: Representation(one.values[order], one.stimuli, one.model, one.layer, one.unit_shape, owned=True)
        for name, one in layers.items()
    }
    return replace(layers, representations=moved)
