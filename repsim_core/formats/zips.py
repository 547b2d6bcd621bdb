"""Zip archives: a strict reading of the directory before any member is opened, and an inflate that counts.

Other readers are lenient in different ways, and every difference hides something: here the directory lies right before
its end record, the first member at byte 0, no two members share a byte, and local headers repeat the directory.
"""

import stat
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from repsim_core.errors import BudgetError, FormatError
from repsim_core.formats.names import shown_name
from repsim_core.limits import LIMITS, MB

STORED, DEFLATED = 0, 8
ARCHIVES = (".zip", ".npz", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".7z", ".rar", ".jar", ".whl", ".egg", ".cab")

_END = struct.Struct("<4s4H2LH")  # end of the directory
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR = struct.Struct("<4sLQL")
_ENTRY = struct.Struct("<4s6H3L5H2L")  # one line of the directory
_LOCAL = struct.Struct("<4s5H3L2H")
_COMMENT = 65_535
_UTF8, _DESCRIPTOR = 1 << 11, 1 << 3
_SEALED = 1 << 0 | 1 << 5 | 1 << 6 | 1 << 13  # encrypted in some way, or a patch
_FULL16, _FULL32 = 0xFFFF, 0xFFFFFFFF
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Member:
    """One file of an archive as its directory describes it; sizes in bytes, ``start`` is where its data begin."""

    name: str
    size: int
    packed: int
    method: int
    crc: int
    start: int

    @property
    def is_stored(self) -> bool:
        """Not compressed."""
        return self.method == STORED


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
        size = stream.seek(0, 2)
        count, first, length = _directory(stream, size, file)
        if count > LIMITS.zip_members:
            raise BudgetError(
                f"{file} has {count:,} members (limit {LIMITS.zip_members:,}); take a part of them, or fewer files."
            )
        members = list(_entries(_read_at(stream, first, length), count, file))
        _check_sizes(members, size, file)
        placed = [_placed(stream, one, first, file) for one in members]
    _check_places(placed, file)
    found: dict[str, Member] = {}
    for _, one in placed:
        if one.name in found:
            raise FormatError(f"{file} holds {shown_name(one.name)} twice; pack it again with each file once.")
        if not one.name.endswith("/"):
            found[one.name] = one
    return found


def member_chunks(path: str | Path, member: Member, limit: int | None = None) -> Iterator[bytes]:
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
            raw = stream.read(min(_CHUNK, left))
            if not raw:
                raise FormatError(f"{label} ends too early; copy or download the file again.")
            left -= len(raw)
            while raw:
                if inflate is None:
                    piece, raw = raw, b""
                else:
                    try:
                        piece = inflate.decompress(raw, min(_CHUNK, room + 1))
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


def _read_at(stream: BinaryIO, start: int, length: int) -> bytes:
    stream.seek(start)
    return stream.read(length)


def _directory(stream: BinaryIO, size: int, file: str) -> tuple[int, int, int]:
    """How many entries there are, where the directory begins, and its bytes."""
    tail_start = max(0, size - _END.size - _COMMENT)
    tail = _read_at(stream, tail_start, size - tail_start)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END.size:
        raise FormatError(
            f"{file} has no directory at its end: it was cut off, or is no zip; copy or download it again."
        )
    _, disk, first_disk, here, count, length, first, comment = _END.unpack_from(tail, at)
    if at + _END.size + comment != len(tail):
        raise FormatError(f"{file} has bytes after the end of the archive; pack it again without them.")
    end = tail_start + at
    short = (disk, first_disk, here, count, length, first)
    locator = _read_at(stream, max(0, end - _LOCATOR.size), _LOCATOR.size)
    if end >= _LOCATOR.size and locator[:4] == b"PK\x06\x07":
        end -= _LOCATOR.size
        at64 = _LOCATOR.unpack(locator)[2]
        raw = _read_at(stream, at64, _END64.size) if at64 < end else b""
        if len(raw) < _END64.size or raw[:4] != b"PK\x06\x06" or at64 + 12 + int.from_bytes(raw[4:12], "little") != end:
            raise FormatError(f"{file} is a large archive (zip64) without its end record; pack or download it again.")
        disk, first_disk, here, count, length, first = wide = _END64.unpack(raw)[4:]
        if any(one not in (other, _FULL16, _FULL32) for one, other in zip(short, wide, strict=True)):
            raise FormatError(f"{file} has two end records that differ; pack it again.")
        end = at64
    elif _FULL16 in short[:4] or _FULL32 in short[4:]:
        raise FormatError(f"{file} is a large archive (zip64) without its end record; pack or download it again.")
    if disk or first_disk or here != count:
        raise FormatError(f"{file} is one part of an archive in several parts; pack it as one file.")
    if first + length != end:
        raise FormatError(
            f"{file} has its directory in another place than it says: two archives in one, or a program "
            "before it; pack it again."
        )
    if not count:
        raise FormatError(f"{file} is an archive without members; pack the files again.")
    if length < count * _ENTRY.size or (count <= LIMITS.zip_members and length > count * (_ENTRY.size + 3 * _FULL16)):
        raise FormatError(
            f"{file} has a directory of {length:,} bytes for {count:,} members, which cannot be; pack it again."
        )
    return count, first, length


def _entries(raw: bytes, count: int, file: str) -> Iterator[tuple[Member, bytes, int]]:
    """Entries of the directory with their raw names and flags; ``start`` is still that of the local header."""
    at = 0
    for _ in range(count):
        if len(raw) - at < _ENTRY.size or raw[at : at + 4] != b"PK\x01\x02":
            raise FormatError(f"{file} has fewer members than its directory says; pack it again.")
        fields = _ENTRY.unpack_from(raw, at)
        (
            _,
            made_by,
            _,
            flags,
            method,
            _,
            _,
            crc,
            packed,
            size,
            name_length,
            extra_length,
            comment,
            disk,
            _,
            outside,
            start,
        ) = fields
        name_at = at + _ENTRY.size
        name = raw[name_at : name_at + name_length]
        extra = raw[name_at + name_length : name_at + name_length + extra_length]
        at = name_at + name_length + extra_length + comment
        if at > len(raw):
            raise FormatError(f"{file} has a directory that ends within a member; pack it again.")
        text = _decoded(name, flags, file)
        label = f"{file}: {shown_name(text)}"
        size, packed, start, disk = _wide(extra, (size, packed, start), disk, label)
        if disk:
            raise FormatError(f"{label} lies in another part of a divided archive; pack it as one file.")
        if flags & _SEALED:
            raise FormatError(f"{label} is encrypted; pack it again without a password.")
        if method not in (STORED, DEFLATED):
            raise FormatError(
                f"{label} is compressed by method {method} (only stored and deflate are read); "
                "pack it again as an ordinary zip."
            )
        if method == STORED and packed != size:
            raise FormatError(f"{label} is stored, yet {packed:,} bytes stand for {size:,}; pack it again.")
        kind = stat.S_IFMT(outside >> 16) if made_by >> 8 in (3, 19) else 0  # Unix and macOS keep the mode there
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            what = "a symbolic link" if kind == stat.S_IFLNK else "a device or pipe"
            raise FormatError(f"{label} is {what}, not a file; pack the file itself.")
        _check_name(text, label, file)
        if text.endswith("/") and (size or packed > 2):  # 2: an empty deflate stream
            raise FormatError(f"{label} is a folder with {size:,} bytes of content; pack it again.")
        yield Member(text, size, packed, method, crc, start), name, flags
    if at != len(raw):
        raise FormatError(f"{file} has bytes after the last entry of its directory; pack it again.")


def _decoded(name: bytes, flags: int, file: str) -> str:
    if len(name) > 4 * LIMITS.zip_name_length:
        raise FormatError(
            f"{file} has a member whose name is {len(name)} bytes long (limit {LIMITS.zip_name_length} characters); "
            "rename it."
        )
    try:
        return name.decode()
    except UnicodeDecodeError as error:
        if flags & _UTF8:
            raise FormatError(
                f"{file} has a member name that is not the UTF-8 it says it is; pack it again."
            ) from error
        return name.decode("cp437")


def _wide(extra: bytes, sizes: tuple[int, int, int], disk: int, label: str) -> tuple[int, int, int, int]:
    """Size, packed size, offset and disk, from the zip64 field where the short ones are full."""
    wanted = [one == _FULL32 for one in sizes]
    if not any(wanted) and disk != _FULL16:
        return (*sizes, disk)
    wide = _zip64(extra)
    values = list(sizes)
    for position, needed in enumerate(wanted):
        if needed:
            if len(wide) < 8:
                raise FormatError(f"{label} lacks its large sizes (zip64); pack it again.")
            values[position], wide = int.from_bytes(wide[:8], "little"), wide[8:]
    if disk == _FULL16:
        disk = int.from_bytes(wide[:4], "little")
    return values[0], values[1], values[2], disk


def _zip64(extra: bytes) -> bytes:
    """Body of the zip64 field, or nothing."""
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<2H", extra)
        if kind == 1:
            return extra[4 : 4 + length]
        extra = extra[4 + length :]
    return b""


def _check_name(name: str, label: str, file: str) -> None:
    if not 0 < len(name) <= LIMITS.zip_name_length:
        raise FormatError(
            f"{file} has a member whose name is {len(name)} characters long (limit {LIMITS.zip_name_length}): "
            f"{shown_name(name)}; rename it."
        )
    if any(ord(one) < 32 or ord(one) == 127 for one in name):
        raise FormatError(f"{label}: the name holds a control character; rename the file.")
    if "\\" in name or name.startswith("/") or (len(name) > 1 and name[1] == ":"):
        raise FormatError(
            f"{label}: the name is a path of its own (no \\, drive or leading / is allowed); pack with relative names."
        )
    parts = name.removesuffix("/").split("/")
    if any(one in ("", ".", "..") for one in parts):
        raise FormatError(f"{label}: the name leaves its folder; pack with plain relative names.")
    if len(parts) > LIMITS.zip_depth:
        raise FormatError(f"{label} lies {len(parts)} folders deep (limit {LIMITS.zip_depth}); pack a flatter folder.")
    if name.lower().endswith(ARCHIVES):
        raise FormatError(f"{label} is an archive inside the archive; unpack it and pack its files.")


def _check_sizes(members: list[tuple[Member, bytes, int]], size: int, file: str) -> None:
    """Limits on what would come out, and the ratio of what is large enough to matter."""
    total = 0
    for one, _, _ in members:
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


def _placed(stream: BinaryIO, entry: tuple[Member, bytes, int], directory: int, file: str) -> tuple[int, Member]:
    """Where the local header begins, and the member with the place of its data; the header must repeat the entry."""
    one, name, flags = entry
    label = f"{file}: {shown_name(one.name)}"
    stream.seek(one.start)
    raw = stream.read(_LOCAL.size + len(name))
    if one.start >= directory or len(raw) < _LOCAL.size + len(name) or raw[:4] != b"PK\x03\x04":
        raise FormatError(f"{label} is not where the directory says; pack or download it again.")
    _, _, own_flags, method, _, _, crc, packed, size, name_length, extra_length = _LOCAL.unpack_from(raw)
    if _FULL32 in (size, packed):
        extra = _zip64(_read_at(stream, one.start + _LOCAL.size + name_length, extra_length))
        if len(extra) >= 16:
            size, packed = struct.unpack_from("<2Q", extra)
    same = (raw[_LOCAL.size :], method, own_flags & (_SEALED | _UTF8)) == (name, one.method, flags & (_SEALED | _UTF8))
    sizes = (size, packed, crc)
    later = own_flags & _DESCRIPTOR and all(
        mine in (0, theirs) for mine, theirs in zip(sizes, (one.size, one.packed, one.crc), strict=True)
    )
    if not same or name_length != len(name) or not (later or sizes == (one.size, one.packed, one.crc)):
        raise FormatError(f"{label}: its own header and the directory differ; pack it again.")
    start = one.start + _LOCAL.size + name_length + extra_length
    if start + one.packed > directory:
        raise FormatError(f"{label} reaches beyond the end of the archive; copy or download the file again.")
    return one.start, Member(one.name, one.size, one.packed, one.method, one.crc, start)


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
