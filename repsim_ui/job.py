"""One long computation as the pages see it: what was asked for, how far it is, what came of it."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from repsim_core.compute.child import Child
from repsim_core.uploads import PREFIX, tokens
from repsim_ui.sandboxed import Held

State = Literal["queued", "running", "done", "failed", "cancelled"]


@dataclass(eq=False)
class Job:
    """Written by the supervisor, read by pages."""

    key: str
    kind: str
    recipe: dict[str, Any]
    title: str
    expected: float | None = None  # seconds, estimated before
    state: State = "queued"
    stage: str = ""
    done: int = 0
    total: int = 0
    error: str = ""
    error_kind: str = ""  # class name of the error
    callers_fault: bool = False  # an InputError: the request can be mended
    details: str = ""  # the end of what the child printed
    note: str = ""  # such as: why the result is not kept on disk
    result: Any = None
    version: int = 0  # of the newest partial result, 0 as long as there is none
    seconds: float = 0.0
    created: float = 0.0  # of the result, seconds since 1970
    threads: int = 0
    attempts: int = 0
    watchers: dict[str, None] = field(default_factory=dict)  # in the order they came
    left: set[str] = field(default_factory=set)  # who pressed Cancel while others still wait
    finished: threading.Event = field(default_factory=threading.Event)
    started_at: float = 0.0
    stage_at: float = 0.0
    unwatched_at: float | None = None
    stopped: tuple[str, str] | None = None  # why the watchdog stopped it, in words and as the name of an error
    child: Child | None = None
    held: Held | None = None  # what it is given in the sandbox; None outside
    folder: Path | None = None  # the one it may write to in there
    reader: Callable[["Job"], Any] | None = None
    seen: tuple[int, Any] = (0, None)  # the partial result that was read last

    @property
    def active(self) -> bool:
        """Waiting or at work."""
        return self.state in ("queued", "running")

    @property
    def private(self) -> bool:
        """Whether it is about an upload, and so for its session alone."""
        return bool(tokens(self.recipe)) or self.held is not None or PREFIX in self.title

    @property
    def fraction(self) -> float:
        """Progress of the present stage, 0 to 1."""
        return min(self.done / self.total, 1.0) if self.total else 0.0

    def seconds_left(self) -> float | None:
        """Seconds left in the present stage, None as long as there is nothing to go by."""
        elapsed = time.monotonic() - self.stage_at
        return elapsed / self.fraction - elapsed if self.fraction > 0.02 and elapsed > 0.5 else None

    def remaining(self) -> float | None:
        """Seconds it still takes, by its stage or by the estimate, None if neither is known."""
        if self.state == "queued":
            return self.expected
        left = self.seconds_left()
        if left is None and self.expected is not None:
            left = max(0.0, self.expected - (time.monotonic() - self.started_at))
        return left

    def partial(self) -> Any:
        """The newest partial result, None as long as there is none; kept when the job is cancelled or fails."""
        version, found = self.seen
        if version != self.version and self.reader is not None:
            found = self.reader(self)
            self.seen = self.version if found is not None else version, found
        return found

    def progress(self, stage: str, done: int, total: int) -> None:
        """Take what the child says of its progress."""
        if stage != self.stage:
            self.stage, self.stage_at = stage, time.monotonic()
        self.done, self.total = done, total

    def fail(self, error: str, kind: str, callers_fault: bool = False) -> None:
        """Keep what went wrong; the supervisor sets the state."""
        self.error, self.error_kind, self.callers_fault = error, kind, callers_fault
