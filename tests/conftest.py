"""Fixtures for every test: a seeded generator, and hypothesis without deadlines."""

import numpy as np
import pytest
from hypothesis import settings

# Numerical kernels are compiled and caches filled inside a first call, so a deadline would only measure that.
settings.register_profile("repsim", deadline=None, derandomize=True)
settings.load_profile("repsim")


@pytest.fixture
def rng():
    return np.random.default_rng(0)
