"""A server that takes uploads, without a browser."""

import pytest

from repsim_ui import cache


@pytest.fixture(scope="session")
def warm():
    """The process that children come from has its imports behind it."""
    jobs = cache.jobs()
    jobs.nursery.start()
    assert jobs.nursery.ready.wait(180)
    yield jobs
    jobs.close()
    cache.jobs.clear()


@pytest.fixture(scope="session")
def server(warm):
    found = cache.uploads()
    yield found
    found.close()
    cache.uploads.clear()
