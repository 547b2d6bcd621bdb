"""From the checked description to modules: operators in order, gathered by the calls of the modules around them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor, nn

from repsim_core.errors import FormatError
from repsim_core.formats import shown_name
from repsim_core.models.graph.names import qualified
from repsim_core.models.graph.places import Chain, Kinds, chains
from repsim_core.models.graph.program import Call, Line, Network, Operation, Part, Place, State, Value, part
from repsim_core.models.graph.reader import Claim, Reader
from repsim_core.models.graph.signature import Signature


@dataclass(frozen=True, eq=False)
class Built:
    """The network, and what the description claims of its values."""

    network: Network
    claims: tuple[Claim, ...]
    used: frozenset[str]  # values that something is computed from


def built(program: Mapping[str, Any], signed: Signature, tensors: Mapping[str, tuple[Tensor, bool]]) -> Built:
    """The network of a checked description. ``tensors`` are by qualified name, with whether they are persistent."""
    graph = program["graph_module"]["graph"]
    around, kinds = chains(graph["nodes"])
    network = part(kinds.get((), "Network"), whole=True)
    assert isinstance(network, Network)
    states = {name: _owned(network, kinds, name, *held) for name, held in tensors.items()}
    known: dict[str, Any] = {signed.input: Value(signed.input)}
    for value, (name, _, _) in signed.states.items():
        if name not in states:
            raise FormatError(
                f"the graph uses the weight {shown_name(name)!r}, which the file does not hold; export again"
            )
        known[value] = states[name]
    reader = Reader(known, signed, Place(next(iter(states.values()), None)), graph)
    steps = [(chain, step) for node, chain in zip(graph["nodes"], around, strict=True) if (step := reader.step(node))]
    outputs = tuple(None if name is None else reader.refer(name) for name in signed.outputs)
    used = _assemble(network, kinds, steps, signed, outputs)
    network.input_shape, network.most, network.structure = signed.input_shape, signed.most, signed.structure
    network.returned, network.sized = outputs, reader.sized
    return Built(network.eval(), tuple(reader.claims), used)


def _assemble(
    network: Network,
    kinds: Kinds,
    steps: list[tuple[Chain, Operation]],
    signed: Signature,
    outputs: tuple[Any, ...],
) -> frozenset[str]:
    """Give every module its lines, the network last; the values that are used."""
    last: dict[str, int] = {}
    for at, (_, step) in enumerate(steps):
        for name in _used(step):
            last[name] = at
    for value in outputs:
        if isinstance(value, Value):
            last[value.name] = len(steps)

    def lines(begin: int, end: int, depth: int) -> list[Operation | Call]:
        made: list[Operation | Call] = []
        at = begin
        while at < end:
            chain, step = steps[at]
            if len(chain) <= depth:
                made.append(step)
                at += 1
                continue
            stop = at
            while stop < end and steps[stop][0][: depth + 1] == chain[: depth + 1]:
                stop += 1
            made.append(call(at, stop, depth + 1, chain[depth][1]))
            at = stop
        return made

    def call(begin: int, end: int, depth: int, name: tuple[str, ...]) -> Call:
        inside = [one for _, step in steps[begin:end] for one in step.outputs]
        within = set(inside)
        inputs = tuple(dict.fromkeys(one for _, step in steps[begin:end] for one in _used(step) if one not in within))
        leaving = tuple(one for one in inside if last.get(one, -1) >= end)
        target = _module(network, kinds, name)
        line = Line(inputs, _freed(lines(begin, end, depth), set(leaving)))
        number = target.add_line(line, tuple(Value(one) for one in leaving))
        return Call(target, number, inputs, leaving)

    kept = {value.name for value in outputs if isinstance(value, Value)}
    network.add_line(Line((signed.input,), _freed(lines(0, len(steps), 0), kept)), ())
    return frozenset(last)


def _used(step: Operation | Call) -> Iterable[str]:
    """Names of the values a step needs."""
    if isinstance(step, Call):
        return step.inputs
    return [one.name for one in _values([*step.arguments, *step.named.values()])]


def _values(arguments: Iterable[Any]) -> list[Value]:
    found: list[Value] = []
    for one in arguments:
        if isinstance(one, Value):
            found.append(one)
        elif isinstance(one, list):
            found += _values(one)
    return found


def _freed(steps: list[Operation | Call], kept: set[str]) -> tuple[Operation | Call, ...]:
    """Steps that let go of what nobody needs any more."""
    later = set(kept)
    backwards: list[Operation | Call] = []
    for step in reversed(steps):
        touched = dict.fromkeys((*_used(step), *step.outputs))
        backwards.append(replace(step, used_up=tuple(one for one in touched if one not in later)))
        later |= touched.keys()
    return tuple(reversed(backwards))


def _module(network: nn.Module, kinds: Kinds, name: tuple[str, ...]) -> Part:
    """The module of a qualified name, made with those around it."""
    found = network
    for depth, step in enumerate(name, start=1):
        if found._modules.get(step) is None:
            found._modules[step] = part(kinds.get(name[:depth], "Module"))
        found = found._modules[step]  # type: ignore[assignment]
    assert isinstance(found, Part)
    return found


def _owned(network: nn.Module, kinds: Kinds, name: str, tensor: Tensor, persistent: bool) -> State:
    """A weight or buffer where its name says."""
    steps = qualified(name)
    if not steps:
        raise FormatError("the file holds a weight without a name; export again")
    owner = _module(network, kinds, steps[:-1])
    if isinstance(tensor, nn.Parameter):
        owner._parameters[steps[-1]] = tensor
    else:
        owner._buffers[steps[-1]] = tensor
        if not persistent:
            owner._non_persistent_buffers_set.add(steps[-1])
    return State(owner, steps[-1])
