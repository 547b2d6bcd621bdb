"""Zips whose structure lies: numbers 3, 4, 24, 39 to 42 and 51 to 53 of the list."""

import io
import zipfile
from pathlib import Path
from typing import Any

from tests.corpus import Bad
from tests.corpus.raw_zip import Part, raw_zip
from tests.corpus.written import Make, claims, npy, npy_claiming, responses, written


def _bomb() -> bytes:
    head = npy_claiming(claims("'<f4'", "(50000, 1000)").ljust(117) + "\n")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("layer.npy", "w") as member:
        member.write(head)
        for _ in range(200):
            member.write(bytes(1_000_000))
    return out.getvalue()


def _nested() -> bytes:
    inner = raw_zip([Part(b"a.npy", npy(responses()))])
    return raw_zip([Part(b"a.npy", npy(responses())), Part(b"more.npz", inner)])


def _hidden_nested() -> bytes:
    return raw_zip([Part(b"a.npy", raw_zip([Part(b"a.npy", npy(responses()))]))])


def _deflated(content: bytes) -> bytes:
    return Part(b"", content, method=8).packed()


def _overlapping() -> bytes:
    """Two entries with one local header, and so one run of bytes twice."""
    return raw_zip([Part(b"a.npy", npy(responses())), Part(b"a.npy", npy(responses()), begin=0)])


def _quoted() -> bytes:
    """A member that begins within the data of the one before it (the form of the overlapping bombs)."""
    inner = raw_zip([Part(b"b.npy", npy(responses()))])[: -(22 + 46 + 5)]
    return raw_zip([Part(b"a.npy", inner), Part(b"b.npy", npy(responses()), begin=30 + 5)])


def _longer_than_promised() -> bytes:
    array = npy(responses(2000, 50))
    return raw_zip([Part(b"a.npy", array, method=8, size=len(array) // 2)])


def _shorter_than_promised() -> bytes:
    array = npy(responses())
    return raw_zip([Part(b"a.npy", array, method=8, size=len(array) + 4)])


def _picture(name: bytes, **more: Any) -> Make:
    return written(raw_zip([Part(b"cat/1.png", b"\x89PNG"), Part(name, b"\x89PNG", **more)]))


def _many_entries(path: Path, count: int) -> None:
    path.write_bytes(raw_zip([Part(b"%d.png" % i) for i in range(count)]))


_HONEST = raw_zip([Part(b"a.npy", npy(responses()))])

ZIPS = [
    Bad("24-two-zips", "a.npz", written(_HONEST + _HONEST), "directory in another place.*two archives in one"),
    Bad("24-stub", "a.npz", written(b"#!/bin/sh\nexit\n" + _HONEST), "is a script"),
    Bad("24-stub-shifted", "a.npz", written(b"PK\3\4 and more" + _HONEST), "directory in another place"),
    Bad(
        "24-stub-offsets",
        "a.npz",
        written(lambda: raw_zip([Part(b"a.npy", npy(responses()))], before=b"PK\3\4stub")),
        "has 8 bytes before its first member",
    ),
    Bad("24-after", "a.npz", written(_HONEST + b"junk"), "bytes after the end of the archive"),
    Bad("3-cut-at-half", "a.npz", written(_HONEST[: len(_HONEST) // 2]), "has no directory at its end: it was cut off"),
    Bad("4-no-end", "a.npz", written(_HONEST[:-22]), "has no directory at its end"),
    Bad("39-twice", "a.npz", written(raw_zip([Part(b"a.npy", npy(responses()))] * 2)), r"holds a\.npy twice"),
    Bad(
        "39-text-member",
        "a.npz",
        written(raw_zip([Part(b"a.npy", npy(responses())), Part(b"readme.txt", b"hi")])),
        r"holds readme\.txt, which is no \.npy array",
    ),
    Bad("39-nested", "a.npz", written(_nested), r"more\.npz is an archive inside the archive"),
    Bad("39-nested-hidden", "a.npz", written(_hidden_nested), "a is no NumPy array"),
    Bad("40-ratio-bomb", "a.npz", written(_bomb), r"layer\.npy unpacks [0-9,]+ bytes to 200,000,128 \(limit 100:1"),
    Bad(
        "40-many-small",
        "a.npz",
        written(lambda: raw_zip([Part(b"%d.npy" % i, bytes(900_000), method=8) for i in range(9)])),
        r"unpacks [0-9,]+ bytes to 8,100,000 \(limit 100:1",
    ),
    Bad(
        "40-stored-short",
        "a.npz",
        written(raw_zip([Part(b"a.npy", b"x" * 99, size=200)])),
        "is stored, yet 99 bytes stand for 200",
    ),
    Bad(
        "40-unpacked",
        "a.npz",
        written(lambda: raw_zip([Part(b"a.npy", raw=bytes(21_000_000), method=8, size=2_000_000_001)])),
        r"unpacks to 2,000,000,001 bytes \(limit 2,000,000,000\)",
    ),
    Bad(
        "40-longer", "a.npz", written(_longer_than_promised), "a.npy unpacks to more than the 200,064 bytes it promised"
    ),
    Bad("40-shorter", "a.npz", written(_shorter_than_promised), "a.npy unpacks to less than the"),
    Bad(
        "41-crc",
        "a.npz",
        written(raw_zip([Part(b"a.npy", npy(responses()), crc=1)])),
        r"a\.npy is damaged \(its checksum",
    ),
    Bad("41-encrypted", "a.npz", written(raw_zip([Part(b"a.npy", npy(responses()), flags=1)])), r"a\.npy is encrypted"),
    Bad("41-method", "a.npz", written(raw_zip([Part(b"a.npy", b"x", method=14)])), "is compressed by method 14"),
    Bad(
        "41-sizes-differ",
        "a.npz",
        written(raw_zip([Part(b"a.npy", npy(responses()), local_size=3)])),
        "its own header and the directory differ",
    ),
    Bad(
        "41-names-differ",
        "a.npz",
        written(raw_zip([Part(b"a.npy", npy(responses()), local_name=b"b.npy")])),
        "its own header and the directory differ",
    ),
    Bad(
        "41-not-deflate",
        "a.npz",
        written(
            lambda: raw_zip([Part(b"a.npy", b"\0" * 99, method=8)]).replace(
                Part(b"", b"\0" * 99, method=8).packed(), b"\xff" * len(Part(b"", b"\0" * 99, method=8).packed())
            )
        ),
        r"a\.npy is damaged \(Error -3",
    ),
    Bad(
        "41-beyond-end",
        "a.npz",
        written(raw_zip([Part(b"a.npy", npy(responses()), size=5000, packed_size=5000)])),
        r"a\.npy reaches beyond the end of the archive",
    ),
    Bad(
        "41-after-deflate",
        "a.npz",
        written(raw_zip([Part(b"a.npy", npy(responses()), method=8, raw=_deflated(npy(responses())) + b"more")])),
        r"a\.npy has bytes after its end",
    ),
    Bad("42-same-place", "a.npz", written(_overlapping), r"a\.npy overlaps another member"),
    Bad("42-quoted", "a.npz", written(_quoted), r"b\.npy overlaps another member"),
    Bad(
        "42-outside",
        "a.npz",
        written(raw_zip([Part(b"a.npy", npy(responses()), begin=10**9)])),
        "is not where the directory",
    ),
    Bad("51-up", "p.zip", _picture(b"../x.png"), r"\.\./x\.png: the name leaves its folder", "dataset"),
    Bad("51-up-inside", "p.zip", _picture(b"a/../../x.png"), "the name leaves its folder", "dataset"),
    Bad("51-here", "p.zip", _picture(b"./x.png"), "the name leaves its folder", "dataset"),
    Bad("51-root", "p.zip", _picture(b"/x.png"), "the name is a path of its own", "dataset"),
    Bad("51-drive", "p.zip", _picture(b"C:\\x.png"), "the name is a path of its own", "dataset"),
    Bad("51-drive-slash", "p.zip", _picture(b"C:x.png"), "the name is a path of its own", "dataset"),
    Bad("51-backslash", "p.zip", _picture(b"a\\..\\b.png"), "the name is a path of its own", "dataset"),
    Bad("51-share", "p.zip", _picture(b"\\\\host\\share\\b.png"), "the name is a path of its own", "dataset"),
    Bad("51-nul", "p.zip", _picture(b"a\0.png"), r"a\\u0000\.png: the name holds a control character", "dataset"),
    Bad("51-newline", "p.zip", _picture(b"a\nb.png"), "the name holds a control character", "dataset"),
    Bad("51-long", "p.zip", _picture(b"x" * 296 + b".png"), r"name is 300 characters long \(limit 200\)", "dataset"),
    Bad("51-very-long", "p.zip", _picture(b"x" * 3000), r"name is 3000 bytes long \(limit 200", "dataset"),
    Bad("51-empty-part", "p.zip", _picture(b"a//b.png"), "the name leaves its folder", "dataset"),
    Bad("51-no-name", "p.zip", _picture(b""), "name is 0 characters long", "dataset"),
    Bad("51-deep", "p.zip", _picture(b"a/" * 8 + b"b.png"), r"lies 9 folders deep \(limit 8\)", "dataset"),
    Bad("51-not-utf8", "p.zip", _picture(b"\xff.png", flags=1 << 11), "not the UTF-8 it says it is", "dataset"),
    Bad(
        "52-symlink",
        "p.zip",
        _picture(b"cat/2.png", outside=0o120777 << 16),
        "is a symbolic link, not a file",
        "dataset",
    ),
    Bad(
        "52-device",
        "p.zip",
        _picture(b"cat/2.png", outside=0o020666 << 16),
        "is a device or pipe, not a file",
        "dataset",
    ),
    Bad("52-folder-with-data", "p.zip", _picture(b"cat/more/"), "is a folder with 4 bytes of content", "dataset"),
    Bad("52-marked-as-folder", "p.zip", _picture(b"cat/2.png", outside=0x10), "is a folder with 4 bytes", "dataset"),
    Bad(
        "52-mode-of-a-folder", "p.zip", _picture(b"cat/2.png", outside=0o040755 << 16), "is a folder with 4", "dataset"
    ),
    Bad(
        "52-100000-entries",
        "p.zip",
        lambda path: _many_entries(path, 100_000),
        r"34,464 members \(limit 20,000\)",  # 100,000 as sixteen bits tell it
        "dataset",
    ),
    Bad("52-70000-entries", "p.zip", lambda path: _many_entries(path, 70_000), "bytes after the last entry", "dataset"),
    Bad(
        "52-fat-directory",
        "p.zip",
        _picture(b"cat/2.png", extra=bytes(60_000)),
        "a directory of 60,110 bytes for 2 members, which cannot be",
        "dataset",
    ),
    Bad(
        "52-20001-entries",
        "p.zip",
        lambda path: _many_entries(path, 20_001),
        r"20,001 members \(limit 20,000\)",
        "dataset",
    ),
    Bad("53-zip-in-zip", "p.zip", _picture(b"more.zip"), r"more\.zip is an archive inside the archive", "dataset"),
    Bad("53-no-members", "p.zip", written(raw_zip([])), "is an archive without members", "dataset"),
    Bad(
        "53-fewer-than-said",
        "p.zip",
        written(raw_zip([Part(b"a.png", b"1")] * 3, count=2)),
        "bytes after the last entry",
        "dataset",
    ),
    Bad(
        "53-more-than-said",
        "p.zip",
        written(raw_zip([Part(b"a.png", b"1" * 99)], count=3)),
        "which cannot be",
        "dataset",
    ),
    Bad("53-parts", "p.zip", _picture(b"cat/2.png", disk=3), "lies in another part of a divided archive", "dataset"),
]
