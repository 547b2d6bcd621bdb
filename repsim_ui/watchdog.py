"""Looks every quarter of a second whether a child outgrew its memory or its time, or nobody waits for it any more."""

import logging
import os
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager

from repsim_core.compute.child import Child
from repsim_core.compute.memory import child_bytes, readable_bytes
from repsim_core.limits import LIMITS
from repsim_ui.job import Job
from repsim_ui.sandboxed import bytes_in
from repsim_ui.waiting import Line

TICK = 0.25
DEFAULT_MINUTES = 120.0

log = logging.getLogger("repsim.jobs")


def deadline_seconds() -> float:
    """Seconds one computation may run: ``REPSIM_JOB_MINUTES``, two hours by default."""
    return 60 * float(os.environ.get("REPSIM_JOB_MINUTES") or DEFAULT_MINUTES)


class Watchdog:
    """A thread that ends jobs, until it is closed.

    Parameters
    ----------
    line, lock
        The jobs, and what is held while they are looked at.
    end
        Cancels a job, called with the lock held.
    present
        Whether a watcher is still there; a job without any is ended after ``grace`` seconds.
    memory_bytes, seconds
        What one child may take; None for the settings of the server.
    """

    def __init__(
        self,
        line: Line,
        lock: AbstractContextManager[object],
        end: Callable[[Job], None],
        present: Callable[[str], bool],
        *,
        grace: float,
        memory_bytes: int | None = None,
        seconds: float | None = None,
    ) -> None:
        self._line, self._lock, self._end, self._present, self._grace = line, lock, end, present, grace
        self._memory = child_bytes() if memory_bytes is None else memory_bytes
        self._seconds = deadline_seconds() if seconds is None else seconds
        self._born_with: dict[Child, int] = {}  # bytes at birth: pages shared with the nursery
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="repsim-watchdog", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop looking."""
        self._closed.set()
        self._thread.join(5)

    def _watch(self) -> None:
        while not self._closed.wait(TICK):
            try:
                self._look()
            except Exception:  # whatever it was, the next look is as needed as this one
                log.exception("The watchdog could not look at the jobs.")

    def _look(self) -> None:
        with self._lock:
            running, active = list(self._line.running), self._line.active
        for job in running:
            self._limit(job)
        alive = {job.child for job in running}
        self._born_with = {child: size for child, size in self._born_with.items() if child in alive}
        for job in active:
            with self._lock:
                self._abandon(job)

    def _limit(self, job: Job) -> None:
        child = job.child
        if child is None or job.stopped is not None:
            return
        if child.pid:
            grown = child.grown_bytes(self._born_with.setdefault(child, child.grown_bytes()))
            memory = min(self._memory, job.held.memory_bytes) if job.held else self._memory
            if grown > memory:
                took = f"{readable_bytes(grown)} of memory (limit {readable_bytes(memory)})"
                job.stopped = _words(took), "MemoryError"
        if job.folder is not None and (taken := bytes_in(job.folder)) > LIMITS.session_bytes:
            took = "too many files" if taken > 2**60 else f"{readable_bytes(taken)} of disk"
            job.stopped = _words(f"{took} (limit {readable_bytes(LIMITS.session_bytes)})"), "OSError"
        seconds = min(self._seconds, job.held.seconds) if job.held else self._seconds
        if time.monotonic() - job.started_at > seconds:
            job.stopped = _words(f"longer than {seconds / 60:.3g} min"), "TimeoutError"
        if job.stopped is not None:
            child.kill()

    def _abandon(self, job: Job) -> None:
        now = time.monotonic()
        if any(self._present(one) for one in job.watchers):
            job.unwatched_at = None
        elif job.unwatched_at is None:
            job.unwatched_at = now
        elif now - job.unwatched_at > self._grace and job.active:
            job.watchers.clear()
            self._end(job)


def _words(took: str) -> str:
    return f"The computation took {took} and was stopped. Take fewer stimuli or fewer layers."
