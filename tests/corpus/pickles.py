"""Weights as ``.pt`` files: numbers 1 to 24 of the list. Payloads name the tripwire and are never more than that."""

import argparse
import io
import pickle
import tarfile
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import safetensors.torch
import torch
from torch import Tensor, nn

from repsim_core.models.zoo import FOLDER
from tests.corpus import Bad, Good, tripwire
from tests.corpus.raw_zip import Part, raw_zip
from tests.corpus.written import Make, written

RING = b"ctests.corpus.tripwire\nring\n"


class Payload:
    """Pickled as a call of the tripwire."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (tripwire.ring, ("pickled",))


# files ---------------------------------------------------------------------------------------------------------------


def saved(content: Callable[[], Any], **options: Any) -> Make:
    """By ``torch.save``, as anybody's script would."""

    def make(path: Any) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch deprecates some of these kinds
            torch.save(content(), path, **options)

    return make


def archive(program: bytes, *records: bytes, method: int = 0) -> bytes:
    """A ``.pt`` with this pickle program and these records."""
    parts = [Part(b"w/data.pkl", program), Part(b"w/byteorder", b"little"), Part(b"w/version", b"3\n")]
    return raw_zip([*parts, *(Part(b"w/data/%d" % i, one, method=method) for i, one in enumerate(records))])


def text(value: str) -> bytes:
    raw = value.encode()
    return b"X" + len(raw).to_bytes(4, "little") + raw


def integer(value: int) -> bytes:
    return b"\x8a\x08" + value.to_bytes(8, "little", signed=True)


def integers(values: Sequence[int]) -> bytes:
    return b"(" + b"".join(integer(one) for one in values) + b"t"


def tensor(
    size: Sequence[int],
    stride: Sequence[int],
    numel: int,
    *,
    offset: int = 0,
    key: str = "0",
    place: str = "cpu",
    storage: str = "FloatStorage",
) -> bytes:
    """Instructions that build one tensor on a record of ``numel`` numbers."""
    stored = b"(" + text("storage") + b"ctorch\n" + storage.encode() + b"\n" + text(key) + text(place)
    arguments = stored + integer(numel) + b"tQ" + integer(offset) + integers(size) + integers(stride)
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + arguments + b"\x89ccollections\nOrderedDict\n)RtR"


def dictionary(entries: Mapping[str, bytes]) -> bytes:
    """A whole program: a dictionary of these instructions."""
    return b"\x80\x02}(" + b"".join(text(name) + one for name, one in entries.items()) + b"u."


def one_tensor(*arguments: Any, **options: Any) -> Callable[[], bytes]:
    return lambda: archive(dictionary({"w": tensor(*arguments, **options)}), bytes(16))


# content -------------------------------------------------------------------------------------------------------------


def member(name: str = "wine-mlp-s10") -> dict[str, Tensor]:
    """State dict of a network of the zoo."""
    return safetensors.torch.load_file(FOLDER / f"{name}.safetensors")


def changed(**tensors: Tensor | None) -> dict[str, Tensor]:
    """The same with some tensors replaced or, with None, left out."""
    whole = member() | {name.replace("__", "."): value for name, value in tensors.items()}
    return {name: value for name, value in whole.items() if value is not None}


def _not_finite() -> dict[str, Tensor]:
    state = member()
    state["head.weight"][1, 2], state["head.weight"][2, 0] = float("nan"), float("inf")
    return state


def _pt(content: Any) -> bytes:
    out = io.BytesIO()
    torch.save(content, out)
    return out.getvalue()


def _short_record() -> bytes:
    state = member()
    entries, records = {}, []
    for i, (name, value) in enumerate(state.items()):
        entries[name] = tensor(value.shape, value.stride(), value.numel(), key=str(i))
        records.append(value.numpy().tobytes())
    records[0] = records[0][:-4]
    return archive(dictionary(entries), *records)


def _aliases() -> bytes:
    """Six hundred tensors of one megabyte, all on the same record."""
    one = tensor((250_000,), (1,), 250_000)
    return archive(dictionary({str(i): one for i in range(600)}), bytes(1_000_000))


def _deep() -> bytes:
    return archive(b"\x80\x02" + b"]" * 50_000 + b"a" * 49_999 + b".")


def _deep_beside() -> bytes:
    nested = b"]" * 50_000 + b"a" * 49_999
    return archive(dictionary({"w": tensor((4,), (1,), 4), "junk": nested}), bytes(16))


def _itself(name: str) -> bytes:
    """A dictionary that holds a tensor and, under ``name``, itself."""
    program = b"\x80\x02}q\x00(" + text("w") + tensor((4,), (1,), 4) + text(name) + b"h\x00u."
    return archive(program, bytes(16))


def _sparse() -> dict[str, Tensor]:
    return {"w": torch.sparse_coo_tensor([[9]], [1.0], (2,), check_invariants=False)}


def _tar() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name in ("sys_info", "pickle", "storages", "tensors"):
            tar.addfile(tarfile.TarInfo(name))
    return out.getvalue()


def _in_zip(program: bytes) -> Make:
    return written(archive(program))


_HONEST = _pt({"w": torch.zeros(3)})
_ONE = tensor((4,), (1,), 4)
_CAN_RUN = "can run any program; save the weights alone"


def bad(number: str, name: str, make: Make, expected: str) -> Bad:
    return Bad(number, name, make, expected, "weights")


BAD = [
    bad("3-pt-cut-at-half", "w.pt", written(_HONEST[: len(_HONEST) // 2]), "has no directory at its end"),
    bad("4-pt-no-end", "w.pt", written(_HONEST[:-22]), "has no directory at its end"),
    bad(
        "5-reduce",
        "w.pt",
        saved(lambda: {"w": torch.zeros(3), "x": Payload()}),
        rf"holds more than tensors \(it names tests\.corpus\.tripwire\.ring\), and building that {_CAN_RUN}",
    ),
    bad(
        "5-reduce-unseen",
        "w.pt",
        written(archive(b"\x80\x02}" + RING + b")R0" + text("w") + _ONE + b"s.", bytes(16))),
        r"it names tests\.corpus\.tripwire\.ring",
    ),
    bad("6-protocol-0", "w.pt", _in_zip(RING + b"(tR."), r"it names tests\.corpus\.tripwire\.ring"),
    bad("6-protocol-4", "w.pt", _in_zip(pickle.dumps(Payload(), 4)), "is a pickle of protocol 4"),
    bad("6-protocol-5", "w.pt", _in_zip(pickle.dumps(Payload(), 5)), "is a pickle of protocol 5"),
    bad(
        "6-stack-global",
        "w.pt",
        _in_zip(b"\x80\x02" + text("tests.corpus.tripwire") + text("ring") + b"\x93)R."),
        "the pickle instruction STACK_GLOBAL, which torch.save does not use",
    ),
    bad("6-inst", "w.pt", _in_zip(b"(itests.corpus.tripwire\nring\n."), "the pickle instruction INST"),
    bad("6-obj", "w.pt", _in_zip(b"\x80\x02(" + b"I1\n" + b"o."), "the pickle instruction INT"),
    bad("6-newobj", "w.pt", _in_zip(b"\x80\x02ccollections\nOrderedDict\n)\x81."), "instruction NEWOBJ"),
    bad("6-extension", "w.pt", _in_zip(b"\x80\x02\x82\x01."), "the pickle instruction EXT1"),
    bad(
        "7-dotted",
        "w.pt",
        _in_zip(b"\x80\x02ctorch\nserialization.os.getpid\n)R."),
        r"it names torch\.serialization\.os\.getpid",
    ),
    bad("7-private", "w.pt", _in_zip(b"\x80\x02c_operator\nattrgetter\n."), r"names _operator\.attrgetter"),
    bad("7-getattr", "w.pt", _in_zip(b"\x80\x02c__builtin__\ngetattr\n."), "names __builtin__.getattr"),
    bad("7-math", "w.pt", _in_zip(b"\x80\x02cmath\nsqrt\n."), r"names math\.sqrt"),
    bad(
        "8-whole-module",
        "model.pt",
        saved(lambda: nn.Linear(3, 2)),
        r"is a whole pickled model \(it names torch\.nn\.modules\.linear\.Linear\).*safetensors\.torch\.save_file",
    ),
    bad(
        "9-checkpoint",
        "last.pt",
        saved(lambda: {"args": argparse.Namespace(lr=0.1), "state_dict": member(), "optimizer": {"step": 3}}),
        rf"it names argparse\.Namespace\), and building that {_CAN_RUN}",
    ),
    bad(
        "10-numpy",
        "w.pt",
        saved(lambda: {"w": np.zeros(3)}),
        r"holds NumPy arrays or numbers \(numpy\._core\.multiarray\._reconstruct\); convert with torch\.from_numpy",
    ),
    bad(
        "11-torchscript",
        "model.pt",
        written(raw_zip([Part(b"m/data.pkl", b"."), Part(b"m/code/a.py"), Part(b"m/constants.pkl", b".")])),
        "is a TorchScript archive.*torch.export.save.*safetensors.torch.save_file",
    ),
    bad(
        "12-legacy",
        "w.pth",
        saved(lambda: {"w": torch.zeros(3)}, _use_new_zipfile_serialization=False),
        "is a checkpoint in PyTorch's form from before 1.6.*safetensors.torch.save_file",
    ),
    bad(
        "12-legacy-payload",
        "w.pth",
        saved(lambda: {"w": Payload()}, _use_new_zipfile_serialization=False),
        "is a checkpoint in PyTorch's form from before 1.6",
    ),
    bad("12-tar", "w.pt", written(_tar), "is a tar archive"),
    bad(
        "13-deflated-bomb",
        "w.pt",
        written(lambda: archive(dictionary({"w": tensor((5_000_000,), (1,), 5_000_000)}), bytes(20_000_000), method=8)),
        r"w/data/0 unpacks [0-9,]+ bytes to 20,000,000 \(limit 100:1",
    ),
    bad(
        "13-deflated",
        "w.pt",
        written(lambda: archive(dictionary({"w": _ONE}), bytes(16), method=8)),
        r"w/data/0 is compressed \([0-9]+ bytes for 16\), which torch\.save never does",
    ),
    bad(
        "14-expanded",
        "w.pt",
        saved(lambda: {"w": torch.zeros(1).expand(10**9)}),
        r"w claims 1,000,000,000 numbers, 4,000,000,000 bytes, of which the file holds 4 \(an expanded tensor\)",
    ),
    bad("14-aliases", "w.pt", written(_aliases), r"its tensors take 600,000,000 bytes \(limit 500,000,000\)"),
    bad("15-short-record", "w.pt", written(_short_record), r"w\.pt is damaged \("),
    bad(
        "16-larger-view",
        "w.pt",
        written(one_tensor((5,), (1,), 4)),
        r"w\.pt is damaged \((Trying to resize|setStorage)",
    ),
    bad(
        "16-beyond",
        "w.pt",
        written(one_tensor((2,), (1,), 4, offset=3)),
        r"w\.pt is damaged \((Trying to resize|setStorage)",
    ),
    bad("16-stride", "w.pt", written(one_tensor((2,), (9,), 4)), r"w\.pt is damaged \((Trying to resize|setStorage)"),
    bad("16-negative", "w.pt", written(one_tensor((-2,), (1,), 4)), r"w\.pt is damaged \("),
    bad("16-no-record", "w.pt", written(archive(dictionary({"w": _ONE}))), r"w\.pt is damaged \("),
    bad(
        "17-bytearray",
        "w.pt",
        written(archive(dictionary({"w": _ONE, "x": b"c__builtin__\nbytearray\n" + integer(10**8) + b"\x85R"}))),
        r"holds raw bytes \(bytearray\)",
    ),
    bad("18-deep", "w.pt", written(_deep), "holds no tensors"),
    bad("18-deep-beside", "w.pt", written(_deep_beside), "'junk' is a list, not a tensor"),
    bad("18-itself", "w.pt", written(lambda: _itself("me")), "'me' is a dict, not a tensor"),
    bad(
        "18-itself-as-wrapper",
        "w.pt",
        written(lambda: _itself("model")),
        "keeps its weights more than 2 dictionaries deep",
    ),
    bad("19-sparse", "w.pt", saved(_sparse), "holds sparse tensors; only dense tensors"),
    bad("20-meta", "w.pt", saved(lambda: {"w": torch.zeros(3, device="meta")}), "holds meta tensors"),
    bad(
        "20-quantised",
        "w.pt",
        saved(lambda: {"w": torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8)}),
        "holds quantised tensors",
    ),
    bad("20-complex", "w.pt", saved(lambda: {"w": torch.zeros(3, dtype=torch.complex64)}), "complex tensors"),
    bad("20-float8", "w.pt", saved(lambda: {"w": torch.zeros(3).to(torch.float8_e4m3fn)}), "kind that is"),
    bad("21-number-as-name", "w.pt", saved(lambda: {7: torch.zeros(3)}), r"names a tensor by a int \(7\)"),
    bad(
        "21-many",
        "w.pt",
        written(lambda: archive(dictionary({str(i): tensor((), (), 1) for i in range(30_000)}), bytes(4))),
        r"more than 20,000 tensors",
    ),
    bad(
        "21-long-name",
        "w.pt",
        saved(lambda: {"x" * 100_000: torch.zeros(3)}),
        r"a name of 100,000 characters \(limit 300\): x+…",
    ),
    bad("21-markup", "w.pt", saved(lambda: {"<script>": torch.zeros(3)}), "holds the character <"),
    bad(
        "21-many-instructions",
        "w.pt",
        written(lambda: archive(b"\x80\x02" + b"N" * 1_000_001 + b".")),
        "takes more than 1,000,000 instructions",
    ),
    bad(
        "21-large-program",
        "w.pt",
        written(lambda: archive(b"\x80\x02" + b"N" * 8_000_001 + b".")),
        r"w/data\.pkl unpacks to 8,000,004 bytes \(limit 8,000,000\)",
    ),
    bad("21-cut-program", "w.pt", _in_zip(b"\x80\x02X\xff\xff"), "damaged in the description of its tensors"),
    bad("21-bare-tensor", "w.pt", saved(lambda: torch.zeros(3)), "holds a Tensor, not a dictionary"),
    bad("21-empty", "w.pt", saved(dict), "holds no tensors"),
    bad(
        "21-two-programs",
        "w.pt",
        written(raw_zip([Part(b"a/data.pkl", b"."), Part(b"b/data.pkl", b".")])),
        "is not laid out as torch.save does",
    ),
    bad(
        "22-wrong-shape",
        "w.pt",
        saved(lambda: changed(linear2__weight=torch.zeros(32, 31))),
        r"fits no known architecture; the nearest are zoo/wine-mlp-s10 \(83% of the tensors\); zoo/",
    ),
    bad(
        "22-missing",
        "w.pt",
        saved(lambda: changed(linear2__weight=None)),
        r"fits no known architecture; the nearest are zoo/wine-mlp-s10 \(83% of the tensors\)",
    ),
    bad(
        "22-extra",
        "w.pt",
        saved(lambda: changed(more=torch.zeros(3))),
        r"fits no known architecture; the nearest are zoo/wine-mlp-s10 \(86% of the tensors\)",
    ),
    bad(
        "23-not-finite",
        "w.pt",
        saved(_not_finite),
        r"head\.weight holds 2 of 96 numbers that are not finite, the first at \(1, 2\)",
    ),
    bad("24-pt-twice", "w.pt", written(_HONEST + _HONEST), "two archives in one|without its end record"),
    bad("24-pt-stub", "w.pt", written(b"#!/bin/sh\nexit\n" + _HONEST), "is a script"),
    bad("24-pt-after", "w.pt", written(_HONEST + b"junk"), "bytes after the end of the archive"),
]


# odd and good --------------------------------------------------------------------------------------------------------


def _same(model: Any) -> None:
    """The weights are those of the zoo's network."""
    for name, value in member().items():
        assert torch.equal(model.module.state_dict()[name], value)


def _from_a_graphics_card() -> bytes:
    state = member()
    entries = {
        name: tensor(value.shape, value.stride(), value.numel(), key=str(i), place="cuda:0")
        for i, (name, value) in enumerate(state.items())
    }
    return archive(dictionary(entries), *(value.numpy().tobytes() for value in state.values()))


def _columns() -> dict[str, Tensor]:
    """Matrices stored column by column."""
    return {name: value.t().contiguous().t() if value.ndim == 2 else value for name, value in member().items()}


GOOD = [
    Good(name, "w.pt", make, _same, "weights")
    for name, make in {
        "plain-state-dict": saved(member),
        "22-prefix": saved(lambda: {f"module.{name}": one for name, one in member().items()}),
        "22-prefixes": saved(lambda: {f"model._orig_mod.{name}": one for name, one in member().items()}),
        "state-dict-key": saved(lambda: {"epoch": 3, "state_dict": member()}),
        "two-wrappers": saved(lambda: {"model": {"state_dict": member()}}),
        "optimiser-beside": saved(
            lambda: {"model": member(), "optimizer": {"state": {0: torch.ones(2)}, "groups": [{"lr": 0.1}]}}
        ),
        "parameters": saved(lambda: {name: nn.Parameter(one) for name, one in member().items()}),
        "double": saved(lambda: {name: one.double() for name, one in member().items()}),
        "columns": saved(_columns),
        "graphics-card": written(_from_a_graphics_card),
    }.items()
]
