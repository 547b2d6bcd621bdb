"""Pages are tested on a warm server: the process that children come from has its imports behind it."""

import pytest

from repsim_ui import cache, estimates
from tests.ui.app import PATIENCE


@pytest.fixture(scope="session")
def warm():
    jobs = cache.jobs()
    jobs.nursery.start()
    assert jobs.nursery.ready.wait(90)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(estimates, "PATIENCE", PATIENCE)  # a busy machine draws the same pages as an idle one
        yield jobs
    jobs.close()
    cache.jobs.clear()
