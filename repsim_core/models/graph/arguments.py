"""Arguments of operators, from their description to what is called."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import torch

from repsim_core.errors import FormatError
from repsim_core.formats import shown_name
from repsim_core.models.graph.operators import FIXED
from repsim_core.models.graph.program import Place
from repsim_core.models.graph.signature import TRAINING
from repsim_core.models.graph.sizes import Size
from repsim_core.models.graph.weights import DEVICES, DTYPES, STRIDED

_MEMORY = {
    1: torch.contiguous_format,
    2: torch.channels_last,
    3: torch.channels_last_3d,
    4: torch.preserve_format,
}
_WORD = re.compile(r"[A-Za-z_,.> -]{0,100}", re.ASCII)  # modes of padding and rounding, equations of einsum
Refer = Callable[[str], Any]


def bound(
    name: str, function: Any, given: list[Mapping[str, Any]], refer: Refer, sizes: Mapping[str, Size], place: Place
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Positional and named arguments of one call, each by the name its operator gives it, with defaults filled in.

    Raises
    ------
    FormatError
        For arguments the operator does not have, lacks, or may not have here.
    """
    values: dict[str, Any] = {}
    for one in given:
        if one["name"] in values:
            raise FormatError(f"{name} has the argument {shown_name(one['name'])!r} twice")
        values[one["name"]] = _argument(one["arg"], refer, sizes, place)
    positional: list[Any] = []
    named: dict[str, Any] = {}
    fixed = FIXED.get(name, {})
    for wanted in function._schema.arguments:
        if wanted.name in values:
            value = values.pop(wanted.name)
        elif wanted.has_default_value():
            value = wanted.default_value
        else:
            raise FormatError(f"{name} lacks its argument {wanted.name!r}")
        if wanted.name in fixed and (type(value), value) != (type(fixed[wanted.name]), fixed[wanted.name]):
            raise FormatError(f"{name} has {wanted.name}={shown_name(str(value))}: {TRAINING}")
        if wanted.kwarg_only:
            named[wanted.name] = value
        else:
            positional.append(value)
    if values:
        raise FormatError(f"{name} has no argument {shown_name(next(iter(values)))!r}")
    return tuple(positional), named


def _argument(argument: Mapping[str, Any], refer: Refer, sizes: Mapping[str, Size], place: Place) -> Any:
    ((kind, value),) = argument.items()
    if kind in ("as_int", "as_ints", "as_float", "as_floats", "as_bool", "as_bools"):
        return value
    found: Any = None
    if kind == "as_none":
        pass
    elif kind == "as_tensor":
        found = refer(value["name"])
    elif kind == "as_tensors":
        found = [refer(one["name"]) for one in value]
    elif kind == "as_optional_tensor":
        found = _argument(value, refer, sizes, place)
    elif kind == "as_optional_tensors":
        found = [_argument(one, refer, sizes, place) for one in value]
    elif kind == "as_sym_int":
        found = _size(value, sizes)
    elif kind == "as_sym_ints":
        found = [_size(one, sizes) for one in value]
    elif kind == "as_string" and _WORD.fullmatch(value):
        found = value
    elif kind == "as_scalar_type" and value in DTYPES:
        found = DTYPES[value]
    elif kind == "as_memory_format" and value in _MEMORY:
        found = _MEMORY[value]
    elif kind == "as_layout" and value == STRIDED:
        found = torch.strided
    elif kind == "as_device" and value["type"] in DEVICES:
        found = place
    else:
        shown = f"{kind.removeprefix('as_').replace('_', ' ')} {shown_name(str(value)[:60])!r}"
        raise FormatError(f"the graph has an argument that is not taken: {shown}")
    return found


def _size(value: Mapping[str, Any], sizes: Mapping[str, Size]) -> int | Size:
    if "as_int" in value:
        return int(value["as_int"])
    if value["as_name"] not in sizes:
        raise FormatError(f"the graph uses the size {shown_name(value['as_name'])!r} before it is made")
    found = sizes[value["as_name"]]
    return found if found.symbols else found.at(0)
