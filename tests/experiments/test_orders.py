"""The two synthetic experiments of the RTD paper, against the values its notebooks print."""

import pytest

from repsim_core.errors import UnknownNameError
from repsim_core.experiments import SIMILARITIES, ordered_clouds

# Barannikov et al. (2022), authors' notebooks; SRTD-lite and RTD-Lite recomputed from the definitions (papers.md 2.2).
PRINTED = {
    "clusters": {
        "rtd": [10.3758, 11.9584, 13.7854, 15.0071, 16.0479, 19.1349, 19.6730],
        "rtd_lite": [7.5469, 7.3504, 7.2600, 7.1873, 6.9100, 6.3329, 6.0833],
        "srtd_lite": [21.1412, 25.3202, 29.6570, 32.1259, 34.2308, 40.7451, 41.8033],
        "cka_biased": [0.02209, 0.00901, 0.02543, 0.03062, 0.01477, 0.01261, 0.03433],
    },
    "rings": {
        "rtd": [0, 5.3900, 5.1078, 7.3447, 8.8075],
        "cka_biased": [1, 0.71471, 0.95610, 0.83945, 0.88889],
    },
}
TAUS = {
    "clusters": {"rtd": 1.0, "rtd_lite": -1.0, "srtd_lite": 1.0, "cka_biased": 0.238095},
    "rings": {"rtd": 0.8, "cka_biased": -0.2},
}


@pytest.mark.parametrize("family", PRINTED)
def test_values_and_taus_are_those_of_the_paper(family):
    found = ordered_clouds(family)
    for name, values in PRINTED[family].items():
        assert found.values[name].tolist() == pytest.approx(values, abs=1e-4), name
    assert set(SIMILARITIES) <= set(found.values.columns)
    for name, tau in TAUS[family].items():
        assert found.tau[name] == pytest.approx(tau, abs=1e-6), name


def test_the_parts_add_up_and_the_order_of_the_clusters_is_in_the_loops():
    found = ordered_clouds("clusters")
    total = found.parts["cluster_part"] + found.parts["loop_part"]
    assert total.tolist() == pytest.approx(found.values["rtd"].tolist(), abs=1e-9)
    assert found.parts["cluster_part"].is_monotonic_decreasing
    assert found.parts["loop_part"].is_monotonic_increasing


def test_another_family_is_refused():
    with pytest.raises(UnknownNameError, match="rings"):
        ordered_clouds("ring")
