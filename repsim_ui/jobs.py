"""Long work in child processes: one job per recipe, shared by everyone who asks the same, its result kept on disk.

This module knows which requests there are and who waits for them; ``waiting`` says whose turn it is, ``service`` runs
them, ``watchdog`` stops what takes too much or is not wanted any more, ``results`` is the disk.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from repsim_core.compute.children import Nursery
from repsim_core.compute.executor import cores
from repsim_core.compute.store import Store, default_store
from repsim_ui import sandboxed, work
from repsim_ui.job import Job
from repsim_ui.results import Results
from repsim_ui.sandboxed import Held
from repsim_ui.service import Service
from repsim_ui.waiting import Line
from repsim_ui.watchdog import Watchdog
from repsim_ui.work import KINDS, Kind

MOST_FAILED = 256


class Jobs:
    """Every job of the server; finished ones are kept in memory up to ``keep``, the oldest go first.

    Parameters
    ----------
    store, nursery
        Where results are kept and children come from.
    present
        Whether a watcher is still there. A job that nobody waits for is cancelled after ``grace`` seconds.
    memory_bytes, deadline
        What one child may take, in bytes and seconds; by default the settings of the server.
    salt
        Part of every file's name: results of another version of the program are not found.
    """

    def __init__(
        self,
        store: Store | None = None,
        nursery: Nursery | None = None,
        *,
        kinds: Mapping[str, Kind] = KINDS,
        packages: Sequence[str] = ("repsim_core", "repsim_ui"),
        present: Callable[[str], bool] = lambda watcher: True,
        keep: int = 64,
        slots: int | None = None,
        memory_bytes: int | None = None,
        deadline: float | None = None,
        grace: float = 10.0,
        salt: str = "r",
    ) -> None:
        self.store, self.nursery = store or default_store(), nursery or work.nursery()
        self.slots = slots or min(2, cores())
        self._results = Results(self.store, kinds, salt)
        self._present, self._keep = present, keep
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._lock = threading.RLock()
        self._line = Line(self.slots)
        self._service = Service(self._line, self._lock, self.nursery, self._results, packages)
        self._watchdog = Watchdog(
            self._line,
            self._lock,
            self._service.end,
            present,
            grace=grace,
            memory_bytes=memory_bytes,
            seconds=deadline,
        )

    def submit(
        self,
        key: str,
        kind: str,
        recipe: dict[str, Any],
        title: str,
        watcher: str,
        seconds: float | None = None,
        *,
        retry: bool = True,
        held: Held | None = None,
    ) -> Job:
        """The job of this key, started unless it is there already; one that failed or was cancelled starts anew.

        ``kind`` names an entry of the register, ``recipe`` is what its function gets, in JSON's own types, and
        ``seconds`` an estimate, by which short work gets past long work. Without ``retry`` a failure stays as it is:
        somebody opened a link or loaded the page once more, but nobody pressed a button. What names a graph from
        outside runs in the sandbox, whoever asks; ``held`` is for what has no name yet.
        """
        self.find(key)  # takes it from the disk if it is there
        held = held or sandboxed.held(recipe)
        with self._lock:
            job = self._jobs.get(key)
            if job is None or job.state == "cancelled" or (job.state == "failed" and retry):
                job = Job(key, kind, recipe, title, expected=seconds, reader=self._results.partial)
                job.held = held
                self._jobs[key] = job
                job.watchers[watcher] = None
                self._service.accept(job, watcher)
            self._jobs.move_to_end(key)
            job.watchers[watcher] = None
            job.left.discard(watcher)
            self._forget()
            return job

    def watch(self, job: Job, watcher: str) -> None:
        """Somebody looks at the job without having asked for it; who pressed Cancel is not counted again."""
        with self._lock:
            if job.active and watcher not in job.left:
                job.watchers[watcher] = None

    def find(self, key: str) -> Job | None:
        """The job of this key, whatever its state; also one whose result only the disk remembers."""
        job = self._jobs.get(key)
        if job is not None and job.state not in ("failed", "cancelled"):
            return job
        found = self._results.find(key)  # without the lock: a slow disk holds up nobody else
        if found is None:
            return job
        with self._lock:
            there = self._jobs.get(key)
            if there is None or there.state in ("failed", "cancelled"):  # nothing that is at work meanwhile
                self._jobs[key] = there = found
            return there

    def recent(self, count: int = 5, kind: str | None = None) -> list[Job]:
        """Finished jobs, the latest first: those of this server and those it found on the disk, none of an upload."""
        with self._lock:
            found = {job.key: job for job in self._jobs.values() if job.state == "done"}
        for job in self._results.earlier():
            found.setdefault(job.key, job)
        wanted = [job for job in found.values() if kind in (None, job.kind) and not job.private]
        return sorted(wanted, key=lambda job: job.created, reverse=True)[:count]

    def failed(self, kind: str | None = None) -> list[Job]:
        """Jobs that failed and were neither dismissed nor tried again, the latest first, none of an upload."""
        with self._lock:
            failed = [one for one in reversed(self._jobs.values()) if one.state == "failed" and not one.private]
        return [one for one in failed if kind in (None, one.kind)]

    def dismiss(self, key: str) -> None:
        """Forget a failure."""
        with self._lock:
            if key in self._jobs and not self._jobs[key].active:
                del self._jobs[key]

    def cancel(self, key: str, watcher: str) -> None:
        """Stop waiting; the child is ended when nobody waits any more."""
        with self._lock:
            job = self._jobs.get(key)
            if job is None or not job.active:
                return
            job.watchers.pop(watcher, None)
            job.left.add(watcher)
            if not any(self._present(one) for one in job.watchers):  # a tab before its reload does not count
                self._service.end(job)

    def place(self, job: Job) -> int:
        """Place in the queue, 1 for the next; 0 if it does not wait."""
        with self._lock:
            return self._line.place(job)

    def seconds_until_start(self, job: Job) -> float | None:
        """How long it will wait, None as long as somebody before it has no estimate."""
        with self._lock:
            return self._line.seconds_until_start(job)

    def close(self, *, nursery: bool = True) -> None:
        """End every child, and the process they come from."""
        self._service.close()
        self._watchdog.close()
        if nursery:
            self.nursery.close()

    def _forget(self) -> None:
        idle = [key for key, job in self._jobs.items() if job.state in ("done", "cancelled")]
        failed = [key for key, job in self._jobs.items() if job.state == "failed"]
        for key in (*idle[: max(0, len(idle) - self._keep)], *failed[: max(0, len(failed) - MOST_FAILED)]):
            del self._jobs[key]
