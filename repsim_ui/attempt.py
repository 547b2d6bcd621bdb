"""One attempt at a job: a child is born, heard to its end, and what it said is written on the job."""

import logging
import os
import time
from collections.abc import Sequence
from typing import Any

from repsim_core.compute.child import Child
from repsim_core.compute.children import Nursery
from repsim_ui import sandboxed
from repsim_ui.job import Job
from repsim_ui.results import Results
from repsim_ui.waiting import quick

MOST_ATTEMPTS = 2  # a child may die of what happened to another
MOST_LOGGED = 8000  # characters of what it printed

log = logging.getLogger("repsim.jobs")


def attempt(job: Job, nursery: Nursery, results: Results, packages: Sequence[str]) -> None:
    """Have a child do the job. Neither result nor error afterwards means: once more."""
    with sandboxed.scratch(job.held) as job.folder:
        _attempt(job, nursery, results, packages)


def _attempt(job: Job, nursery: Nursery, results: Results, packages: Sequence[str]) -> None:
    child = nursery.child(_request(job, results, packages))
    job.child = child
    if job.state != "running":  # cancelled in between
        child.kill()
    try:
        _hear(job, child, results)
    except BaseException:
        child.end()
        raise
    finally:
        job.details = child.printed
    if job.state != "running" or job.result is not None:
        return
    if not job.error:
        if job.stopped is not None:
            job.fail(*job.stopped)
        elif child.lost and job.attempts < MOST_ATTEMPTS:
            return
        else:
            job.fail(child.ending, "Crash")
    if not job.callers_fault:
        log.warning("Job %s (%s): %s", job.key, job.kind, _quoted(f"{job.error}\n{job.details[-MOST_LOGGED:]}"))


def _quoted(words: str) -> str:
    """What a child said, so that it cannot pass for lines of the log: each is marked, none holds controls."""
    lines = words.strip().splitlines()
    return "\n  | ".join("".join(one if one.isprintable() else "?" for one in line) for line in lines)


def _hear(job: Job, child: Child, results: Results) -> None:
    kind = results.kinds[job.kind]
    for message, raw in child.events():
        if message["event"] == "progress":
            job.progress(message["stage"], message["done"], message["total"])
        elif message["event"] == "partial":
            if raw:
                job.seen = message["version"], kind.read(raw)
            job.version = message["version"]
        elif message["event"] == "result":
            seconds = message["seconds"]
            if raw and job.held is not None:
                seconds = time.monotonic() - job.started_at
            elif raw:
                job.note = "The result could not be kept on disk: it is gone when the server stops."
            elif job.held is None and (found := results.store.get(results.name(job.key))) is not None:
                raw = found[1]
                seconds = found[0].seconds  # as they will be read after a restart
            if raw:
                job.result, job.seconds, job.created = kind.read(raw), seconds, time.time()
        else:
            job.fail(message["error"], message["kind"], message["callers_fault"])


def _request(job: Job, results: Results, packages: Sequence[str]) -> dict[str, Any]:
    request = {
        "key": results.name(job.key),
        "kind": job.kind,
        "title": job.title,
        "recipe": job.recipe,
        "work": results.kinds[job.kind].work,
        "packages": list(packages),
        "threads": job.threads,
        "quick": quick(job),
        "store": {"folder": str(results.store.folder), "limit": results.store.limit},
        "environment": {name: value for name, value in os.environ.items() if name.startswith("REPSIM_")}
        | {"REPSIM_PROGRAM": results.salt}
        | sandboxed.environment(job.held),
    }
    return request | sandboxed.request(job.held, job.folder)
