"""The exported network as modules that run straight lines of operators. No code is generated.

Every module of the original that ran is a module here, under its name and the name of its class, so that hooks, lists
of layers and ablations find what they would find in the original.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from repsim_core.errors import InputError
from repsim_core.models.graph.sizes import Size
from repsim_core.models.graph.trees import Tree, filled


@dataclass(frozen=True)
class Value:
    """A tensor that an earlier step made, by its name."""

    name: str


@dataclass(frozen=True, eq=False)
class State:
    """A weight or buffer where it stands: a copy of the network, or another device, has its own."""

    owner: nn.Module
    name: str

    def tensor(self) -> Tensor:
        """As it is now."""
        found = self.owner._parameters.get(self.name)
        return self.owner._buffers[self.name] if found is None else found  # type: ignore[return-value]


@dataclass(frozen=True, eq=False)
class Place:
    """The device of the network, for operators that make tensors from nothing."""

    weight: State | None

    def device(self) -> torch.device:
        """Where the weights are now."""
        return torch.device("cpu") if self.weight is None else self.weight.tensor().device


@dataclass(frozen=True, eq=False)
class Operation:
    """One call of an operator. ``outputs`` are names, for an operator that returns several a tuple of them."""

    function: Any
    arguments: tuple[Any, ...]
    named: dict[str, Any]
    outputs: tuple[str, ...]
    several: bool
    used_up: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Call:
    """One call of a module."""

    part: "Part"
    number: int
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    used_up: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Line:
    """What one call of a module does, in order."""

    inputs: tuple[str, ...]
    steps: tuple[Operation | Call, ...]

    def run(
        self,
        batch: int | None,
        values: Sequence[Any],
        outputs: Sequence[Any],
        called: "Called | None" = None,
        seen: Callable[[str, Any], None] | None = None,
    ) -> list[Any]:
        """Values of ``outputs`` (names, or weights handed through) after all steps.

        ``called`` stands in for the calls of modules, and ``seen`` gets what every operator makes: for the dry run.
        """
        have: dict[str, Any] = dict(zip(self.inputs, values, strict=True))
        for step in self.steps:
            if isinstance(step, Call):
                given = [have[name] for name in step.inputs]
                made = called(step, batch, given) if called else step.part(step.number, batch, *given)
                several = len(step.outputs) != 1
                del given
            else:
                arguments = [resolved(one, have, batch) for one in step.arguments]
                made = step.function(*arguments, **{k: resolved(v, have, batch) for k, v in step.named.items()})
                several = step.several
                del arguments
            pairs = list(zip(step.outputs, made, strict=True)) if several else [(step.outputs[0], made)]
            have.update(pairs)
            if seen and isinstance(step, Operation):
                for name, value in pairs:
                    seen(name, value)
            del made, pairs
            for name in step.used_up:
                del have[name]
        return [resolved(one, have, batch) for one in outputs]


Called = Callable[[Call, int | None, list[Any]], Any]


def resolved(argument: Any, have: dict[str, Any], batch: int | None) -> Any:
    """An argument of an operator with its tensors and sizes in place."""
    if isinstance(argument, Value):
        return have[argument.name]
    if isinstance(argument, State):
        return argument.tensor()
    if isinstance(argument, list):
        return [resolved(one, have, batch) for one in argument]
    if isinstance(argument, Size):
        return argument.at(-1 if batch is None else batch)
    return argument.device() if isinstance(argument, Place) else argument


class Part(nn.Module):
    """A module of the network; one line for each of its calls in a pass, in the order they come."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[tuple[Line, tuple[Value, ...]]] = []

    def add_line(self, line: Line, outputs: tuple[Value, ...]) -> int:
        """Another call of the module; its number."""
        self._lines.append((line, outputs))
        return len(self._lines) - 1

    def line(self, call: int) -> tuple[Line, tuple[Value, ...]]:
        """What a call does, and the values it returns."""
        return self._lines[call]

    def forward(self, call: int, batch: int | None, *values: Any) -> Any:
        """The tensor that is used later; a tuple if there are several."""
        line, outputs = self._lines[call]
        made = line.run(batch, values, outputs)
        return made[0] if len(made) == 1 else tuple(made)


class Network(Part):
    """The whole: takes a batch and returns what the exported network returned."""

    input_shape: tuple[int, ...]
    most: int | None  # rows that the graph was exported for
    structure: Tree
    returned: tuple[Any, ...]
    sized: bool  # whether any step needs to know the size of the batch

    def forward(self, x: Any) -> Any:  # type: ignore[override]
        """Outputs of a batch ``(n, *input_shape)``, float32."""
        if type(x) is Tensor:
            if tuple(x.shape[1:]) != self.input_shape or x.ndim == 0:
                raise InputError(f"the graph was exported for inputs of shape {self.input_shape}")
            if not 1 <= len(x) <= (self.most or len(x)):
                raise InputError(f"the graph was exported for batches of 1 to {self.most}, not {len(x)}")
        line, _ = self._lines[0]
        made = line.run(x.shape[0] if self.sized else None, [x], self.returned)
        return filled(self.structure, made)


_CLASSES: dict[tuple[str, bool], type[Part]] = {}


def part(kind: str, *, whole: bool = False) -> Part:
    """An empty module whose class is called ``kind``, as that of the original was."""
    key = (kind, whole)
    if key not in _CLASSES:
        _CLASSES[key] = type(kind, (Network if whole else Part,), {"__module__": __name__})
    return _CLASSES[key]()
