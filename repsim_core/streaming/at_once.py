"""All stimuli in one batch: each layer leaves its Gram matrix as soon as it has run, and no response is kept."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from repsim_core.activations.stream import each_response
from repsim_core.compute.progress import Progress
from repsim_core.inference import cka_standard_errors
from repsim_core.streaming.plan import StreamingPlan
from repsim_core.streaming.sums import Cells, GramSums, Moments, cosines, grams_of, u_centred_stack
from repsim_core.types import Dataset

Floats = NDArray[np.float64]


def scores_at_once(
    first: Any, second: Any, dataset: Dataset, plan: StreamingPlan, progress: Progress
) -> tuple[Floats, NDArray[np.str_], Floats | None]:
    """Debiased linear CKA of all cells, reasons, and jackknife standard errors (None below 5 stimuli)."""
    n, rows = plan.n, len(plan.rows)
    sources = ((first, plan.rows, 0), (second, plan.columns, rows))[: 1 if plan.same else 2]
    count = sum(len(layers) for _, layers, _ in sources)
    stack, norms, reasons, eps = np.zeros((count, n, n)), np.zeros((count, n)), [""] * count, np.zeros(count)
    everything, done = slice(0, n), 0
    progress(0, n)
    for model, layers, offset in sources:

        def take(place: int, responses: Tensor, offset: int = offset) -> None:
            nonlocal done
            moments = Moments([responses], n)
            found, lengths = grams_of(moments.shifted([responses]))
            moments.add([responses], lengths, everything)
            k = offset + place
            norms[k], reasons[k], eps[k] = lengths[0], moments.reason(0), moments.eps[0]
            if not reasons[k]:
                stack[k] = found[0]
            done += 1
            progress(n * done // count, n)

        each_response(model, dataset, layers, take, pooling=plan.pooling, device=plan.device)
    a, b = slice(0, rows), slice(0, rows) if plan.same else slice(rows, None)
    sums = GramSums(Cells(a, b, count), n)
    sums.own(stack, everything)
    values, why = cosines(a, b, *sums.inner(norms), reasons, n, eps)
    if n < 5:
        return values, why, None
    stack = u_centred_stack(stack)
    errors = cka_standard_errors(stack[a], stack[b])
    return values, why, np.where(np.isfinite(values), errors, np.nan)
