"""One process for the children of all tests, since it takes a moment to start."""

import pytest

from repsim_core.compute.children import Nursery
from tests.jobs.supervisor import supervisor


@pytest.fixture(scope="session")
def nursery():
    found = Nursery(["numpy"])
    found.start()
    yield found
    found.close()


@pytest.fixture
def jobs(tmp_path, nursery):
    """One job at a time, and four finished ones in memory."""
    with supervisor(tmp_path / "results", nursery, keep=4, slots=1) as found:
        yield found


@pytest.fixture
def gate(tmp_path):
    """A job that runs until the gate is opened."""
    return {"kind": "wait_for_file", "file": str(tmp_path / "go")}
