"""Safetensors files whose header lies: numbers 25 to 32 of the list."""

import json
import struct
from typing import Any

import numpy as np

from tests.corpus import Bad
from tests.corpus.written import Make, written


def tensors(header: Any, body: bytes = b"", length: int | None = None) -> Make:
    """A safetensors file with this header, given as text, bytes or JSON."""
    raw = header if isinstance(header, bytes) else (header if isinstance(header, str) else json.dumps(header)).encode()
    return written(struct.pack("<Q", len(raw) if length is None else length) + raw + body)


def tensor(shape: list[int], begin: int, end: int, dtype: str = "F32", **more: Any) -> dict[str, Any]:
    """One entry of a safetensors header."""
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end], **more}


def many_tensors(count: int, key: str = "dtype") -> Make:
    """So many empty tensors."""
    entry = '"t%d":{"' + key + '":"F32","shape":[0],"data_offsets":[0,0]}'
    return lambda path: tensors("{" + ",".join(entry % i for i in range(count)) + "}")(path)


_FOUR = np.zeros(4, "<f4").tobytes()
_NOT_JSON = "its header is not the JSON of a safetensors file"

SAFETENSORS = [
    Bad(
        "25-2-to-62", "a.safetensors", tensors("{}", length=2**62), "its header claims 4,611,686,018,427,387,904 bytes"
    ),
    Bad("25-longer", "a.safetensors", tensors("{}", length=3), "its header claims 3 bytes, but the file has 10"),
    Bad("25-100-mb", "a.safetensors", tensors("{}", length=100_000_001), "its header claims 100,000,001 bytes"),
    Bad(
        "25-over-limit",
        "a.safetensors",
        lambda path: tensors("{}" + " " * 8_000_000)(path),
        r"header of 8,000,002 bytes \(limit 8,000,000\)",
    ),
    Bad("26-not-json", "a.safetensors", tensors("{nothing}"), _NOT_JSON),
    Bad("26-list", "a.safetensors", tensors("[1, 2]  "), _NOT_JSON),
    Bad("26-bom", "a.safetensors", tensors(b"\xef\xbb\xbf{}"), _NOT_JSON),
    Bad("26-not-utf8", "a.safetensors", tensors(b'{"\xff": 1}'), _NOT_JSON),
    Bad("26-nan", "a.safetensors", tensors('{"a": NaN}'), _NOT_JSON),
    Bad(
        "26-float",
        "a.safetensors",
        tensors('{"a": {"dtype": "F32", "shape": [1.0], "data_offsets": [0, 4]}}', _FOUR),
        _NOT_JSON,
    ),
    Bad("26-deep", "a.safetensors", tensors('{"a":' + "[" * 100_000 + "}"), _NOT_JSON),
    Bad("26-big-number", "a.safetensors", tensors('{"a":' + "9" * 100_000 + "}"), _NOT_JSON),
    Bad(
        "27-overlap",
        "a.safetensors",
        tensors({"a": tensor([2], 0, 8), "b": tensor([2], 4, 12)}, bytes(12)),
        "b overlaps another tensor",
    ),
    Bad(
        "27-same",
        "a.safetensors",
        tensors({"a": tensor([2], 0, 8), "b": tensor([2], 0, 8)}, bytes(8)),
        "overlaps another tensor",
    ),
    Bad(
        "27-hole",
        "a.safetensors",
        tensors({"a": tensor([2], 0, 8), "b": tensor([2], 12, 20)}, bytes(20)),
        "b leaves a hole of 4 bytes",
    ),
    Bad("27-beyond", "a.safetensors", tensors({"a": tensor([4], 0, 16)}, bytes(8)), "take 16 bytes, but 8 follow"),
    Bad("27-trailing", "a.safetensors", tensors({"a": tensor([1], 0, 4)}, bytes(8)), "take 4 bytes, but 8 follow"),
    Bad("27-reversed", "a.safetensors", tensors({"a": tensor([2], 8, 0)}, bytes(8)), r"needs 8 bytes, but has -8"),
    Bad("27-negative", "a.safetensors", tensors({"a": tensor([2], -8, 0)}, bytes(8)), "lists of whole numbers"),
    Bad(
        "28-overflow",
        "a.safetensors",
        tensors({"a": tensor([2**40, 2**40], 0, 4)}, _FOUR),
        r"needs 4.84e\+24 bytes, but has 4",
    ),
    Bad(
        "28-far-overflow",
        "a.safetensors",
        tensors({"a": tensor([2**62] * 8, 0, 4)}, _FOUR),
        r"needs .* bytes, but has 4",
    ),
    Bad(
        "28-mismatch",
        "a.safetensors",
        tensors({"a": tensor([3], 0, 4)}, _FOUR),
        r"a of shape \(3,\) needs 12 bytes, but has 4",
    ),
    Bad("28-axes", "a.safetensors", tensors({"a": tensor([1] * 9, 0, 4)}, _FOUR), r"a has 9 axes \(limit 8\)"),
    Bad("28-booleans", "a.safetensors", tensors({"a": tensor([True], 0, 4)}, _FOUR), "lists of whole numbers"),
    Bad(
        "28-dtype",
        "a.safetensors",
        tensors({"a": tensor([4], 0, 4, "F8_E4M3")}, _FOUR),
        "kind 'F8_E4M3' .* save it as float32",
    ),
    Bad("28-dtype-list", "a.safetensors", tensors({"a": tensor([4], 0, 4, [])}, _FOUR), "kind 'no name'"),
    Bad(
        "28-more-keys",
        "a.safetensors",
        tensors({"a": tensor([1], 0, 4, code="x")}, _FOUR),
        "dtype, shape and data_offsets alone",
    ),
    Bad("28-no-entry", "a.safetensors", tensors({"a": 3}), "dtype, shape and data_offsets alone"),
    Bad(
        "29-twice",
        "a.safetensors",
        tensors(
            '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}',
            bytes(8),
        ),
        "holds a twice",
    ),
    Bad("30-300000", "a.safetensors", many_tensors(300_000), r"header of [0-9,]+ bytes \(limit 8,000,000\)"),
    Bad("30-30000", "a.safetensors", many_tensors(30_000), r"holds 30,000 tensors \(limit 20,000\)"),
    Bad(
        "30-spelled-otherwise",
        "a.safetensors",
        many_tensors(30_000, "dt\\u0079pe"),
        r"holds 30,000 tensors \(limit 20,000\)",
    ),
    Bad(
        "31-10-mb",
        "a.safetensors",
        lambda path: tensors({"__metadata__": {"a": "x" * 10**7}})(path),
        "header of 10,000,",
    ),
    Bad("31-numbers", "a.safetensors", tensors({"__metadata__": {"a": 1}}), "its metadata are not names with texts"),
    Bad("31-list", "a.safetensors", tensors({"__metadata__": ["a"]}), "its metadata are not names with texts"),
    Bad(
        "32-climbs", "a.safetensors", tensors({"../a": tensor([1], 0, 4)}, _FOUR), r"name \.\./a holds a path or a link"
    ),
    Bad(
        "32-bidi",
        "a.safetensors",
        tensors({"a\u202eb": tensor([1], 0, 4)}, _FOUR),
        r"name a\\u202eb holds the character \\u202e",
    ),
    Bad("32-script", "a.safetensors", tensors({"<script>": tensor([1], 0, 4)}, _FOUR), "holds the character <"),
    Bad("32-markdown", "a.safetensors", tensors({"[a](http://b)": tensor([1], 0, 4)}, _FOUR), "holds a path or a link"),
    Bad("32-latex", "a.safetensors", tensors({"$\\input{x}$": tensor([1], 0, 4)}, _FOUR), r"holds the character \$"),
    Bad("32-empty", "a.safetensors", tensors({"": tensor([1], 0, 4)}, _FOUR), "has 0 characters"),
    Bad("32-long", "a.safetensors", tensors({"a" * 301: tensor([1], 0, 4)}, _FOUR), r"has 301 characters \(1 to 300"),
]
