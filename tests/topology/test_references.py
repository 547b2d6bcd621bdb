"""Published and recomputed values of the RTD paper (Barannikov et al., 2022) and its followers."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import kendalltau

from repsim_core.topology import cross_barcode, normalised_distances, rtd, rtd_lite, srtd_barcode, srtd_lite
from tests.topology.twins import bars

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "rtd.json").read_text())


def clouds(name):
    """The data of a case, as its ``data`` in the reference file spells them."""
    if name == "independent":
        r = np.random.default_rng(0)
        return r.normal(size=(40, 3)), r.normal(size=(40, 3))
    if name == "noisy copy":
        r = np.random.default_rng(1)
        p = r.normal(size=(50, 16))
        return p, p + 0.3 * r.normal(size=(50, 16))
    t = 2 * np.pi * np.arange(48) / 48
    return np.c_[np.cos(t), np.sin(t)], np.c_[np.cos(2 * t), np.sin(2 * t), 0.1 * t]


@pytest.mark.parametrize("case", REFERENCE["cases"], ids=lambda case: case["name"])
def test_bars_of_the_reference_file(case):
    # float32 in the engine that made them, and bars above 1e-6 alone. Near-ties may stand in another order, so births,
    # deaths and lengths are compared each as a sorted list.
    w, other = map(normalised_distances, clouds(case["name"]))
    for x, y, side in ((w, other, "forward"), (other, w, "backward")):
        found = np.array([one for one in bars(cross_barcode(x, y)) if one[1] - one[0] > 1e-6])
        expected = np.array(case[side])
        assert found.shape == expected.shape
        for of in (lambda b: b[:, 0], lambda b: b[:, 1], lambda b: b[:, 1] - b[:, 0]):
            assert np.sort(of(found)) == pytest.approx(np.sort(of(expected)), abs=1e-6)
        assert found[:, 1].sum() - found[:, 0].sum() == pytest.approx(case[f"{side}_sum"], abs=1e-6 * len(found))
    both = rtd(*clouds(case["name"]))
    assert both.value == pytest.approx(case["rtd"], abs=1e-5)


def readme():
    np.random.seed(7)
    return np.random.rand(1000, 2), np.random.rand(1000, 2)


def test_the_value_in_the_authors_readme_comes_out_trial_by_trial():
    p, q = readme()
    subsets = []
    for _ in range(10):
        rows = list(range(1000))
        np.random.shuffle(rows)
        subsets.append(rows[:500])
    found = rtd(p, q, subsets=subsets)
    assert found.value == pytest.approx(REFERENCE["readme"]["rtd"], abs=REFERENCE["readme"]["tolerance"])
    printed = [35.1346, 35.3927, 35.1645, 36.2321, 35.7516, 35.5890, 36.2049, 34.9454, 35.7245, 35.3841]
    assert found.values == pytest.approx(printed, abs=5.1e-5)


def summary(diagram):
    """Count, longest, median and 0.976 quantile as the authors' code prints them, of bars above round-off."""
    lengths = np.sort(diagram.lengths[diagram.lengths > 1e-9])
    count = len(lengths)
    return [count, *(lengths[at] for at in (-1, count // 2, int(0.976 * count)))]


def squares():
    np.random.seed(7)
    return np.random.rand(100, 10), np.random.rand(100, 10)


@pytest.mark.parametrize(
    ("data", "printed", "total"),
    [
        (readme, [1219, 0.15257642, 0.05195973, 0.10457093], 61.646601),
        (squares, [149, 0.36882201, 0.04898933, 0.27924016], 10.814162),
    ],
)
def test_barcodes_printed_in_the_authors_notebook(data, printed, total):
    found = cross_barcode(*map(normalised_distances, data()))
    assert summary(found) == pytest.approx(printed, abs=1e-7)
    assert found.total == pytest.approx(total, abs=1e-5)


# clusters -----------------------------------------------------------------------------------------------------------

COUNTS = [2, 3, 4, 5, 6, 10, 12]
RTD = [10.3758, 11.9584, 13.7854, 15.0071, 16.0479, 19.1349, 19.6730]
DIRECTED = [
    (17.31, 3.44), (17.88, 6.04), (19.52, 8.05), (20.37, 9.65), (21.13, 10.96), (23.60, 14.67), (24.00, 15.34),
]  # fmt: skip
RTD_LITE = [7.5469, 7.3504, 7.2600, 7.1873, 6.9100, 6.3329, 6.0833]
SRTD_LITE = [21.1412, 25.3202, 29.6570, 32.1259, 34.2308, 40.7451, 41.8033]
SRTD = [24.11, 30.23, 36.52, 40.35, 43.86, 54.16, 56.08]


@pytest.fixture(scope="module")
def clusters():
    """One cloud, and the same with its sixty groups moved to the corners of polygons."""
    g = np.random.RandomState(7)
    base = np.concatenate([g.multivariate_normal(np.zeros(2), np.eye(2), 5) for _ in range(60)])
    angles = [2 * np.pi * (np.arange(60) % k) / k for k in COUNTS]
    return base, [base + np.repeat(10 * np.c_[np.cos(one), np.sin(one)], 5, axis=0) for one in angles]


def test_rtd_orders_the_clusters(clusters):
    base, moved = clusters
    found = [rtd(base, one) for one in moved]
    assert [one.value for one in found] == pytest.approx(RTD, abs=1e-4)
    assert np.concatenate([one.sums for one in found]) == pytest.approx(np.array(DIRECTED), abs=1e-2)
    assert kendalltau(COUNTS, [one.value for one in found]).statistic == pytest.approx(1)
    # The order is all in the loops: 2.8 to 13.6, while the clusters' part falls.
    loops = [float(one.loop_part.mean()) for one in found]
    assert [loops[0], loops[-1]] == pytest.approx([2.8, 13.6], abs=0.05)


@pytest.mark.parametrize(
    ("measure", "expected", "tolerance", "tau"),
    [
        (rtd_lite, RTD_LITE, 1e-4, -1),
        (srtd_lite, SRTD_LITE, 1e-4, 1),
        (lambda w, other: srtd_barcode(w, other).total, SRTD, 1e-2, 1),
    ],
    ids=["RTD-Lite", "SRTD-lite", "SRTD"],
)
def test_how_the_cheaper_and_the_symmetric_ones_order_the_clusters(clusters, measure, expected, tolerance, tau):
    base, *moved = map(normalised_distances, (clusters[0], *clusters[1]))
    found = [measure(base, one) for one in moved]
    assert found == pytest.approx(expected, abs=tolerance)
    assert kendalltau(COUNTS, found).statistic == pytest.approx(tau)


# rings --------------------------------------------------------------------------------------------------------------

RADII = [(1, 1.25, 0.75, 1.5, 0.5), (1, 1, 1.25, 0.75, 1.5), (1, 1, 1, 1.25, 0.75), (1, 1, 1, 1, 1.25), (1,) * 5]
RINGS = {  # k: RTD, then count, longest, median, 0.976 quantile from base to k and back
    2: (5.3900, [600, 0.111983187, 0.003427409, 0.035174768], [200, *[0.026847925] * 3]),
    3: (5.1078, [300, 0.111983187, 0.031426266, 0.035174768], [500, 0.013078518, 0.006443799, 0.010321405]),
    4: (7.3447, [300, 0.111983187, 0.035174768, 0.042209722], [400, 0.023914721, 0.009282842, 0.023914721]),
    5: (8.8075, [400, 0.111983187, 0.035174768, 0.042209722], [300, 0.017732389, 0.010697436, 0.017732389]),
}


def rings(k):
    angle = 2 * np.pi * np.arange(100) / 100
    circle = np.c_[np.cos(angle), np.sin(angle)]
    return np.concatenate([radius * circle for radius in RADII[k - 1]])


@pytest.mark.parametrize("k", RINGS)
def test_rings_give_the_printed_barcodes(k):
    value, forward, backward = RINGS[k]
    found = rtd(rings(1), rings(k))
    assert found.value == pytest.approx(value, abs=1e-4)
    # Printed to nine digits from float32: 1e-8.
    assert summary(found.forward[0]) == pytest.approx(forward, abs=1e-8)
    assert summary(found.backward[0]) == pytest.approx(backward, abs=1e-8)


def test_rtd_orders_the_rings_but_for_one_pair():
    values = [rtd(rings(1), rings(k)).value for k in range(1, 6)]
    assert values[0] == 0
    assert kendalltau(range(5), values).statistic == pytest.approx(0.8)
