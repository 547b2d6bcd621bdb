"""Claims of Hayne et al.: rules on tables made by hand, and one grid of the records measured again."""

import numpy as np
import pandas as pd
import pytest

from repsim_core.ablation import PAPER_MEASURES
from repsim_core.claims import hayne_study, recorded
from repsim_core.claims.hayne import (
    FORTY,
    GAIN,
    LEAD,
    _fifth,
    _first,
    _fourth,
    _second,
    _third,
    decodability_followed_better,
    interval,
)
from repsim_core.claims.hayne_study import PLANS, Grids, Plan, network_grids

NETWORKS = tuple(f"n{k}" for k in range(5))


def averages(**rho):
    """Mean coefficients by function, the same for every measure and network, unless a dict by measure."""
    rows = [
        {
            "network": network,
            "measure": one,
            "function": function,
            "mean_rho": value[one] if isinstance(value, dict) else value,
        }
        for network in NETWORKS
        for function, value in rho.items()
        for one in PAPER_MEASURES
    ]
    return pd.DataFrame(rows)


def contrasts(lead, gain):
    """Leads and gains, a number a network."""
    rows = [
        {"network": network, "performance": "rank_deficit", "contrast": name, "mean": values[k]}
        for name, values in ((LEAD, lead), (GAIN, gain))
        for k, network in enumerate(NETWORKS)
    ]
    return pd.DataFrame(rows)


def cells(deficits):
    rows = [
        {"network": network, "cell": cell, "rank_deficit": deficits[cell]} for network in NETWORKS for cell in range(16)
    ]
    return pd.DataFrame(rows)


EMPTY = pd.DataFrame()


def test_all_five_measures_have_to_follow_decodability_better():
    own = {one: 0.5 for one in PAPER_MEASURES}
    table = averages(decodability=own | {"procrustes": 0.3}, rank_deficit=0.4, cross_entropy=0.0)
    one = _first(table, EMPTY, EMPTY, "digits")
    np.testing.assert_allclose(one.values, -0.1)  # the worst measure decides
    assert not one.mean_holds
    assert one.mean_partly
    assert _first(averages(decodability=own, rank_deficit=0.4, cross_entropy=0.6), EMPTY, EMPTY, "digits").mean_holds


def test_a_lead_for_one_function_is_partly():
    # leads over both functions −0.02, gains −0.1: +0.03 for decodability, −0.07 for performance
    one = _second(EMPTY, contrasts([-0.02] * 5, [-0.1] * 5), EMPTY, "digits")
    assert (one.mean_holds, one.mean_partly, one.partly.all()) == (False, True, True)
    assert not _second(EMPTY, contrasts([-0.02] * 5, [0.01] * 5), EMPTY, "digits").mean_partly


def test_the_shrinking_lead_needs_its_interval():
    sure = _third(EMPTY, contrasts([0.1] * 5, [-0.10, -0.11, -0.09, -0.10, -0.10]), EMPTY, "digits")
    assert (sure.mean_holds, sure.mean_partly) == (True, True)
    unsure = _third(EMPTY, contrasts([0.1] * 5, [-0.5, -0.01, -0.01, -0.01, 0.3]), EMPTY, "digits")
    assert (unsure.mean_holds, unsure.mean_partly) == (False, True)


def test_the_last_cell_has_to_cost_most():
    flat = np.full(16, 0.2)
    flat[15] = 0.8
    assert _fourth(EMPTY, EMPTY, cells(flat), "digits").mean == pytest.approx(4.0)
    assert not _fourth(EMPTY, EMPTY, cells(np.roll(flat, 1)), "digits").mean_holds


def test_the_larger_of_two_distances_counts():
    near, far = {one: 0.5 for one in PAPER_MEASURES}, {one: 0.5 for one in PAPER_MEASURES} | {"procrustes": 0.44}
    assert _fifth(averages(decodability=near, rank_deficit=near), EMPTY, EMPTY, "digits").mean_holds
    one = _fifth(averages(decodability=near, rank_deficit=far), EMPTY, EMPTY, "digits")
    assert one.mean == pytest.approx(0.06)
    assert not one.mean_holds


@pytest.mark.parametrize(("forty", "verdict"), [(0.5, "partly"), (0.3, "not here")])
def test_forty_classes_alone_make_it_partly(monkeypatch, forty, verdict):
    own = cells(np.arange(16.0)).assign(layer="conv3", **{"class": "3"})
    usual = averages(decodability=0.4, rank_deficit=0.45, cross_entropy=0.5).assign(undefined=0, coefficients=2)
    many = averages(decodability=forty, rank_deficit=0.4, cross_entropy=0.5).assign(undefined=1, coefficients=1)
    kept = {name: Grids(own, usual, EMPTY) for name in PLANS} | {FORTY: Grids(own, many, EMPTY)}
    monkeypatch.setattr(hayne_study, "_KEPT", kept)
    found = decodability_followed_better()
    assert found.verdict == verdict
    assert found.by_data["digits"].mean == pytest.approx(-0.05)
    assert f"forty classes {forty - 0.4:+.3f} ({5 if forty > 0.4 else 0} of 5 hold)" in found.note
    # 5 networks, 5 measures, 3 functions, 2 coefficients each in four plans
    assert "75 of 600 coefficients are undefined" in found.note


def test_interval_of_five_numbers_is_students():
    # mean 3, SD √2.5, t(0.975, 4) = 2.776445
    low, high = interval(np.array([1.0, 2.0, 3.0, 4.0, 5.0]))
    assert (high - low) / 2 == pytest.approx(2.776445 * np.sqrt(2.5) / np.sqrt(5), rel=1e-6)
    assert (low + high) / 2 == pytest.approx(3.0)
    assert np.isnan(interval(np.array([1.0]))).all()


def test_one_grid_measured_again_is_the_recorded_one():
    whole = PLANS["digits"]
    plan = Plan(whole.networks[:1], whole.dataset, whole.n, (("3",),), whole.probe)
    again, kept = network_grids(plan, 0, ("conv3",)).cells, recorded("H1").tables["example"]
    for name in ("rank_deficit", "cross_entropy", "others_accuracy", *PAPER_MEASURES):
        np.testing.assert_allclose(again[name], kept[name], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(again["decodability"], kept["decodability"], atol=1e-4)
