"""The pickle program inside a ``.pt`` file, read instruction by instruction and never run.

``torch.load(weights_only=True)`` runs such programs under rules of its own; this walk is stricter, comes first, and can
say what it found. Only what ``torch.save`` writes for a dictionary of plain tensors passes.
"""

import pickletools

from repsim_core.errors import BudgetError, FormatError
from repsim_core.formats import SAVE_WEIGHTS, shown_name
from repsim_core.limits import LIMITS

_STORAGES = ("Float", "Double", "Half", "BFloat16", "Long", "Int", "Short", "Char", "Byte", "Bool")
_ALLOWED = {
    "collections OrderedDict",
    "torch._utils _rebuild_tensor_v2",
    "torch._utils _rebuild_parameter",
    "torch Size",
    *(f"torch {one}Storage" for one in _STORAGES),
}
_INSTRUCTIONS = {
    *("PROTO", "STOP", "MARK", "NONE", "NEWTRUE", "NEWFALSE", "BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT"),
    *("BINUNICODE", "SHORT_BINSTRING", "EMPTY_LIST", "EMPTY_DICT", "EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2"),
    *("TUPLE3", "APPEND", "APPENDS", "SETITEM", "SETITEMS", "GLOBAL", "REDUCE", "BUILD", "BINPERSID"),
    *("BINGET", "LONG_BINGET", "BINPUT", "LONG_BINPUT"),
}
_WAY = f"save the weights alone: {SAVE_WEIGHTS}"
# Name → what a file that names it holds.
_EXPLAINED = {
    "torch._utils _rebuild_sparse_tensor": "sparse tensors",
    "torch._utils _rebuild_nested_tensor": "nested tensors",
    "torch._utils _rebuild_qtensor": "quantised tensors",
    "torch._utils _rebuild_meta_tensor_no_storage": "meta tensors, shapes without numbers",
    "torch._utils _rebuild_tensor_v3": "tensors of a kind that is not read (float8, unsigned)",
    "torch ComplexFloatStorage": "complex tensors",
    "torch ComplexDoubleStorage": "complex tensors",
    "torch QInt8Storage": "quantised tensors",
    "torch QUInt8Storage": "quantised tensors",
    "torch QInt32Storage": "quantised tensors",
    "__builtin__ bytearray": "raw bytes (bytearray)",
    "builtins bytearray": "raw bytes (bytearray)",
    "_codecs encode": "raw bytes (bytes)",
}


def check_program(raw: bytes, file: str) -> None:
    """Refuse a pickle program that is more than a dictionary of plain tensors.

    Raises
    ------
    FormatError
        If it names anything but the parts of a tensor, uses an instruction that ``torch.save`` does not, or ends
        before its end.
    BudgetError
        For too many instructions, tensors or too long a name.
    """
    tensors = 0
    count = 0
    try:
        for count, (opcode, argument, _) in enumerate(pickletools.genops(raw), 1):
            if opcode.name not in _INSTRUCTIONS:
                raise FormatError(
                    f"{file} is written with the pickle instruction {opcode.name}, which torch.save does not use for "
                    f"weights; {_WAY}."
                )
            if opcode.name == "GLOBAL" and argument not in _ALLOWED:
                raise _names(file, str(argument))
            if opcode.name == "PROTO" and argument != 2:
                raise FormatError(f"{file} is a pickle of protocol {argument}, where torch.save writes 2; {_WAY}.")
            if opcode.name == "BINPERSID":
                tensors += 1
            if opcode.name in ("BINUNICODE", "SHORT_BINSTRING") and len(str(argument)) > LIMITS.tensor_name_length:
                raise BudgetError(
                    f"{file} holds a name of {len(str(argument)):,} characters (limit {LIMITS.tensor_name_length}): "
                    f"{shown_name(str(argument), 40)}; rename it and save again."
                )
            if count > LIMITS.pickle_instructions or tensors > LIMITS.tensors:
                raise BudgetError(
                    f"{file} describes more than {LIMITS.tensors:,} tensors or takes more than "
                    f"{LIMITS.pickle_instructions:,} instructions to do so; save fewer."
                )
    except (ValueError, UnicodeError, EOFError) as error:
        if isinstance(error, FormatError | BudgetError):
            raise
        raise FormatError(f"{file} is damaged in the description of its tensors; save or download it again.") from error
    if not tensors:
        raise FormatError(f"{file} holds no tensors; {_WAY}.")


def _names(file: str, argument: str) -> FormatError:
    """The refusal of a name, with what it is likely to be."""
    module, _, name = argument.partition(" ")
    shown = shown_name(f"{module}.{name}")
    if argument in _EXPLAINED:
        return FormatError(
            f"{file} holds {_EXPLAINED[argument]}; only dense tensors of ordinary numbers are read: "
            "convert with .to_dense(), .dequantize(), .real or .float() and save again."
        )
    if module.split(".")[0] == "numpy":
        return FormatError(
            f"{file} holds NumPy arrays or numbers ({shown}); convert with torch.from_numpy or float(), and save again."
        )
    if module.startswith(("torch.nn", "torchvision.", "timm.", "transformers.")):
        return FormatError(
            f"{file} is a whole pickled model (it names {shown}), which can run any program when it is read; {_WAY}."
        )
    return FormatError(
        f"{file} holds more than tensors (it names {shown}), and building that can run any program; {_WAY}."
    )
