"""The server's side of the nursery: start it, have children born, learn of their deaths."""

import json
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from repsim_core.compute.child import Child
from repsim_core.compute.nursery import ANSWER, BORN, READY, REQUEST, STILLBORN
from repsim_core.compute.worker import LARGEST_RESULT

SECRET = re.compile(r"TOKEN|SECRET|PASSWO?R?D|CREDENTIAL|_KEY(_|$)|^KEY$", re.IGNORECASE)


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
        child = Child(self.kill, ours, read, request.get("largest", LARGEST_RESULT))
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
                env=_without_secrets() | {"PYTHONPATH": os.pathsep.join(one for one in sys.path if one)},
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


def _without_secrets() -> dict[str, str]:
    """The environment of the server as computations may see it; a sandbox sees less still."""
    return {name: value for name, value in os.environ.items() if not SECRET.search(name)}


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
