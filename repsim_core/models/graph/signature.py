"""What goes in and what comes out: one batch of float32, weights by name, and a structure of tensors."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from repsim_core.errors import FormatError
from repsim_core.formats import SAVE_GRAPH
from repsim_core.models.graph.names import value_name
from repsim_core.models.graph.sizes import Size, size
from repsim_core.models.graph.trees import Tree, leaves, tree
from repsim_core.models.graph.weights import DTYPES

FEWEST_ROWS = 128  # RepSim runs batches of this size
TRAINING = (
    "it was exported in training mode, in which a network draws random numbers and changes as it runs; "
    f"call model.eval() first: {SAVE_GRAPH}"
)
_FLOAT32 = 7


@dataclass(frozen=True)
class Signature:
    """``states`` maps values of the graph to qualified names: ``(name, whether a constant, whether persistent)``."""

    states: Mapping[str, tuple[str, bool, bool]]
    input: str
    input_shape: tuple[int, ...]
    symbol: str
    most: int | None
    outputs: tuple[str | None, ...]
    structure: Tree


def signature(program: Mapping[str, Any]) -> Signature:
    """Read off a checked description.

    Raises
    ------
    FormatError
        For training mode, a fixed batch, several inputs, whole numbers, odd shapes and odd outputs, each in its words.
    """
    module = program["graph_module"]
    specs, graph = module["signature"], module["graph"]
    for spec in specs["output_specs"]:
        if next(iter(spec)) != "user_output":
            raise FormatError(f"its outputs include a {next(iter(spec)).replace('_', ' ')}: {TRAINING}")
    states: dict[str, tuple[str, bool, bool]] = {}
    inputs: list[str] = []
    for spec in specs["input_specs"]:
        (kind, of), *_ = spec.items()
        if kind == "user_input":
            inputs.append(_tensor(of["arg"], "input"))
            continue
        named = {"parameter": "parameter_name", "buffer": "buffer_name", "tensor_constant": "tensor_constant_name"}
        if kind not in named:
            raise FormatError(
                f"it takes a {kind.replace('_', ' ')} besides the batch; wrap the network so that it takes one tensor"
            )
        persistent = of.get("persistent", kind == "parameter")
        states[value_name(of["arg"]["name"])] = (of[named[kind]], not persistent, persistent)
    if len(inputs) != 1:
        raise FormatError(f"it takes {len(inputs)} inputs, wanted one; wrap the network so that it takes one tensor")
    if len(states) + 1 != len(specs["input_specs"]) or len(graph["inputs"]) != len(specs["input_specs"]):
        raise FormatError("its list of inputs does not agree with its signature; export again")
    root = [entry for entry in module["module_call_graph"] if entry["fqn"] == ""]
    if len(root) != 1 or root[0]["signature"] is None:
        raise FormatError("it does not say how the network is called; export again")
    if leaves(tree(root[0]["signature"]["in_spec"], "input")) != 1:
        raise FormatError("its input is no single tensor; wrap the network so that it takes one")
    structure = tree(root[0]["signature"]["out_spec"], "output")
    outputs = tuple(_returned(spec["user_output"]["arg"]) for spec in specs["output_specs"])
    if leaves(structure) != len(outputs) or not any(outputs):
        raise FormatError(f"it returns {len(outputs)} values in a structure for {leaves(structure)}; export again")
    shape, symbol, most = _input(inputs[0], graph, program["range_constraints"])
    if len(outputs) == 1:  # of several the dry run finds the main one
        _check_rows(graph["tensor_values"].get(outputs[0]))
    return Signature(states, inputs[0], shape, symbol, most, outputs, structure)


def _input(name: str, graph: Mapping[str, Any], ranges: Mapping[str, Any]) -> tuple[tuple[int, ...], str, int | None]:
    """Shape without the batch, the symbol of the batch, and the largest batch."""
    meta = graph["tensor_values"].get(name)
    if meta is None:
        raise FormatError("it does not say what shape its input has; export again")
    if meta["dtype"] != _FLOAT32:
        kind = str(DTYPES.get(meta["dtype"], "unknown")).removeprefix("torch.")
        raise FormatError(f"its input is {kind}, wanted float32: pixels in [0, 1] or measurements; export it for those")
    sizes = [one["as_int"] if "as_int" in one else size(one["as_expr"]["expr_str"]) for one in meta["sizes"]]
    if not sizes or isinstance(sizes[0], int):
        first = f"batches of {sizes[0]}" if sizes else "a single number"
        raise FormatError(f"it was exported for {first} and nothing else; leave the batch open: {SAVE_GRAPH}")
    batch, shape = sizes[0], tuple(sizes[1:])
    if batch.tree != "s" or any(isinstance(one, Size) for one in shape):
        raise FormatError(f"its input has more than one open size; leave the batch alone open: {SAVE_GRAPH}")
    if len(shape) not in (1, 3) or 0 in shape or (len(shape) == 3 and shape[0] not in (1, 3)):
        raise FormatError(
            f"its input has shape {shape} without the batch, wanted (channels, height, width) with 1 or 3 channels, "
            "or (features,); wrap the network so that it takes those"
        )
    (symbol,) = batch.symbols
    limits = ranges.get(symbol, {"min_val": None, "max_val": None})
    least, most = limits["min_val"] or 0, limits["max_val"]
    if least > 2 or (most is not None and most < FEWEST_ROWS):
        raise FormatError(
            f"it was exported for batches of {least} to {most or 'any number'} (2 to {FEWEST_ROWS} are needed); "
            f"leave the batch open: {SAVE_GRAPH}"
        )
    return tuple(one for one in shape if isinstance(one, int)), symbol, most


def _check_rows(meta: Mapping[str, Any] | None) -> None:
    """An output whose first axis is declared to be another than the batch is refused before anything is built."""
    if meta is None:
        return
    first: Mapping[str, Any] = meta["sizes"][0] if meta["sizes"] else {"as_int": 1}
    if "as_int" in first or size(first["as_expr"]["expr_str"]).tree != "s":
        shape = ", ".join(str(one.get("as_int", "batch")) for one in meta["sizes"])
        raise FormatError(
            f"its output has shape ({shape}) without a row for each stimulus; "
            "export the network without what sums over the batch or joins stimuli"
        )


def _tensor(argument: Mapping[str, Any], what: str) -> str:
    if "as_tensor" not in argument:
        kind = next(iter(argument)).removeprefix("as_").replace("_", " ")
        raise FormatError(f"its {what}s include a {kind}; wrap the network so that it takes and returns tensors alone")
    return value_name(argument["as_tensor"]["name"])


def _returned(argument: Mapping[str, Any]) -> str | None:
    return None if "as_none" in argument else _tensor(argument, "output")
