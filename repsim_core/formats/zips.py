"""Zip archives: structure checked before any member is opened, and an inflate that counts."""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from repsim_core.errors import BudgetError, FormatError
from repsim_core.formats.names import shown_name
from repsim_core.formats.zip_directory import (
    DEFLATED,
    FULL32,
    SEALED,
    UTF8,
    Entry,
    Member,
    directory,
    read_at,
    wide_field,
)
from repsim_core.limits import LIMITS, MB

_LOCAL = struct.Struct("<4s5H3L2H")
_DESCRIPTOR = 1 << 3  # flag: sizes and checksum follow the data
_CHUNK = 1 << 20


def zip_members(path: str | Path) -> dict[str, Member]:
    """Members by name in the order of the directory, folders left out.

    Raises
    ------
    FormatError
        If this is no zip, if anything lies before, between or after its parts that should not, for members that are
        repeated, overlapping, encrypted, links or archives themselves, for names that could leave the folder, and for
        local headers that contradict the directory.
    BudgetError
        For too many members, too many bytes or too high a ratio.

    Notes
    -----
    Reads the directory and the local headers, no content. A name is never used to write a file.
    """
    path = Path(path)
    file = shown_name(path.name)
    with path.open("rb") as stream:
        entries, first = directory(stream, file)
        _check_sizes([one.member for one in entries], stream.seek(0, 2), file)
        placed = [(one.begin, _placed(stream, one, first, file)) for one in entries]
    _check_places(placed, file)
    found: dict[str, Member] = {}
    for _, one in placed:
        if one.name in found:
            raise FormatError(f"{file} holds {shown_name(one.name)} twice; pack it again with each file once.")
        if not one.name.endswith("/"):
            found[one.name] = one
    return found


def member_chunks(
    path: str | Path, member: Member, limit: int | None = None, *, chunk: int = _CHUNK
) -> Iterator[bytes]:
    """Content of a member piece by piece, with no more bytes than the directory promised and with its checksum.

    Raises
    ------
    FormatError
        If the content is longer or shorter than promised, or damaged.
    BudgetError
        If it is longer than ``limit``.
    """
    path = Path(path)
    label = f"{shown_name(path.name)}: {shown_name(member.name)}"
    if limit is not None and member.size > limit:
        raise BudgetError(f"{label} unpacks to {member.size:,} bytes (limit {limit:,}); make it smaller.")
    inflate = zlib.decompressobj(-zlib.MAX_WBITS) if member.method == DEFLATED else None
    left, room, crc = member.packed, member.size, 0
    with path.open("rb") as stream:
        stream.seek(member.start)
        while left > 0:
            raw = stream.read(min(chunk, left))
            if not raw:
                raise FormatError(f"{label} ends too early; copy or download the file again.")
            left -= len(raw)
            while raw:
                if inflate is None:
                    piece, raw = raw, b""
                else:
                    try:
                        piece = inflate.decompress(raw, min(chunk, room + 1))
                    except zlib.error as error:
                        raise FormatError(f"{label} is damaged ({error}); pack or download it again.") from error
                    raw = inflate.unconsumed_tail
                    if inflate.unused_data:
                        raise FormatError(f"{label} has bytes after its end; pack it again.")
                room -= len(piece)
                if room < 0:
                    raise FormatError(
                        f"{label} unpacks to more than the {member.size:,} bytes it promised; pack it again."
                    )
                crc = zlib.crc32(piece, crc)
                if piece:
                    yield piece
    if room or (inflate is not None and not inflate.eof):
        raise FormatError(f"{label} unpacks to less than the {member.size:,} bytes it promised; pack it again.")
    if crc != member.crc:
        raise FormatError(f"{label} is damaged (its checksum differs); copy or download the file again.")


def read_member(path: str | Path, member: Member, limit: int | None = None) -> bytes:
    """Whole content of a member; see :func:`member_chunks` for the refusals."""
    return b"".join(member_chunks(path, member, limit))


def _check_sizes(members: list[Member], size: int, file: str) -> None:
    """Limits on what would come out, and the ratio of what is large enough to matter."""
    total = 0
    for one in members:
        total += one.size
        if one.method == DEFLATED and one.size > max(MB, LIMITS.zip_ratio * one.packed):
            raise BudgetError(
                f"{file}: {shown_name(one.name)} unpacks {one.packed:,} bytes to {one.size:,} "
                f"(limit {LIMITS.zip_ratio}:1 above 1 MB); pack it without compression."
            )
    if total > LIMITS.zip_unpacked_bytes:
        raise BudgetError(
            f"{file} unpacks to {total:,} bytes (limit {LIMITS.zip_unpacked_bytes:,}); take a part of it."
        )
    if total > max(MB, LIMITS.zip_ratio * size):
        raise BudgetError(
            f"{file} unpacks {size:,} bytes to {total:,} (limit {LIMITS.zip_ratio}:1 above 1 MB); "
            "pack it without compression."
        )


def _placed(stream: BinaryIO, entry: Entry, end: int, file: str) -> Member:
    """The member with the place of its data; its own header must repeat the entry."""
    one, name = entry.member, entry.raw_name
    label = f"{file}: {shown_name(one.name)}"
    raw = read_at(stream, entry.begin, _LOCAL.size + len(name)) if entry.begin < end else b""
    if len(raw) < _LOCAL.size + len(name) or raw[:4] != b"PK\x03\x04":
        raise FormatError(f"{label} is not where the directory says; pack or download it again.")
    _, _, flags, method, _, _, crc, packed, size, name_length, extra_length = _LOCAL.unpack_from(raw)
    if FULL32 in (size, packed):
        extra = wide_field(read_at(stream, entry.begin + _LOCAL.size + name_length, extra_length))
        if len(extra) >= 16:
            size, packed = struct.unpack_from("<2Q", extra)
    promised = (one.size, one.packed, one.crc)
    fits = [mine == theirs for mine, theirs in zip((size, packed, crc), promised, strict=True)]
    if flags & _DESCRIPTOR:
        fits = [same or mine == 0 for same, mine in zip(fits, (size, packed, crc), strict=True)]
    marks = SEALED | UTF8
    same = (name_length, raw[_LOCAL.size :], method, flags & marks) == (
        len(name),
        name,
        one.method,
        entry.flags & marks,
    )
    if not (same and all(fits)):
        raise FormatError(f"{label}: its own header and the directory differ; pack it again.")
    start = entry.begin + _LOCAL.size + name_length + extra_length
    if start + one.packed > end:
        raise FormatError(f"{label} reaches beyond the end of the archive; copy or download the file again.")
    return replace(one, start=start)


def _check_places(placed: list[tuple[int, Member]], file: str) -> None:
    """No byte belongs to two members, and nothing stands before the first."""
    end = 0
    for begin, one in sorted(placed, key=lambda pair: pair[0]):
        if not end and begin:
            raise FormatError(
                f"{file} has {begin:,} bytes before its first member (a program, or another file); pack it again."
            )
        if begin < end:
            raise FormatError(f"{file}: {shown_name(one.name)} overlaps another member; pack it again.")
        end = one.start + one.packed
