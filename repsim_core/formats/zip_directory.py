"""The directory of a zip, read strictly.

Other readers are lenient in different ways, and every difference hides something: here the directory lies right before
its end record, and each entry is a plain file or folder with a name that stays inside.
"""

import stat
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from repsim_core.errors import BudgetError, FormatError
from repsim_core.formats.names import shown_name
from repsim_core.limits import LIMITS

STORED, DEFLATED = 0, 8
ARCHIVES = (".zip", ".npz", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".7z", ".rar", ".jar", ".whl", ".egg", ".cab")
SEALED = 1 << 0 | 1 << 5 | 1 << 6 | 1 << 13  # flags: encrypted in some way, or a patch
UTF8 = 1 << 11
FULL32 = 0xFFFFFFFF  # the number is in the zip64 field instead

_END = struct.Struct("<4s4H2LH")  # end of the directory
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR = struct.Struct("<4sLQL")
_ENTRY = struct.Struct("<4s6H3L5H2L")  # one line of the directory
_COMMENT = 65_535
_LONGEST_ENTRY = 4096  # with name, extra fields and comment: the directory is read as a whole
_FOLDER = 0x10  # the attribute of MS-DOS, whatever system made the archive
_FULL16 = 0xFFFF


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


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the directory: the member, where its own header begins, and what that header must repeat."""

    member: Member
    begin: int
    raw_name: bytes
    flags: int


def directory(stream: BinaryIO, file: str) -> tuple[list[Entry], int]:
    """Entries of the directory, and where it begins."""
    count, first, length = _place(stream, stream.seek(0, 2), file)
    if count > LIMITS.zip_members:
        raise BudgetError(
            f"{file} has {count:,} members (limit {LIMITS.zip_members:,}); take a part of them, or fewer files."
        )
    return list(_entries(read_at(stream, first, length), count, file)), first


def read_at(stream: BinaryIO, start: int, length: int) -> bytes:
    """Bytes at a place; fewer at the end of the file."""
    stream.seek(start)
    return stream.read(length)


def _place(stream: BinaryIO, size: int, file: str) -> tuple[int, int, int]:
    """How many entries there are, where the directory begins, and its bytes."""
    tail_start = max(0, size - _END.size - _COMMENT)
    tail = read_at(stream, tail_start, size - tail_start)
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
    locator = read_at(stream, max(0, end - _LOCATOR.size), _LOCATOR.size)
    if end >= _LOCATOR.size and locator[:4] == b"PK\x06\x07":
        end -= _LOCATOR.size
        at64 = _LOCATOR.unpack(locator)[2]
        raw = read_at(stream, at64, _END64.size) if at64 < end else b""
        if len(raw) < _END64.size or raw[:4] != b"PK\x06\x06" or at64 + 12 + int.from_bytes(raw[4:12], "little") != end:
            raise FormatError(f"{file} is a large archive (zip64) without its end record; pack or download it again.")
        disk, first_disk, here, count, length, first = wide = _END64.unpack(raw)[4:]
        if any(one not in (other, _FULL16, FULL32) for one, other in zip(short, wide, strict=True)):
            raise FormatError(f"{file} has two end records that differ; pack it again.")
        end = at64
    elif _FULL16 in short[:4] or FULL32 in short[4:]:
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
    if length < count * _ENTRY.size or (count <= LIMITS.zip_members and length > count * _LONGEST_ENTRY):
        raise FormatError(
            f"{file} has a directory of {length:,} bytes for {count:,} members, which cannot be; pack it again."
        )
    return count, first, length


def _entries(raw: bytes, count: int, file: str) -> Iterator[Entry]:
    """Entries one by one, each checked by itself; where its data begin only its own header knows."""
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
        if flags & SEALED:
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
        # Readers differ: one gives the content of what is marked as a folder, torch gives zeros in its place.
        folder = text.endswith("/") or bool(outside & _FOLDER) or kind == stat.S_IFDIR
        if folder and (size or packed > 2):  # 2: an empty deflate stream
            raise FormatError(f"{label} is a folder with {size:,} bytes of content; pack it again.")
        yield Entry(Member(text, size, packed, method, crc, 0), start, name, flags)
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
        if flags & UTF8:
            raise FormatError(
                f"{file} has a member name that is not the UTF-8 it says it is; pack it again."
            ) from error
        return name.decode("cp437")


def _wide(extra: bytes, sizes: tuple[int, int, int], disk: int, label: str) -> tuple[int, int, int, int]:
    """Size, packed size, offset and disk, from the zip64 field where the short ones are full."""
    wanted = [one == FULL32 for one in sizes]
    if not any(wanted) and disk != _FULL16:
        return (*sizes, disk)
    wide = wide_field(extra)
    values = list(sizes)
    for position, needed in enumerate(wanted):
        if needed:
            if len(wide) < 8:
                raise FormatError(f"{label} lacks its large sizes (zip64); pack it again.")
            values[position], wide = int.from_bytes(wide[:8], "little"), wide[8:]
    if disk == _FULL16:
        disk = int.from_bytes(wide[:4], "little")
    return values[0], values[1], values[2], disk


def wide_field(extra: bytes) -> bytes:
    """Body of the zip64 field of an extra field, or nothing."""
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
