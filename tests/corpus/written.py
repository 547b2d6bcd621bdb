"""Honest files, and files with a header that somebody else has written."""

import io
import struct
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

Make = Callable[[Path], object]
N = 8


def written(content: bytes | Callable[[], bytes]) -> Make:
    """Writes these bytes."""
    return lambda path: path.write_bytes(content if isinstance(content, bytes) else content())


def responses(n: int = N, units: int = 5) -> np.ndarray:
    """Ordinary responses."""
    return np.random.default_rng(0).normal(size=(n, units)).astype(np.float32)


def npy(array: np.ndarray) -> bytes:
    """Content of an honest ``.npy``."""
    out = io.BytesIO()
    np.lib.format.write_array(out, array, allow_pickle=False)
    return out.getvalue()


def npy_claiming(header: str, body: bytes = b"", version: tuple[int, int] = (1, 0), length: int | None = None) -> bytes:
    """Content of a ``.npy`` with this header."""
    raw = header.encode("latin-1")
    code = "<H" if version[0] == 1 else "<I"
    return b"\x93NUMPY" + bytes(version) + struct.pack(code, len(raw) if length is None else length) + raw + body


def claims(descr: str, shape: str, more: str = "") -> str:
    """Header text of numpy.save."""
    return f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, {more}}}"


def npz(**arrays: np.ndarray) -> Make:
    """An honest ``.npz``."""
    return lambda path: saved(path, np.savez, arrays)


def saved(path: Path, save: Callable[..., None], arrays: Mapping[str, np.ndarray]) -> None:
    """By ``numpy.savez`` or its compressed kin, under this very name."""
    with path.open("wb") as stream:  # by name, numpy would add an ending
        save(stream, **arrays)
