"""Fixtures for every test: a seeded generator, and hypothesis without deadlines."""

import numpy as np
import pytest
from hypothesis import settings

# Numerical kernels are compiled and caches filled inside a first call, so a deadline would only measure that.
settings.register_profile("repsim", deadline=None, derandomize=True)
settings.load_profile("repsim")


@pytest.fixture(scope="session", autouse=True)
def _own_results(tmp_path_factory):
    """Results of the tests are kept apart from those of the user, and no data of the machine are found."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REPSIM_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("REPSIM_DATA", str(tmp_path_factory.mktemp("data")))
        yield


@pytest.fixture
def rng():
    return np.random.default_rng(0)
