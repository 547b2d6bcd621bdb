"""The matrix as it is drawn: exact cells, fixed ranges, what hover says, where a click lands."""

import json

import numpy as np
import plotly.graph_objects as go
import pytest

from repsim_core.figures import add_pick_layer, best_match_curves, coloured, for_export, similarity_heatmap
from repsim_core.figures.matrix import PICK, colour_range
from repsim_core.types import SimilarityMatrix

VALUES = np.array([[1.0, 0.25, np.nan], [-0.125, 0.5, 0.75]])


def matrix(values=VALUES, **changes):
    rows, columns = np.shape(values)
    settings = {
        "rows": tuple(f"row{k}" for k in range(rows)),
        "columns": tuple(f"column{k}" for k in range(columns)),
        "measure": "cka",
        "bounds": (-1.0, 1.0),
        "larger_is_more_similar": True,
        "chance": np.full(np.shape(values), 0.125),
        "reasons": np.where(np.isnan(values), "zero_variance", ""),
        "n_stimuli": 9,
        "model_a": "A",
        "model_b": "B",
        "dataset": "toy",
        "row_shapes": tuple((k + 1, 4) for k in range(rows)),
        "column_shapes": tuple((k + 5,) for k in range(columns)),
    } | changes
    return SimilarityMatrix(values=np.asarray(values), **settings)


def heatmap_of(figure):
    return next(trace for trace in figure.data if trace.type == "heatmap")


def pick_of(figure):
    return next(trace for trace in figure.data if trace.meta == PICK)


def test_cells_are_the_values_as_typed_arrays():
    z = heatmap_of(similarity_heatmap(matrix())).z
    assert isinstance(z, np.ndarray)
    assert z.dtype == np.float32
    np.testing.assert_array_equal(z, VALUES.astype("float32"))


def test_rows_run_down_and_every_layer_is_labelled():
    layout = similarity_heatmap(matrix()).layout
    assert layout.yaxis.range == (1.5, -0.5)
    assert layout.xaxis.range == (-0.5, 2.5)
    assert layout.xaxis.ticktext == ("column0", "column1", "column2")
    assert layout.yaxis.ticktext == ("row0", "row1")
    assert (layout.xaxis.title.text, layout.yaxis.title.text) == ("B", "A")


@pytest.mark.parametrize(
    ("bounds", "larger", "values", "expected", "scale"),
    [
        ((-1.0, 1.0), True, VALUES, (0.0, 1.0), "#00224e"),  # signed: negative values are drawn as 0
        ((0.0, 1.0), True, VALUES, (0.0, 1.0), "#00224e"),
        ((0.0, np.pi / 2), False, VALUES, (0.0, np.pi / 2), "#fee838"),  # a distance: small is bright
        ((0.0, np.inf), False, [[2.0, 4.0]], (0.0, 4.0), "#fee838"),
        ((0.0, np.inf), False, [[0.0, np.nan]], (0.0, 1.0), "#fee838"),
    ],
)
def test_colour_range_belongs_to_the_measure_and_bright_is_similar(bounds, larger, values, expected, scale):
    result = matrix(values, bounds=bounds, larger_is_more_similar=larger)
    drawn = heatmap_of(similarity_heatmap(result))
    assert (drawn.zmin, drawn.zmax) == colour_range(result) == expected
    assert drawn.colorscale[0][1] == scale
    assert "bright is similar" in drawn.colorbar.title.text


def test_colour_bar_says_what_it_leaves_out():
    signed = heatmap_of(similarity_heatmap(matrix())).colorbar.title.text
    assert signed == "cka: bright is similar<br>below 0 is drawn as 0"
    plain = heatmap_of(similarity_heatmap(matrix(bounds=(0.0, 1.0)))).colorbar.title.text
    assert plain == "cka: bright is similar"


def test_undefined_cells_are_hatched_and_only_they():
    bars = [trace for trace in similarity_heatmap(matrix()).data if trace.type == "bar"]
    assert len(bars) == 1
    assert (bars[0].x.tolist(), bars[0].base.tolist()) == ([2.0], [-0.5])
    assert bars[0].marker.pattern.shape == "/"
    assert not [trace for trace in similarity_heatmap(matrix([[1.0]])).data if trace.type == "bar"]


def test_a_click_finds_a_marker_at_every_cell_and_the_marked_one_is_framed():
    picks = pick_of(add_pick_layer(similarity_heatmap(matrix()), matrix(), ("row1", "column0")))
    assert picks.y.tolist() == [0, 0, 0, 1, 1, 1]
    assert picks.x.tolist() == [0, 1, 2, 0, 1, 2]
    assert list(picks.selectedpoints) == [3]


def test_a_layer_that_is_gone_is_not_marked():
    assert list(pick_of(add_pick_layer(go.Figure(), matrix(), ("gone", "column0"))).selectedpoints) == []


def test_hover_has_value_chance_shapes_and_reason():
    chance = np.arange(6).reshape(2, 3) / 8
    figure = add_pick_layer(go.Figure(), matrix(chance=chance), None)
    picks = pick_of(figure)
    assert picks.hovertemplate == (
        "%{y}<br>× %{x}<br>cka %{customdata[0]:.3f}<br>chance %{customdata[1]:.3f}%{text}<extra></extra>"
    )
    np.testing.assert_array_equal(picks.customdata[:, 0], VALUES.ravel().astype("float32"))
    np.testing.assert_array_equal(picks.customdata[:, 1], np.arange(6, dtype="float32") / 8)
    assert picks.text[2] == "<br>undefined: zero_variance"
    assert picks.text[0] == ""
    assert figure.layout.yaxis2.ticktext == ("row0 (1 × 4)", "row1 (2 × 4)")
    assert figure.layout.xaxis2.ticktext == ("column0 (5)", "column1 (6)", "column2 (7)")
    assert figure.layout.hoverdistance == -1


def test_a_chance_level_that_all_cells_share_is_said_once():
    picks = pick_of(add_pick_layer(go.Figure(), matrix(), None))
    assert "<br>chance 0.125" in picks.hovertemplate
    assert picks.customdata.shape == (6, 1)


def test_hover_leaves_out_a_chance_level_that_nobody_knows():
    picks = pick_of(add_pick_layer(go.Figure(), matrix(chance=np.full(VALUES.shape, np.nan)), None))
    assert "chance" not in picks.hovertemplate
    assert picks.customdata.shape == (6, 1)


def test_names_stay_text():
    hostile = matrix([[1.0]], rows=("<b>x</b>",), columns=("a&b",), model_a="<img src=x>")
    figure = add_pick_layer(similarity_heatmap(hostile), hostile, None)
    assert figure.layout.yaxis.ticktext == ("&lt;b&gt;x&lt;/b&gt;",)
    assert figure.layout.yaxis.title.text == "&lt;img src=x&gt;"
    assert figure.layout.xaxis2.ticktext == ("a&amp;b (5)",)


def test_equal_results_give_equal_bytes():
    # A selection chart is remounted, and loses its zoom, when its content changes.
    first, second = (add_pick_layer(similarity_heatmap(matrix()), matrix(), ("row0", "column1")) for _ in range(2))
    assert first.to_json() == second.to_json()


def test_a_large_map_is_small_on_the_wire():
    values = np.random.default_rng(0).random((100, 100))
    result = matrix(values, rows=tuple(f"stage{k // 10}.block{k}.conv" for k in range(100)))
    figure = add_pick_layer(similarity_heatmap(result), result, None)
    assert len(figure.to_json()) < 250_000
    assert len(figure.layout.yaxis.ticktext) <= 45


def test_best_matches_of_rows_and_columns():
    # Rows: row0 is nearest to column0, row1 to column2. Columns: row0, row1, row1.
    curves = best_match_curves(matrix()).data[1:]
    assert (curves[0].x.tolist(), curves[0].y.tolist()) == ([0, 1], [0, 1])
    assert (curves[1].x.tolist(), curves[1].y.tolist()) == ([0, 0.5, 1], [0, 1, 1])
    np.testing.assert_array_equal(curves[0].customdata, np.array([1, 0.75], "float32"))
    np.testing.assert_array_equal(curves[1].customdata, np.array([1, 0.5, 0.75], "float32"))
    assert curves[1].text == ("column0<br>→ row0", "column1<br>→ row1", "column2<br>→ row1")


def test_a_row_without_a_defined_cell_has_no_best_match():
    curves = best_match_curves(matrix([[np.nan, np.nan], [0.5, 0.25]])).data[1:]
    assert (curves[0].x.tolist(), curves[0].y.tolist()) == ([1], [0])


def test_an_export_is_white_and_has_no_pick_layer():
    figure = add_pick_layer(similarity_heatmap(matrix()), matrix(), ("row0", "column0"))
    before = figure.to_json()
    printed = for_export(coloured(figure, "#e6eaf1"), title="Layer map")
    assert {trace.type for trace in printed.data} == {"heatmap", "bar"}
    assert printed.layout.paper_bgcolor == "#ffffff"
    assert printed.layout.xaxis.tickfont.color == "#101418"
    assert printed.data[0].colorbar.tickfont.color == "#101418"
    assert "xaxis2" not in json.loads(printed.to_json())["layout"]
    assert printed.layout.annotations[-1].text == "Layer map"
    assert pick_of(figure).selectedpoints is not None
    assert json.loads(before)["data"][0]["z"] == json.loads(printed.to_json())["data"][0]["z"]


def test_text_takes_the_colour_of_the_theme_everywhere():
    figure = coloured(similarity_heatmap(matrix()), "#31333f")
    colours = [
        figure.layout.xaxis.tickfont.color,
        figure.layout.yaxis.title.font.color,
        figure.data[0].colorbar.tickfont.color,
        figure.data[0].colorbar.title.font.color,
        figure.layout.legend.font.color,
    ]
    assert colours == ["#31333f"] * 5
