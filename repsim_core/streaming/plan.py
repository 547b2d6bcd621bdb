"""How a layer map over many stimuli fits into a memory budget: what is exact, in how many passes, in how many bytes."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from repsim_core.activations.device import device as device_named
from repsim_core.activations.device import free_device_bytes
from repsim_core.activations.extract import requested
from repsim_core.compute.memory import readable_bytes, streaming_bytes
from repsim_core.errors import BudgetError, InputError
from repsim_core.linalg import at_least
from repsim_core.types import Dataset, LayerInfo

EXACT, ESTIMATE = "exact", "minibatch estimate"
TILE = 1024  # held stimuli a block of Gram matrices
SMALLEST_BATCH = 16  # below, the minibatch estimate is mostly noise
LIVE_OUTPUTS = 3  # outputs of the largest layer that a forward pass holds at a time: input, result, working space
WORKSPACE = 8_000_000  # bytes that products and the allocator take whatever the sizes
_NO_LIMIT = 2**62


@dataclass(frozen=True, eq=False)
class StreamingPlan:
    """What :func:`repsim_core.streaming.streamed_similarity` will do, before it does it.

    ``ways[i, j]`` says where a cell comes from: ``"units"``, sums of products of units, exact in one pass;
    ``"stimuli"``, blocks of Gram matrices that are never kept, exact, the forward passes repeated for each block;
    ``"batches"``, the minibatch estimate; ``"grams"``, all stimuli in one batch, of which each layer leaves its Gram
    matrix and nothing else, exact and with standard errors. ``bytes`` is the peak beyond what is in memory already:
    networks, stimuli, libraries.
    """

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    row_shapes: tuple[tuple[int, ...], ...]
    column_shapes: tuple[tuple[int, ...], ...]
    ways: NDArray[np.str_]  # (rows, columns)
    n: int
    batch: int  # stimuli a forward pass
    held: int  # batches whose responses stay for the Gram blocks of a pass; 0 where there are none
    bytes: int
    limit: int
    pooling: str
    device: str | None
    same: bool  # the second model with its layers is the first

    @property
    def at_once(self) -> bool:
        """Whether one batch holds all stimuli and no response is kept."""
        return bool((self.ways == "grams").all())

    @property
    def labels(self) -> NDArray[np.str_]:
        """``"exact"`` or ``"minibatch estimate"``, cell by cell."""
        return np.where(self.ways == "batches", ESTIMATE, EXACT)

    @property
    def batches(self) -> list[tuple[int, int]]:
        """First and last-but-one position of each batch; a tail of fewer than 4 stimuli joins the batch before."""
        return batches_of(self.n, self.batch)

    @property
    def stimuli_run(self) -> int:
        """Stimuli through each network, all passes together."""
        return sum(self.n - self.batches[first][0] for first in self.first_batches)

    @property
    def passes(self) -> float:
        """Forward passes over all stimuli; each block of Gram matrices needs what comes after it alone."""
        return self.stimuli_run / self.n

    @property
    def first_batches(self) -> range:
        """Where each pass begins."""
        count = len(self.batches)
        return range(0, max(1, count - 1), self.held) if self.held else range(1)

    def to_frame(self) -> pd.DataFrame:
        """Tidy table, one line per cell."""
        i, j = np.indices(self.ways.shape)
        return pd.DataFrame(
            {
                "layer_a": np.array(self.rows, dtype=object)[i.ravel()],
                "layer_b": np.array(self.columns, dtype=object)[j.ravel()],
                "label": self.labels.ravel(),
                "way": self.ways.ravel(),
            }
        )

    def __str__(self) -> str:
        exact = int((self.ways != "batches").sum())
        return (
            f"{len(self.rows)} × {len(self.columns)} layers, {self.n} stimuli in batches of {self.batch}: "
            f"{exact} of {self.ways.size} cells exact, the others minibatch estimates; "
            f"{self.passes:.1f} forward passes, {readable_bytes(self.bytes)} (limit {readable_bytes(self.limit)})."
        )


def streaming_plan(
    first: Any,
    second: Any,
    dataset: Dataset,
    *,
    layers_a: Sequence[str] | None = None,
    layers_b: Sequence[str] | None = None,
    pooling: str = "flatten",
    batch_size: int = 128,
    memory_bytes: int | None = None,
    most_passes: float = 8,
    device: str | None = None,
) -> StreamingPlan:
    """The plan with the fewest forward passes that fits, every cell exact if at most ``most_passes`` are needed.

    Parameters
    ----------
    first, second, dataset, layers_a, layers_b, pooling, device
        As in :func:`repsim_core.activations.extract`; both networks see the same batches.
    batch_size
        Stimuli a forward pass and a minibatch of the estimate; halved as often as the budget demands, down to 16. As
        many as there are stimuli make the quickest plan, if it fits: no response is kept, each layer leaves its Gram
        matrix.
    memory_bytes
        By default half of what is free where the networks run, or ``REPSIM_MEMORY_GB``.
    most_passes
        Forward passes that exactness may cost; 1 leaves wide layers to the minibatch estimate.

    Returns
    -------
    StreamingPlan
        Print it to see what it will cost.

    Raises
    ------
    BudgetError
        With the least number of bytes that works.
    UnknownNameError, ShapeError, InputError, DegenerateError
        As in :func:`repsim_core.activations.extract`; the last for fewer than 4 stimuli.

    Notes
    -----
    For n stimuli and p units: ``units`` keep p × p and p × q numbers a pair of layers, O(n p q) time; ``stimuli`` hold
    the responses of a block of stimuli, O(n² p) time a layer and n² a pair.
    """
    if batch_size < 4:
        raise InputError(f"Batches of {batch_size} are too small for debiased CKA; take 4 or more.")
    n, infinite = len(dataset), 2**62
    at_least(n, 4, "Debiased CKA")
    sides = [
        requested(model, dataset, layers, pooling, infinite)
        for model, layers in ((first, layers_a), (second, layers_b))
    ]
    same = second is first and list(sides[0][1]) == list(sides[1][1])
    if memory_bytes is None:
        memory_bytes = streaming_bytes(free_device_bytes(device_named(device)))
    cost = _Cost(n, _doubled(first, second), [_widths(shapes) for _, shapes in sides], same, [i for i, _ in sides])

    shape = (len(sides[0][1]), len(sides[1][1]))
    if batch_size >= n and cost.at_once <= memory_bytes:
        batch, ways, held, size = n, np.full(shape, "grams"), 0, cost.at_once
    else:
        batch = _largest_batch(cost, batch_size, memory_bytes)
        ways, held, size = cost.chosen(batch, memory_bytes, most_passes, shape)
    return StreamingPlan(
        rows=tuple(sides[0][1]),
        columns=tuple(sides[1][1]),
        row_shapes=tuple(sides[0][1].values()),
        column_shapes=tuple(sides[1][1].values()),
        ways=ways,
        n=n,
        batch=batch,
        held=held,
        bytes=size,
        limit=memory_bytes,
        pooling=pooling,
        device=device,
        same=same,
    )


def batches_of(n: int, size: int) -> list[tuple[int, int]]:
    """Consecutive batches; a tail of 1, 2 or 3, for which debiased CKA is undefined, joins the one before."""
    starts = list(range(0, n, size))
    if len(starts) > 1 and n - starts[-1] < 4:
        starts.pop()
    return list(zip(starts, [*starts[1:], n], strict=True))


@dataclass(frozen=True)
class _Cost:
    """Bytes of everything that is kept at a time."""

    n: int
    number: int  # bytes of one response
    sides: list[list[int]]  # units of the layers of each model
    same: bool
    infos: list[dict[str, LayerInfo]]

    @property
    def widths(self) -> list[int]:
        """Units of each distinct layer."""
        return self.sides[0] if self.same else [*self.sides[0], *self.sides[1]]

    @property
    def at_once(self) -> int:
        """All stimuli in one batch: a buffer for the widest layer, and the Gram matrices of all."""
        widest, layers = max(self.widths), len(self.widths)
        responses = self.n * self.number * (LIVE_OUTPUTS * self._largest + widest)
        errors = 4 * 8 * self.n * len(self.sides[0]) * len(self.sides[1])
        grams = 8 * self.n**2 * (layers + 4)
        return WORKSPACE + responses + grams + errors + (8 + self.number) * sum(self.widths)

    @property
    def _largest(self) -> int:
        return max(one.units for infos in self.infos for one in infos.values())

    def least(self, batch: int) -> int:
        """A pass that gives minibatch estimates alone."""
        batch, layers, total = min(batch + 3, self.n), len(self.widths), sum(self.widths)
        forward = batch * self.number * LIVE_OUTPUTS * self._largest
        responses = batch * self.number * total
        grams = 8 * batch * batch * (2 * layers + 4)
        vectors = (8 + self.number) * total + 16 * self.n * layers
        return WORKSPACE + forward + responses + grams + vectors

    def of_units(self, batch: int, count: int) -> int:
        """Sums of products of the ``count`` narrowest layers, beyond the least."""
        order = np.argsort(self.widths, kind="stable")[:count]
        firsts = [self.widths[k] for k in order if k < len(self.sides[0])]
        others = [self.widths[k] for k in order if k >= len(self.sides[0])]
        own = sum(p * p for p in (*firsts, *others))
        cross = (sum(firsts) ** 2 - own) // 2 if self.same else sum(firsts) * sum(others)
        widest = max((*firsts, *others), default=0)
        return int(8 * (own + cross + 2 * widest**2 + 2 * (batch + 3) * widest + count * sum((*firsts, *others))))

    def of_stimuli(self, batch: int, held: int) -> int:
        """Responses of ``held`` batches and a tile of Gram matrices, beyond the least."""
        if not held:
            return 0
        tile = min(TILE, held * batch)
        return self.number * held * batch * sum(self.widths) + 8 * (batch + 3) * tile * (len(self.widths) + 2)

    def chosen(
        self, batch: int, limit: int, most_passes: float, shape: tuple[int, int]
    ) -> tuple[NDArray[np.str_], int, int]:
        """Way of each cell, batches held, bytes."""
        least = self.least(batch)
        count = len(batches_of(self.n, batch))
        by_units = sum(least + self.of_units(batch, k) <= limit for k in range(1, len(self.widths) + 1))
        all_units = by_units == len(self.widths)
        held = min(self._held(batch, limit - least), max(1, count - 1))
        blocks = ceil(max(1, count - 1) / held) if held else 0
        if all_units and not (blocks == 1 and self._quicker_by_stimuli()):
            return np.full(shape, "units"), 0, least + self.of_units(batch, by_units)
        if blocks and (blocks + 1) / 2 <= most_passes:
            return np.full(shape, "stimuli"), held, least + self.of_stimuli(batch, held)
        narrow = np.zeros(len(self.widths), dtype=bool)
        narrow[np.argsort(self.widths, kind="stable")[:by_units]] = True
        second = narrow[: shape[0]] if self.same else narrow[shape[0] :]
        ways = np.where(narrow[: shape[0], None] & second[None, :], "units", "batches")
        return ways, 0, least + (self.of_units(batch, by_units) if (ways == "units").any() else 0)

    def _held(self, batch: int, room: int) -> int:
        """Batches of which responses fit into so many bytes."""
        low, high = 0, ceil(self.n / batch)
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self.of_stimuli(batch, middle) <= room else (low, middle - 1)
        return low

    def _quicker_by_stimuli(self) -> bool:
        """Count multiplications of both exact forms; those of units are in float64, twice as long."""
        p, q = self.sides
        by_units = sum(a * b for a in p for b in q) + sum(a * a for a in self.widths)
        by_stimuli = self.n * (sum(self.widths) + 2 * len(p) * len(q)) / 2
        return by_stimuli < 2 * by_units


def _largest_batch(cost: _Cost, wanted: int, limit: int) -> int:
    smallest = min(wanted, SMALLEST_BATCH)
    sizes = [wanted // 2**k for k in range(wanted.bit_length()) if wanted // 2**k >= smallest] + [smallest]
    fits: int | None = next((size for size in sizes if cost.least(size) <= limit), None)
    if fits is None:
        least = min(cost.least(size) for size in sizes)
        raise BudgetError(
            f"{len(cost.widths)} layers in batches of {smallest} stimuli need {readable_bytes(least)} "
            f"(limit {readable_bytes(limit)}). Give memory_bytes={least} or more, pool, or take fewer layers."
        )
    return fits


def _widths(shapes: dict[str, tuple[int, ...]]) -> list[int]:
    return [int(np.prod(shape, dtype=np.int64)) for shape in shapes.values()]


def _doubled(*models: Any) -> int:
    """Bytes of one response: 8 if any network computes in float64."""
    kinds = [str(one.dtype) for model in models for one in getattr(model, "module", model).parameters()]
    return 8 if "torch.float64" in kinds else 4
