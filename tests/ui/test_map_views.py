"""The views of the Layer map page: shuffles, errors, stimuli needed, two measures, twins, networks, preprocessing."""

import numpy as np
import pytest

from repsim_core import activations, datasets, experiments, models, similarity
from tests.ui.app import charts, decoded, finished, opened, run, unescaped
from tests.ui.test_pages import MAP

pytestmark = pytest.mark.usefixtures("warm")

A, B = "zoo/digits-cnn-s10", "zoo/digits-cnn-s11"


def responses(n=50, data="digits", names=(A, B)):
    return [activations.extract(models.load(name), datasets.load(data, n=n, seed=0)) for name in names]


def heatmaps(app):
    found = [trace for chart in charts(app) for trace in chart["data"] if trace["type"] == "heatmap"]
    return [decoded(one["z"]) for one in found if isinstance(one["z"], dict)]


def pressed(app, key):
    app.button(key=key).click()
    run(app)
    return finished(app)


def test_the_cell_carries_its_jackknife_error():
    app = finished(opened(MAP, n="50", run="1", la="conv2", lb="conv4"))
    matrix = similarity.compare_layers(*responses())
    error = matrix.standard_error[1, 3]
    assert any(f"± {error:.2g} (jackknife)" in one for one in unescaped(app.markdown))


def test_shuffles_give_a_p_beside_the_score_and_in_the_table_of_best_matches():
    app = finished(opened(MAP, n="50", run="1", la="conv2", lb="conv4", tab="Shuffles"))
    assert any("shuffle the stimuli first" in one.value for one in app.info)
    app = pressed(app, "shuffle")
    test = similarity.permutation_test(*responses(), permutations=199, seed=0)
    said = " ".join(unescaped(app.markdown))
    assert f"p = {test.p[1, 3]:.2g} for this cell, {test.p_over_all[1, 3]:.2g} against the best of all 49 cells" in said
    assert "The least possible p is 0.005" in said
    assert "Calibrated score" in said
    bars = next(trace for chart in charts(app) for trace in chart["data"] if trace["type"] == "bar")
    assert decoded(bars["y"]).sum() == 199


def test_a_measure_without_an_exact_error_offers_a_rough_one():
    app = finished(opened(MAP, n="50", run="1", m="procrustes", la="conv2", lb="conv4"))
    app = pressed(app, "halve")
    assert any("(rough, from random halves)" in one for one in unescaped(app.markdown))


def test_the_curve_over_n_says_whether_the_score_has_settled():
    app = finished(opened(MAP, n="60", run="1", tab="Stimuli needed", also="procrustes"))
    app = pressed(app, "compute_curve")
    said = unescaped(app.markdown)
    for name in ("cka", "procrustes"):
        assert any(one.startswith(f"**{name}**: ") and "ettled" in one for one in said)
    assert {trace["name"] for trace in charts(app)[-1]["data"]} == {"cka", "procrustes"}


def test_two_measures_stand_side_by_side_with_their_scatter():
    app = finished(opened(MAP, n="50", run="1", mview="Two measures", la="conv2", lb="conv4"))
    sides = responses()
    found = heatmaps(app)
    for drawn, name in zip(found, ("cka", "procrustes"), strict=True):
        np.testing.assert_allclose(drawn, similarity.compare_layers(*sides, name).values, rtol=1e-5)
    assert any("Spearman correlation over 49 cells" in one for one in unescaped(app.markdown))


def test_each_network_is_compared_with_itself():
    app = finished(opened(MAP, n="50", run="1", mview="Within each"))
    first, second = heatmaps(app)
    for drawn, side in zip((first, second), responses(), strict=True):
        np.testing.assert_allclose(drawn, similarity.compare_layers(side, side).values, rtol=1e-5)
        np.testing.assert_allclose(np.diag(drawn), 1, rtol=1e-6)


def test_the_sanity_check_counts_layers_that_find_their_twin():
    app = finished(opened(MAP, n="50", run="1", mview="Twins", measures=["cka", "procrustes"]))
    table = app.dataframe[0].value.set_index("measure")
    expected = experiments.twins_found(responses(), ["cka", "procrustes"]).to_frame().set_index("measure")
    assert table["accuracy"].to_dict() == pytest.approx(expected["accuracy"].to_dict())
    app.button(key="add_siblings").click()
    run(app)
    assert len(app.multiselect(key="nets").value) == 8


def test_networks_that_do_not_correspond_are_refused_by_name():
    app = finished(opened(MAP, n="50", run="1", b="zoo/digits-tiny10-s10", mview="Twins"))
    assert any("The layers do not correspond" in one for one in unescaped(app.warning))


def test_one_network_alone_asks_for_more():
    app = opened(MAP, n="50", b=A, mview="Many networks")
    assert any("1 different network so far; add 2 or more" in one.value for one in app.info)


def test_many_networks_have_a_map_where_the_number_is_a_metric():
    query = {"n": "50", "run": "1", "mview": "Many networks", "nets": "zoo/digits-cnn-s12"}
    app = finished(opened(MAP, **query))
    assert any("No map and no tree" in one.value for one in app.info)
    app = finished(opened(MAP, **query, m="procrustes_angle", summary="same depth"))
    sides = responses(names=(A, B, "zoo/digits-cnn-s12"))
    expected = experiments.compare_networks(sides, "procrustes_angle", summary="same depth")
    np.testing.assert_allclose(heatmaps(app)[0], expected.values, rtol=1e-5, atol=1e-6)
    assert len(charts(app)) == 3


def test_profiles_draw_both_networks_over_depth():
    app = finished(opened(MAP, n="50", mview="Profiles"))
    (chart,) = charts(app)
    expected = experiments.layer_profiles(responses()).to_frame()
    for trace, (_, rows) in zip(chart["data"], expected.groupby("network", sort=False), strict=True):
        np.testing.assert_allclose(decoded(trace["y"]), rows["effective_rank"], rtol=1e-5)


def test_preprocessing_is_part_of_the_request_and_said():
    app = finished(opened(MAP, n="50", run="1", scaling="zscore", reduction="pca", dimensions="10"))
    sides = [
        similarity.preprocessed(one, scaling="zscore", reduction="pca", dimensions=10, seed=0) for one in responses()
    ]
    np.testing.assert_allclose(heatmaps(app)[0], similarity.compare_layers(*sides).values, rtol=1e-5)
    assert any(one.startswith("Compared after: ") for one in unescaped(app.caption))


def test_two_domains_of_the_same_stimuli_are_compared_and_other_data_are_not():
    query = {"n": "40", "run": "1", "a": "zoo/shapes-cnn-s10", "b": "zoo/shapes-cnn-s10", "ds": "shapes"}
    app = finished(opened(MAP, **query, dsb="shapes_sketch"))
    sides = [responses(40, data, ("zoo/shapes-cnn-s10",))[0] for data in ("shapes", "shapes_sketch")]
    np.testing.assert_allclose(heatmaps(app)[0], similarity.compare_layers(*sides).values, rtol=1e-5)
    app = finished(opened(MAP, **query, dsb="digits"))
    assert "0 of 40 stimuli are the same" in unescaped(app.warning)[0]
    assert len(charts(app)) == 1  # profiles, which need no pairing


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("mview", "Maps", "View 'Maps' is not available here; showing Map."),
        ("scaling", "z", "Scaling 'z' is not available here; showing none."),
        ("dsb", "digitz", "Dataset of B 'digitz' is not available here; showing same."),
        ("dimensions", "0", "Dimensions '0' is no whole number from 1 to 2048; showing 50."),
    ],
)
def test_an_unknown_value_in_a_link_is_said_and_replaced(key, value, said):
    assert any(one.startswith(said) for one in unescaped(opened(MAP, n="40", **{key: value}).toast))
