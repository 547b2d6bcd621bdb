"""Odd files of responses that are good."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from repsim_core.formats import Responses
from tests.corpus import Good
from tests.corpus.raw_zip import Part, raw_zip
from tests.corpus.safetensors_files import tensor, tensors
from tests.corpus.written import N, claims, npy, npy_claiming, npz, responses, saved, written

Check = Callable[[Responses], None]
_VALUES = np.arange(2 * N).reshape(N, 2)


def holds(name: str, values: np.ndarray, dtype: Any = np.float32) -> Check:
    """The layer has these numbers in this type."""

    def check(found: Responses) -> None:
        assert found.layers[name].dtype == dtype
        assert np.array_equal(found.layers[name], values)
        assert found.layers[name].flags.c_contiguous

    return check


def named(*names: str) -> Check:
    """The layers have these names, in this order."""

    def check(found: Responses) -> None:
        assert tuple(found.layers) == names

    return check


def noted(text: str) -> Check:
    """A note says so."""

    def check(found: Responses) -> None:
        assert any(text in note for note in found.notes), found.notes

    return check


def labelled(labels: list[Any], classes: tuple[str, ...]) -> Check:
    """Labels and classes are these."""

    def check(found: Responses) -> None:
        assert found.labels is not None
        assert found.labels.tolist() == labels
        assert found.classes == classes

    return check


def with_ids(*ids: str) -> Check:
    """The stimuli have these ids."""

    def check(found: Responses) -> None:
        assert found.has_ids
        assert found.stimuli == ids

    return check


class _Pipe(io.RawIOBase):
    """A place that cannot be gone back in, so that sizes follow the data."""

    def __init__(self, path: Path) -> None:
        self.stream = path.open("wb")

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        return self.stream.write(data)

    def close(self) -> None:
        self.stream.close()
        super().close()


def _streamed(path: Path) -> None:
    with _Pipe(path) as pipe, zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", npy(_VALUES.astype("f4")))


def _zip64(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive, archive.open("a.npy", "w", force_zip64=True) as member:
        member.write(npy(_VALUES.astype("f4")))


def _bad(value: float) -> np.ndarray:
    values = responses()
    values[3, 1] = value
    return values


_BF16 = (_VALUES.astype(np.float32).view(np.uint32) >> 16).astype("<u2").tobytes()  # small whole numbers are exact
_F4 = _VALUES.astype("<f4").tobytes()
_IDS = tuple(f"s{i}" for i in range(N))
_HALF = np.repeat(responses(N // 2), 2, axis=0)
_CONSTANT = np.column_stack([responses(), np.full((N, 3), 0.1, np.float32)])

ODD = [
    Good("fortran", "a.npz", npz(a=np.asfortranarray(_VALUES.astype("f4"))), holds("a", _VALUES)),
    Good("float16", "a.npz", npz(a=_VALUES.astype("f2")), holds("a", _VALUES)),
    Good("float64", "a.npz", npz(a=_VALUES + 0.1), holds("a", _VALUES + 0.1, np.float64)),
    Good("big-endian", "a.npz", npz(a=_VALUES.astype(">f4")), holds("a", _VALUES)),
    Good(
        "big-endian-fortran", "a.npz", npz(a=np.asfortranarray(_VALUES.astype(">f8"))), holds("a", _VALUES, np.float64)
    ),
    Good("int8", "a.npz", npz(a=_VALUES.astype("i1")), holds("a", _VALUES)),
    Good("uint16", "a.npz", npz(a=_VALUES.astype("u2")), holds("a", _VALUES)),
    Good("int64", "a.npz", npz(a=_VALUES.astype("i8")), holds("a", _VALUES, np.float64)),
    Good("int64-beyond", "a.npz", npz(a=_VALUES.astype("i8") * 2**54 + 1), noted("beyond 2^53 are rounded")),
    Good("bool", "a.npz", npz(a=_VALUES % 3 == 0), holds("a", _VALUES % 3 == 0)),
    Good(
        "bool-2",
        "a.npy",
        written(npy_claiming(claims("'|b1'", "(4, 1)"), b"\0\7\xff\1")),
        holds("layer", np.array([[0], [1], [1], [1]])),
    ),
    Good("scalar-beside", "a.npz", npz(n=np.array(N), a=responses()), noted("n is a single number, no layer")),
    Good("one-axis", "a.npz", npz(a=np.arange(N)), holds("a", np.arange(N), np.float64)),
    Good(
        "five-axes",
        "a.npz",
        npz(a=np.arange(N * 16).reshape(N, 2, 2, 2, 2).astype("f4")),
        holds("a", np.arange(N * 16).reshape(N, 2, 2, 2, 2)),
    ),
    Good("npy", "a.npy", written(npy(_VALUES.astype("f4"))), holds("layer", _VALUES)),
    Good("npy-2", "a.npy", written(npy_claiming(claims("'<f4'", f"({N}, 2)"), _F4, (2, 0))), holds("layer", _VALUES)),
    Good("npy-3", "a.npy", written(npy_claiming(claims("'<f4'", f"({N}, 2)"), _F4, (3, 0))), holds("layer", _VALUES)),
    Good("npy-python-2", "a.npy", written(npy_claiming(claims("'<f4'", f"({N}L, 2L)"), _F4)), holds("layer", _VALUES)),
    Good(
        "npy-other-writer",
        "a.npy",
        written(npy_claiming(f'{{"shape":({N},2),"fortran_order":False,"descr":"<f4"}}\n', _F4)),
        holds("layer", _VALUES),
    ),
    Good(
        "names",
        "a.npz",
        npz(
            **{
                "слой 1": responses(),
                "block@1": responses(),
                "block1-0": responses(),
                "a/b:0": responses(),
                "relu#2": responses(),
            }
        ),
        named("слой 1", "block@1", "block1-0", "a/b:0", "relu#2"),
    ),
    Good("flax-names", "a.npz", npz(**{"['params']['Dense_0']": responses()}), named("['params']['Dense_0']")),
    Good("capitals", "a.npz", npz(A=responses(), a=responses()), named("A", "a")),
    Good(
        "deflated",
        "a.npz",
        lambda path: saved(path, np.savez_compressed, {"a": _VALUES.astype("f4")}),
        holds("a", _VALUES),
    ),
    Good(
        "dead-layer-deflated",
        "a.npz",
        lambda path: saved(path, np.savez_compressed, {"a": responses(), "b": np.zeros((N, 10_000))}),
        noted("b: the same response to every stimulus"),
    ),
    Good("streamed", "a.npz", _streamed, holds("a", _VALUES)),
    Good("zip64", "a.npz", _zip64, holds("a", _VALUES)),
    Good(
        "comment",
        "a.npz",
        written(raw_zip([Part(b"a.npy", npy(_VALUES.astype("f4")))], comment=b"from the lab")),
        holds("a", _VALUES),
    ),
    Good(
        "folder-entry",
        "a.npz",
        written(raw_zip([Part(b"g/"), Part(b"g/a.npy", npy(_VALUES.astype("f4")))])),
        holds("g/a", _VALUES),
    ),
    Good("safetensors", "a.safetensors", tensors({"a": tensor([N, 2], 0, 64)}, _F4), holds("a", _VALUES)),
    Good("bfloat16", "a.safetensors", tensors({"a": tensor([N, 2], 0, 32, "BF16")}, _BF16), holds("a", _VALUES)),
    Good(
        "padded-header",
        "a.safetensors",
        tensors('{"__metadata__":{},"a":{"dtype":"F32","shape":[8,2],"data_offsets":[0,64]}}   ', _F4),
        holds("a", _VALUES),
    ),
    Good(
        "empty-tensor-beside",
        "a.safetensors",
        tensors({"a": tensor([N, 2], 0, 64), "n": tensor([], 64, 65, "BOOL")}, _F4 + b"\1"),
        noted("n is a single number, no layer"),
    ),
    Good(
        "by-number",
        "a.safetensors",
        tensors({"l10": tensor([N, 2], 0, 64), "l9": tensor([N, 2], 64, 128)}, _F4 * 2),
        named("l9", "l10"),
    ),
    Good(
        "order-given",
        "a.safetensors",
        tensors(
            {"__metadata__": {"layers": '["z", "a"]'}, "a": tensor([N, 2], 0, 64), "z": tensor([N, 2], 64, 128)},
            _F4 * 2,
        ),
        named("z", "a"),
    ),
    Good(
        "order-broken",
        "a.safetensors",
        tensors({"__metadata__": {"layers": "[["}, "z": tensor([N, 2], 0, 64), "a": tensor([N, 2], 64, 128)}, _F4 * 2),
        named("a", "z"),
    ),
    Good("ids", "a.npz", npz(a=responses(), ids=np.array(_IDS)), with_ids(*_IDS)),
    Good("ids-numbers", "a.npz", npz(a=responses(), ids=np.arange(N) * 10), with_ids(*(str(10 * i) for i in range(N)))),
    Good("ids-bytes", "a.npz", npz(a=responses(), ids=np.array([one.encode() for one in _IDS])), with_ids(*_IDS)),
    Good(
        "ids-json",
        "a.safetensors",
        tensors(
            {"__metadata__": {"ids": '["s0","s1","s2","s3","s4","s5","s6","s7"]'}, "a": tensor([N, 2], 0, 64)}, _F4
        ),
        with_ids(*_IDS),
    ),
    Good("no-ids", "a.npz", npz(a=responses()), noted("has no ids")),
    Good("labels", "a.npz", npz(a=responses(), labels=np.arange(N) % 2 * 5), labelled([0, 1] * 4, ("0", "5"))),
    Good(
        "labels-text",
        "a.npz",
        npz(a=responses(), labels=np.array(["dog", "cat"] * 4)),
        labelled([1, 0] * 4, ("cat", "dog")),
    ),
    Good(
        "labels-bytes",
        "a.npz",
        npz(a=responses(), labels=np.array([b"dog", b"cat"] * 4)),
        labelled([1, 0] * 4, ("cat", "dog")),
    ),
    Good(
        "labels-classes",
        "a.npz",
        npz(a=responses(), labels=np.arange(N) % 2, classes=np.array(["cat", "dog", "cow"])),
        labelled([0, 1] * 4, ("cat", "dog", "cow")),
    ),
    Good(
        "labels-targets", "a.npz", npz(a=responses(), labels=np.arange(N) / 2), labelled([i / 2 for i in range(N)], ())
    ),
    Good(
        "65-one-nan",
        "a.npz",
        npz(a=_bad(np.nan), b=responses()),
        noted("a: 1 of 40 responses are not finite, the first in row 3, unit 1"),
    ),
    Good(
        "65-one-inf",
        "a.npz",
        npz(a=_bad(-np.inf), b=responses()),
        noted("a: 1 of 40 responses are not finite, the first in row 3, unit 1"),
    ),
    Good(
        "65-1e200",
        "a.npz",
        npz(a=responses().astype("f8") * 1e200),
        holds("a", responses().astype("f8") * 1e200, np.float64),
    ),
    Good(
        "65-1e-300",
        "a.npz",
        npz(a=responses().astype("f8") * 1e-300),
        holds("a", responses().astype("f8") * 1e-300, np.float64),
    ),
    Good("65-half-duplicates", "a.npz", npz(a=_HALF), holds("a", _HALF)),
    Good("65-constant-columns", "a.npz", npz(a=_CONSTANT), holds("a", _CONSTANT)),
]
