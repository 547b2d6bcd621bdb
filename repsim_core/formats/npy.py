"""NumPy arrays in files: the header is read as text, in Python integers, before a byte is allocated for the body."""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from repsim_core.errors import BudgetError, FormatError
from repsim_core.formats.names import shown_name
from repsim_core.limits import LIMITS

TEXT_CHARACTERS = 300  # the longest id or label
_MAGIC = b"\x93NUMPY"
HEAD = 12 + LIMITS.npy_header_bytes  # the first bytes that hold every header we read
_LONGEST_AXIS = 2**31
_NUMBER = re.compile(r"[<>=|]?(?:b1|[iu][1248]|f[248])")
_TEXT = re.compile(r"[<>=|]?([US])(\d{1,9})")
_ITEM = re.compile(
    r"""\s*(?P<quote>['"])(?P<key>\w{1,20})(?P=quote)\s*:\s*
    (?:(?P<fields>\[) | (?:(?P<mark>['"])(?P<text>[^'"\\]{0,40})(?P=mark)|(?P<flag>True|False) | \((?P<axes>[^()]*)\))
    \s*(?:,|$))""",
    re.VERBOSE,
)
_REASONS = {
    "O": "Python objects, which only a pickle can hold; save it as numbers",
    "V": "raw bytes (bfloat16, perhaps); save array.astype('float32')",
    "c": "complex numbers; save the absolute value, or real and imaginary part side by side",
    "M": "dates; save them as numbers",
    "m": "time spans; save them as numbers",
    "f": "numbers of a width not read here; save array.astype('float64')",
    "U": "text; save numbers",
    "S": "text; save numbers",
}


@dataclass(frozen=True)
class NpyHeader:
    """What the header of an array claims; ``start`` is where the numbers begin."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    fortran_order: bool
    start: int

    @property
    def bytes(self) -> int:
        """Bytes of the numbers."""
        return math.prod(self.shape) * self.dtype.itemsize


def npy_header(head: bytes, label: str, *, text: bool = False) -> NpyHeader:
    """Header of an array from its first bytes (10 kB are enough).

    Parameters
    ----------
    head
        The beginning of the file or member.
    label
        What to call it in a refusal.
    text
        Whether it may be text: one axis of no more than 300 characters each.

    Raises
    ------
    FormatError
        If this is no array of real numbers with one to five axes (none for a single number).
    BudgetError
        If the header or what it claims is too large.
    """
    if not head.startswith(_MAGIC) or len(head) < 12:
        what = "a Python pickle" if head[:1] == b"\x80" else "no NumPy array"
        raise FormatError(f"{label} is {what}; write it with numpy.save or numpy.savez.")
    major, minor = head[6], head[7]
    if major not in (1, 2, 3) or minor:
        raise FormatError(f"{label} is an array of version {major}.{minor} (1.0 to 3.0 are read); save it again.")
    width = 2 if major == 1 else 4
    length = int.from_bytes(head[8 : 8 + width], "little")
    if length > LIMITS.npy_header_bytes:
        raise BudgetError(
            f"{label} has a header of {length:,} bytes (limit {LIMITS.npy_header_bytes:,}); save it again."
        )
    start = 8 + width + length
    if len(head) < start:
        raise FormatError(f"{label} ends within its header; copy or download the file again.")
    items = _items(head[8 + width : start].decode("latin-1").strip(), label)
    dtype, shape = _dtype(items["descr"], label, text), _shape(items["shape"].group("axes"), label)
    if dtype.kind in "US" and len(shape) > 1:
        raise FormatError(f"{label} is text with {len(shape)} axes; give one entry a stimulus.")
    if items["fortran_order"].group("flag") is None:
        raise FormatError(f"{label}: fortran_order is neither True nor False; save the array again.")
    header = NpyHeader(dtype, shape, items["fortran_order"].group("flag") == "True", start)
    if header.bytes > LIMITS.npy_bytes:
        raise BudgetError(
            f"{label} of shape {shape} takes {header.bytes:,} bytes (limit {LIMITS.npy_bytes:,}); save fewer rows."
        )
    return header


def npy_array(path: str | Path, *, text: bool = False) -> NDArray[Any]:
    """The array of a ``.npy`` file, checked before it is allocated."""
    path = Path(path)
    with path.open("rb") as stream:
        size = stream.seek(0, 2)
        stream.seek(0)
        return array_from(iter(lambda: stream.read(1 << 20), b""), size, shown_name(path.name), text=text)


def array_from(chunks: Iterable[bytes], size: int, label: str, *, text: bool = False) -> NDArray[Any]:
    """Array out of the ``size`` bytes of a file that come in pieces; they must be exactly what its header claims."""
    pieces, head = iter(chunks), b""
    while len(head) < min(HEAD, size) and (piece := next(pieces, b"")):
        head += piece
    header = npy_header(head[:HEAD], label, text=text)
    if header.start + header.bytes != size:
        raise FormatError(
            f"{label}: its header claims {header.bytes:,} bytes of numbers, but {size - header.start:,} follow; "
            "save it again."
        )
    raw, at = np.empty(header.bytes, np.uint8), 0
    for piece in chain([head[header.start :]], pieces):
        if at + len(piece) > len(raw):
            break
        raw[at : at + len(piece)] = np.frombuffer(piece, np.uint8)
        at += len(piece)
    if at != len(raw):
        raise FormatError(f"{label} changed while it was read; give it again.")
    array = (raw != 0) if header.dtype.kind == "b" else raw.view(header.dtype)
    if header.dtype.kind == "U" and raw.size and raw.view(header.dtype.str[0] + "u4").max() > 0x10FFFF:
        raise FormatError(f"{label} holds text that is not Unicode; save it again.")
    return array.reshape(header.shape, order="F" if header.fortran_order else "C")


def _items(text: str, label: str) -> dict[str, re.Match[str]]:
    """The three entries of the dictionary. A pattern, not Python's parser: the text is a stranger's."""
    wrong = FormatError(f"{label}: its header is not the dictionary numpy.save writes; save it again.")
    if not (text.startswith("{") and text.endswith("}")):
        raise wrong
    found: dict[str, re.Match[str]] = {}
    body, at = text[1:-1].rstrip(), 0
    while at < len(body):
        item = _ITEM.match(body, at)
        if item is None or item["key"] in found:
            raise wrong
        if item["fields"]:
            if item["key"] != "descr":
                raise wrong
            raise FormatError(
                f"{label} is a structured array (a table with named columns); save each column by itself."
            )
        found[item["key"]], at = item, item.end()
    if set(found) != {"descr", "fortran_order", "shape"}:
        raise wrong
    return found


def _dtype(item: re.Match[str], label: str, text: bool) -> np.dtype[Any]:
    code = item["text"]
    if code is None:
        raise FormatError(f"{label}: its header names no kind of number; save it again.")
    if _NUMBER.fullmatch(code):
        return np.dtype(code)
    as_text = _TEXT.fullmatch(code)
    if text and as_text:
        if not 1 <= int(as_text[2]) <= TEXT_CHARACTERS:
            raise BudgetError(
                f"{label} holds texts of {int(as_text[2]):,} characters (limit {TEXT_CHARACTERS}); shorten them."
            )
        return np.dtype(code)
    letter = code.lstrip("<>=|")[:1]
    reason = _REASONS.get(letter, "something that is not a real number; save it as float32")
    raise FormatError(f"{label} holds {shown_name(code)!r}, {reason}.")


def _shape(axes: str | None, label: str) -> tuple[int, ...]:
    parts = [] if axes is None else [one.strip() for one in axes.split(",")]
    if parts and not parts[-1]:
        parts.pop()
    if axes is None or not all(re.fullmatch(r"\d{1,30}L?", one) for one in parts):
        raise FormatError(f"{label}: its shape ({shown_name(axes or '')}) is not made of whole numbers; save it again.")
    shape = tuple(int(one.rstrip("L")) for one in parts)
    if len(shape) > LIMITS.npy_axes:
        raise FormatError(f"{label} has {len(shape)} axes (limit {LIMITS.npy_axes}); flatten the last ones.")
    if 0 in shape:
        raise FormatError(f"{label} of shape {shape} is empty; leave it out, or save at least one entry.")
    if max(shape, default=1) > _LONGEST_AXIS:
        raise BudgetError(f"{label} of shape {shape} has an axis beyond {_LONGEST_AXIS:,}; save fewer rows.")
    return shape
