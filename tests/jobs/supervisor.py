"""What the tests of jobs share: a supervisor of fake jobs, and ways to wait."""

import os
import signal
import time
from contextlib import contextmanager
from pathlib import Path

from repsim_core.compute.store import Store
from repsim_ui.jobs import Jobs
from repsim_ui.work import Kind

HERE = "tests.jobs.fake_jobs"
NAMES = (
    *("answer", "wait_for_file", "spin", "refine", "degenerate", "broken", "segfault", "killed", "silent_exit"),
    *("lost_file", "greedy", "noisy", "large", "surroundings", "chatter", "intruder"),
)
KINDS = {name: Kind(f"{HERE}:{name}", f"{HERE}:Number") for name in NAMES}


@contextmanager
def supervisor(folder, nursery, limit=10**9, store=Store, **options):
    jobs = Jobs(store(folder, limit), nursery, kinds=KINDS, packages=("tests",), **options)
    try:
        yield jobs
    finally:
        jobs.close(nursery=False)


def ask(jobs, key, watcher="me", kind="answer", seconds=None, **recipe):
    return jobs.submit(key, kind, recipe, f"title of {key}", watcher, seconds)


def opened(gate):
    Path(gate["file"]).touch()


def until(true, seconds=20, every=0.005):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(every)


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def processor_seconds(pid):
    """What a process has computed so far."""
    with open(f"/proc/{pid}/stat") as file:
        user, system = file.read().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def end(pid, number=signal.SIGKILL):
    os.kill(pid, number)
