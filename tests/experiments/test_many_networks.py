"""Networks pair by pair: the three summaries by hand, metrics and their map, and what it refuses."""

import numpy as np
import pytest
from scipy.spatial.distance import pdist, squareform

from repsim_core.errors import FormatError, InputError, UnknownNameError
from repsim_core.experiments import compare_networks
from repsim_core.experiments.many_networks import _plane
from repsim_core.similarity import compare_layers
from repsim_core.types import NetworkMatrix
from tests.experiments.test_twins import network


@pytest.fixture
def networks(rng):
    base = rng.normal(size=(40, 4))
    return [
        network(f"zoo/n{k}", {f"l{j}": base + 0.3 * (k + j) * rng.normal(size=base.shape) for j in range(3)})
        for k in range(4)
    ]


def test_each_summary_is_what_it_says(networks):
    first, second = networks[0], networks[2]
    values = compare_layers(first, second, "cka").values
    expected = {
        "best match": np.concatenate([values.max(axis=0), values.max(axis=1)]).mean(),
        "all pairs": values.mean(),
        "same depth": np.diag(values).mean(),
    }
    for summary, number in expected.items():
        found = compare_networks(networks, "cka", summary=summary)
        assert found.values[0, 2] == found.values[2, 0] == pytest.approx(number)
        assert "no metric" in found.why_no_map


def test_the_depths_of_unequal_networks_are_aligned(networks):
    deep = network("deep", {f"l{k}": networks[0][f"l{min(k, 2)}"].values for k in range(5)})
    values = compare_layers(networks[1], deep, "cka").values
    found = compare_networks([networks[1], deep, networks[2]], "cka", summary="same depth")
    assert found.values[0, 1] == pytest.approx(values[[0, 0, 1, 2, 2], range(5)].mean())


def test_a_metric_has_a_map_and_a_tree(networks):
    found = compare_networks(networks, "procrustes_angle", summary="same depth")
    assert found.why_no_map == ""
    np.testing.assert_allclose(np.diag(found.values), 0, atol=1e-6)
    for i in range(4):
        for j in range(4):
            assert (found.values[i, j] <= found.values[i] + found.values[j] + 1e-9).all()
    assert found.positions.shape == (4, 2)
    assert found.linkage.shape == (3, 4)
    assert 0 < found.plane_share <= 1
    assert "same depth" in compare_networks(networks, "procrustes_angle").why_no_map


def test_points_of_the_plane_come_back_from_their_distances(rng):
    points = rng.normal(size=(6, 2))
    positions, share = _plane(squareform(pdist(points)))
    np.testing.assert_allclose(pdist(positions), pdist(points))
    assert share == pytest.approx(1)


def test_equal_networks_lie_on_one_spot(networks):
    found = compare_networks([networks[0]] * 3, "procrustes_angle", summary="same depth")
    np.testing.assert_allclose(found.positions, 0, atol=1e-4)


def test_a_dead_layer_leaves_its_pairs_undefined(networks):
    dead = network("dead", {f"l{k}": np.zeros((40, 4)) if k == 1 else networks[0][f"l{k}"].values for k in range(3)})
    found = compare_networks([*networks[:2], dead], "cka")
    assert np.isnan(found.values[2]).all()
    assert np.isfinite(found.values[:2, :2]).all()


def test_rows_come_one_after_the_other_and_the_result_survives_its_file(networks, tmp_path):
    parts, steps = [], []
    found = compare_networks(networks, on_partial=parts.append, progress=lambda *one: steps.append(one))
    assert steps[-1] == (10, 10)
    assert [int(np.isfinite(one.values[np.triu_indices(4)]).sum()) for one in parts] == [4, 7, 9]
    found.save(tmp_path / "k.npz")
    again = NetworkMatrix.load(tmp_path / "k.npz")
    np.testing.assert_array_equal(again.values, found.values)
    assert (again.names, again.bounds, again.why_no_map) == (found.names, found.bounds, found.why_no_map)
    assert len(found.to_frame()) == 16
    (tmp_path / "k.npz").write_bytes(b"no")
    with pytest.raises(FormatError, match="not a RepSim matrix of networks"):
        NetworkMatrix.load(tmp_path / "k.npz")


def test_refusals_name_the_way_out(networks):
    with pytest.raises(InputError, match="takes three or more, got 2; two make a layer map"):
        compare_networks(networks[:2])
    with pytest.raises(UnknownNameError, match="best match"):
        compare_networks(networks, summary="best")
