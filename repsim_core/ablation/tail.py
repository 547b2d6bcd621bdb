"""The part of a network after one layer, run alone: what came before is replaced by what it was recorded to return.

Works on any eager network without tracing it: in a twin that shares the weights, every module that had finished before
the layer returns its recorded output, and the ordinary code of ``forward`` runs around it. What no one looks at again
is not kept. The twin is checked against a whole pass; where they differ, whole passes are run and the reason is said.
"""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from repsim_core.ablation.calls import Call, calls_of, watched
from repsim_core.ablation.trees import cloned, has_rows, joined_rows, mapped_tensors
from repsim_core.errors import CaptureError
from repsim_core.models.dry_run import forward
from repsim_core.models.hooks import (
    COMING_AND_GOING,
    base_name,
    chosen_tensor,
    evaluation_mode,
    named_layers,
    recording,
)

INPUT = "input of the network"
FAILURES = (
    RuntimeError,
    TypeError,
    AttributeError,
    ValueError,
    KeyError,
    IndexError,
    NotImplementedError,
    CaptureError,
)
_ABSENT = object()  # the output of a module that nobody looks at again: any use of it fails
Kept = Mapping[str, Any]


def twin(module: nn.Module, device: str | torch.device | None = None) -> nn.Module:
    """A copy in evaluation mode that shares the parameters and nothing else; on another device a copy of all."""
    home = next((one.device for one in module.parameters()), None)
    moved = device is not None and home is not None and torch.device(device) != home
    shared = {} if moved else {id(one): one for one in module.parameters()}
    with COMING_AND_GOING:
        found = copy.deepcopy(module, shared).eval()
    return found.to(device) if moved else found


@dataclass(frozen=True, eq=False)
class Recorded:
    """One ordinary pass: the layer, what its tail needs besides, and what came out, a row a stimulus."""

    layer: Tensor
    kept: dict[str, Any]
    output: Any
    downstream: dict[str, Tensor]


class Tail:
    """What follows a layer, for any number of changed copies of its output.

    ``whole_pass`` is "" where the tail runs alone, otherwise why it cannot.
    """

    def __init__(
        self,
        module: nn.Module,
        layer: str,
        example: Tensor,
        *,
        downstream: Sequence[str] = (),
        device: str | torch.device | None = None,
    ) -> None:
        self.layer, self.downstream = layer, tuple(downstream)
        self.whole_pass = ""
        self._needed: tuple[str, ...] = (INPUT,)
        self._rows: dict[str, bool] = {}
        self._blank: dict[str, Any] = {}
        self._plan: dict[str, list[str | None]] = {}
        self._supply: Mapping[str, Any] | None = None
        self._position: dict[str, int] = {}
        try:
            self._net = twin(module, device)
        except FAILURES as error:
            self._net, self.whole_pass = module, f"the network cannot be copied ({_words(error)})"
        if not self.whole_pass:
            try:
                self._learn(example)
            except FAILURES as error:
                self.whole_pass = f"what follows {layer} cannot run alone ({_words(error)})"
        if self.whole_pass:
            self._plan, self._needed = {}, (INPUT,)

    @property
    def device(self) -> torch.device:
        """Where the twin lives."""
        return next((one.device for one in self._net.parameters()), torch.device("cpu"))

    def record(self, batch: Tensor) -> Recorded:
        """An ordinary pass over prepared stimuli."""
        found: dict[str, Any] = {INPUT: batch}
        wanted = [*dict.fromkeys([self.layer, *self._needed, *self.downstream])]

        def keep(name: str, output: Any) -> None:
            found[name] = mapped_tensors(cloned, output)

        with evaluation_mode(self._net), recording(self._net, [one for one in wanted if one != INPUT], keep):
            output = forward(self._net, batch)
        for name in wanted:
            if name not in found:
                raise CaptureError(f"{name} did not run on {len(batch)} stimuli; choose another layer.")
        here = {name: chosen_tensor(name, found[name])[0] for name in (self.layer, *self.downstream)}
        down = {name: here[name] for name in self.downstream}
        return Recorded(here[self.layer], {name: found[name] for name in self._needed}, output, down)

    def __call__(self, changed: Tensor, kept: Kept) -> tuple[Any, dict[str, Tensor]]:
        """Output and layers downstream for a changed output of the layer; rows of ``kept`` belong to its rows.

        ``changed`` and ``kept`` may be overwritten.
        """
        down: dict[str, Tensor] = {}

        def keep(name: str, output: Any) -> None:
            down[name] = chosen_tensor(name, output)[0].clone()

        with evaluation_mode(self._net), recording(self._net, self.downstream, keep):
            if self.whole_pass:
                with replaced(self._net, self.layer, lambda _: changed):
                    return forward(self._net, kept[INPUT]), down
            self._supply, self._position = {**self._blank, **kept, self.layer: changed}, {}
            try:
                return self._net(kept.get(INPUT, _ABSENT)), down
            finally:
                self._supply = None

    def _learn(self, example: Tensor) -> None:
        """Find what has finished before the layer, what of it is looked at again, and check the tail on it."""
        pair, three = example[:2], example[:3]
        events = calls_of(self._net, pair)
        own = next((one for one in events if one.name == self.layer), None)
        if own is None or not isinstance(own.output, Tensor):
            self.whole_pass = f"the output of {self.layer} is no plain tensor"
            return
        self._install(events, own)
        outputs = {one.name: one.output for one in events}
        looked_at: set[str] = set()
        supply: dict[str, Any] = {
            name: mapped_tensors(partial(watched, name, looked_at), outputs[name])
            for name in {one for plan in self._plan.values() for one in plan if one} - {self.layer}
        }
        with evaluation_mode(self._net):
            self._supply, self._position = {**supply, self.layer: own.output.clone()}, {}
            try:
                self._net(watched(INPUT, looked_at, pair.clone()))
            finally:
                self._supply = None
        self._needed = tuple(sorted(looked_at))
        self._blank = {name: mapped_tensors(lambda _: _ABSENT, value) for name, value in supply.items()}
        small, large = self.record(pair), self.record(three)
        self._rows = {
            name: has_rows(name, small.kept[name], large.kept[name], (len(pair), len(three))) for name in self._needed
        }
        self._check(large, three)

    def _install(self, events: Sequence["Call"], own: "Call") -> None:
        """Stubs for the outermost modules that ended before the layer began, and for the layer."""
        before = [one.end < own.begin for one in events]
        for one in events:
            enclosing, parent = False, one.parent
            while parent >= 0:
                enclosing |= before[parent] or events[parent] is own
                parent = events[parent].parent
            if enclosing:
                continue  # inside a stub: it will not run
            stub = one.name if before[one.number] or one is own else None
            self._plan.setdefault(base_name(one.name), []).append(stub)
        self._plan = {name: plan for name, plan in self._plan.items() if any(plan)}
        modules = named_layers(self._net)
        for name in self._plan:
            modules[name].forward = partial(self._stubbed, name, modules[name].forward)

    def _stubbed(self, name: str, original: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        if self._supply is not None:
            turn = self._position.get(name, 0)
            self._position[name] = turn + 1
            plan = self._plan[name]
            if turn < len(plan) and (called := plan[turn]) is not None:
                return self._supply[called]
        return original(*arguments, **named)

    def _check(self, recorded: Recorded, batch: Tensor) -> None:
        """Half of the units off, and two copies stacked: the tail alone must say what a whole pass says."""
        changed = recorded.layer.clone().flatten(1)
        changed[:, ::2] = 0
        changed = changed.reshape(recorded.layer.shape)
        down: dict[str, Tensor] = {}

        def keep(name: str, output: Any) -> None:
            down[name] = chosen_tensor(name, output)[0].clone()

        with (
            evaluation_mode(self._net),
            recording(self._net, self.downstream, keep),
            replaced(self._net, self.layer, lambda _: changed.clone()),
        ):
            expected = chosen_tensor("output", self._net(batch))[0]
        twice = torch.arange(len(batch)).repeat(2)
        output, found = self(changed[twice], self.rows(recorded.kept, twice))
        pairs = [(expected, chosen_tensor("output", output)[0]), *((down[one], found[one]) for one in self.downstream)]
        for wanted, got in pairs:
            tolerance = 1e-4 * float(wanted.abs().max()) + 1e-12
            if got.shape[1:] != wanted.shape[1:] or not torch.allclose(got, wanted[twice], rtol=0, atol=tolerance):
                raise CaptureError("on three stimuli it gave other numbers than a whole pass")

    def rows(self, kept: Kept, rows: Tensor) -> dict[str, Any]:
        """Fresh copies of some rows of what was kept."""
        if self.whole_pass or not self._needed:
            return {name: value[rows] for name, value in kept.items()}
        return {
            name: mapped_tensors(lambda one: one[rows], value) if self._rows[name] else mapped_tensors(cloned, value)
            for name, value in kept.items()
        }

    def joined(self, batches: Sequence[Kept]) -> dict[str, Any]:
        """What was kept of several batches, as one."""
        joined: dict[str, Any] = {}
        for name in batches[0]:
            by_row = bool(self.whole_pass) or self._rows[name]
            joined[name] = joined_rows([one[name] for one in batches]) if by_row else batches[0][name]
        return joined


@contextmanager
def replaced(module: nn.Module, layer: str, replacement: Callable[[Tensor], Tensor]) -> Iterator[None]:
    """Give a layer another output while this is open; the hook is removed on the way out whatever happened."""
    name, calls = base_name(layer), 0

    def restart(_module: nn.Module, _inputs: Any) -> None:
        nonlocal calls
        calls = 0

    def change(_module: nn.Module, _inputs: Any, output: Any) -> Any:
        nonlocal calls
        calls += 1
        if (name if calls == 1 else f"{name}#{calls}") != layer:
            return output
        tensor, _ = chosen_tensor(layer, output)
        return _with_tensor(output, tensor, replacement(tensor))

    handles: list[Any] = [module.register_forward_pre_hook(restart)]
    try:
        handles.append(named_layers(module)[name].register_forward_hook(change))
        yield
    finally:
        for handle in handles:
            handle.remove()


def _with_tensor(output: Any, old: Tensor, new: Tensor) -> Any:
    if output is old:
        return new
    if isinstance(output, (tuple, list)):
        parts = [new if one is old else one for one in output]
        return type(output)(*parts) if hasattr(output, "_fields") else type(output)(parts)
    changed = copy.copy(output)
    for key, value in output.items():
        if value is old:
            changed[key] = new
    return changed


def _words(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
