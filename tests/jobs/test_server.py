"""The server dies and leaves nothing behind; it lives and keeps its hands free."""

import os
import subprocess
import sys
from pathlib import Path

from tests.jobs.supervisor import alive, end, until

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
