"""The server dies and leaves nothing behind; it lives and keeps its hands free."""

import os
import subprocess
import sys
import time
from pathlib import Path

from repsim_core.compute.worker import INTERVAL
from repsim_ui.job import Job
from tests.jobs.supervisor import alive, ask, end, processor_seconds, supervisor, until

ROOT = Path(__file__).parents[2]


def test_orphans_die_with_the_server(tmp_path):
    program = f"""
import pathlib, time
from repsim_core.compute.children import Nursery
from tests.jobs.supervisor import supervisor, until
with supervisor(pathlib.Path({str(tmp_path)!r}) / "results", Nursery()) as jobs:
    job = jobs.submit("spin", "spin", {{}}, "", "me")
    until(lambda: job.stage)
    print(job.child.pid, jobs.nursery._process.pid, flush=True)
    time.sleep(60)
"""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, env=environment) as server:
        orphans = [int(one) for one in server.stdout.readline().split()]
        assert all(alive(one) for one in orphans)
        end(server.pid)
        until(lambda: not any(alive(one) for one in orphans), 5)


def test_a_computation_costs_the_server_next_to_nothing(tmp_path, nursery):
    with supervisor(tmp_path / "results", nursery, slots=2) as jobs:
        spinning = [ask(jobs, name, name, kind="spin") for name in "ab"]
        until(lambda: all(job.stage == "spinning" for job in spinning))
        pids = [job.child.pid for job in spinning]
        before = time.process_time()
        until(lambda: sum(map(processor_seconds, pids)) > 1, 60, every=0.1)
        assert time.process_time() - before < 0.2  # measured 0.01 s


def test_a_child_that_reports_every_step_does_not_flood_the_server(jobs, monkeypatch):
    heard = []
    monkeypatch.setattr(Job, "progress", lambda job, stage, done, total: heard.append(done))
    job = ask(jobs, "key", kind="chatter", steps=50_000)
    assert job.finished.wait(60)
    assert job.state == "done"
    assert 1 <= len(heard) <= 2 + job.seconds / INTERVAL
