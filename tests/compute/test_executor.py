"""Threads here, or the workers of a Dask scheduler: the same numbers, also when a worker is killed in the middle."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from distributed import Client
from threadpoolctl import threadpool_info

from repsim_core import similarity
from repsim_core.compute.children import Nursery
from repsim_core.compute.executor import cores, task_executor
from repsim_core.compute.store import Store
from repsim_core.errors import InputError
from repsim_ui.jobs import Jobs
from repsim_ui.recipes import Recipe
from repsim_ui.responses import extracted
from tests.jobs.supervisor import until

ROOT = Path(__file__).parents[2]


def blas_threads(_item=None):
    return {one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"}


def test_threads_do_not_fight_with_those_of_blas():
    before = blas_threads()
    with task_executor(2) as pool:
        assert list(pool.map(blas_threads, range(3))) == [{1}] * 3
    assert blas_threads() == before


def test_a_job_is_given_its_threads(monkeypatch):
    monkeypatch.setenv("REPSIM_THREADS", "3")
    with task_executor() as pool:
        assert pool._max_workers == 3
    monkeypatch.delenv("REPSIM_THREADS")
    with task_executor() as pool:
        assert pool._max_workers == cores()


def test_an_error_in_the_middle_drops_what_waits():
    ran = []

    def note(number):
        time.sleep(0.05)
        ran.append(number)

    with pytest.raises(ZeroDivisionError), task_executor(1) as pool:  # noqa: PT012
        pool.map(note, range(100))
        raise ZeroDivisionError
    assert len(ran) < 100


def test_a_scheduler_that_does_not_answer_is_said(monkeypatch):
    monkeypatch.setenv("REPSIM_CLUSTER", "nonsense://127.0.0.1:1")
    with pytest.raises(InputError, match="No Dask scheduler answers at REPSIM_CLUSTER=nonsense"), task_executor():
        pass


def test_without_dask_the_way_out_is_said(monkeypatch):
    monkeypatch.setenv("REPSIM_CLUSTER", "tcp://127.0.0.1:1")
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputError, match=re.escape("pip install 'repsim-dashboard[cluster]'")), task_executor():
        pass


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """Address of a scheduler with two workers, each a process of its own, and the workers."""
    folder = tmp_path_factory.mktemp("dask")
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "OMP_NUM_THREADS": "1",
        "DASK_TEMPORARY_DIRECTORY": str(folder),
        "DASK_DISTRIBUTED__ADMIN__TICK__LIMIT": "1h",
    }
    file = folder / "scheduler.json"
    log = (folder / "log").open("w")
    started = []

    def run(*arguments):
        command = [sys.executable, "-m", "distributed.cli." + arguments[0], *arguments[1:]]
        started.append(subprocess.Popen(command, env=environment, cwd=folder, stdout=log, stderr=log))
        return started[-1]

    run("dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file))
    workers = [
        run("dask_worker", "--scheduler-file", str(file), "--host", "127.0.0.1", "--no-nanny", "--no-dashboard")
        for _ in range(2)
    ]
    until(file.exists, 60)
    yield json.loads(file.read_text())["address"], workers
    for one in started:
        one.kill()  # asked politely, a worker without its scheduler may take half a minute
    for one in started:
        one.wait(20)
    log.close()


RECIPE = Recipe("zoo/digits-cnn-s10", "zoo/digits-cnn-s11", "digits", 300, 0, layers="all")


@pytest.fixture(scope="module")
def pair():
    return [extracted(RECIPE, side) for side in ("a", "b")]


@pytest.fixture(scope="module")
def expected(pair):
    return similarity.compare_layers(*pair)


def steps_of(address):
    """How much the scheduler has done so far."""
    with Client(address, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=60)
        return client.run_on_scheduler(lambda dask_scheduler: dask_scheduler.transition_counter)


def test_threads_give_the_numbers_of_one(pair, expected):
    with task_executor() as pool:
        np.testing.assert_allclose(similarity.compare_layers(*pair, executor=pool).values, expected.values, rtol=1e-12)


def test_the_job_of_a_page_runs_on_a_cluster_as_it_is(cluster, expected, tmp_path, monkeypatch):
    monkeypatch.setenv("REPSIM_CLUSTER", cluster[0])
    before = steps_of(cluster[0])
    jobs = Jobs(Store(tmp_path, 10**8), Nursery())
    job = jobs.submit(RECIPE.key, "layer_map", RECIPE.to_json(), "title", "me")
    assert job.finished.wait(90)
    jobs.close()
    assert job.state == "done", job.error
    np.testing.assert_allclose(job.result.values, expected.values, rtol=1e-9)  # float32 responses, twice
    assert steps_of(cluster[0]) >= before + 2 * sum(expected.values.shape)


def test_a_worker_killed_in_the_middle_costs_no_cell(cluster, pair, expected, monkeypatch):
    address, workers = cluster
    monkeypatch.setenv("REPSIM_CLUSTER", address)
    steps_of(address)
    told = []

    def progress(done, total):
        told.append((done, total))
        if done == 3:
            workers[0].kill()

    with task_executor() as pool:
        found = similarity.compare_layers(*pair, executor=pool, progress=progress)
    assert workers[0].wait(20) == -9
    np.testing.assert_allclose(found.values, expected.values, rtol=1e-12)
    assert np.isfinite(found.values).all()
    assert told[-1] == (sum(expected.values.shape),) * 2
