"""What happens in one forward pass: every call of every module, and who looks at which output."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from repsim_core.ablation.trees import cloned, mapped_tensors
from repsim_core.models.dry_run import forward
from repsim_core.models.hooks import evaluation_mode, named_layers


@dataclass(eq=False)
class Call:
    """One call of a module: its place among all, that of the call around it, and when it began and ended."""

    number: int
    name: str
    parent: int
    begin: int
    end: int = -1
    output: Any = None


def calls_of(net: nn.Module, batch: Tensor) -> list[Call]:
    """Every call of every module in one pass, in the order they began."""
    calls: list[Call] = []
    open_calls: list[Call] = []
    counts: dict[str, int] = {}
    clock = iter(range(10**9))

    def begun(name: str) -> Callable[[nn.Module, Any], None]:
        def enter(_module: nn.Module, _inputs: Any) -> None:
            counts[name] = counts.get(name, 0) + 1
            called = name if counts[name] == 1 else f"{name}#{counts[name]}"
            calls.append(Call(len(calls), called, open_calls[-1].number if open_calls else -1, next(clock)))
            open_calls.append(calls[-1])

        return enter

    def ended(_module: nn.Module, _inputs: Any, output: Any) -> None:
        one = open_calls.pop()
        one.end, one.output = next(clock), mapped_tensors(cloned, output)

    handles = []
    try:
        for name, module in named_layers(net).items():
            handles.append(module.register_forward_pre_hook(begun(name)))
            handles.append(module.register_forward_hook(ended))
        with evaluation_mode(net):
            forward(net, batch)
    finally:
        for handle in handles:
            handle.remove()
    return calls


class _Watched(Tensor):
    """A tensor that notes when something is asked of it."""

    origin: str
    looked_at: set[str]

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        with torch._C.DisableTorchFunctionSubclass():
            return func(*mapped_tensors(_unwatched, tuple(args)), **mapped_tensors(_unwatched, dict(kwargs or {})))


def watched(name: str, log: set[str], tensor: Tensor) -> Tensor:
    """The tensor, noting ``name`` in ``log`` as soon as anything is asked of it."""
    found = tensor.as_subclass(_Watched)
    found.origin, found.looked_at = name, log
    return found


def _unwatched(tensor: Tensor) -> Tensor:
    if not isinstance(tensor, _Watched):
        return tensor
    tensor.looked_at.add(tensor.origin)
    return tensor.as_subclass(Tensor)
