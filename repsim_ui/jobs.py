"""Long work in the background: one worker thread, one job per recipe, shared by everyone who asks the same."""

import queue
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from repsim_core.errors import Cancelled, InputError, RepsimError

State = Literal["queued", "running", "done", "failed", "cancelled"]
Report = Callable[[str, int, int], None]


@dataclass(eq=False)
class Job:
    """One request and how far it is. Written by the worker, read by pages."""

    key: str
    title: str
    work: Callable[[Report], Any]
    state: State = "queued"
    stage: str = ""
    done: int = 0
    total: int = 0
    error: str = ""
    kind: str = ""  # class name of the error
    callers_fault: bool = False  # an InputError: the request can be mended
    result: Any = None
    seconds: float = 0.0
    watchers: set[str] = field(default_factory=set)
    cancelled: threading.Event = field(default_factory=threading.Event)
    finished: threading.Event = field(default_factory=threading.Event)
    started_at: float = 0.0
    stage_at: float = 0.0

    @property
    def active(self) -> bool:
        """Waiting or at work."""
        return self.state in ("queued", "running")

    @property
    def fraction(self) -> float:
        """Progress of the present stage, 0 to 1."""
        return min(self.done / self.total, 1.0) if self.total else 0.0

    def seconds_left(self) -> float | None:
        """Seconds left in the present stage, None as long as there is nothing to go by."""
        elapsed = time.monotonic() - self.stage_at
        return elapsed / self.fraction - elapsed if self.fraction > 0.02 and elapsed > 0.5 else None

    def report(self, stage: str, done: int, total: int) -> None:
        """Take the worker's progress; raises where somebody pressed Cancel."""
        if self.cancelled.is_set():
            raise Cancelled("Cancelled.")
        if stage != self.stage:
            self.stage, self.stage_at = stage, time.monotonic()
        self.done, self.total = done, total


class Jobs:
    """Every job of the server; finished ones are kept up to ``keep``, the oldest go first."""

    def __init__(self, keep: int = 64) -> None:
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._keep = keep
        self._lock = threading.Lock()
        self._queue: queue.SimpleQueue[Job] = queue.SimpleQueue()
        threading.Thread(target=self._run, name="repsim-jobs", daemon=True).start()

    def submit(self, key: str, title: str, work: Callable[[Report], Any], watcher: str) -> Job:
        """The job of this key, started unless it is there already; one that failed or was cancelled starts anew."""
        with self._lock:
            job = self._jobs.get(key)
            if job is None or job.state in ("failed", "cancelled"):
                job = Job(key, title, work)
                self._jobs[key] = job
                self._queue.put(job)
            self._jobs.move_to_end(key)
            job.watchers.add(watcher)
            idle = [one for one, each in self._jobs.items() if not each.active]
            for one in idle[: max(0, len(self._jobs) - self._keep)]:
                del self._jobs[one]
            return job

    def find(self, key: str) -> Job | None:
        """The job of this key, whatever its state."""
        return self._jobs.get(key)

    def recent(self, count: int = 5) -> list[Job]:
        """Finished jobs, the latest first."""
        with self._lock:
            return [job for job in reversed(self._jobs.values()) if job.state == "done"][:count]

    def cancel(self, key: str, watcher: str) -> None:
        """Stop waiting; the work itself stops when nobody waits any more."""
        with self._lock:
            job = self._jobs.get(key)
            if job is None:
                return
            job.watchers.discard(watcher)
            if job.watchers or not job.active:
                return
            job.cancelled.set()  # the worker notices at its next report; nobody has to wait for that
            job.state = "cancelled"
            job.finished.set()

    def _run(self) -> None:
        while True:
            job = self._queue.get()
            with self._lock:
                if job.cancelled.is_set():
                    continue
                job.state, job.started_at = "running", time.monotonic()
            try:
                job.result = job.work(job.report)
                state: State = "done"
            except Cancelled:
                state = "cancelled"
            except RepsimError as error:
                job.error, job.kind, job.callers_fault = str(error), type(error).__name__, isinstance(error, InputError)
                state = "failed"
            except Exception as error:  # the worker must outlive any job; the reason is kept and shown
                job.error, job.kind = str(error) or "no message", type(error).__name__
                state = "failed"
            job.seconds = time.monotonic() - job.started_at
            with self._lock:
                if not job.cancelled.is_set():
                    job.state = state
                job.finished.set()
