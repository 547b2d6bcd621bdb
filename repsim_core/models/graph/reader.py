"""Nodes of the graph one by one, as operations on what earlier ones made."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from repsim_core.errors import FormatError
from repsim_core.formats import shown_name
from repsim_core.models.graph.arguments import bound
from repsim_core.models.graph.names import value_name
from repsim_core.models.graph.operators import ARITHMETIC, DROPPED, RELAXED, SIZE_OF, overload
from repsim_core.models.graph.program import Operation, Place, State, Value
from repsim_core.models.graph.signature import TRAINING, Signature
from repsim_core.models.graph.sizes import Size, size

_TRIED = (2, 3, 7)  # batches for which declared sizes are compared


@dataclass(frozen=True, eq=False)
class Claim:
    """The graph says that an axis of a tensor has this size."""

    tensor: str
    axis: int
    size: Size


class Reader:
    """Nodes one by one: each may use what earlier ones made, and makes names that are new."""

    def __init__(self, known: dict[str, Any], signed: Signature, place: Place, graph: Mapping[str, Any]) -> None:
        self._known, self._symbol, self._place, self._graph = known, signed.symbol, place, graph
        self._sizes: dict[str, Size] = {}
        self._weights: set[str] = set()  # views of weights
        self.claims: list[Claim] = []
        self.sized = False

    def refer(self, name: str) -> Any:
        """The value of a name at this point of the graph."""
        if name not in self._known:
            raise FormatError(f"the graph uses {shown_name(name)!r} before it is made; export again")
        return self._known[name]

    def step(self, node: Mapping[str, Any]) -> Operation | None:
        """The operation of a node; None for those on sizes and for assertions."""
        target = node["target"]
        if target in DROPPED and all("as_tensor" not in one and "as_tensors" not in one for one in node["outputs"]):
            return None
        if target == SIZE_OF or target in ARITHMETIC:
            self._size(node)
            return None
        name, function = overload(target)
        arguments, named = bound(name, function, node["inputs"], self.refer, self._sizes, self._place)
        self.sized |= any(_has_size(one) for one in (*arguments, *named.values()))
        outputs, several = self._outputs(node["outputs"], function)
        if function._schema.arguments and (alias := function._schema.arguments[0].alias_info):
            if alias.is_write:
                self._written(arguments[0], Value(outputs[0]))
            if self._is_weight(arguments[0]):
                self._weights.update(outputs)
        for one in outputs:
            self._known[one] = Value(one)
        return Operation(RELAXED.get(name, function), arguments, named, outputs, several)

    def _is_weight(self, value: Any) -> bool:
        """Whether it is a weight, or a view of one."""
        return isinstance(value, State) or (isinstance(value, Value) and value.name in self._weights)

    def _written(self, old: Any, new: Value) -> None:
        """An operator in place returns the tensor it changed: later uses go by the newer name."""
        if self._is_weight(old):
            raise FormatError(f"it changes its own weights as it runs: {TRAINING}")
        for name, value in self._known.items():
            if value == old and isinstance(old, Value):
                self._known[name] = new

    def _outputs(self, outputs: list[Mapping[str, Any]], function: Any) -> tuple[tuple[str, ...], bool]:
        names: list[str] = []
        listed = len(outputs) == 1 and "as_tensors" in outputs[0]
        for one in outputs[0]["as_tensors"] if listed else outputs:
            if not listed and "as_none" in one:
                names.append(f"{len(self._known)} nothing {len(names)}")
                continue
            if not listed and "as_tensor" not in one:
                raise FormatError(f"{function} returns a {next(iter(one)).removeprefix('as_')}; only tensors are taken")
            names.append(self._new(one["name"] if listed else one["as_tensor"]["name"]))
        if not listed and len(names) != len(function._schema.returns):
            raise FormatError(
                f"{function} returns {len(function._schema.returns)} values, the graph names {len(names)}"
            )
        if len(set(names)) != len(names):
            raise FormatError(f"{function} gives one name to two of its results")
        return tuple(names), listed or len(names) != 1

    def _new(self, name: str) -> str:
        if value_name(name) in self._known or name in self._sizes:
            raise FormatError(f"the graph makes {name!r} twice; export again")
        return name

    def _size(self, node: Mapping[str, Any]) -> None:
        """A size: its declared formula, which must say what the node computes."""
        outputs = node["outputs"]
        if len(outputs) != 1 or "as_name" not in outputs[0].get("as_sym_int", {}):
            raise FormatError(f"{shown_name(node['target'])} makes no size; export again")
        name = self._new(outputs[0]["as_sym_int"]["as_name"])
        declared = self._graph["sym_int_values"].get(name)
        if declared is None:
            raise FormatError(f"the graph does not say what the size {name!r} is; export again")
        formula = checked_size(declared, self._symbol)
        inputs = [one["arg"] for one in node["inputs"]]
        if node["target"] == SIZE_OF:
            if len(inputs) != 2 or "as_tensor" not in inputs[0] or "as_int" not in inputs[1]:
                raise FormatError("the graph asks for the size of no tensor; export again")
            tensor = self.refer(inputs[0]["as_tensor"]["name"])
            if isinstance(tensor, Value):
                self.claims.append(Claim(tensor.name, inputs[1]["as_int"], formula))
        else:
            self._compare(node["target"], inputs, formula)
        self._sizes[name] = formula

    def _compare(self, target: str, inputs: list[Mapping[str, Any]], formula: Size) -> None:
        sides = [self._operand(one) for one in inputs]
        if len(sides) != 2:
            raise FormatError(f"{target} takes two sizes, the graph gives {len(sides)}")
        for batch in _TRIED:
            try:
                made = ARITHMETIC[target](sides[0].at(batch), sides[1].at(batch))
            except ArithmeticError as error:
                raise FormatError(f"the graph divides a size by zero ({target})") from error
            if made != formula.at(batch):
                raise FormatError(f"{target} makes {made} where the graph declares {formula.at(batch)}; export again")

    def _operand(self, argument: Mapping[str, Any]) -> Size:
        value = argument.get("as_sym_int", argument)
        if "as_int" in value:
            return Size(int(value["as_int"]), frozenset())
        if value.get("as_name") not in self._sizes:
            raise FormatError("the graph computes with a size before it is made; export again")
        return self._sizes[value["as_name"]]


def checked_size(declared: Mapping[str, Any], symbol: str) -> Size:
    """A declared size, whose only symbol is that of the batch."""
    if "as_int" in declared:
        return Size(declared["as_int"], frozenset())
    formula = size(declared["as_expr"]["expr_str"])
    if formula.symbols - {symbol}:
        raise FormatError("a size of the graph depends on something besides the batch; leave the batch alone open")
    return formula


def _has_size(argument: Any) -> bool:
    return isinstance(argument, Size) or (isinstance(argument, list) and any(_has_size(one) for one in argument))
