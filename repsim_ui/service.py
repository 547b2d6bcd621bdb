"""Requests become processes: what may start is started, a thread a job hears it out, and its slot comes free again."""

import logging
import threading
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager

from repsim_core.compute.children import Nursery
from repsim_core.compute.executor import cores
from repsim_ui.attempt import attempt
from repsim_ui.job import Job
from repsim_ui.results import Results
from repsim_ui.waiting import Line

log = logging.getLogger("repsim.jobs")


class Service:
    """Serves the line. ``lock`` guards every state of a job; ``accept`` and ``end`` are called with it held."""

    def __init__(
        self,
        line: Line,
        lock: AbstractContextManager[object],
        nursery: Nursery,
        results: Results,
        packages: Sequence[str],
    ) -> None:
        self._line, self._lock, self._nursery, self._results = line, lock, nursery, results
        self._packages = packages
        self._threads: set[threading.Thread] = set()
        self._closed = False

    def accept(self, job: Job, session: str) -> None:
        """Let it wait, or start; one too many fails at once, and so does what comes after the close."""
        if self._closed or self._line.full:
            waiting = len(self._line.queued)
            why = "The server stops" if self._closed else f"{waiting} computations wait already"
            job.fail(f"{why}; try again in a minute.", "Busy", True)
            job.state = "failed"
            job.finished.set()
            return
        for older in self._line.join(job, session):
            self.end(older)
        self._dispatch()

    def end(self, job: Job) -> None:
        """Cancel. The slot comes free when the child is dead."""
        job.state = "cancelled"
        if job in self._line.queued:
            self._line.queued.remove(job)
        if job.child is not None:
            job.child.kill()
        job.finished.set()

    def close(self) -> None:
        """End everything and wait for it."""
        with self._lock:
            self._closed = True
            for job in self._line.active:
                self.end(job)
            threads = list(self._threads)
        for thread in threads:
            thread.join(5)

    def _dispatch(self) -> None:
        while not self._closed and (job := self._line.start()):
            job.threads = max(1, cores() // len(self._line.running))
            job.state, job.started_at, job.attempts = "running", time.monotonic(), job.attempts + 1
            thread = threading.Thread(target=self._run, args=(job,), name=f"repsim-job-{job.key[:8]}", daemon=True)
            self._threads.add(thread)
            thread.start()

    def _run(self, job: Job) -> None:
        try:
            attempt(job, self._nursery, self._results, self._packages)
        except Exception as error:  # a job may fail in any way, its slot must come free
            log.exception("Job %s", job.key)
            job.fail(str(error) or "no message", type(error).__name__)
        with self._lock:
            self._line.running.remove(job)
            self._threads.discard(threading.current_thread())
            job.child, job.seconds = None, job.seconds or time.monotonic() - job.started_at
            if job.state == "running":
                if job.error:
                    job.state = "failed"
                elif job.result is not None:
                    job.state = "done"
                else:
                    job.state = "queued"
                    self._line.rejoin(job)
            self._dispatch()
        if not job.active:
            job.finished.set()
