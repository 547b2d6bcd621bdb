"""Files that visitors brought, for as long as their session lasts: one folder each, under a name nobody can guess.

The server moves bytes and counts them; it reads none. A file comes in under a name of ours, a sandboxed process makes
the canonical file from it, and what that process left is looked at before it is kept: one regular file of the expected
name, no link, within the budget. ``upload.json`` beside it says what it is.
"""

import atexit
import hashlib
import json
import logging
import os
import re
import secrets
import shutil
import stat
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from repsim_core.errors import BudgetError, FormatError, InputError
from repsim_core.limits import GB, LIMITS

PREFIX = "upload/"
ENVIRONMENT = "REPSIM_UPLOADS"  # parent of the server's folder when it starts, the folder itself from then on
FACTS, ARRIVED, MADE = "upload.json", "arrived", "made"
CANONICAL = {
    "weights": "weights.safetensors",
    "graph": "graph.pt2",
    "activations": "activations.npz",
    "dataset": "dataset.npz",
}
DISK_MARGIN = 1 * GB  # beyond twice the file
_TOKEN = re.compile(r"[A-Za-z0-9_-]{12,64}", re.ASCII)

log = logging.getLogger("repsim.uploads")


def folder(token: str) -> Path:
    """Where the canonical file of an upload lies; ``upload/`` before the token may stay.

    Raises
    ------
    InputError
        If there is no such upload on this server.
    """
    root, token = os.environ.get(ENVIRONMENT), token.removeprefix(PREFIX)
    if root and _TOKEN.fullmatch(token) and (Path(root) / token / FACTS).is_file():
        return Path(root) / token
    raise InputError(
        f"There is no upload {token[:64]!r} here: uploads belong to the session that made them and go with it, "
        f"at the latest after {LIMITS.upload_seconds / 3600:g} hours. Upload the file again."
    )


def facts(token: str) -> dict[str, Any]:
    """What ``upload.json`` says of an upload: kind, title, digest and what its import found."""
    found: dict[str, Any] = json.loads((folder(token) / FACTS).read_text(encoding="utf-8"))
    return found


def tokens(recipe: object) -> list[str]:
    """Tokens of the uploads that a request in JSON's types names, each once."""
    if isinstance(recipe, str):
        # A dataset's name goes on after "~" with a choice of classes and a shift.
        return [recipe.removeprefix(PREFIX).partition("~")[0]] if recipe.startswith(PREFIX) else []
    parts: Iterable[object] = ()
    if isinstance(recipe, Mapping):
        parts = recipe.values()
    elif isinstance(recipe, (list, tuple)):
        parts = recipe
    return list(dict.fromkeys(token for part in parts for token in tokens(part)))


@dataclass(frozen=True, eq=False)
class Upload:
    """One file of one session. ``facts`` is empty until its import is done."""

    token: str
    owner: str
    title: str
    digest: str
    bytes: int  # on the disk
    arrived: float  # time.monotonic
    folder: Path
    facts: Mapping[str, Any]

    @property
    def name(self) -> str:
        """As models and datasets are named: "upload/<token>"."""
        return PREFIX + self.token

    @property
    def original(self) -> Path:
        """The file as it came, until its import is done."""
        return self.folder / ARRIVED / self.token

    @property
    def made(self) -> Path:
        """The one folder its import may write to."""
        return self.folder / MADE

    @property
    def seconds_left(self) -> float:
        """Until it expires by its age."""
        return self.arrived + LIMITS.upload_seconds - time.monotonic()


class Uploads:
    """The uploads of this server, each known to its own session alone.

    Parameters
    ----------
    parent
        Where the folder of this server is made; by default the setting ``REPSIM_UPLOADS``, or the system's folder for
        temporary files. What servers that are gone have left there is removed.
    free_bytes
        Free space of the disk under a path.
    """

    def __init__(
        self,
        parent: Path | None = None,
        free_bytes: Callable[[Path], int] = lambda path: shutil.disk_usage(path).free,
    ) -> None:
        self._free_bytes, self._lock = free_bytes, threading.RLock()
        self._uploads: dict[str, Upload] = {}
        self._absent: dict[str, float] = {}  # sessions that are not there, since when
        stated = os.environ.get(ENVIRONMENT)
        parent = parent or (Path(stated) if stated else Path(tempfile.gettempdir()) / f"repsim-uploads-{os.getuid()}")
        self.folder, self._held = _own_folder(parent)
        os.environ[ENVIRONMENT] = str(self.folder)
        self._stated = stated
        atexit.register(self.close)

    def close(self) -> None:
        """Remove everything."""
        with self._lock:
            self._uploads.clear()
        if os.environ.get(ENVIRONMENT) == str(self.folder):
            os.environ.pop(ENVIRONMENT)
            if self._stated is not None:
                os.environ[ENVIRONMENT] = self._stated
        shutil.rmtree(self.folder, ignore_errors=True)
        self._held.release()
        atexit.unregister(self.close)

    def accept(self, content: bytes | memoryview, title: str, owner: str) -> Upload:
        """Write the bytes of a file down, unread.

        Raises
        ------
        FormatError
            If the file is empty.
        BudgetError
            If it is larger than one file may be, the session or the server has its fill, or the disk has no room.
        """
        size = memoryview(content).nbytes
        with self._lock:
            self._refuse(size, title, owner)
            token = secrets.token_urlsafe(15)
            upload = Upload(token, owner, title, _digest(content), size, time.monotonic(), self.folder / token, {})
            self._uploads[token] = upload
        try:
            for one in (upload.folder, upload.original.parent, upload.made):
                one.mkdir(mode=0o700)
            with open(os.open(upload.original, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(content)
        except OSError as error:
            self.discard(upload)
            raise BudgetError(f"{title} could not be written ({error.strerror}); try again later.") from error
        return upload

    def keep(self, upload: Upload, found: Mapping[str, Any], kind: str) -> Upload:
        """Take over what the import made; its process must be dead.

        Raises
        ------
        FormatError
            If it left anything but the one regular file that this kind has.
        BudgetError
            If that file is more than the session may have.
        """
        made = upload.made / CANONICAL[kind]
        try:
            status = made.lstat()
        except OSError as error:
            raise FormatError(f"{upload.title}: the import made no {made.name}; upload it again.") from error
        if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
            raise FormatError(f"{upload.title}: the import left a link in place of {made.name}; it was removed.")
        others = self.used(upload.owner) - upload.bytes
        if others + status.st_size > LIMITS.session_bytes:
            raise BudgetError(
                f"{upload.title} unpacks to {_size(status.st_size)}, and this session has {_size(others)} already "
                f"(limit {_size(LIMITS.session_bytes)}); remove an upload first, or bring a smaller file."
            )
        made.rename(upload.folder / made.name)
        (upload.folder / made.name).chmod(0o400)
        for one in (upload.made, upload.original.parent):
            shutil.rmtree(one, ignore_errors=True)
        whole = dict(found) | {"kind": kind, "title": upload.title, "digest": upload.digest}
        (upload.folder / FACTS).write_text(json.dumps(whole, allow_nan=False), encoding="utf-8")
        kept = replace(upload, bytes=status.st_size, facts=whole)
        with self._lock:
            if upload.token not in self._uploads:  # removed meanwhile, with its session
                self.discard(upload)
                raise InputError(f"{upload.title} was removed before its import was done; upload it again.")
            self._uploads[upload.token] = kept
        return kept

    def discard(self, upload: Upload) -> None:
        """Forget it and remove its files."""
        with self._lock:
            self._uploads.pop(upload.token, None)
        shutil.rmtree(upload.folder, ignore_errors=True)

    def of(self, owner: str) -> list[Upload]:
        """The imported uploads of a session, in the order they came."""
        with self._lock:
            return [one for one in self._uploads.values() if one.owner == owner and one.facts]

    def used(self, owner: str | None = None) -> int:
        """Bytes of a session, or of all."""
        with self._lock:
            return sum(one.bytes for one in self._uploads.values() if owner in (None, one.owner))

    def sweep(self, present: Callable[[str], bool]) -> list[Upload]:
        """Remove what is too old, and what belongs to sessions that have not been present for two minutes."""
        now = time.monotonic()
        with self._lock:
            owners = {one.owner for one in self._uploads.values()}
            self._absent = {one: self._absent.get(one, now) for one in owners if not present(one)}
            ended = {one for one, since in self._absent.items() if now - since >= LIMITS.session_grace_seconds}
            gone = [one for one in self._uploads.values() if one.seconds_left <= 0 or one.owner in ended]
        for one in gone:
            self.discard(one)
            log.info("Upload %s: removed", one.digest[:16])
        return gone

    def _refuse(self, size: int, title: str, owner: str) -> None:
        if not size:
            raise FormatError(f"{title} is empty (0 bytes); export it again.")
        if size > LIMITS.upload_bytes:
            raise BudgetError(
                f"{title} has {_size(size)} (limit {_size(LIMITS.upload_bytes)} a file); bring a smaller one."
            )
        own = [one for one in self._uploads.values() if one.owner == owner]
        if len(own) >= LIMITS.session_files:
            raise BudgetError(
                f"{title}: this session has {len(own)} uploads (limit {LIMITS.session_files}); remove one first."
            )
        if (there := sum(one.bytes for one in own)) + size > LIMITS.session_bytes:
            raise BudgetError(
                f"{title} has {_size(size)}, and this session has {_size(there)} already "
                f"(limit {_size(LIMITS.session_bytes)}); remove an upload first."
            )
        if (there := self.used()) + size > LIMITS.server_bytes:
            raise BudgetError(
                f"{title} has {_size(size)}, and all sessions together have {_size(there)} "
                f"(limit {_size(LIMITS.server_bytes)}); try again later."
            )
        free, needed = self._free_bytes(self.folder), 2 * size + DISK_MARGIN
        if free < needed:
            raise BudgetError(
                f"{title} needs {_size(needed)} of free disk on the server, which has {_size(free)}; try again later."
            )


def _own_folder(parent: Path) -> tuple[Path, FileLock]:
    """A fresh folder of this server alone, locked as long as it lives; folders whose server is gone are removed."""
    parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    status = parent.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o022:
        raise InputError(f"{parent} is not a folder of yours alone; take another one as {ENVIRONMENT}.")
    for lock in parent.glob("server-*.lock"):
        left = FileLock(lock)
        with suppress(Timeout, OSError), left.acquire(timeout=0):
            shutil.rmtree(lock.with_suffix(""), ignore_errors=True)
            lock.unlink(missing_ok=True)
    own = parent / f"server-{secrets.token_hex(8)}"
    held = FileLock(f"{own}.lock")
    held.acquire(timeout=0)
    own.mkdir(mode=0o700)
    return own, held


def _digest(content: bytes | memoryview) -> str:
    return hashlib.sha256(content).hexdigest()


def _size(count: int) -> str:
    for unit, size in (("GB", GB), ("MB", 10**6), ("kB", 1000)):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count} bytes"
