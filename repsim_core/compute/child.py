"""One process for one job, as the server has it: hear it, end it, say how it ended."""

import json
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from repsim_core.compute.worker import LARGEST_RESULT
from repsim_core.errors import FormatError

MOST_DIAGNOSTICS = 64_000  # bytes kept of what a child prints
LONGEST_LINE = 64_000  # of one message, without the bytes that follow it
MOST_COUNTED = 2**53
FAREWELL = 5.0  # seconds between a closed channel and the news of the death


class Child:
    """One process for one job. ``events`` ends when it does; ``ending`` then says how."""

    def __init__(
        self,
        kill: Callable[["Child"], None],
        channel: socket.socket,
        diagnostics: int,
        largest: int = LARGEST_RESULT,
    ) -> None:
        self.pid, self._largest = 0, largest
        self.status: int | None = None
        self.born, self.dead = threading.Event(), threading.Event()
        self._end_process, self._channel, self._diagnostics = kill, channel, diagnostics
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
                    message = _message(line, self._largest)
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
        self._end_process(self)

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
        if number == signal.SIGXCPU:
            return "The computation used up its processor time. Take fewer stimuli or layers."
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


def _message(line: bytes, largest: int) -> dict[str, Any]:
    """A message of ours, each field of its type: the process may have been taken over by what it read."""
    try:
        message = json.loads(line, parse_constant=_no_number)
        raw = message.get("raw", 0)
        if type(raw) is int and 0 <= raw <= largest and _complete(message):
            return dict(message)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        pass
    raise FormatError(f"The computation answered with {line[:40]!r}, which is no message; it was stopped.")


def _complete(message: dict[str, Any]) -> bool:
    if message["event"] == "progress":
        counts = message["done"], message["total"]
        return isinstance(message["stage"], str) and all(type(one) is int and 0 <= one < MOST_COUNTED for one in counts)
    if message["event"] == "partial":
        return type(message["version"]) is int and 0 < message["version"] < MOST_COUNTED
    if message["event"] == "result":
        return type(message["seconds"]) in (int, float) and 0 <= message["seconds"] < MOST_COUNTED
    words = isinstance(message["error"], str) and isinstance(message["kind"], str)
    return message["event"] == "error" and words and isinstance(message["callers_fault"], bool)


def _no_number(name: str) -> float:
    raise ValueError(name)
