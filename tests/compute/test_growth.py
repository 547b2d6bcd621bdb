"""Memory that a refusal announces, beside what fresh processes took; a map needs the responses of two networks too."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from repsim_core import activations, similarity
from repsim_core.compute.memory import budget_bytes, child_bytes
from repsim_core.errors import BudgetError
from tests.compute.growth import announced, network, pictures

SIZES = [  # stimuli, channels of the first layer, measure
    *((n, channels, "cka") for n in (200, 400, 800, 1200) for channels in (8, 32, 64)),
    *((n, 16, measure) for n in (400, 900) for measure in ("cka_rbf", "rsa", "dcor", "mutual_knn")),
    *(
        (400, 64, measure)
        for measure in ("cka_minibatch", "procrustes", "svcca", "linear_regression", "ridge", "cknna")
    ),
]
ALWAYS = 4e6  # bytes that products and the allocator take whatever the sizes


@pytest.fixture(scope="module")
def measured():
    """Announced bytes, bytes taken by the refusals, bytes taken by the map: one line a size."""
    script = Path(__file__).with_name("growth.py")
    # One thread, and what is freed is given back: the data alone are measured, whatever ran before.
    alone = os.environ | {"PYTHONPATH": ".", "OMP_NUM_THREADS": "1", "MALLOC_MMAP_THRESHOLD_": "65536"}
    run = [sys.executable, str(script), json.dumps(SIZES)]
    done = subprocess.run(run, capture_output=True, text=True, check=True, cwd=script.parents[2], env=alone)
    return np.array(json.loads(done.stdout))


@pytest.mark.slow
def test_a_refusal_allocates_next_to_nothing(measured):
    expected, refused, _ = measured.T
    assert (refused <= 1e6 + 0.02 * expected).all()


@pytest.mark.slow
def test_an_estimate_is_no_more_than_five_times_what_a_map_takes(measured):
    expected, _, taken = measured.T
    assert (expected <= 5 * taken).all()


@pytest.mark.slow
def test_a_map_that_fits_its_budget_stays_below_what_the_watchdog_allows(measured):
    expected, _, taken = measured.T
    assert (taken <= child_bytes() / budget_bytes() * expected).all()


@pytest.mark.slow
def test_an_estimate_is_no_less_than_four_fifths_of_what_a_map_takes(measured):
    expected, _, taken = measured.T
    assert (expected + ALWAYS >= 0.8 * taken).all()


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_the_number_of_stimuli_that_a_refusal_names_fits(share):
    all_of_them, model = pictures(200), network(4, 0)
    limit = int(share * announced(activations.extract, model, all_of_them))
    with pytest.raises(BudgetError) as refusal:
        activations.extract(model, all_of_them, memory_bytes=limit)
    n = fitting(refusal)
    kept = activations.extract(model, pictures(n), memory_bytes=limit)
    with pytest.raises(BudgetError):
        activations.extract(model, pictures(n + 1), memory_bytes=limit)
    limit = int(share * announced(similarity.compare_layers, kept, kept, measure="cka_rbf"))
    with pytest.raises(BudgetError) as refusal:
        similarity.compare_layers(kept, kept, measure="cka_rbf", memory_bytes=limit)
    smaller = activations.extract(model, pictures(fitting(refusal)))
    assert np.isfinite(similarity.compare_layers(smaller, smaller, measure="cka_rbf", memory_bytes=limit).values).all()


def fitting(refusal):
    """The number of stimuli it says would fit."""
    return int(re.search(r"Take (\d+) stimuli or fewer", str(refusal.value))[1])
