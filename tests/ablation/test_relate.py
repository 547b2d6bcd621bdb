"""Rank correlations against SciPy, averages by hand, contrasts that must come out."""

import numpy as np
import pytest
from scipy import stats

from repsim_core import ablation
from repsim_core.errors import InputError, UnknownNameError
from repsim_core.types import AblationGrid

MEASURES = ablation.PAPER_MEASURES


def grid(layer, name, decodability, distances, entropies=None, seed=0):
    """A grid of 16 cells with given losses of decodability, rises of cross-entropy and distances of each measure."""
    rng = np.random.default_rng(seed)
    cells, n = 16, 8
    losses = np.vstack([np.zeros(n), np.repeat(-np.log1p(-np.asarray(decodability))[:, None], n, axis=1)])
    entropies = rng.random(cells) if entropies is None else entropies
    labels = np.arange(n) % 4
    return AblationGrid(
        selectivity=np.zeros(16),
        magnitude=np.zeros(16),
        cell_of=np.arange(16, dtype=np.int32),
        done=np.ones(cells, bool),
        predicted=np.zeros((cells + 1, n), np.int32),
        ranks=np.zeros((cells + 1, n), np.float32),
        cross_entropies=np.vstack([np.zeros(n), np.repeat(np.asarray(entropies)[:, None], n, axis=1)]),
        probe_losses=losses,
        values=1 - np.asarray(distances)[:, None, :],
        reasons=np.full((len(distances), 1, cells), "", "<U1"),
        labels=labels,
        bins=4,
        unit="scalar",
        unit_shape=(16,),
        target_class="abcd".index(name),
        class_names=("a", "b", "c", "d"),
        measures=MEASURES[: len(distances)],
        larger_is_more_similar=(True,) * len(distances),
        places=(layer,),
        model="toy",
        dataset="toy",
        layer=layer,
        replacement="zero",
        probe="cross_validated",
    )


def noisy(rng, truth, noise):
    return np.asarray(truth) + noise * rng.normal(size=len(truth)) * 0.1


def test_coefficients_are_those_of_scipy(rng):
    lost = rng.random(16) / 2
    distances = [noisy(rng, lost, 2), noisy(rng, -lost, 1)]
    found = ablation.relate([grid("conv", "a", lost, distances)], performance="cross_entropy")
    own = found.table[found.table["function"] == "decodability"].set_index("measure")["rho"]
    for measure, one in zip(MEASURES, distances, strict=False):
        assert own[measure] == pytest.approx(stats.spearmanr(one, lost).statistic)
    # rank deficits are all zero: undefined, counted, never 0
    assert np.isnan(found.averages["cka_biased", "rank_deficit"].mean)
    assert found.averages["cka_biased", "rank_deficit"].undefined == 1
    assert found.averages["cka_biased", "rank_deficit"].count == 0


def test_spearman_takes_midranks():
    first, second = np.array([1.0, 2, 2, 3, 9, np.nan]), np.array([2.0, 2, 5, 7, 7, 1])
    assert ablation.spearman(first, second) == pytest.approx(stats.spearmanr(first[:5], second[:5]).statistic)
    assert np.isnan(ablation.spearman(np.ones(5), np.arange(5.0)))
    assert np.isnan(ablation.spearman(np.arange(3.0), np.arange(3.0)))


def test_averages_are_fisher_means_layers_first(rng):
    rhos, grids = {}, []
    for layer in ("x", "y", "z"):
        for name in ("a", "b"):
            lost = rng.random(16) / 2
            moved = noisy(rng, lost, 2)
            rhos[layer, name] = stats.spearmanr(moved, lost).statistic
            grids.append(grid(layer, name, lost, [moved]))
    found = ablation.relate(grids).averages["cka_biased", "decodability"]
    z = {key: np.arctanh(one) for key, one in rhos.items()}
    by_hand = np.tanh(np.mean([np.mean([z[layer, name] for layer in "xyz"]) for name in "ab"]))
    assert found.mean == pytest.approx(by_hand)
    assert found.low < found.mean < found.high
    assert (found.count, found.undefined, found.perfect) == (6, 0, 0)


def test_a_class_with_fewer_layers_weighs_as_much_as_the_others(rng):
    z, grids = {}, []
    for layer, name in (("x", "a"), ("y", "a"), ("z", "a"), ("x", "b")):
        lost = rng.random(16) / 2
        moved = noisy(rng, lost, 2)
        z[layer, name] = np.arctanh(stats.spearmanr(moved, lost).statistic)
        grids.append(grid(layer, name, lost, [moved]))
    found = ablation.relate(grids).averages["cka_biased", "decodability"]
    by_hand = np.tanh((np.mean([z[one, "a"] for one in "xyz"]) + z["x", "b"]) / 2)
    assert found.mean == pytest.approx(by_hand)
    assert (found.count, found.undefined) == (4, 2)


def test_a_perfect_correlation_enters_as_half_a_step_less_and_is_counted():
    lost = np.linspace(0, 0.5, 16)
    found = ablation.relate([grid("x", "a", lost, [lost])]).averages["cka_biased", "decodability"]
    assert found.perfect == 1
    assert found.mean == pytest.approx(1 - 6 / (16**3 - 16))
    assert np.isnan(found.low)  # one coefficient has no interval


def test_one_layer_of_many_classes_has_the_interval_of_a_t_test(rng):
    rhos, grids = [], []
    for name in ("a", "b"):
        lost = rng.random(16) / 2
        moved = noisy(rng, lost, 2)
        rhos.append(np.arctanh(stats.spearmanr(moved, lost).statistic))
        grids.append(grid("x", name, lost, [moved]))
    found = ablation.relate(grids).averages["cka_biased", "decodability"]
    low, high = np.tanh(stats.ttest_1samp(rhos, 0).confidence_interval(0.95))
    assert (found.low, found.high) == pytest.approx((low, high))
    assert found.p == pytest.approx(stats.ttest_1samp(rhos, 0).pvalue)


def test_the_contrasts_have_the_sign_that_was_planted(rng):
    grids = []
    for layer in "vwxyz":
        for name in "abcd":
            lost, rise = rng.random(16) / 2, rng.random(16)
            both = stats.zscore(lost) + 0.3 * stats.zscore(rise)
            distances = [noisy(rng, both, 1), noisy(rng, both, 1), *(noisy(rng, both, 12) for _ in range(3))]
            grids.append(grid(layer, name, lost, distances, rise))
    found = ablation.relate(grids, performance="cross_entropy").contrasts
    assert found["decodability − performance"].low > 0
    assert found["CKA and Procrustes − CCA family"].mean > 0
    assert found["that lead, performance − decodability"].mean < 0
    table = ablation.relate(grids, performance="cross_entropy").table
    mean = table.groupby("function")["rho"].mean()
    assert found["decodability − performance"].mean == pytest.approx(mean["decodability"] - mean["cross_entropy"])


def test_bad_input_is_refused(rng):
    with pytest.raises(InputError, match="There are no grids to relate"):
        ablation.relate([])
    one = grid("x", "a", rng.random(16) / 2, [rng.random(16)])
    two = grid("x", "b", rng.random(16) / 2, [rng.random(16), rng.random(16)])
    with pytest.raises(InputError, match="measured differently"):
        ablation.relate([one, two])
    with pytest.raises(UnknownNameError, match="No performance named 'decodability'"):
        ablation.relate([one], performance="decodability")


def test_the_published_numbers_are_those_of_the_paper():
    # the averages that the paper prints beside them
    means = {key: np.mean(list(row.values())) for key, row in ablation.PUBLISHED.items()}
    for network, printed in (
        ("AlexNet", (0.402, 0.179)),
        ("MobileNetV2", (0.589, 0.135)),
        ("ResNet-50", (0.588, 0.381)),
    ):
        found = means[network, "decodability"], means[network, "performance"]
        assert found == pytest.approx(printed, abs=6e-4)
    for network, leads in ablation.PUBLISHED_CONTRASTS.items():
        for function, lead in leads.items():
            row = ablation.PUBLISHED[network, function]
            own = np.mean([row[one] for one in ("cka_biased", "procrustes")])
            family = np.mean([row[one] for one in ablation.CCA_FAMILY])
            assert own - family == pytest.approx(lead, abs=1e-3)
