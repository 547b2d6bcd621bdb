"""RTD: its invariances, its subsets and trials, executors, and what it refuses."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from repsim_core.errors import (
    BudgetError,
    DegenerateError,
    InputError,
    ShapeError,
    StimulusMismatchError,
    UnknownNameError,
)
from repsim_core.kernels import edges
from repsim_core.topology import chosen_subsets, cross, cross_barcode, normalised_distances, rtd, rtd_lite, srtd_barcode
from repsim_core.types import Representation

# theorems -----------------------------------------------------------------------------------------------------------


def rotation(rng, p):
    return np.linalg.qr(rng.normal(size=(p, p)))[0]


MAPS = {
    "rotation": lambda rng, x: x @ rotation(rng, x.shape[1]),
    "permutation of the units": lambda rng, x: x[:, rng.permutation(x.shape[1])],
    "scaling": lambda rng, x: -2.5 * x,
    "translation": lambda rng, x: x + 5 * rng.normal(size=x.shape[1]),
    "zeros beside it": lambda rng, x: np.hstack([x, np.zeros_like(x)]),
}


@pytest.mark.parametrize("kind", MAPS)
def test_a_moved_copy_is_at_zero_and_moves_no_distance_to_another(rng, kind):
    x = rng.normal(size=(60, 6))
    y = x + 0.5 * rng.normal(size=x.shape)
    moved = MAPS[kind](rng, x)
    assert rtd(x, moved).value == pytest.approx(0, abs=1e-9)
    assert rtd(moved, y).value == pytest.approx(rtd(x, y).value, rel=1e-6)
    assert rtd(x, y).value > 1


def test_stretching_one_axis_is_seen(rng):
    x = rng.normal(size=(60, 6))
    assert rtd(x, x * np.array([5, 1, 1, 1, 1, 1])).value > 1


def test_a_representation_against_itself_is_exactly_zero(rng):
    x = rng.integers(0, 4, (50, 3))
    found = rtd(x, x, batch=20, trials=3)
    assert found.sums.tolist() == [[0, 0]] * 3
    assert all(len(one) == 0 for one in found.forward + found.backward)


def test_two_stimuli_are_always_at_zero(rng):
    # Their one distance over its own scale is the same number in both.
    found = rtd(rng.normal(size=(2, 3)), rng.normal(size=(2, 5)))
    assert found.values.tolist() == [0]


def test_three_stimuli_by_hand():
    # Points 0, 1, 4 and 0, 4, 1: distances 1, 4, 3 and 4, 1, 3 over 4, their 0.9 quantile. The minimum is 1, 1, 3, a
    # tree of 1 + 1; those of w and w~ weigh 1 + 3. No loop is left open, so both directions are (4 − 2) / 4.
    found = rtd(np.array([[0.0], [1.0], [4.0]]), np.array([[0.0], [4.0], [1.0]]))
    assert found.sums == pytest.approx(np.full((1, 2), 0.5), abs=1e-12)
    assert found.cluster_part == pytest.approx(found.sums, abs=1e-12)
    assert found.forward[0].births == pytest.approx([0.25])
    assert found.forward[0].deaths == pytest.approx([0.75])


@given(seed=st.integers(0, 2**16), n=st.integers(2, 25))
def test_a_value_is_the_mean_of_its_barcodes_and_no_less_than_its_cluster_part(seed, n):
    drawn = np.random.default_rng(seed)
    x, y = drawn.normal(size=(n, 2)), drawn.normal(size=(n, 3))
    found = rtd(x, y)
    w, other = normalised_distances(x), normalised_distances(y)
    sums = [cross_barcode(w, other).total, cross_barcode(other, w).total]
    assert found.sums[0] == pytest.approx(sums, abs=1e-9)
    assert found.value == pytest.approx(np.mean(sums), abs=1e-9)
    assert (found.loop_part >= -1e-9).all()
    assert found.cluster_part.mean() == pytest.approx(rtd_lite(w, other), abs=1e-9)
    assert rtd(y, x).value == pytest.approx(found.value, abs=1e-9)


@pytest.mark.parametrize("options", [{"metric": "cosine"}, {"metric": "correlation"}, {"scale": "mean"}])
def test_metric_and_scale_are_those_of_the_distances(rng, options):
    x, y = rng.normal(size=(30, 4)), rng.normal(size=(30, 6))
    w, other = (normalised_distances(one, **options) for one in (x, y))
    found = rtd(x, y, **options)
    assert found.sums[0] == pytest.approx([cross_barcode(w, other).total, cross_barcode(other, w).total])
    assert abs(found.value - rtd(x, y).value) > 1e-3
    assert found.recipe | options == found.recipe


# trials -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def pair(rng):
    x = rng.normal(size=(80, 5))
    return x, x[:, :3] + 0.4 * rng.normal(size=(80, 3))


def test_a_seed_gives_one_result_and_another_seed_another(pair):
    first, again = (rtd(*pair, batch=30, trials=4, seed=5) for _ in range(2))
    assert first.to_bytes() == again.to_bytes()
    assert first.recipe == {"trials": 4, "batch": 30, "seed": 5, "metric": "euclidean", "scale": "quantile"}
    assert rtd(*pair, batch=30, trials=4, seed=6).value != first.value


@given(n=st.integers(2, 40), data=st.data())
def test_subsets_are_sorted_rows_without_repeats(n, data):
    batch, trials = data.draw(st.integers(2, n)), data.draw(st.integers(1, 5))
    found = chosen_subsets(n, trials, batch, 3)
    assert len(found) == (1 if batch == n else trials)
    for rows in found:
        assert rows.shape == (batch,)
        assert (np.diff(rows) > 0).all()
        assert rows[0] >= 0
        assert rows[-1] < n


def test_more_trials_go_on_from_fewer():
    for few, many in zip(chosen_subsets(100, 3, 10, 7), chosen_subsets(100, 8, 10, 7), strict=False):
        assert np.array_equal(few, many)


def test_given_subsets_are_shared_and_name_the_rows_compared(pair):
    x, y = pair
    drawn = rtd(x, y, batch=30, trials=3, seed=5)
    given_rows = rtd(x, y, subsets=drawn.subsets.tolist())
    assert given_rows.sums.tolist() == drawn.sums.tolist()
    for rows, sums in zip(drawn.subsets, drawn.sums, strict=True):
        assert rtd(x[rows], y[rows]).sums[0].tolist() == sums.tolist()
    # No seed drew them, so none is written down.
    assert "seed" not in given_rows.recipe
    assert (given_rows.recipe["trials"], given_rows.recipe["batch"]) == (3, 30)


def test_a_batch_of_everything_is_one_trial_without_a_standard_error(pair):
    found = rtd(*pair, batch=80, trials=7)
    assert found.values.shape == (1,)
    assert found.subsets.tolist() == [list(range(80))]
    assert found.recipe["trials"] == 1
    assert np.isnan(found.standard_error)


def test_the_batch_is_five_hundred_or_everything():
    assert [len(one) for one in chosen_subsets(501, 2, None, 0)] == [500, 500]
    assert [len(one) for one in chosen_subsets(500, 2, None, 0)] == [500]
    assert [len(one) for one in chosen_subsets(30, 2, None, 0)] == [30]


def test_the_standard_error_is_that_of_a_mean(pair):
    found = rtd(*pair, batch=20, trials=4)
    by_hand = np.sqrt(((found.values - found.value) ** 2).sum() / 3 / 4)
    assert found.standard_error == pytest.approx(by_hand)
    assert found.standard_error > 0


def test_an_executor_changes_no_bit_and_progress_counts_every_trial(pair):
    alone, counted = [], []
    expected = rtd(*pair, batch=30, trials=6, progress=lambda *at: alone.append(at))
    with ThreadPoolExecutor(2) as threads:
        found = rtd(*pair, batch=30, trials=6, executor=threads, progress=lambda *at: counted.append(at))
    assert found.to_bytes() == expected.to_bytes()
    assert alone == counted == [(done, 6) for done in range(7)]


def test_the_table_has_a_line_for_each_trial_and_direction(pair):
    found = rtd(*pair, batch=30, trials=2)
    frame = found.to_frame()
    assert frame["direction"].tolist() == ["x → y", "y → x"] * 2
    assert frame["trial"].tolist() == [0, 0, 1, 1]
    assert frame["rtd_1"].tolist() == found.sums.ravel().tolist()
    assert (frame["cluster_part"] + frame["loop_part"]).to_numpy() == pytest.approx(found.sums.ravel())
    assert frame["bars"].tolist() == [
        len(one) for both in zip(found.forward, found.backward, strict=True) for one in both
    ]


def test_other_dtypes_and_memory_orders_give_the_same_number(rng):
    x, y = rng.integers(-3, 4, (40, 6)), rng.normal(size=(40, 3))
    expected = rtd(x.astype(float), y).value
    assert rtd(x, y).value == expected
    # What is not native float64 is centred in float32: 1e-7 of a value near 5.
    assert rtd(np.asfortranarray(x.astype(np.float32)), y).value == pytest.approx(expected, abs=1e-6)
    assert rtd(np.repeat(x, 2, axis=1)[:, ::2].astype(">f8"), y).value == pytest.approx(expected, abs=1e-6)


# refusals -----------------------------------------------------------------------------------------------------------

X = np.random.default_rng(0).normal(size=(20, 3))
LISTS = "subsets must be one or more lists of whole row numbers, all equally long"


def one_bad(value):
    x = X.copy()
    x[4, 1] = value
    return x


@pytest.mark.parametrize(
    ("x", "y", "options", "kind", "message"),
    [
        (X, X[:19], {}, StimulusMismatchError, "have 20 and 19 stimuli"),
        (X[:, :, None], X, {}, ShapeError, r"x: expected \(n_stimuli, n_units\), got shape \(20, 3, 1\)"),
        (
            one_bad(np.nan),
            X,
            {},
            DegenerateError,
            "array/x has NaN or infinity in 1 of 20 rows, first for stimulus '4'",
        ),
        (X, one_bad(-np.inf), {}, DegenerateError, "array/y has NaN or infinity in 1 of 20 rows"),
        (X[:0], X[:0], {}, DegenerateError, "RTD needs at least 2 stimuli, got 0"),
        (X[:1], X[:1], {}, DegenerateError, "RTD needs at least 2 stimuli, got 1; take n = 2 or more"),
        (
            np.ones((20, 3)),
            X,
            {},
            DegenerateError,
            "array/x: the 0.9 quantile .* is 0, .* most of its 20 points are equal",
        ),
        (X, one_bad(0) * 0, {"metric": "cosine"}, DegenerateError, "array/y: row 0 has no direction"),
        (
            X,
            X,
            {"batch": 21},
            InputError,
            "A batch of 21 needs as many stimuli, there are 20; take batch = 20 or fewer",
        ),
        (X, X, {"batch": 1}, InputError, "batch must be a whole number above 1, got 1"),
        (X, X, {"batch": 10.5}, InputError, "batch must be a whole number above 1, got 10.5"),
        (X, X, {"batch": "10"}, InputError, "batch must be a whole number above 1, got '10'"),
        (X, X, {"trials": 0}, InputError, "trials must be a whole number above 0, got 0"),
        (X, X, {"trials": np.nan}, InputError, "trials must be a whole number above 0, got nan"),
        (X, X, {"metric": "euclid"}, UnknownNameError, "No metric named 'euclid'. Did you mean 'euclidean'"),
        (X, X, {"scale": "quantil"}, UnknownNameError, "No scale named 'quantil'. Did you mean 'quantile'"),
        (X, X, {"subsets": []}, InputError, LISTS),
        (X, X, {"subsets": [0, 1, 2]}, InputError, LISTS),
        (X, X, {"subsets": [[0, 1, 2], [3, 4]]}, InputError, LISTS),
        (X, X, {"subsets": [[0.5, 1.5]]}, InputError, LISTS),
        (X, X, {"subsets": [[True, False]]}, InputError, LISTS),
        (X, X, {"subsets": [[3]]}, DegenerateError, "RTD needs at least 2 stimuli, got 1"),
        (X, X, {"subsets": [[0, 20]]}, InputError, "subsets name rows outside of 0 to 19"),
        (X, X, {"subsets": [[-1, 2]]}, InputError, "subsets name rows outside of 0 to 19"),
        (X, X, {"subsets": [[2, 2, 2]]}, DegenerateError, "most of its 3 points are equal"),
    ],
)
def test_refusals_say_what_came_and_what_to_do(x, y, options, kind, message):
    with pytest.raises(kind, match=message):
        rtd(x, y, **options)


def test_other_stimuli_are_refused():
    first, second = (Representation(X[:3], tuple(ids), "toy", "body") for ids in ("abc", "abd"))
    with pytest.raises(StimulusMismatchError, match="row 2 is 'c' in one and 'd' in the other"):
        rtd(first, second)


@pytest.mark.parametrize(
    "barcode", [cross_barcode, cross.both_directions, srtd_barcode], ids=["one way", "both ways", "symmetric"]
)
def test_more_points_than_the_kernel_can_number_are_refused(monkeypatch, barcode):
    monkeypatch.setattr(edges, "LARGEST_N", 19)
    w = normalised_distances(X)
    with pytest.raises(BudgetError, match="20 points are more than the 19 that a cross-barcode takes; take a subset"):
        barcode(w, w)


@pytest.mark.parametrize(
    "barcode", [cross_barcode, cross.both_directions, srtd_barcode], ids=["one way", "both ways", "symmetric"]
)
def test_more_points_than_the_memory_holds_are_refused_with_the_number_that_it_holds(monkeypatch, barcode):
    monkeypatch.setenv("REPSIM_MEMORY_GB", "0.00001")
    w = normalised_distances(X)
    with pytest.raises(BudgetError, match=r"20 points takes 11 kB \(limit 10 kB\); take 18 points or fewer"):
        barcode(w, w)
    barcode(w[:18, :18], w[:18, :18])


def test_pairs_of_the_largest_n_still_fit_their_numbers():
    assert np.iinfo(np.int32).max >= (edges.LARGEST_N - 2) * edges.LARGEST_N + edges.LARGEST_N - 1
