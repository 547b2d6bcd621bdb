"""Archives of published datasets: fetched with progress, checked against their MD5, unpacked all or not at all."""

import gzip
import hashlib
import os
import shutil
import tarfile
import tempfile
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from http.client import HTTPException
from pathlib import Path

from repsim_core.compute.progress import Progress, no_progress
from repsim_core.errors import FormatError, InputError

_CHUNK = 1 << 18
_PATIENCE = 30.0  # seconds without a byte


@dataclass(frozen=True)
class Archive:
    """One file to have: its place below the data directory, the addresses it can be had from, its MD5."""

    path: str
    addresses: tuple[str, ...]
    md5: str


def fetched(files: Sequence[Archive], root: Path, size: int, name: str, progress: Progress | None = None) -> None:
    """Download what is not there; ``size`` is that of all files, ``progress`` is told bytes.

    Raises
    ------
    InputError
        If a file cannot be had: which file to put where.
    """
    progress, done = progress or no_progress, 0
    for one in files:
        target = root / one.path
        if not (target.is_file() and md5_of(target) == one.md5):
            target.parent.mkdir(parents=True, exist_ok=True)
            reasons = []
            for address in one.addresses:
                try:
                    _download(address, target, one.md5, size, partial(_further, progress, done, size))
                    break
                except (OSError, HTTPException, FormatError) as error:
                    reasons.append(str(error).rstrip(".") or type(error).__name__)
            else:
                raise InputError(
                    f"{name} cannot be downloaded ({reasons[-1]}); put {target.name} from {one.addresses[0]} into "
                    f"{target.parent}."
                )
        done += target.stat().st_size
        progress(min(done, size), size)


def _further(progress: Progress, before: int, size: int, done: int) -> None:
    progress(min(before + done, size), size)


def _download(address: str, target: Path, md5: str, limit: int, told: Callable[[int], None]) -> None:
    """One file under a name of its own until all of it is there and is the one that was wanted."""
    digest, done = hashlib.md5(usedforsecurity=False), 0
    handle, name = tempfile.mkstemp(prefix=target.name, suffix=".part", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as out, urllib.request.urlopen(address, timeout=_PATIENCE) as answer:
            while chunk := answer.read(_CHUNK):
                done += len(chunk)
                if done > limit:
                    raise FormatError(f"{address} sends more than {limit} bytes")
                digest.update(chunk)
                out.write(chunk)
                told(done)
        if digest.hexdigest() != md5:
            raise FormatError(f"{address} sent another file: MD5 {digest.hexdigest()}, expected {md5}")
        os.replace(name, target)
    finally:
        Path(name).unlink(missing_ok=True)


def md5_of(path: Path) -> str:
    """MD5 of a file, as published beside it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def unpacked(files: Sequence[Archive], root: Path, folder: str) -> None:
    """Unpack archives that are the published ones; ``folder`` is there afterwards, whole.

    Raises
    ------
    FormatError
        If an archive is not the published one, so nothing of it is opened.
    """
    for one in files:
        found = md5_of(root / one.path)
        if found != one.md5:
            raise FormatError(
                f"{Path(one.path).name} in {(root / one.path).parent} is damaged or another file: MD5 {found}, "
                f"expected {one.md5}; delete it and download it again."
            )
    with tempfile.TemporaryDirectory(prefix=".unpacking", dir=root) as scratch:
        for one in files:
            if one.path.endswith(".tar.gz"):
                with tarfile.open(root / one.path) as archive:
                    archive.extractall(scratch, filter="data")
                _placed(Path(scratch) / folder, root / folder)
            else:
                target = (root / one.path).with_suffix("")
                with gzip.open(root / one.path) as packed, (Path(scratch) / target.name).open("wb") as out:
                    shutil.copyfileobj(packed, out)
                os.replace(Path(scratch) / target.name, target)


def _placed(fresh: Path, target: Path) -> None:
    """Move a folder to its place, over what an earlier attempt or another process left there."""
    if not fresh.is_dir():
        raise FormatError(f"The archive holds no folder {fresh.name}; delete it and download it again.")
    if target.is_dir():
        shutil.rmtree(target)
    os.replace(fresh, target)
