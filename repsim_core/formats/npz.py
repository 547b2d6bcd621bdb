"""Archives of NumPy arrays."""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from repsim_core.errors import FormatError
from repsim_core.formats.names import checked_name, shown_name
from repsim_core.formats.npy import HEAD, NpyHeader, array_from, npy_header
from repsim_core.formats.zip_directory import Member
from repsim_core.formats.zips import member_chunks, zip_members

ENDING = ".npy"


def npz_arrays(path: str | Path, *, text: Collection[str] = ()) -> dict[str, NDArray[Any]]:
    """All arrays of a ``.npz``, each checked before it is allocated, in the order of the file.

    Parameters
    ----------
    path
        A file of ``numpy.savez`` or ``savez_compressed``.
    text
        Names of those that may be text (one axis, no more than 300 characters each); all others are numbers.

    Raises
    ------
    FormatError, BudgetError
        For anything else in the archive, for each lie of a header, and for what is too large.
    """
    return dict(npz_items(path, text=text))


def npz_headers(path: str | Path, *, text: Collection[str] = ()) -> dict[str, NpyHeader]:
    """What the arrays of a ``.npz`` claim to be, without reading them."""
    found = {}
    for name, member, label in _arrays_in(Path(path)):
        pieces, head = member_chunks(path, member, chunk=HEAD), b""
        while len(head) < min(HEAD, member.size) and (piece := next(pieces, b"")):
            head += piece
        found[name] = npy_header(head[:HEAD], label, text=name in text)
    return found


def npz_items(path: str | Path, *, text: Collection[str] = ()) -> Iterator[tuple[str, NDArray[Any]]]:
    """The arrays of a ``.npz`` one after the other, so that no more than one need be held."""
    for name, member, label in _arrays_in(Path(path)):
        yield name, array_from(member_chunks(path, member), member.size, label, text=name in text)


def _arrays_in(path: Path) -> Iterator[tuple[str, Member, str]]:
    """Name, place and label of each array."""
    file = shown_name(path.name)
    members = zip_members(path)
    for member in members:
        if not member.endswith(ENDING):
            raise FormatError(f"{file} holds {shown_name(member)}, which is no .npy array; save arrays only.")
    for member, place in members.items():
        name = checked_name(file, "array", member.removesuffix(ENDING))
        yield name, place, f"{file}: {shown_name(name)}"
