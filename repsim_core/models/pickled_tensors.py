"""A state dict in a ``.pt`` file, and nothing but tensors ever."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from repsim_core.errors import FormatError
from repsim_core.formats import SAVE_WEIGHTS, checked_name, member_chunks, read_member, shown_name, zip_members
from repsim_core.limits import LIMITS
from repsim_core.models.named_tensors import NamedTensors, check_bytes
from repsim_core.models.pickle_program import check_program

# Under which training scripts put the weights, in the order they are looked for.
WRAPPERS = ("state_dict", "model_state_dict", "model_state", "model", "net", "network", "module", "weights", "params")
_DTYPES = (torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)
_FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
_WAY = f"save the weights alone: {SAVE_WEIGHTS}"


def pickled_tensors(path: Path) -> NamedTensors:
    """The state dict in a file written by ``torch.save``.

    Raises
    ------
    FormatError
        If it holds more, or less, than a dictionary of plain tensors.
    BudgetError
        If there are too many or too large ones.

    Notes
    -----
    Records are stored as they are and tensors do not reach beyond them, so what is read takes no more memory than the
    file has bytes.
    """
    file = shown_name(path.name)
    _check_archive(path, file)
    found, notes, hint = _state_dict(_loaded(path, file), file)
    needed = 0
    for name, value in found.items():
        _check_tensor(name, value, file)
        needed += value.numel() * value.element_size()
    check_bytes(file, needed)

    def read() -> Mapping[str, Tensor]:
        return {name: value.detach().contiguous() for name, value in found.items()}

    return NamedTensors(file, {name: tuple(value.shape) for name, value in found.items()}, read, hint, notes)


def _check_archive(path: Path, file: str) -> None:
    """One folder, one program that only makes tensors, and records stored as they are with their checksums."""
    members = zip_members(path)
    roots = {name.partition("/")[0] for name in members}
    programs = [one for name, one in members.items() if name.endswith("/data.pkl")]
    if len(roots) != 1 or len(programs) != 1 or programs[0].name.count("/") != 1:
        raise FormatError(f"{file} is not laid out as torch.save does (one folder, one data.pkl); save it again.")
    for name, one in members.items():
        if not one.is_stored:
            raise FormatError(
                f"{file}: {shown_name(name)} is compressed ({one.packed:,} bytes for {one.size:,}), which torch.save "
                "never does; save it again."
            )
    check_program(read_member(path, programs[0], LIMITS.pickle_bytes), file)
    for one in members.values():
        for _ in member_chunks(path, one):  # torch does not compare the checksums of all records
            pass


def _loaded(path: Path, file: str) -> Any:
    """What torch makes of the file; it checks that records and storages have the size they claim."""
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # KeyError, EOFError, RuntimeError, UnpicklingError, ...: whatever a bad file provokes
        words = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
        raise FormatError(f"{file} is damaged ({shown_name(words, 120)}); save or download it again.") from error


def _state_dict(found: Any, file: str) -> tuple[dict[str, Tensor], tuple[str, ...], str]:
    """The dictionary of tensors, out of the wrappers of training scripts; notes; the architecture that it names."""
    notes: list[str] = []
    hint = ""
    for _ in range(LIMITS.state_dict_nesting + 1):
        if not isinstance(found, dict) or not found:
            what = "an empty dictionary" if found == {} else f"a {type(found).__name__}"
            raise FormatError(f"{file} holds {what}, not a dictionary of tensors; {_WAY}.")
        if all(isinstance(value, Tensor) for value in found.values()):
            return {_name(name, file): value for name, value in found.items()}, tuple(notes), hint
        for key in ("architecture", "arch"):
            if isinstance(found.get(key), str):
                hint = hint or found[key]
        wrapper = next((key for key in WRAPPERS if isinstance(found.get(key), dict)), None)
        if wrapper is None:
            break
        beside = [shown_name(str(key), 40) for key in found if key != wrapper]
        notes.append(
            f"The weights are those under {wrapper!r}"
            + (f"; left aside: {', '.join(beside[:5])}{' and more' if len(beside) > 5 else ''}." if beside else ".")
        )
        found = found[wrapper]
    else:
        raise FormatError(f"{file} keeps its weights more than {LIMITS.state_dict_nesting} dictionaries deep; {_WAY}.")
    key, value = next((key, value) for key, value in found.items() if not isinstance(value, Tensor))
    raise FormatError(f"{file}: {shown_name(str(key))!r} is a {type(value).__name__}, not a tensor; {_WAY}.")


def _name(name: Any, file: str) -> str:
    if not isinstance(name, str):
        raise FormatError(f"{file} names a tensor by a {type(name).__name__} ({name!s:.20}), not a text; {_WAY}.")
    return checked_name(file, "tensor", name)


def _check_tensor(name: str, value: Tensor, file: str) -> None:
    label = f"{file}: {shown_name(name)}"
    if type(value) not in (Tensor, nn.Parameter) or value.layout != torch.strided or value.is_quantized:
        raise FormatError(f"{label} is not a dense tensor of ordinary numbers; convert it and save again.")
    if value.dtype not in (*_DTYPES, *_FLOATS):
        raise FormatError(f"{label} holds numbers of the kind {value.dtype}; save it as float32.")
    if value.ndim > LIMITS.tensor_axes:
        raise FormatError(f"{label} has {value.ndim} axes (limit {LIMITS.tensor_axes}); reshape it.")
    held, needed = value.untyped_storage().nbytes(), value.numel() * value.element_size()
    if held < needed:
        raise FormatError(
            f"{label} claims {value.numel():,} numbers, {needed:,} bytes, of which the file holds {held:,} "
            "(an expanded tensor); save its .clone()."
        )
