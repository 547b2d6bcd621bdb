"""Long work in child processes: one job per recipe, shared by everyone who asks the same, its result kept on disk.

The server holds no heavy work. A thread per running job reads what its child says; one more looks every quarter of a
second whether a child outgrew its memory or nobody waits for it any more.
"""

import logging
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from repsim_core.compute.children import Nursery
from repsim_core.compute.executor import cores
from repsim_core.compute.memory import child_bytes, readable_bytes
from repsim_core.compute.store import Label, Store, default_store
from repsim_core.errors import FormatError
from repsim_ui import waiting, work
from repsim_ui.job import Job
from repsim_ui.work import KINDS, Kind

MOST_ATTEMPTS = 2  # a child may die of what happened to another
MOST_FAILED = 256
TICK = 0.25

log = logging.getLogger("repsim.jobs")


class Jobs:
    """Every job of the server; finished ones are kept in memory up to ``keep``, the oldest go first.

    Parameters
    ----------
    store, nursery
        Where results are kept and children come from.
    present
        Whether a watcher is still there. A job that nobody waits for is cancelled after ``grace`` seconds.
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
        grace: float = 10.0,
        salt: str = "r",
    ) -> None:
        self.store, self.nursery = store or default_store(), nursery or work.nursery()
        self.slots = slots or min(2, cores())
        self._kinds, self._packages, self._present = kinds, list(packages), present
        self._keep, self._memory, self._grace, self._salt = keep, memory_bytes, grace, salt
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._queue: list[Job] = []
        self._running: list[Job] = []
        self._threads: set[threading.Thread] = set()
        self._served: dict[str, int] = {}
        self._turn = 0
        self._lock = threading.RLock()
        self._closed = threading.Event()
        self._kept = [label for label in self.store.labels() if label.key.startswith(f"{salt}-")]
        self._guard = threading.Thread(target=self._watch, name="repsim-guard", daemon=True)
        self._guard.start()

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
    ) -> Job:
        """The job of this key, started unless it is there already; one that failed or was cancelled starts anew.

        ``kind`` names an entry of the register, ``recipe`` is what its function gets, in JSON's own types, and
        ``seconds`` an estimate, by which short work gets past long work. Without ``retry`` a failure stays as it is:
        somebody opened a link or loaded the page once more, but nobody pressed a button.
        """
        self.find(key)  # takes it from the disk if it is there
        with self._lock:
            job = self._jobs.get(key)
            if job is None or job.state == "cancelled" or (job.state == "failed" and retry):
                job = Job(key, kind, recipe, title, expected=seconds, reader=self._partial)
                self._jobs[key] = job
                job.watchers[watcher] = None
                self._enqueue(job, watcher)
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
        found = self.store.get(self._name(key))
        if found is None:
            return job
        label, raw = found
        try:
            result = self._kinds[label.kind].read(raw)
        except (FormatError, KeyError) as error:
            log.warning("%s cannot be read (%s); it is removed and will be computed again.", label.key, error)
            self.store.discard(label.key)
            return job
        job = self._old(label)
        job.result = result
        with self._lock:
            there = self._jobs.get(key)
            if there is None or there.state in ("failed", "cancelled"):  # nothing that is at work meanwhile
                self._jobs[key] = there = job
            return there

    def recent(self, count: int = 5, kind: str | None = None) -> list[Job]:
        """Finished jobs, the latest first: those of this server and those it found on the disk."""
        with self._lock:
            found = {job.key: job for job in self._jobs.values() if job.state == "done"}
        for label in self._kept:
            found.setdefault(label.key.removeprefix(f"{self._salt}-"), self._old(label))
        wanted = [job for job in found.values() if kind in (None, job.kind)]
        return sorted(wanted, key=lambda job: job.created, reverse=True)[:count]

    def failed(self, kind: str | None = None) -> list[Job]:
        """Jobs that failed and were neither dismissed nor tried again, the latest first."""
        with self._lock:
            return [one for one in reversed(self._jobs.values()) if one.state == "failed" and kind in (None, one.kind)]

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
                self._end(job)

    def place(self, job: Job) -> int:
        """Place in the queue, 1 for the next; 0 if it does not wait."""
        with self._lock:
            ordered = waiting.order(self._queue, self._running, self._served)
            return ordered.index(job) + 1 if job in ordered else 0

    def seconds_until_start(self, job: Job) -> float | None:
        """How long it will wait, None as long as somebody before it has no estimate."""
        with self._lock:
            ordered = waiting.order(self._queue, self._running, self._served)
            before = [*self._running, *(ordered[: ordered.index(job)] if job in ordered else [])]
            times = [one.remaining() for one in before]
        known = [one for one in times if one is not None]
        return sum(known) / self.slots if len(known) == len(times) else None

    def close(self, *, nursery: bool = True) -> None:
        """End every child, and the process they come from."""
        with self._lock:
            self._closed.set()
            for job in [*self._queue, *self._running]:
                self._end(job)
            threads = list(self._threads)
        for thread in (*threads, self._guard):
            thread.join(5)
        if nursery:
            self.nursery.close()

    def _enqueue(self, job: Job, watcher: str) -> None:
        if self._closed.is_set() or len(self._queue) >= waiting.MOST_WAITING:
            job.fail(f"{len(self._queue)} computations wait already; try again in a minute.", "Busy", True)
            job.state = "failed"
            job.finished.set()
            return
        self._queue.append(job)
        for older in waiting.superseded(self._queue, watcher):
            self._end(older)
        self._dispatch()

    def _dispatch(self) -> None:
        """Start what may start; the lock is held."""
        while not self._closed.is_set() and (
            job := waiting.next_job(self._queue, self._running, self._served, self.slots)
        ):
            self._queue.remove(job)
            self._running.append(job)
            self._turn += 1
            self._served |= dict.fromkeys(job.watchers, self._turn)
            job.threads = max(1, cores() // len(self._running))
            job.state, job.started_at, job.attempts = "running", time.monotonic(), job.attempts + 1
            thread = threading.Thread(target=self._run, args=(job,), name=f"repsim-job-{job.key[:8]}", daemon=True)
            self._threads.add(thread)
            thread.start()

    def _run(self, job: Job) -> None:
        try:
            self._follow(job)
        except Exception as error:  # a job may fail in any way, its slot must come free
            log.exception("Job %s", job.key)
            job.fail(str(error) or "no message", type(error).__name__)
        again = job.state == "running" and job.result is None and not job.error
        with self._lock:
            self._running.remove(job)
            self._threads.discard(threading.current_thread())
            job.child, job.seconds = None, job.seconds or time.monotonic() - job.started_at
            if again and not self._closed.is_set():
                job.state = "queued"
                self._queue.insert(0, job)
            elif job.state == "running":
                job.state = "failed" if job.error else "done"
            self._dispatch()
        if not job.active:
            job.finished.set()

    def _follow(self, job: Job) -> None:
        """Have the child born and hear it to its end. Neither result nor error afterwards means: once more."""
        child = self.nursery.child(self._request(job))
        job.child = child
        if job.state != "running":  # cancelled in between
            child.kill()
        for message, raw in child.events():
            if message["event"] == "progress":
                job.progress(message["stage"], message["done"], message["total"])
            elif message["event"] == "partial":
                if raw:
                    job.seen = message["version"], self._kinds[job.kind].read(raw)
                job.version = message["version"]
            elif message["event"] == "result":
                self._take(job, raw, message["seconds"])
            else:
                job.fail(message["error"], message["kind"], message["callers_fault"])
        job.details = child.printed
        if job.state != "running" or job.result is not None or job.error:
            return
        lost = child.status is None or child.status == 0  # its nursery died, or the file went before it was read
        if lost and job.attempts < MOST_ATTEMPTS:
            return
        if job.over_bytes:
            job.fail(
                f"The computation took {readable_bytes(job.over_bytes)} of memory (limit "
                f"{readable_bytes(self._limit())}) and was stopped. Take fewer stimuli or fewer layers.",
                "MemoryError",
            )
        else:
            job.fail(child.ending, "Crash")
        log.warning("Job %s (%s): %s", job.key, job.kind, job.error)

    def _take(self, job: Job, raw: bytes, seconds: float) -> None:
        if raw:
            job.note = "The result could not be kept on disk: it is gone when the server stops."
        elif (found := self.store.get(self._name(job.key))) is not None:
            raw = found[1]
            seconds = seconds or found[0].seconds
        if raw:
            job.result, job.seconds, job.created = self._kinds[job.kind].read(raw), seconds, time.time()

    def _request(self, job: Job) -> dict[str, Any]:
        return {
            "key": self._name(job.key),
            "kind": job.kind,
            "title": job.title,
            "recipe": job.recipe,
            "work": self._kinds[job.kind].work,
            "packages": self._packages,
            "threads": job.threads,
            "quick": waiting.quick(job),
            "store": {"folder": str(self.store.folder), "limit": self.store.limit},
            "environment": {name: value for name, value in os.environ.items() if name.startswith("REPSIM_")}
            | {"REPSIM_PROGRAM": self._salt},
        }

    def _partial(self, job: Job) -> Any:
        found = self.store.get(f"{self._name(job.key)}.partial")
        return None if found is None else self._kinds[job.kind].read(found[1])

    def _name(self, key: str) -> str:
        return f"{self._salt}-{key}"

    def _limit(self) -> int:
        return child_bytes() if self._memory is None else self._memory

    def _end(self, job: Job) -> None:
        """Cancel; the lock is held. The slot comes free when the child is dead."""
        job.state = "cancelled"
        if job in self._queue:
            self._queue.remove(job)
        if job.child is not None:
            job.child.kill()
        job.finished.set()

    def _old(self, label: Label) -> Job:
        """A job of the past, so far without its result."""
        key = label.key.removeprefix(f"{self._salt}-")
        job = Job(key, label.kind, {}, label.title, state="done", seconds=label.seconds, created=label.created)
        job.finished.set()
        return job

    def _forget(self) -> None:
        idle = [key for key, job in self._jobs.items() if job.state in ("done", "cancelled")]
        failed = [key for key, job in self._jobs.items() if job.state == "failed"]
        for key in (*idle[: max(0, len(idle) - self._keep)], *failed[: max(0, len(failed) - MOST_FAILED)]):
            del self._jobs[key]

    def _watch(self) -> None:
        own: dict[Job, int] = {}  # what a child had at birth: pages it shares with the nursery
        while not self._closed.wait(TICK):
            with self._lock:
                running, active = list(self._running), [*self._queue, *self._running]
            for job in running:
                child = job.child
                if child is not None and child.pid:
                    grown = child.grown_bytes(own.setdefault(job, child.grown_bytes()))
                    if grown > self._limit():
                        job.over_bytes = grown
                        child.kill()
            own = {job: bytes_ for job, bytes_ in own.items() if job in running}
            for job in active:
                self._abandon(job)

    def _abandon(self, job: Job) -> None:
        with self._lock:
            now = time.monotonic()
            if any(self._present(one) for one in list(job.watchers)):
                job.unwatched_at = None
            elif job.unwatched_at is None:
                job.unwatched_at = now
            elif now - job.unwatched_at > self._grace and job.active:
                job.watchers.clear()
                self._end(job)
