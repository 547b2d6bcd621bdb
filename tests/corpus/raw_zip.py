"""A zip written field by field, so that each field can lie."""

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass
class Part:
    """One member; what is None is told truly."""

    name: bytes
    data: bytes = b""
    method: int = 0  # 8 deflates
    flags: int = 0
    crc: int | None = None
    size: int | None = None  # as the directory promises it
    local_name: bytes | None = None
    local_size: int | None = None
    begin: int | None = None  # where the directory says the local header is
    outside: int = 0o100644 << 16
    made_by: int = 3 << 8 | 20
    disk: int = 0
    extra: bytes = b""
    packed_size: int | None = None  # as the directory and the local header promise it
    raw: bytes | None = None  # lies there in place of the packed data

    def packed(self) -> bytes:
        """The bytes that lie in the archive."""
        if self.raw is not None:
            return self.raw
        if self.method != 8:
            return self.data
        deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
        return deflate.compress(self.data) + deflate.flush()


def raw_zip(
    parts: Sequence[Part], *, before: bytes = b"", after: bytes = b"", comment: bytes = b"", count: int | None = None
) -> bytes:
    """Content of an archive; ``before`` shifts all offsets truly, as a self-extracting archive does."""
    content, directory = bytearray(before), bytearray()
    for one in parts:
        packed, begin = one.packed(), len(content)
        length = len(packed) if one.packed_size is None else one.packed_size
        crc = zlib.crc32(one.data) if one.crc is None else one.crc
        size = len(one.data) if one.size is None else one.size
        name = one.name if one.local_name is None else one.local_name
        local = size if one.local_size is None else one.local_size
        content += struct.pack(
            "<4s5H3L2H", b"PK\3\4", 20, one.flags, one.method, 0, 0, crc, length, local, len(name), 0
        )
        content += name + packed
        directory += struct.pack(
            "<4s6H3L5H2L", b"PK\1\2", one.made_by, 20, one.flags, one.method, 0, 0, crc, length, size,
            len(one.name), len(one.extra), 0, one.disk, 0, one.outside, begin if one.begin is None else one.begin,
        )  # fmt: skip
        directory += one.name + one.extra
    total = len(parts) if count is None else count
    end = struct.pack(
        "<4s4H2LH", b"PK\5\6", 0, 0, total & 0xFFFF, total & 0xFFFF, len(directory), len(content), len(comment)
    )
    return bytes(content + directory) + end + comment + after
