"""A process that has the slow imports behind it and forks one child a job: ``python -m repsim_core.compute.nursery``.

Why not ``multiprocessing``'s forkserver: its children run the parent's ``__main__`` once more, and inside Streamlit
that is whatever page is being drawn. Here a child gets a socket and a line of JSON, and nothing is pickled.

The server sends ``f`` with two descriptors (channel and diagnostics of a new child) or ``k`` with a process id; this
process answers with (0, -2) when its imports are done, (id, -1) for a birth, (0, -3) where the system allowed no birth
and (id, wait status) for a death. It ends, and its children with it, when the server's end of the socket is closed,
however the server ended.
"""

import gc
import json
import os
import selectors
import signal
import socket
import struct
import sys
import traceback
from contextlib import suppress
from importlib import import_module

REQUEST, ANSWER = struct.Struct("!cI"), struct.Struct("!Ii")
BORN, READY, STILLBORN = -1, -2, -3
NICENESS = 5  # pages are served first; more would starve computations on a busy machine


def main(control: socket.socket, preload: list[str]) -> None:
    """Import, then serve until the server is gone."""
    for name in preload:
        with suppress(ImportError):  # the child says what is missing, to somebody who reads it
            import_module(name)
    gc.collect()
    gc.freeze()  # what is there already stays shared with the children
    wake, awake = socket.socketpair()
    for one in (wake, awake):
        one.setblocking(False)
    signal.set_wakeup_fd(awake.fileno())
    signal.signal(signal.SIGCHLD, lambda *_: None)
    alive: set[int] = set()
    control.sendall(ANSWER.pack(0, READY))
    with selectors.DefaultSelector() as selector:
        for one in (control, wake):
            selector.register(one, selectors.EVENT_READ)
        while True:
            ready = {key.fileobj for key, _ in selector.select()}
            if wake in ready:
                wake.recv(4096)
            _reap(alive, control)
            if control in ready and not _serve(alive, control):
                break
    for pid in alive:
        _kill(pid)


def _serve(alive: set[int], control: socket.socket) -> bool:
    """One request; False at the end of the server."""
    message, handles, _, _ = socket.recv_fds(control, REQUEST.size, 2)
    while message and len(message) < REQUEST.size:
        more = control.recv(REQUEST.size - len(message))
        message = message + more if more else b""
    if not message:
        return False
    order, pid = REQUEST.unpack(message)
    if order == b"k":
        if pid in alive:  # not reaped yet, so the number still is this child's
            _kill(pid)
        return True
    try:
        born = os.fork()
    except OSError:  # too many processes or too little memory: this one child's trouble, not that of its siblings
        traceback.print_exc()
        control.sendall(ANSWER.pack(0, STILLBORN))
    else:
        if not born:
            _become_child(control, *handles)
        alive.add(born)
        control.sendall(ANSWER.pack(born, BORN))
    finally:
        for handle in handles:
            os.close(handle)
    return True


def _become_child(control: socket.socket, channel: int, diagnostics: int) -> None:
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        control.close()
        from repsim_core.compute.worker import run

        run(channel, diagnostics)
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)  # never back into the loop of the parent


def _reap(alive: set[int], control: socket.socket) -> None:
    for pid in list(alive):
        with suppress(ChildProcessError):
            found, status = os.waitpid(pid, os.WNOHANG)
            if found:
                alive.discard(pid)
                control.sendall(ANSWER.pack(pid, status))


def _kill(pid: int) -> None:
    for kill in (os.killpg, os.kill):  # before its first line of code a child has no group of its own
        with suppress(ProcessLookupError):
            kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    os.nice(NICENESS)
    given = json.loads(sys.argv[1])
    sys.path[:] = given["path"]
    with socket.socket(fileno=given["control"]) as own:
        main(own, given["preload"])
