"""Finished results on disk: one checksummed file a result, written whole or not at all, the least used ones go first.

A file is a line of JSON (what it is, its length and SHA-256) and then the bytes the result gave of itself: npz and
JSON, never pickle. A file that is not what its first line says is removed, logged and computed again.
"""

import hashlib
import json
import logging
import os
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from filelock import FileLock

from repsim_core.compute.memory import readable_bytes
from repsim_core.errors import BudgetError

FORMAT = "repsim-store/1"
DEFAULT_GB = 2.0
LARGEST_LINE = 64_000  # a link with every layer of a deep network named is a few kB
BESIDE = "beside-"  # prefix of keys
MOST_FILES = 2000
STALE_SECONDS = 3600.0  # a temporary file of that age has lost its writer

log = logging.getLogger("repsim.store")


@dataclass(frozen=True)
class Label:
    """What the first line of a file says of the rest."""

    key: str
    kind: str
    title: str
    created: float  # seconds since 1970
    seconds: float = 0.0  # what it took to compute
    version: int = 0  # of a partial result, counted from 1; 0 is a finished one
    bytes: int = 0
    sha256: str = ""


class Store:
    """A folder of results, shared by every server and child on this machine."""

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        self.folder, self.limit = folder, limit_bytes
        self.problem = _prepared(folder)
        if self.problem:
            log.warning("Results are not kept: %s", self.problem)
        else:
            self._sweep()

    def put(self, raw: bytes, label: Label) -> None:
        """Write a result under its key; OSError where the disk will not have it, and the old file stays as it was."""
        if self.problem:
            raise OSError(self.problem)
        if len(raw) > self.limit:
            raise BudgetError(f"A result of {readable_bytes(len(raw))} does not fit ({readable_bytes(self.limit)}).")
        label = replace(label, bytes=len(raw), sha256="")
        label = replace(label, sha256=_checksum(label, raw))
        temporary = self.folder / f".tmp-{secrets.token_hex(8)}"
        try:
            with temporary.open("xb") as file:
                file.write(_line(label))
                file.write(raw)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self._path(label.key))
        except OSError:
            temporary.unlink(missing_ok=True)
            raise
        _sync_folder(self.folder)
        self._evict(label.key)

    def get(self, key: str) -> tuple[Label, bytes] | None:
        """What is kept under a key, if it is whole; None otherwise."""
        path = self._path(key)
        try:
            content = path.read_bytes()
        except OSError:
            return None
        head, _, raw = content.partition(b"\n")
        label = _label(head)
        if label is None or label.key != key or label.bytes != len(raw) or label.sha256 != _checksum(label, raw):
            log.warning("%s is damaged; it is removed and will be computed again.", path.name)
            path.unlink(missing_ok=True)
            return None
        with suppress(OSError):  # a folder that became read-only still gives what it has
            os.utime(path)  # used now: the last to be evicted
        return label, raw

    def discard(self, key: str) -> None:
        """Forget a key."""
        self._path(key).unlink(missing_ok=True)

    def label(self, key: str) -> Label | None:
        """The first line alone, unchecked."""
        return _first_line(self._path(key))

    def labels(self, kind: str | None = None) -> list[Label]:
        """Finished results, the newest first."""
        found = [label for path, _, _ in self._files() if (label := _first_line(path)) is not None]
        wanted = [one for one in found if not one.version and kind in (None, one.kind)]
        return sorted(wanted, key=lambda one: one.created, reverse=True)

    def lock(self, key: str) -> FileLock:
        """Held by who computes a key. The kernel frees it when the holder dies."""
        return FileLock(self.folder / f"{key}.lock")

    def _path(self, key: str) -> Path:
        if not re.fullmatch(r"[\w.-]+", key, re.ASCII):
            raise ValueError(f"{key!r} is no key of the store; take letters, digits, dots, hyphens and underscores.")
        return self.folder / f"{key}.result"

    def _files(self) -> Iterator[tuple[Path, float, int]]:
        """Path, time of last use and size. A time in the future, from a clock that was set back, becomes now."""
        now = time.time()
        for path in self.folder.glob("*.result") if not self.problem else ():
            try:
                found = path.stat()
                if found.st_mtime > now + 1:
                    os.utime(path)
            except OSError:
                continue  # evicted by a neighbour
            yield path, min(found.st_mtime, now), found.st_size

    def _evict(self, keep: str) -> None:
        with FileLock(self.folder / "evict.lock"):
            # What lies beside results goes before them: it is large, and can be had again without a new result.
            files = sorted(self._files(), key=lambda one: (not one[0].name.startswith(BESIDE), one[1]))
            total, count = sum(size for _, _, size in files), len(files)
            for path, _, size in files:
                if total <= self.limit and count <= MOST_FILES:
                    return
                if path != self._path(keep):
                    path.unlink(missing_ok=True)
                    total, count = total - size, count - 1

    def _sweep(self) -> None:
        for path in (*self.folder.glob(".tmp-*"), *self.folder.glob("*.lock")):
            try:
                if time.time() - path.stat().st_mtime > STALE_SECONDS:
                    path.unlink()
            except OSError:
                continue


def default_folder() -> Path:
    """``$REPSIM_CACHE``, or ``repsim`` in the user's cache folder."""
    stated = os.environ.get("REPSIM_CACHE")
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return (Path(stated) if stated else root / "repsim") / "results"


def default_store() -> Store:
    """The store of the settings ``REPSIM_CACHE`` (folder) and ``REPSIM_CACHE_GB`` (limit, 2 by default)."""
    return Store(default_folder(), int(float(os.environ.get("REPSIM_CACHE_GB") or DEFAULT_GB) * 1e9))


def _prepared(folder: Path) -> str:
    """Make the folder; what speaks against using it, or ""."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        found = folder.stat()
        if found.st_uid != os.getuid() or found.st_mode & 0o022:
            return f"{folder} can be written by others; take a folder of your own as REPSIM_CACHE."
        if not os.access(folder, os.W_OK | os.X_OK):
            return f"{folder} cannot be written."
    except OSError as error:
        return f"{folder}: {error.strerror or error}."
    return ""


def _line(label: Label) -> bytes:
    return json.dumps({"format": FORMAT} | asdict(label)).encode() + b"\n"


def _checksum(label: Label, raw: bytes) -> str:
    """SHA-256 of the label without it and the content, so that a title cannot be exchanged either."""
    hasher = hashlib.sha256(_line(replace(label, sha256="")))
    hasher.update(raw)
    return hasher.hexdigest()


def _label(line: bytes) -> Label | None:
    try:
        fields = json.loads(line)
        if fields.pop("format") != FORMAT:
            return None
        return Label(**fields)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _first_line(path: Path) -> Label | None:
    try:
        with path.open("rb") as file:
            return _label(file.readline(LARGEST_LINE))
    except OSError:
        return None


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
