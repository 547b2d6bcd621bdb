"""Inside the child of one job: run one named function on one recipe, and tell the server how it goes.

Every message is a line of JSON; bytes follow a line only where the store would not take them. A request with a
``sandbox`` enters it before anything else, and has no store: its result comes over the channel.
"""

import faulthandler
import json
import os
import resource
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from filelock import Timeout
from threadpoolctl import threadpool_limits

from repsim_core.compute.memory import readable_bytes
from repsim_core.compute.store import Label, Store
from repsim_core.errors import BudgetError, InputError, RepsimError
from repsim_core.limits import LIMITS

LARGEST_RESULT = 256_000_000
MORE_NICENESS = 5  # of long work, beyond that of the nursery: pages first, short work next
MOST_WORDS = 4000  # characters of an error that reach the page; all of it is among the details
INTERVAL = 0.05  # seconds between two lines of progress on one stage
PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2)


class Result(Protocol):
    """Anything that can be kept."""

    def to_bytes(self) -> bytes:
        """Content of a file; the class has ``from_bytes`` to read it."""


Report = Callable[[str, int, int], None]  # stage, done, total
Partial = Callable[[Result], None]
Work = Callable[[dict[str, Any], Report, Partial], Result]


def run(channel: int, diagnostics: int) -> None:
    """Do the one job that is described on the channel. The caller ends the process afterwards."""
    _settle(diagnostics)
    server = socket.socket(fileno=channel)
    lines = server.makefile("rb")
    line = lines.readline()
    if not line:
        return  # cancelled before it began
    request = json.loads(line)
    if request.get("sandbox"):
        _enter(request, channel)
    threading.Thread(target=_die_with_server, args=(server,), daemon=True).start()
    os.environ.update(request["environment"])
    threads = int(request["threads"])
    if not request["quick"]:
        os.nice(MORE_NICENESS)
    os.environ["REPSIM_THREADS"] = str(threads)
    job = _Talk(server, request)
    try:
        with threadpool_limits(threads):
            job.compute()
    except BaseException as error:
        job.failed(error)
    finally:
        sys.stdout.flush()


def _enter(request: dict[str, Any], channel: int) -> None:
    """The sandbox, before any thread and any byte of a stranger's file; what the work would keep goes with the job."""
    from repsim_core.compute import sandbox

    given = request["sandbox"]
    folder, limits = Path(given["folder"]), replace(LIMITS, processor_seconds=given["processor_seconds"])
    sandbox.enter(folder, limits, readable=map(Path, given["readable"]), keep=[channel])
    request["environment"] |= {"REPSIM_CACHE": str(folder)}


def _settle(diagnostics: int) -> None:
    """Own session and group, no input, output to the server, no core dump, dead with the nursery."""
    os.setsid()
    parent = os.getppid()
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(PARENT_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != parent or parent == 1:
        os._exit(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for handle, number in ((nothing, 0), (diagnostics, 1), (diagnostics, 2)):
        os.dup2(handle, number)
    os.close(diagnostics)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    faulthandler.enable(file=2)


def _die_with_server(server: socket.socket) -> None:
    while server.recv(1):
        pass
    os.killpg(0, signal.SIGKILL)


class _Talk:
    """One request, and what is said about it."""

    def __init__(self, server: socket.socket, request: dict[str, Any]) -> None:
        self._server, self._request = server, request
        store = request["store"]
        self._store = Store(Path(store["folder"]), store["limit"]) if store else None
        self._lock = threading.Lock()  # progress may come from the threads of an executor
        self._stage, self._said, self._version = "", 0.0, 0
        self._began = time.monotonic()

    def compute(self) -> None:
        key = self._request["key"]
        work = function(self._request["work"], self._request["packages"])
        if self._store is None or self._store.problem:
            self._finish(work(self._request["recipe"], self.report, self.partial))
            return
        lock = self._store.lock(key)
        while True:
            try:
                lock.acquire(timeout=0.2)
                break
            except Timeout:  # another server computes the same: its result will be ours
                self.report("waiting for the same computation elsewhere", 0, 0)
        try:
            if self._store.get(key) is None:
                self._finish(work(self._request["recipe"], self.report, self.partial))
            else:
                self._say({"event": "result", "raw": 0, "seconds": 0.0})
        finally:
            Path(lock.lock_file).unlink(missing_ok=True)  # whoever waits for it looks for the result first
            lock.release()

    def report(self, stage: str, done: int, total: int) -> None:
        now = time.monotonic()
        if stage == self._stage and done != total and now - self._said < INTERVAL:
            return
        self._stage, self._said = stage, now
        self._say({"event": "progress", "stage": stage, "done": int(done), "total": int(total)})

    def partial(self, result: Result) -> None:
        self._version += 1
        raw, kept = self._kept(result, f"{self._request['key']}.partial", self._version)
        self._say({"event": "partial", "version": self._version, "raw": 0 if kept else len(raw)}, b"" if kept else raw)

    def _finish(self, result: Result) -> None:
        raw, kept = self._kept(result, self._request["key"], 0)
        if kept and self._store is not None:
            self._store.discard(f"{self._request['key']}.partial")
        seconds = time.monotonic() - self._began
        self._say({"event": "result", "raw": 0 if kept else len(raw), "seconds": seconds}, b"" if kept else raw)

    def _kept(self, result: Result, key: str, version: int) -> tuple[bytes, bool]:
        raw = result.to_bytes()
        largest = self._request.get("largest", LARGEST_RESULT)
        if len(raw) > largest:
            raise BudgetError(
                f"The result has {readable_bytes(len(raw))} (limit {readable_bytes(largest)}). "
                "Take fewer stimuli or fewer layers."
            )
        if self._store is None:
            return raw, False
        seconds = time.monotonic() - self._began
        label = Label(key, self._request["kind"], self._request["title"], time.time(), seconds, version)
        try:
            self._store.put(raw, label)
        except (OSError, BudgetError) as error:
            sys.stderr.write(f"Not kept on disk: {error}\n")
            return raw, False
        return raw, True

    def failed(self, error: BaseException) -> None:
        traceback.print_exc()
        self._say(
            {
                "event": "error",
                "error": _words(error),
                "kind": type(error).__name__,
                "callers_fault": isinstance(error, InputError),
            }
        )

    def _say(self, message: dict[str, Any], raw: bytes = b"") -> None:
        with self._lock:
            self._server.sendall(json.dumps(message).encode() + b"\n" + raw)


def function(target: str, packages: list[str]) -> Work:
    """The function "module:name", if its module lies in one of the packages."""
    module, _, name = target.partition(":")
    if module.split(".")[0] not in packages:
        raise InputError(f"{target!r} is no work of {' or '.join(packages)}.")
    found: Work = getattr(import_module(module), name)
    return found


def _words(error: BaseException) -> str:
    if isinstance(error, RepsimError):
        return str(error)[:MOST_WORDS]
    if isinstance(error, MemoryError):
        return "It ran out of memory. Take fewer stimuli or fewer layers."
    return str(error)[:MOST_WORDS] or "no message"
