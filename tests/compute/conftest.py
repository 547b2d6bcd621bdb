"""One process for the children of all tests, since it takes a moment to start."""

import pytest

from repsim_core.compute.children import Nursery
from tests.compute.children import supervisor


@pytest.fixture(scope="session")
def nursery():
    found = Nursery(["numpy"])
    found.start()
    yield found
    found.close()


@pytest.fixture
def jobs(tmp_path, nursery):
    with supervisor(tmp_path / "results", nursery) as found:
        yield found
