"""Pages are tested on a warm server: the process that children come from has its imports behind it."""

import pytest

from repsim_ui import cache


@pytest.fixture(scope="session")
def warm():
    jobs = cache.jobs()
    jobs.nursery.start()
    assert jobs.nursery.ready.wait(90)
    yield jobs
    jobs.close()
    cache.jobs.clear()
