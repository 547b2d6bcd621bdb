"""The schema of ``torch.export`` 8.x as a table of our own: what it does not know is refused, at every level.

Torch's own reader drops nothing and guesses much; a table that is written out cannot learn a new field by itself.
"""

import math
from collections.abc import Mapping
from typing import Any

from repsim_core.errors import FormatError
from repsim_core.formats import shown_name

MAJOR = 8

# Field → type. "T?" may be null, "[T]" is a list, "{T}" an object with free keys, a trailing "=" may be absent.
RECORDS: Mapping[str, Mapping[str, str]] = {
    "ExportedProgram": {
        "graph_module": "GraphModule",
        "opset_version": "{int}",
        "range_constraints": "{RangeConstraint}",
        "schema_version": "SchemaVersion",
        "verifiers": "[str]=",
        "torch_version": "str=",
        "guards_code": "[str]=",
    },
    "SchemaVersion": {"major": "int", "minor": "int"},
    "RangeConstraint": {"min_val": "int?", "max_val": "int?"},
    "GraphModule": {
        "graph": "Graph",
        "signature": "GraphSignature",
        "module_call_graph": "[ModuleCallEntry]",
        "metadata": "{str}=",
        "treespec_namedtuple_fields": "{NamedTupleDef}=",
    },
    "NamedTupleDef": {"field_names": "[str]"},
    "ModuleCallEntry": {"fqn": "str", "signature": "ModuleCallSignature?="},
    "ModuleCallSignature": {
        "inputs": "[Argument]",
        "outputs": "[Argument]",
        "in_spec": "str",
        "out_spec": "str",
        "forward_arg_names": "[str]?=",
    },
    "Graph": {
        "inputs": "[Argument]",
        "outputs": "[Argument]",
        "nodes": "[Node]",
        "tensor_values": "{TensorMeta}",
        "sym_int_values": "{SymInt}",
        "sym_bool_values": "{SymBool}",
        "is_single_tensor_return": "bool=",
        "custom_obj_values": "{CustomObjArgument}=",
        "sym_float_values": "{SymFloat}=",
    },
    "Node": {
        "target": "str",
        "inputs": "[NamedArgument]",
        "outputs": "[Argument]",
        "metadata": "{str}",
        "is_hop_single_tensor_return": "bool?=",
        "name": "str?=",
    },
    "NamedArgument": {"name": "str", "arg": "Argument", "kind": "int?="},
    "TensorMeta": {
        "dtype": "int",
        "sizes": "[SymInt]",
        "requires_grad": "bool",
        "device": "Device",
        "strides": "[SymInt]",
        "storage_offset": "SymInt",
        "layout": "int",
    },
    "Device": {"type": "str", "index": "int?="},
    "SymExpr": {"expr_str": "str", "hint": "SymExprHint?="},
    "TensorArgument": {"name": "str"},
    "TokenArgument": {"name": "str"},
    "GraphArgument": {"name": "str", "graph": "Graph"},
    "CustomObjArgument": {"name": "str", "class_fqn": "str"},
    "ComplexValue": {"real": "float", "imag": "float"},
    "GraphSignature": {"input_specs": "[InputSpec]", "output_specs": "[OutputSpec]"},
    "UserInputSpec": {"arg": "Argument"},
    "UserOutputSpec": {"arg": "Argument"},
    "LossOutputSpec": {"arg": "TensorArgument"},
    "InputToParameterSpec": {"arg": "TensorArgument", "parameter_name": "str"},
    "InputToBufferSpec": {"arg": "TensorArgument", "buffer_name": "str", "persistent": "bool"},
    "InputToTensorConstantSpec": {"arg": "TensorArgument", "tensor_constant_name": "str"},
    "InputToCustomObjSpec": {"arg": "CustomObjArgument", "custom_obj_name": "str"},
    "InputToConstantInputSpec": {"name": "str", "value": "ConstantValue"},
    "InputTokenSpec": {"arg": "TokenArgument"},
    "OutputTokenSpec": {"arg": "TokenArgument"},
    "BufferMutationSpec": {"arg": "TensorArgument", "buffer_name": "str"},
    "ParameterMutationSpec": {"arg": "TensorArgument", "parameter_name": "str"},
    "GradientToParameterSpec": {"arg": "TensorArgument", "parameter_name": "str"},
    "GradientToUserInputSpec": {"arg": "TensorArgument", "user_input_name": "str"},
    "UserInputMutationSpec": {"arg": "TensorArgument", "user_input_name": "str"},
    "PayloadConfig": {"config": "{PayloadMeta}"},
    "PayloadMeta": {"path_name": "str", "is_param": "bool", "use_pickle": "bool", "tensor_meta": "TensorMeta?"},
}

# Exactly one of the keys.
UNIONS: Mapping[str, Mapping[str, str]] = {
    "SymExprHint": {"as_int": "int", "as_bool": "bool", "as_float": "float"},
    "SymInt": {"as_expr": "SymExpr", "as_int": "int"},
    "SymFloat": {"as_expr": "SymExpr", "as_float": "float"},
    "SymBool": {"as_expr": "SymExpr", "as_bool": "bool"},
    "SymIntArgument": {"as_name": "str", "as_int": "int"},
    "SymFloatArgument": {"as_name": "str", "as_float": "float"},
    "SymBoolArgument": {"as_name": "str", "as_bool": "bool"},
    "OptionalTensorArgument": {"as_tensor": "TensorArgument", "as_none": "bool"},
    "ConstantValue": {"as_none": "bool", "as_int": "int", "as_float": "float", "as_string": "str", "as_bool": "bool"},
    "InputSpec": {
        "user_input": "UserInputSpec",
        "parameter": "InputToParameterSpec",
        "buffer": "InputToBufferSpec",
        "tensor_constant": "InputToTensorConstantSpec",
        "custom_obj": "InputToCustomObjSpec",
        "token": "InputTokenSpec",
        "constant_input": "InputToConstantInputSpec",
    },
    "OutputSpec": {
        "user_output": "UserOutputSpec",
        "loss_output": "LossOutputSpec",
        "buffer_mutation": "BufferMutationSpec",
        "gradient_to_parameter": "GradientToParameterSpec",
        "gradient_to_user_input": "GradientToUserInputSpec",
        "user_input_mutation": "UserInputMutationSpec",
        "token": "OutputTokenSpec",
        "parameter_mutation": "ParameterMutationSpec",
    },
    "Argument": {
        "as_none": "bool",
        "as_tensor": "TensorArgument",
        "as_tensors": "[TensorArgument]",
        "as_int": "int",
        "as_ints": "[int]",
        "as_float": "float",
        "as_floats": "[float]",
        "as_string": "str",
        "as_strings": "[str]",
        "as_sym_int": "SymIntArgument",
        "as_sym_ints": "[SymIntArgument]",
        "as_scalar_type": "int",
        "as_memory_format": "int",
        "as_layout": "int",
        "as_device": "Device",
        "as_bool": "bool",
        "as_bools": "[bool]",
        "as_sym_bool": "SymBoolArgument",
        "as_sym_bools": "[SymBoolArgument]",
        "as_graph": "GraphArgument",
        "as_optional_tensors": "[OptionalTensorArgument]",
        "as_custom_obj": "CustomObjArgument",
        "as_operator": "str",
        "as_sym_float": "SymFloatArgument",
        "as_sym_floats": "[SymFloatArgument]",
        "as_optional_tensor": "OptionalTensorArgument",
        "as_complex": "ComplexValue",
        "as_nested_tensors": "[[TensorArgument]]",
        "as_int_lists": "[[int]]",
        "as_string_to_argument": "{Argument}",
        "as_float_lists": "[[float]]",
    },
}
_SCALARS: Mapping[str, type] = {"str": str, "int": int, "bool": bool}
_NOT_FINITE = {"Infinity": math.inf, "-Infinity": -math.inf, "NaN": math.nan}


def checked(value: Any, kind: str, where: str) -> Any:
    """The value, if it is of the kind down to its last entry; floats that JSON cannot write are made numbers.

    Raises
    ------
    FormatError
        With the place of the first entry that is unknown, missing or of another type.
    """
    kind = kind.removesuffix("=")
    if kind.endswith("?"):
        return None if value is None else checked(value, kind[:-1], where)
    if kind.startswith("["):
        if not isinstance(value, list):
            raise _not(value, "a list", where)
        return [checked(one, kind[1:-1], f"{where}[{number}]") for number, one in enumerate(value)]
    if kind.startswith("{"):
        if not isinstance(value, dict):
            raise _not(value, "an object", where)
        return {name: checked(one, kind[1:-1], f"{where}.{name}") for name, one in value.items()}
    if kind in RECORDS or kind in UNIONS:
        return _checked_entries(value, kind, where)
    if kind == "float":
        if isinstance(value, str) and value in _NOT_FINITE:
            return _NOT_FINITE[value]
        if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 2**1023:
            return float(value)
        raise _not(value, "a number", where)
    if type(value) is not _SCALARS[kind]:
        raise _not(value, kind, where)
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise _not(value, "a number of 64 bits", where)
    return value


def _checked_entries(value: Any, kind: str, where: str) -> dict[str, Any]:
    fields = RECORDS.get(kind) or UNIONS[kind]
    if not isinstance(value, dict):
        raise _not(value, f"an object ({kind})", where)
    for name in value:
        if name not in fields:
            raise FormatError(
                f"{shown_name(where)} has an entry {shown_name(name)!r} which version {MAJOR} of the format lacks"
            )
    if kind in UNIONS:
        if len(value) != 1:
            raise FormatError(f"{shown_name(where)} has {len(value)} entries, wanted exactly one ({kind})")
    else:
        for name, inner in fields.items():
            if name not in value and not inner.endswith("="):
                raise FormatError(f"{shown_name(where)} lacks the entry {name!r}")
    return {name: checked(one, fields[name], f"{where}.{name}") for name, one in value.items()}


def _not(value: Any, wanted: str, where: str) -> FormatError:
    return FormatError(f"{shown_name(where)} is {shown_name(repr(value)[:60])}, wanted {wanted}")
