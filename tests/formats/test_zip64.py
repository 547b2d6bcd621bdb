"""Large archives, made small: the second end record and the wide fields, told truly and not."""

import struct
import zipfile

import pytest

from repsim_core.errors import FormatError
from repsim_core.formats import read_member, zip_members
from tests.corpus.raw_zip import Part, raw_zip

DATA = b"12345"


def wide(*numbers: int) -> bytes:
    """The extra field that holds what does not fit into 32 bits."""
    return struct.pack(f"<2H{len(numbers)}Q", 1, 8 * len(numbers), *numbers)


def with_end64(
    content: bytes, *, count: int = 1, short: int = 0xFFFF, mark: bytes = b"PK\6\6", gap: bytes = b""
) -> bytes:
    """The same archive with the second end record before the first, whose counts say so."""
    body, (_, _, _, _, _, length, first, _) = content[:-22], struct.unpack("<4s4H2LH", content[-22:])
    end64 = struct.pack("<4sQ2H2L4Q", mark, 44, 45, 45, 0, 0, count, count, length, first)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, len(body), 1)
    return body + end64 + gap + locator + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, short, short, length, first, 0)


def members(tmp_path, content):
    path = tmp_path / "a.zip"
    path.write_bytes(content)
    return {name: read_member(path, one) for name, one in zip_members(path).items()}


@pytest.mark.parametrize("short", [0xFFFF, 1])
def test_a_second_end_record_counts_where_the_first_is_full_or_agrees(tmp_path, short):
    content = with_end64(raw_zip([Part(b"a.png", DATA)]), short=short)
    assert members(tmp_path, content) == {"a.png": DATA}
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:  # the standard library reads it so too
        assert archive.read("a.png") == DATA


def test_wide_sizes_and_places_are_taken_from_the_extra_field(tmp_path):
    part = Part(b"b.png", DATA, size=0xFFFFFFFF, local_size=5, begin=0xFFFFFFFF, extra=wide(5, 40))
    content = raw_zip([Part(b"a.png", DATA), part])
    assert content[40:44] == b"PK\3\4"
    assert members(tmp_path, content) == {"a.png": DATA, "b.png": DATA}


def test_the_wide_field_is_found_behind_others(tmp_path):
    other = struct.pack("<2H3s", 0x5455, 3, b"abc")
    part = Part(b"b.png", DATA, size=0xFFFFFFFF, local_size=5, extra=other + wide(5))
    assert members(tmp_path, raw_zip([part])) == {"b.png": DATA}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (with_end64(raw_zip([Part(b"a.png", DATA)]), short=7), "has two end records that differ"),
        (
            with_end64(raw_zip([Part(b"a.png", DATA)]), mark=b"PK\7\7"),
            "is a large archive .zip64. without its end record",
        ),
        (
            with_end64(raw_zip([Part(b"a.png", DATA)]), gap=b"hidden"),
            "is a large archive .zip64. without its end record",
        ),
        (raw_zip([Part(b"a.png", DATA)], count=0xFFFF), "is a large archive .zip64. without its end record"),
        (raw_zip([Part(b"a.png", DATA, size=0xFFFFFFFF)]), r"a\.png lacks its large sizes"),
        (raw_zip([Part(b"a.png", DATA, size=0xFFFFFFFF, extra=b"\1\0\4\0abcd")]), r"a\.png lacks its large sizes"),
        (
            raw_zip([Part(b"a.png", DATA, size=0xFFFFFFFF, extra=wide(2**63))]),
            "is stored, yet 5 bytes stand for 9,223,372",
        ),
        (raw_zip([Part(b"a.png", DATA, disk=0xFFFF, extra=wide(1))]), "lies in another part of a divided archive"),
    ],
)
def test_what_contradicts_itself_is_refused(tmp_path, content, message):
    with pytest.raises(FormatError, match=message):
        members(tmp_path, content)
