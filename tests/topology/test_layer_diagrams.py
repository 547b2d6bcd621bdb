"""Diagrams of whole networks: equal points everywhere, outliers, partial results, matrices, smoothness, files."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from repsim_core.errors import BudgetError, FormatError, InputError, ShapeError, UnknownNameError
from repsim_core.topology import (
    cloud_distances,
    compare_diagrams,
    compare_networks,
    course_to_last,
    depth_course,
    diagram_distance,
    layer_diagrams,
    layer_distances,
    layer_points,
    model_distances,
    outliers,
    rips,
    rips_of_distances,
    smoothness,
    stratified_subsets,
    summary_table,
    total_persistence,
)
from repsim_core.types.diagram_results import DiagramComparison
from repsim_core.types.diagrams import PENDING, LayerDiagrams
from tests.topology.clouds import circle, network
from tests.topology.twins import bars


@pytest.fixture
def toy(rng):
    ring = circle(40)
    return network({"ring": ring, "wide": ring * 5, "noise": rng.normal(size=(40, 3)), "dead": np.full((40, 2), 0.1)})


def test_every_layer_has_the_diagrams_of_the_same_subsets(toy):
    found = layer_diagrams(toy, size=25, repeats=3, seed=4)
    rows = stratified_subsets(40, 25, repeats=3, seed=4)
    np.testing.assert_array_equal(found.subsets, rows)
    for r, one in enumerate(rows):
        for k, expected in enumerate(rips(toy["noise"].values[one], scale="quantile")):
            diagram = found.of("noise", k)[r]
            np.testing.assert_allclose(diagram.deaths, expected.deaths, rtol=1e-9)
            known = expected.birth_simplices >= 0
            np.testing.assert_array_equal(diagram.birth_simplices[known], one[expected.birth_simplices[known]])
    assert (found.points, found.dimensions, found.done) == (25, 2, ("ring", "wide", "noise"))


def test_the_scale_of_a_layer_drops_out_and_a_constant_one_has_a_reason(toy):
    found = layer_diagrams(toy, size=30)
    for one, other in zip(found.of("ring", 1), found.of("wide", 1), strict=True):
        assert diagram_distance(one, other) == pytest.approx(0, abs=1e-9)
    assert found.reasons == {"dead": "zero_scale"}
    assert found.of("dead", 0) == ()
    raw = layer_diagrams(toy, size=30, scale=None)
    assert raw.of("wide", 1)[0].deaths[0] == pytest.approx(5 * raw.of("ring", 1)[0].deaths[0])
    assert bars(raw.of("dead", 0)[0]) == [(0.0, np.inf)]


def test_outliers_leave_equally_many_points_and_are_known(toy):
    found = layer_diagrams(toy, size=30, repeats=2, outlier_rule="knn", share=0.1, outlier_neighbours=5)
    assert found.points == 27
    for r, rows in enumerate(found.subsets):
        d = cloud_distances(toy["noise"].values[rows])
        np.testing.assert_array_equal(
            found.removed["noise"][r], rows[outliers(d, "knn", share=0.1, neighbours=5).removed]
        )
        kept = layer_points(found, "noise", r)
        np.testing.assert_array_equal(kept, np.setdiff1d(rows, found.removed["noise"][r]))
        expected = rips(toy["noise"].values[kept], scale="quantile")[1]
        np.testing.assert_allclose(found.of("noise", 1)[r].deaths, expected.deaths, rtol=1e-9)
        again = rips_of_distances(layer_distances(found, toy["noise"], r))[1]
        np.testing.assert_allclose(again.deaths, expected.deaths, rtol=1e-9)


def test_geodesic_paths_stay_within_the_subset(toy):
    found = layer_diagrams(toy, size=30, repeats=2, metric="geodesic", neighbours=4, scale=None)
    for r, rows in enumerate(found.subsets):
        d = cloud_distances(toy["noise"].values[rows], metric="geodesic", neighbours=4)
        assert bars(rips_of_distances(d)[1]) == bars(found.of("noise", 1)[r])


def test_threads_give_the_same_and_partial_results_grow(toy):
    told, partial = [], []
    with ThreadPoolExecutor(2) as pool:
        found = layer_diagrams(
            toy, size=20, executor=pool, progress=lambda *one: told.append(one), on_partial=partial.append
        )
    plain = layer_diagrams(toy, size=20)
    assert told == [(k, 4) for k in range(5)]
    assert [one.done for one in partial] == [("ring",), ("ring", "wide"), ("ring", "wide", "noise")]
    assert [one.reasons.get("dead") for one in partial] == [PENDING] * 3
    assert found.to_bytes() == plain.to_bytes()


def test_more_points_than_there_are_is_all_of_them_once(toy):
    found = layer_diagrams(toy, size=300, repeats=3)
    assert found.subsets.tolist() == [list(range(40))]
    assert found.recipe["size"] == 40


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"metric": "taxi"}, UnknownNameError, "No metric named 'taxi'"),
        ({"scale": "max"}, UnknownNameError, "No scale named 'max'"),
        ({"max_dimension": 4}, InputError, "max_dimension must be 0, 1 or 2, got 4"),
        ({"outlier_rule": "far"}, UnknownNameError, "No outlier rule named 'far'"),
        ({"share": 0.9}, InputError, "share must lie between 0 and 0.5"),
        ({"repeats": 0}, InputError, "repeats must be a whole number from 1 on"),
    ],
)
def test_a_request_that_will_not_do_is_refused_before_any_layer(toy, options, error, said):
    told = []
    with pytest.raises(error, match=said):
        layer_diagrams(toy, size=20, progress=lambda *one: told.append(one), **options)
    assert told == []


def test_a_budget_is_refused_before_any_layer(toy, monkeypatch):
    monkeypatch.setenv("REPSIM_MEMORY_GB", "0.00001")
    with pytest.raises(BudgetError, match="Take 11 points or fewer"):
        layer_diagrams(toy, size=20)


def test_no_layer_is_refused():
    empty = network({"one": np.zeros((3, 1))})
    empty.representations.clear()
    with pytest.raises(InputError, match="toy: there is no layer"):
        layer_diagrams(empty)


def test_a_file_holds_all_of_it(toy, tmp_path):
    found = layer_diagrams(toy, size=20, repeats=2, max_dimension=2, outlier_rule="random")
    found.save(tmp_path / "d.npz")
    again = LayerDiagrams.load(tmp_path / "d.npz")
    assert again.to_bytes() == found.to_bytes()
    assert (again.layers, again.shapes, again.stimuli) == (found.layers, found.shapes, found.stimuli)
    assert (again.reasons, again.recipe, again.points) == (found.reasons, found.recipe, 19)
    for layer in found.done:
        for k in range(3):
            for one, other in zip(found.of(layer, k), again.of(layer, k), strict=True):
                np.testing.assert_array_equal(one.death_simplices, other.death_simplices)
                assert (bars(one), one.recipe) == (bars(other), other.recipe)
    table = found.to_frame()
    assert len(table) == sum(len(one) for repeats in found.diagrams.values() for each in repeats for one in each)
    (tmp_path / "junk.npz").write_bytes(b"junk")
    with pytest.raises(FormatError, match=r"junk\.npz is not a file of RepSim layer diagrams"):
        LayerDiagrams.load(tmp_path / "junk.npz")


def test_nothing_done_yet_is_a_file_too(toy):
    kept = []
    layer_diagrams(network({"dead": np.ones((9, 2)), "live": circle(9)}), size=5, on_partial=kept.append)
    again = LayerDiagrams.from_bytes(kept[0].to_bytes())
    assert (again.done, again.dimensions, len(again.to_frame())) == ((), 0, 0)


def test_a_layer_without_diagrams_needs_a_reason(toy):
    found = layer_diagrams(toy, size=20, repeats=2)
    fields = {name: getattr(found, name) for name in ("model", "dataset", "layers", "shapes", "stimuli", "subsets")}
    with pytest.raises(ShapeError, match="toy/dead has neither diagrams nor a reason"):
        LayerDiagrams(**fields, diagrams=found.diagrams)
    with pytest.raises(ShapeError, match="toy/ring has diagrams of 1 subsets, not 2"):
        LayerDiagrams(**fields, diagrams={"ring": found.diagrams["ring"][:1]}, reasons=dict.fromkeys(toy, "x"))
    with pytest.raises(UnknownNameError, match="No layer named 'rong'"):
        found.of("rong", 0)


@pytest.mark.parametrize("kind", ["bottleneck", "sliced_wasserstein"])
def test_a_matrix_is_the_mean_distance_over_the_subsets(toy, rng, kind):
    a = layer_diagrams(toy, size=20, repeats=3)
    b = layer_diagrams(network({"one": rng.normal(size=(40, 2)), "two": circle(40)}, model="other"), size=20, repeats=3)
    matrix = compare_diagrams(a, b, 1, kind=kind)
    for i, row in enumerate(a.done):
        for j, column in enumerate(b.layers):
            values = [diagram_distance(x, y, kind) for x, y in zip(a.of(row, 1), b.of(column, 1), strict=True)]
            assert matrix.values[i, j] == pytest.approx(np.mean(values))
            assert matrix.standard_error[i, j] == pytest.approx(np.std(values, ddof=1) / np.sqrt(3), abs=1e-12)
    assert np.isnan(matrix.values[3]).all()
    assert matrix.reasons[3].tolist() == ["zero_scale", "zero_scale"]
    assert (matrix.measure, matrix.n_stimuli, matrix.larger_is_more_similar) == (f"{kind} H1", 20, False)
    assert matrix.value("ring", "two") == pytest.approx(0, abs=1e-9)  # the same stimuli in the same subsets


def test_a_network_with_itself_is_symmetric_and_half_the_work(toy):
    a = layer_diagrams(toy, size=20, repeats=2)
    whole = compare_diagrams(a, LayerDiagrams.from_bytes(a.to_bytes()), 0)
    partial, told = [], []
    with ThreadPoolExecutor(2) as pool:
        half = compare_diagrams(
            a, a, 0, executor=pool, progress=lambda *one: told.append(one), on_partial=partial.append
        )
    np.testing.assert_allclose(half.values, whole.values, atol=1e-12)
    np.testing.assert_array_equal(half.values, half.values.T)
    assert told == [(k, 4) for k in range(5)]
    assert partial[0].reasons[1, 1] == "pending"
    assert np.isfinite(partial[0].values[0, :3]).all()
    assert partial[0].recipe["rows_done"] == 1


def test_two_networks_have_three_matrices_and_two_ways(toy, rng):
    a = layer_diagrams(toy, size=20, repeats=2)
    b = layer_diagrams(network({"one": rng.normal(size=(40, 2)), "two": circle(40)}, model="other"), size=20, repeats=2)
    told, partial = [], []
    found = compare_networks(a, b, 1, progress=lambda *one: told.append(one), on_partial=partial.append)
    for name, sides in {"a × b": (a, b), "a × a": (a, a), "b × b": (b, b)}.items():
        np.testing.assert_array_equal(found.matrices[name].values, compare_diagrams(*sides, 1).values)
    np.testing.assert_array_equal(found.steps["b"].steps, smoothness(b, 1).steps)
    assert told[-1] == (10, 10)
    assert [tuple(one.matrices) for one in partial[:4]] == [("a × b",)] * 3 + [("a × b", "a × a")]
    assert all(set(one.steps) == {"a", "b"} for one in partial)
    again = DiagramComparison.from_bytes(found.to_bytes())
    assert again.to_frame().equals(found.to_frame())
    assert len(found.to_frame()) == 4 * 2 + 4 * 4 + 2 * 2
    np.testing.assert_array_equal(again.steps["a"].steps, found.steps["a"].steps)
    assert again.steps["a"].layers == a.layers
    assert list(compare_networks(a, a, 1).matrices) == ["a × a"]
    with pytest.raises(FormatError, match="junk is not a file of a RepSim diagram comparison"):
        DiagramComparison.from_bytes(b"junk", name="junk")


def test_smoothness_is_the_way_from_layer_to_layer(toy):
    found = layer_diagrams(toy, size=20, repeats=2)
    steps = smoothness(found, 1)
    matrix = compare_diagrams(found, found, 1)
    assert steps.steps.shape == (3, 2)
    np.testing.assert_allclose(steps.steps.mean(axis=1)[:2], [matrix.values[0, 1], matrix.values[1, 2]], atol=1e-12)
    assert np.isnan(steps.steps[2]).all()  # beside the constant layer
    assert steps.path_length == pytest.approx(np.nansum(steps.steps, axis=0).mean())
    assert steps.largest == pytest.approx(np.nanmax(steps.steps, axis=0).mean())
    assert steps.mean_step == pytest.approx(steps.path_length / 2)
    assert steps.to_frame()["from"].tolist() == ["ring", "ring", "wide", "wide", "noise", "noise"]


def test_one_layer_has_no_way():
    found = layer_diagrams(network({"only": circle(12)}), size=10)
    for number in (smoothness(found).path_length, smoothness(found).largest, smoothness(found).mean_step):
        assert np.isnan(number)
    assert len(smoothness(found).to_frame()) == 0


def test_networks_are_compared_at_matched_depth(toy, rng):
    x = {name: rng.normal(size=(40, 3)) for name in "abc"}
    deep, shallow = network(x, model="deep"), network({name: x[name] for name in "ac"}, model="shallow")
    found = [layer_diagrams(one, size=20, repeats=2) for one in (deep, shallow)]
    matrix = model_distances(found, 1)
    assert matrix.rows == ("deep", "shallow")
    np.testing.assert_allclose(np.diag(matrix.values), 0, atol=1e-12)
    # the middle layer of three meets the later one of two, and the ends meet their like
    expected = compare_diagrams(*found, 1).value("b", "c") / 3
    assert matrix.value("deep", "shallow") == matrix.value("shallow", "deep") == pytest.approx(expected)


def test_what_does_not_compare_is_refused(toy):
    one = layer_diagrams(toy, size=20)
    for other, said in (
        (layer_diagrams(toy, size=15), "has diagrams of 20 points, toy of 15.*more and shorter bars"),
        (layer_diagrams(toy, size=20, scale=None), "toy has scale 'quantile', toy None"),
        (layer_diagrams(toy, size=20, max_dimension=0), "toy has diagrams of dimension 0 to 0, not 1"),
    ):
        with pytest.raises(InputError, match=said):
            compare_diagrams(one, other, 1)
    assert compare_diagrams(one, layer_diagrams(toy, size=15), 1, unequal_n=True).values.shape == (4, 4)
    with pytest.raises(UnknownNameError, match="No diagram distance named 'rtd'"):
        smoothness(one, kind="rtd")
    with pytest.raises(InputError, match="There is no network"):
        model_distances([])


def test_the_table_has_a_line_a_diagram(toy):
    found = layer_diagrams(toy, size=20, repeats=2)
    table = summary_table(found, noise=(0.0, 0.1))
    assert len(table) == 3 * 2 * 2
    line = table.query("layer == 'ring' and subset == 1 and dimension == 1").iloc[0]
    one = found.of("ring", 1)[1]
    assert (line["bars"], line["longest bar"]) == (len(one), one.lengths.max())
    assert line["bars above noise"] == (one.lengths > 0.1).sum()
    assert sorted(set(table["depth"])) == pytest.approx([0, 1 / 3, 2 / 3])


def test_a_course_over_depth_is_the_mean_over_the_subsets(toy):
    found = layer_diagrams(toy, size=20, repeats=3)
    depth, band = depth_course(found, "longest bar", 1)
    np.testing.assert_allclose(depth, [0, 1 / 3, 2 / 3])  # the last layer is constant
    longest = np.array([[one.lengths.max() for one in found.of(layer, 1)] for layer in found.done])
    np.testing.assert_allclose(band.mean, longest.mean(axis=1))
    assert (band.low[2] < band.mean[2]) & (band.mean[2] < band.high[2])
    empty = layer_diagrams(network({"dead": np.ones((9, 2))}), size=5)
    assert [len(one) for one in (depth_course(empty)[0], *depth_course(empty)[1])] == [0, 0, 0, 0]
    with pytest.raises(UnknownNameError, match="No number named 'length'"):
        depth_course(found, "length")


def test_a_course_to_the_last_ends_at_nothing(toy):
    found = layer_diagrams(toy, size=20, repeats=3)
    table = course_to_last(found, 1)
    assert table["layer"].tolist() == ["ring", "wide", "noise"]
    expected = compare_diagrams(found, found, 1)
    np.testing.assert_allclose(table["distance"], expected.values[:3, 2], atol=1e-12)
    np.testing.assert_allclose(table["distance_error"], expected.standard_error[:3, 2], atol=1e-12)
    totals = [total_persistence(one) for one in found.of("noise", 1)]
    assert table["total_persistence"].iloc[2] == pytest.approx(np.mean(totals))
    assert np.isnan(course_to_last(layer_diagrams(toy, size=20, repeats=1), 1)["distance_error"]).all()
