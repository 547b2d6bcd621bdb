"""Which calls of modules stand around each node."""

from collections.abc import Mapping
from typing import Any

from repsim_core.models.graph.names import module_stack
from repsim_core.models.graph.operators import ARITHMETIC, SIZE_OF

Chain = tuple[tuple[str, tuple[str, ...]], ...]  # calls around a node: key of the call and name of the module
Kinds = dict[tuple[str, ...], str]


def chains(nodes: list[Mapping[str, Any]]) -> tuple[list[Chain], Kinds]:
    """Calls around each node, without the network itself, and the class of each module.

    Nodes without a place stand where both neighbours do. A call that is interrupted is no call: torch moved part of it,
    and half a module must not pass for a whole one.
    """
    kinds: Kinds = {}
    placed: list[Chain | None] = []
    for node in nodes:
        stack = module_stack(node["metadata"].get("nn_module_stack", ""))
        if not stack or stack[0][1] != () or node["target"] == SIZE_OF or node["target"] in ARITHMETIC:
            placed.append(None)
            continue
        for _, name, kind in stack:
            kinds.setdefault(name, kind)
        placed.append(tuple((key, name) for key, name, _ in stack if name))
    found = _filled(placed)
    first: dict[Chain, int] = {}
    count: dict[Chain, int] = {}
    for at, chain in enumerate(found):
        for depth in range(1, len(chain) + 1):
            first.setdefault(chain[:depth], at)
            count[chain[:depth]] = count.get(chain[:depth], 0) + 1
            if at - first[chain[:depth]] + 1 != count[chain[:depth]]:
                count[chain[:depth]] = -len(nodes)
    whole = [tuple(chain[k] for k in range(len(chain)) if count[chain[: k + 1]] > 0) for chain in found]
    return whole, kinds


def _filled(placed: list[Chain | None]) -> list[Chain]:
    """Nodes without a place get what is common to the places before and after."""
    after: list[Chain] = []
    latest: Chain = ()
    for chain in reversed(placed):
        latest = latest if chain is None else chain
        after.append(latest)
    found: list[Chain] = []
    latest = ()
    for chain, following in zip(placed, reversed(after), strict=True):
        if chain is None:
            common = 0
            while common < min(len(latest), len(following)) and latest[common] == following[common]:
                common += 1
            found.append(latest[:common])
        else:
            latest = chain
            found.append(chain)
    return found
