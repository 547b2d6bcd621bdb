"""Results and responses on disk: one checksummed file each, written whole or not at all, the least used ones go first.

A file is a line of JSON (what it is, its length and SHA-256) and then the bytes the result gave of itself: npz, JSON
or the raw numbers of a layer, never pickle. A file that is not what its first line says is removed, logged and computed
again. Whoever computes a key takes its :meth:`Store.turn`, so that it is computed once.
"""

import errno
import hashlib
import json
import logging
import mmap
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from repsim_core.compute.memory import readable_bytes
from repsim_core.errors import BudgetError, InputError

FORMAT = "repsim-store/2"
DEFAULT_GB = 2.0
LARGEST_LINE = 64_000  # a link with every layer of a deep network named is a few kB
ALIGNMENT = 64  # bytes: what follows the first line can be used where it lies
MAPPED_BYTES = 2**25  # files above are mapped, not read: the system may drop their pages again
BESIDE = "beside-"  # prefix of keys
MOST_FILES = 5000
STALE_SECONDS = 3600.0  # a temporary file of that age has lost its writer
MOST_DEATHS = 2  # processes that may die over one key before it is refused
DEATH_SECONDS = 60.0  # for that long
POLL_SECONDS = 0.5

Content = bytes | Sequence[bytes | memoryview]

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

    def put(self, content: Content, label: Label) -> None:
        """Write a result under its key; OSError where the disk will not have it, and the old file stays as it was.

        On a full disk the least used files make room, as many as are needed, and it is tried once more.
        """
        if self.problem:
            raise OSError(self.problem)
        parts = [content] if isinstance(content, bytes) else content
        size = sum(memoryview(one).nbytes for one in parts)
        if size > self.limit:
            raise BudgetError(f"A result of {readable_bytes(size)} does not fit ({readable_bytes(self.limit)}).")
        label = replace(label, bytes=size, sha256="")
        label = replace(label, sha256=_checksum(label, parts))
        try:
            self._write(parts, label)
        except OSError as error:
            if error.errno != errno.ENOSPC or not self._make_room(label.key, size + LARGEST_LINE):
                raise
            self._write(parts, label)
        self._evict(label.key)

    def get(self, key: str) -> tuple[Label, bytes] | None:
        """What is kept under a key, if it is whole; None otherwise."""
        found = self.view(key, mapped_bytes=None)
        return None if found is None else (found[0], bytes(found[1]))

    def view(self, key: str, *, mapped_bytes: int | None = MAPPED_BYTES) -> tuple[Label, memoryview] | None:
        """As :meth:`get`, without a copy; a file of ``mapped_bytes`` or more is mapped into memory.

        It is read through once for its checksum. The view outlives an eviction of its file.
        """
        path = self._path(key)
        try:
            with path.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                if mapped_bytes is not None and size >= max(mapped_bytes, 1):
                    whole = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
                else:
                    whole = memoryview(file.read())
        except OSError:
            return None
        head, mark, _ = bytes(whole[:LARGEST_LINE]).partition(b"\n")
        label, rest = _label(head), whole[len(head) + len(mark) :]
        if label is None or label.key != key or label.bytes != len(rest) or label.sha256 != _checksum(label, [rest]):
            log.warning("%s is damaged; it is removed and will be computed again.", path.name)
            with suppress(OSError):
                path.unlink(missing_ok=True)
            return None
        with suppress(OSError):  # a folder that became read-only still gives what it has
            os.utime(path)  # used now: the last to be evicted
        return label, rest

    def discard(self, key: str) -> None:
        """Forget a key."""
        self._path(key).unlink(missing_ok=True)

    def label(self, key: str) -> Label | None:
        """The first line alone, unchecked."""
        return _first_line(self._path(key))

    def labels(self, kind: str | None = None) -> list[Label]:
        """Finished results, the newest first; not what lies beside them."""
        paths = [path for path, _, _ in self._files() if not path.name.startswith(BESIDE)]
        found = [label for path in paths if (label := _first_line(path)) is not None]
        wanted = [one for one in found if not one.version and kind in (None, one.kind)]
        return sorted(wanted, key=lambda one: one.created, reverse=True)

    def lock(self, key: str) -> FileLock:
        """Held by who computes a key. The kernel frees it when the holder dies."""
        return FileLock(self.folder / f"{key}.lock")

    @contextmanager
    def turn(self, key: str, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
        """One process or thread at a time computes a key; look for it again once inside.

        ``waiting`` is called twice a second by those who wait, and may raise to give up. When the holder is killed
        exactly one of them goes on; after two deaths within a minute the others get an :class:`InputError`.
        Where nothing can be written there is nothing to wait for.
        """
        if self.problem:
            yield
            return
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)  # somebody may have cleared the cache
        lock, patience = self.lock(key), 0.0
        while True:
            try:
                lock.acquire(timeout=patience)
                break
            except Timeout:
                patience = POLL_SECONDS
                waiting()
        mark = self.folder / f"{key}.begun"  # left behind by those alone who were killed
        try:
            deaths = _recent_deaths(mark) if patience else []  # who comes anew, perhaps after a cancel, may try
            if len(deaths) >= MOST_DEATHS:
                raise InputError(
                    f"This was begun {len(deaths)} times within a minute, and each time the process was killed; "
                    "wait a minute, or take fewer stimuli or layers."
                )
            with suppress(OSError):  # a full disk
                mark.write_text("\n".join([*deaths, str(time.time())]))
            try:
                yield
            finally:
                mark.unlink(missing_ok=True)
        finally:
            lock.release()

    def _write(self, parts: Sequence[bytes | memoryview], label: Label) -> None:
        temporary = self.folder / f".tmp-{secrets.token_hex(8)}"
        try:
            with temporary.open("xb") as file:
                file.write(_line(label))
                for part in parts:
                    file.write(part)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self._path(label.key))
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _sync_folder(self.folder)

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

    def _make_room(self, keep: str, size: int) -> bool:
        """Remove what was used least until so many bytes are free; nothing at all where that cannot be reached."""
        held = sum(found for path, _, found in self._files() if path != self._path(keep))
        lacking = size - shutil.disk_usage(self.folder).free
        if lacking > held:
            return False
        self._evict(keep, lacking)
        return True

    def _evict(self, keep: str, room: int = 0) -> None:
        """Shrink to the limit, and by ``room`` bytes at the least."""
        with FileLock(self.folder / "evict.lock"):
            # What lies beside results goes before them: it is large, and can be had again without a new result.
            files = sorted(self._files(), key=lambda one: (not one[0].name.startswith(BESIDE), one[1]))
            total, count = sum(size for _, _, size in files), len(files)
            limit = min(self.limit, total - room)
            for path, _, size in files:
                if total <= limit and count <= MOST_FILES:
                    return
                if path != self._path(keep):
                    path.unlink(missing_ok=True)
                    total, count = total - size, count - 1

    def _sweep(self) -> None:
        for path in (*self.folder.glob(".tmp-*"), *self.folder.glob("*.lock"), *self.folder.glob("*.begun")):
            with suppress(OSError):
                if time.time() - path.stat().st_mtime <= STALE_SECONDS:
                    continue
                if path.suffix != ".lock":
                    path.unlink()
                    continue
                with suppress(Timeout), FileLock(path).acquire(timeout=0):  # not one that is held for hours
                    path.unlink()


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
        found = folder.stat()  # of the target, where it is a link
        if {found.st_uid, folder.lstat().st_uid} != {os.getuid()}:
            return f"{folder} belongs to somebody else; take a folder of your own as REPSIM_CACHE."
        if found.st_mode & 0o022:
            return f"{folder} can be written by others; take a folder of your own as REPSIM_CACHE."
        if not os.access(folder, os.W_OK | os.X_OK):
            return f"{folder} cannot be written."
    except OSError as error:
        return f"{folder}: {error.strerror or error}."
    return ""


def aligned_line(fields: Mapping[str, Any]) -> bytes:
    """Fields as a line of JSON, filled up with blanks so that what follows is aligned."""
    line = json.dumps(dict(fields)).encode()
    return line + b" " * (-(len(line) + 1) % ALIGNMENT) + b"\n"


def _line(label: Label) -> bytes:
    return aligned_line({"format": FORMAT} | asdict(label))


def _checksum(label: Label, parts: Sequence[bytes | memoryview]) -> str:
    """SHA-256 of the label without it and the content, so that a title cannot be exchanged either."""
    hasher = hashlib.sha256(_line(replace(label, sha256="")))
    for part in parts:
        hasher.update(part)
    return hasher.hexdigest()


def _recent_deaths(mark: Path) -> list[str]:
    """When processes began that never came to an end, of the last minute."""
    try:
        times = mark.read_text().split()
        return [one for one in times if 0 <= time.time() - float(one) <= DEATH_SECONDS]
    except (OSError, ValueError):
        return []


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
