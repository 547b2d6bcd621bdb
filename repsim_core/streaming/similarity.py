"""A layer map over more stimuli than fit into memory: debiased linear CKA from sums over batches."""

from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from repsim_core import __version__
from repsim_core.activations.device import Features
from repsim_core.activations.extract import recipe_of
from repsim_core.activations.stream import streaming
from repsim_core.compute.progress import Progress, no_progress
from repsim_core.errors import InputError
from repsim_core.similarity import MEASURES
from repsim_core.streaming.at_once import scores_at_once
from repsim_core.streaming.plan import ESTIMATE, StreamingPlan, streaming_plan
from repsim_core.streaming.sums import BatchSums, Cells, GramSums, Moments, UnitSums, cosines, grams_of
from repsim_core.types import Dataset, SimilarityMatrix

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class StreamedSimilarity:
    """One run: ``matrix`` is exact wherever its plan says so, ``minibatch`` the estimate in every cell.

    Both carry the label of every cell in ``recipe["estimators"]`` and say in ``warnings`` what is an estimate. Where
    one batch holds all stimuli they are one and the same, with standard errors by the jackknife.
    """

    matrix: SimilarityMatrix
    minibatch: SimilarityMatrix
    plan: StreamingPlan


def streamed_similarity(
    first: Any,
    second: Any,
    dataset: Dataset,
    *,
    plan: StreamingPlan | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> StreamedSimilarity:
    r"""Debiased linear CKA of every layer of one network with every layer of another, within a memory budget.

    Parameters
    ----------
    first, second
        Models or bare modules; each batch goes through both. The same object twice runs once.
    dataset
        Stimuli; only their inputs are kept as a whole.
    plan
        What :func:`streaming_plan` gave for the same models and stimuli; by default its own choice.
    seed
        Of the one permutation of the stimuli that decides the batches: in class order minibatches see single classes,
        and the estimate falls to 0.
    progress
        Called as ``progress(done, total)`` with counts of stimuli, over all passes.

    Returns
    -------
    StreamedSimilarity
        Cells in [−1, 1], equal to :func:`repsim_core.similarity.compare_layers` but for round-off where exact; NaN with
        its reason where a layer is constant or not finite.

    Raises
    ------
    InputError
        If the plan is that of another dataset; otherwise as :func:`streaming_plan`.

    Notes
    -----
    The minibatch estimate is :math:`\sum_b \langle U_b(K), U_b(L)\rangle / \sqrt{\sum_b \|U_b(K)\|^2 \sum_b
    \|U_b(L)\|^2}`, numerators and denominators summed before the division. It is consistent in the number of batches
    but weighs pairs of stimuli of one batch alone.

    References
    ----------
    Song et al. (2012), JMLR 13, equation 5; Nguyen, Raghu and Kornblith (2021), ICLR, equation 3. arXiv:2010.15327
    """
    plan = plan or streaming_plan(first, second, dataset)
    if plan.n != len(dataset):
        raise InputError(f"The plan is for {plan.n} stimuli, {dataset.name} has {len(dataset)} here; plan anew.")
    progress = progress or no_progress
    order = np.random.default_rng(seed).permutation(plan.n)
    recipe = {
        "a": recipe_of(first, dataset, plan.pooling),
        "b": recipe_of(second, dataset, plan.pooling),
        "measure": "cka",
        "options": {},
        "layers_a": list(plan.rows),
        "layers_b": list(plan.columns),
        "repsim": __version__,
        "batch": plan.batch,
        "order_seed": seed,
        "passes": plan.passes,
        "device": plan.device or "",
    }
    if plan.at_once:
        values, reasons, errors = scores_at_once(first, second, dataset, plan, progress)
        matrix = _labelled(plan, dataset, recipe, (values, reasons), plan.labels, seed, errors)
        return StreamedSimilarity(matrix, matrix, plan)
    run = _Run(plan)
    with ExitStack() as stack:
        sources = [
            stack.enter_context(streaming(model, dataset, layers, pooling=plan.pooling, device=plan.device))
            for model, layers in ((first, plan.rows), (second, plan.columns))[: 1 if plan.same else 2]
        ]
        done = 0
        progress(done, plan.stimuli_run)
        for number, begin in enumerate(plan.first_batches):
            run.grams.restart(plan.batches[begin][0])
            for index in range(begin, len(plan.batches)):
                start, stop = plan.batches[index]
                features = [one for responses in sources for one in responses(order[start:stop])]
                hold = index < begin + plan.held and stop < plan.n  # nothing comes after the last batch
                run.add(features, slice(start, stop), initial=number == 0, hold=hold)
                del features  # before the next batch is there
                done += stop - start
                progress(done, plan.stimuli_run)
    exact, estimate = run.matrices()
    every = np.full(plan.ways.shape, ESTIMATE)
    return StreamedSimilarity(
        _labelled(plan, dataset, recipe, exact, plan.labels, seed),
        _labelled(plan, dataset, recipe, estimate, every, seed),
        plan,
    )


class _Run:
    """Everything that is summed."""

    def __init__(self, plan: StreamingPlan) -> None:
        shapes = plan.row_shapes if plan.same else (*plan.row_shapes, *plan.column_shapes)
        widths = [int(np.prod(one, dtype=np.int64)) for one in shapes]
        rows = len(plan.rows)
        self.plan = plan
        self.first, self.second = slice(0, rows), slice(0, rows) if plan.same else slice(rows, None)
        units = plan.ways == "units"
        narrow = units.any(axis=1) if plan.same else np.concatenate([units.any(axis=1), units.any(axis=0)])
        self.moments: Moments | None = None
        self.grams = GramSums(Cells(self.first, self.second, len(widths)), plan.n if plan.held else 0)
        self.units = UnitSums(widths, narrow, self.first, self.second)
        self.minibatch = BatchSums(Cells(self.first, self.second, len(widths)))
        self.room = plan.batches[min(plan.held, len(plan.batches)) - 1][1] if plan.held else 0

    def add(self, features: list[Features], at: slice, *, initial: bool, hold: bool) -> None:
        """Take in one batch; what is known of it after the initial pass is not added again."""
        if self.moments is None:
            self.moments = Moments(features, self.plan.n)
        self.moments.shifted(features)
        if initial:
            stack, lengths = grams_of(features)
            self.moments.add(features, lengths, at)
            if self.plan.held:
                self.grams.own(stack, at)
            self.minibatch.add(stack)
            del stack
            self.units.add(features, self.moments.norms[:, at])
        if self.plan.held:
            self.grams.against_held(features, at)
            if hold:
                self.grams.hold(features, at, self.room)

    def matrices(self) -> tuple[tuple[Floats, NDArray[np.str_]], tuple[Floats, NDArray[np.str_]]]:
        """Values and reasons: as planned, and the minibatch estimate."""
        assert self.moments is not None  # a plan has at least one batch
        known = [self.moments.reason(k) for k in range(len(self.moments.eps))]
        eps = np.array(self.moments.eps)
        a, b = self.first, self.second
        batches = self.minibatch
        estimate = cosines(a, b, batches.cells.cross, batches.cells.own, batches.size, known, self.plan.batch, eps)
        values, reasons = estimate
        if self.plan.held:
            return cosines(a, b, *self.grams.inner(self.moments.norms), known, self.plan.n, eps), estimate
        if self.units.chosen:
            sums = self.units.inner(self.moments.norms, self.moments.sums)
            exact, why = cosines(a, b, *sums, known, self.plan.n, eps)
            ours = self.plan.ways == "units"
            values, reasons = np.where(ours, exact, values), np.where(ours, why, reasons)
        return (values, reasons), estimate


def _labelled(
    plan: StreamingPlan,
    dataset: Dataset,
    recipe: dict[str, Any],
    found: tuple[Floats, NDArray[np.str_]],
    labels: NDArray[np.str_],
    seed: int,
    errors: Floats | None = None,
) -> SimilarityMatrix:
    values, reasons = found
    entry, count = MEASURES["cka"], int((labels == ESTIMATE).sum())
    warning = (
        f"{count} of {labels.size} cells are minibatch estimates ({len(plan.batches)} batches of {plan.batch} stimuli, "
        f"order of seed {seed}); more memory or passes make them exact."
    )
    return SimilarityMatrix(
        values=values,
        rows=plan.rows,
        columns=plan.columns,
        measure=entry.name,
        bounds=entry.bounds,
        larger_is_more_similar=entry.larger_is_more_similar,
        reasons=reasons,
        chance=np.where(np.isfinite(values), 0.0, np.nan),
        n_stimuli=plan.n,
        model_a=recipe["a"]["model"],
        model_b=recipe["b"]["model"],
        dataset=dataset.name,
        row_shapes=plan.row_shapes,
        column_shapes=plan.column_shapes,
        recipe=recipe | {"estimators": labels.tolist()},
        warnings=(warning,) if count else (),
        standard_error=np.full(values.shape, np.nan) if errors is None else errors,
    )
