"""The server's side of the nursery: start it, have a child born, hear it, end it."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from repsim_core.compute.nursery import ANSWER, BORN, READY, REQUEST, STILLBORN
from repsim_core.compute.worker import LARGEST_RESULT
from repsim_core.errors import FormatError

MOST_DIAGNOSTICS = 64_000  # bytes kept of what a child prints
LONGEST_LINE = 64_000  # of one message, without the bytes that follow it
FAREWELL = 5.0  # seconds between a closed channel and the news of the death


class Child:
    """One process for one job. ``events`` ends when it does; ``ending`` then says how."""

    def __init__(self, nursery: "Nursery", channel: socket.socket, diagnostics: int) -> None:
        self.pid = 0
        self.status: int | None = None
        self.born, self.dead = threading.Event(), threading.Event()
        self._nursery, self._channel, self._diagnostics = nursery, channel, diagnostics
        self._printed = bytearray()
        self._reader = threading.Thread(target=self._drain, name="repsim-diagnostics", daemon=True)
        self._reader.start()

    def events(self) -> Iterator[tuple[dict[str, Any], bytes]]:
        """Messages in order, each with the bytes that follow it; FormatError for what no child of ours would say."""
        with self._channel, self._channel.makefile("rb") as stream:
            try:
                while line := stream.readline(LONGEST_LINE + 1):
                    if not line.endswith(b"\n") and len(line) <= LONGEST_LINE:
                        break  # died in the middle of a word
                    message = _message(line)
                    raw = stream.read(message.get("raw", 0))
                    if len(raw) < message.get("raw", 0):
                        break
                    yield message, raw
            except OSError:
                pass  # reset: as good as closed
        self._farewell()

    def end(self) -> None:
        """Kill it and wait for the news of its death."""
        self.kill()
        self._farewell()

    def kill(self) -> None:
        """End it and its group now; a second time does nothing."""
        with suppress(OSError):
            self._channel.shutdown(socket.SHUT_RDWR)  # one that is not born yet ends at birth
        self._nursery.kill(self)

    @property
    def lost(self) -> bool:
        """Whether it ended by no fault of its own: with its nursery, or its result went before it was read."""
        return self.status is None or self.status == 0

    @property
    def printed(self) -> str:
        """The end of what it wrote to its output and its errors."""
        return bytes(self._printed).decode(errors="replace")

    @property
    def ending(self) -> str:
        """What the wait status means, in words."""
        if self.status is None:
            return "The process that computes could not be started or was ended from outside."
        if not os.WIFSIGNALED(self.status):
            return f"The computation ended without a result (exit status {os.WEXITSTATUS(self.status)})."
        number = os.WTERMSIG(self.status)
        if number == signal.SIGKILL:
            return "The system stopped the computation, most likely for want of memory. Take fewer stimuli or layers."
        return f"The computation crashed (signal {number})."

    def grown_bytes(self, since: int = 0) -> int:
        """Memory of its own, without what it shares with files; 0 where the system does not tell."""
        try:
            with open(f"/proc/{self.pid}/statm") as file:
                _, resident, shared = (int(one) for one in file.read().split()[:3])
        except (OSError, ValueError):
            return 0
        return (resident - shared) * os.sysconf("SC_PAGE_SIZE") - since

    def _farewell(self) -> None:
        if not self.dead.wait(FAREWELL) and self.pid:  # it closed its channel and lives on
            self.kill()
            self.dead.wait(FAREWELL)
        self._reader.join(FAREWELL)

    def _drain(self) -> None:
        with os.fdopen(self._diagnostics, "rb", buffering=0) as stream:
            while more := stream.read(65_536):
                self._printed += more
                del self._printed[:-MOST_DIAGNOSTICS]


class Nursery:
    """Children with the slow imports behind them; the process starts with the first one, or when told to."""

    def __init__(self, preload: Sequence[str] = ()) -> None:
        self.ready = threading.Event()  # its imports are done
        self._preload = list(preload)
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._unborn: list[Child] = []
        self._alive: dict[int, Child] = {}
        self._listener: threading.Thread | None = None

    def start(self) -> None:
        """Begin the imports, unless they are begun."""
        with self._lock:
            self._started()

    def child(self, request: dict[str, Any]) -> Child:
        """A new process at work on a request."""
        ours, theirs = socket.socketpair()
        read, write = os.pipe()
        child = Child(self, ours, read)
        try:
            with self._lock:
                control = self._started()
                self._unborn.append(child)
                socket.send_fds(control, [REQUEST.pack(b"f", 0)], [theirs.fileno(), write])
            ours.sendall(json.dumps(request).encode() + b"\n")
        except OSError:
            with self._lock:
                if child in self._unborn:
                    self._unborn.remove(child)
            child.dead.set()  # the nursery is gone; the channel is closed below, so its events end at once
        finally:
            theirs.close()
            os.close(write)
        return child

    def kill(self, child: Child) -> None:
        """Send SIGKILL, if it has been born and lives."""
        with self._lock:
            if self._control is not None and child.pid in self._alive:
                with suppress(OSError):  # the nursery is gone, and its children with it
                    self._control.sendall(REQUEST.pack(b"k", child.pid))

    def close(self) -> None:
        """End the process and its children."""
        with self._lock:
            process, listener, control = self._process, self._listener, self._control
            if control is not None:
                control.shutdown(socket.SHUT_RDWR)
        if process is not None:
            try:
                process.wait(1)
            except subprocess.TimeoutExpired:  # in the middle of its imports
                process.kill()
                process.wait()
        if listener is not None and listener is not threading.current_thread():
            listener.join(5)

    def _started(self) -> socket.socket:
        if self._control is not None:
            return self._control
        if self._process is not None:
            self._process.wait()
        ours, theirs = socket.socketpair()
        given = {"path": sys.path, "preload": self._preload, "control": theirs.fileno()}
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "repsim_core.compute.nursery", json.dumps(given)],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for the server, which then takes us along
                env=os.environ | {"PYTHONPATH": os.pathsep.join(one for one in sys.path if one)},
            )
        self._control = ours
        self._listener = threading.Thread(target=self._listen, args=(ours,), name="repsim-nursery", daemon=True)
        self._listener.start()
        return ours

    def _listen(self, control: socket.socket) -> None:
        with control:
            while len(answer := _exactly(control, ANSWER.size)) == ANSWER.size:
                pid, status = ANSWER.unpack(answer)
                with self._lock:
                    if status == READY:
                        self.ready.set()
                    elif status in (BORN, STILLBORN):
                        child = self._unborn.pop(0)  # born in the order they were asked for
                        if status == BORN:
                            child.pid = pid
                            self._alive[pid] = child
                        else:
                            child.dead.set()
                        child.born.set()
                    elif (dead := self._alive.pop(pid, None)) is not None:
                        dead.status = status
                        dead.dead.set()
            with self._lock:
                self._control = None
                self.ready.clear()
                lost = [*self._unborn, *self._alive.values()]
                self._unborn, self._alive = [], {}
        for child in lost:
            child.born.set()
            child.dead.set()


def _message(line: bytes) -> dict[str, Any]:
    try:
        message = json.loads(line)
        raw = message.get("raw", 0)
        if isinstance(message["event"], str) and isinstance(raw, int) and 0 <= raw <= LARGEST_RESULT:
            return dict(message)
    except (ValueError, TypeError, KeyError, AttributeError):
        pass
    raise FormatError(f"The computation answered with {line[:40]!r}, which is no message; it was stopped.")


def _exactly(control: socket.socket, count: int) -> bytes:
    received = b""
    while len(received) < count:
        try:
            more = control.recv(count - len(received))
        except OSError:
            break
        if not more:
            break
        received += more
    return received
