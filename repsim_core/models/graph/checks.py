"""The dry run: on tensors without memory first, so that nothing is allocated that a graph merely asks for."""

import copy
import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from repsim_core.errors import BudgetError, FormatError, RepsimError
from repsim_core.formats import shown_name
from repsim_core.limits import LIMITS
from repsim_core.models.graph.builder import Built
from repsim_core.models.graph.program import Call, Network
from repsim_core.models.graph.reader import checked_size
from repsim_core.models.graph.signature import TRAINING, Signature
from repsim_core.models.graph.sizes import Size
from repsim_core.models.graph.trees import filled
from repsim_core.models.graph.weights import DTYPES
from repsim_core.models.hooks import chosen_tensor

_BATCHES = (2, 3)


def check(found: Built, signed: Signature, graph: Mapping[str, Any]) -> None:
    """Run the network on two and three stimuli of no memory, then on two of zeros.

    Raises
    ------
    FormatError
        If an operator refuses, a value has another shape than the graph declares, the network changes its own weights,
        or its output has no row a stimulus.
    BudgetError
        If one value takes more than a gigabyte a stimulus.
    """
    declared = {
        name: (meta["dtype"], [checked_size(one, signed.symbol) for one in meta["sizes"]])
        for name, meta in graph["tensor_values"].items()
    }
    for meta in graph["tensor_values"].values():
        for one in (*meta["strides"], meta["storage_offset"]):
            checked_size(one, signed.symbol)
    for one in graph["sym_int_values"].values():
        checked_size(one, signed.symbol)
    shadow = _without_memory(found.network)
    for batch in _BATCHES:
        shapes = _shapes(shadow, declared, found.used, torch.empty(batch, *signed.input_shape, device="meta"))
        shapes[signed.input] = (batch, *signed.input_shape)
        for claim in found.claims:
            shape = shapes[claim.tensor]
            if not -len(shape) <= claim.axis < len(shape) or shape[claim.axis] != claim.size.at(batch):
                raise FormatError(f"the graph declares another size of {claim.tensor} than it has; export again")
    _run(found.network, torch.zeros(2, *signed.input_shape))


def _without_memory(network: Network) -> Network:
    """A copy whose weights have shapes and strides and nothing else."""
    weightless: dict[int, Any] = {}
    for one in (*network.parameters(), *network.buffers()):
        empty = one.detach().to("meta")
        weightless[id(one)] = nn.Parameter(empty, requires_grad=False) if isinstance(one, nn.Parameter) else empty
    return copy.deepcopy(network, weightless)


def _shapes(
    shadow: Network, declared: Mapping[str, tuple[int, list[Size]]], used: frozenset[str], batch: Tensor
) -> dict[str, tuple[int, ...]]:
    """Shape of every value, each held against what is declared of it and against the limit."""
    shapes: dict[str, tuple[int, ...]] = {}
    count = len(batch)

    def seen(name: str, value: Any) -> None:
        if not isinstance(value, Tensor):
            return
        shapes[name] = tuple(value.shape)
        size = math.prod(value.shape) * value.element_size() / count
        if size > LIMITS.node_output_bytes:
            raise BudgetError(
                f"{name} takes {size:,.0f} bytes a stimulus (limit {LIMITS.node_output_bytes:,}); "
                "export a smaller network, or for smaller inputs."
            )
        if name not in used:
            return  # saved statistics and the like, which differ between devices
        if name not in declared:
            raise FormatError(f"the graph does not say what {name} is; export again")
        dtype, sizes = declared[name]
        wanted = tuple(one.at(count) for one in sizes)
        if wanted != shapes[name] or DTYPES.get(dtype) != value.dtype:
            raise FormatError(
                f"{name} is {str(value.dtype).removeprefix('torch.')} of shape {shapes[name]} where the graph declares "
                f"{wanted} for a batch of {count}; export again"
            )

    def called(step: Call, size: int | None, given: list[Any]) -> Any:
        line, outputs = step.part.line(step.number)
        made = line.run(size, given, outputs, called, seen)
        return made[0] if len(made) == 1 else tuple(made)

    _run(shadow, batch, lambda: shadow.line(0)[0].run(count, [batch], shadow.returned, called, seen))
    return shapes


def _run(network: Network, batch: Tensor, forward: Any = None) -> None:
    """One pass, after which the weights must be what they were."""
    weights = [*network.parameters(), *network.buffers()]
    before = [one._version for one in weights]
    try:
        with torch.no_grad():
            output = filled(network.structure, forward()) if forward else network(batch)
    except RepsimError:
        raise
    except Exception as error:  # operators raise whatever they like on arguments that nobody checked
        words = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise FormatError(f"the graph cannot run ({shown_name(words, 200)}); export again") from error
    if [one._version for one in weights] != before:
        raise FormatError(f"it changes its own weights as it runs: {TRAINING}")
    main, _ = chosen_tensor("output", output)
    if not main.ndim or len(main) != len(batch):
        raise FormatError(
            f"its output has shape {tuple(main.shape)} for {len(batch)} stimuli, wanted a row each; "
            "export the network without what sums over the batch or joins stimuli"
        )
