"""Rows to distrust: a planted outlier is named, a bootstrap-like sample is counted, dead units are not."""

import numpy as np
import pytest

from repsim_core.errors import DegenerateError, InputError, ShapeError
from repsim_core.inference import duplicated_rows, outlying_rows, variance_shares
from tests.inference.twins import cosine, embedded, related


def test_a_planted_row_decides_the_score_and_is_named(rng):
    x, y = related(rng, 200, 5, 0.9)
    x[17] += 1000
    assert cosine(embedded(x), embedded(y)) < 0.1
    found = outlying_rows(x)
    assert found.rows.tolist() == [17]
    assert found.shares[0] > 0.99
    assert "1 of 200 stimuli decide this layer's score (row 17: 9" in found.sentence
    left = np.delete(np.arange(200), found.rows)
    assert cosine(embedded(x[left]), embedded(y[left])) > 0.8
    assert len(outlying_rows(y)) == 0
    assert outlying_rows(y).sentence == ""


def test_shares_by_hand():
    # Centred: −2, −1, −1, 4 in one unit, 0 in the other; squares 4, 1, 1, 16 of 22.
    x = np.array([[0.0, 7], [1, 7], [1, 7], [6, 7]])
    assert variance_shares(x) == pytest.approx(np.array([4, 1, 1, 16]) / 22)
    assert variance_shares(x * 1e200) == pytest.approx(np.array([4, 1, 1, 16]) / 22)


def test_the_largest_share_comes_first_and_few_stimuli_are_not_all_outliers(rng):
    x = np.zeros((100, 1))
    x[[3, 50, 71]] = [[5.0], [-6.0], [4.0]]
    assert outlying_rows(x).rows.tolist() == [50, 3, 71]
    assert outlying_rows(x, share=0.4).rows.tolist() == [50]
    assert len(outlying_rows(rng.normal(size=(8, 3)))) == 0  # each row holds about 12 %


def test_a_sample_with_replacement_is_counted_row_by_row(rng):
    layers = [rng.normal(size=(50, p)).astype(dtype) for p, dtype in ((3, np.float32), (1, np.float64))]
    drawn = rng.integers(0, 50, 50)
    found = duplicated_rows(*(one[drawn] for one in layers))
    first = {}
    expected = [(k, first[i]) for k, i in enumerate(drawn.tolist()) if first.setdefault(i, k) != k]
    assert found.to_frame().to_numpy().tolist() == [list(one) for one in expected]
    assert len(found) == 50 - len(set(drawn.tolist()))
    row, original = expected[0]
    assert f"{len(found)} of 50 stimuli repeat an earlier one in every layer" in found.sentence
    assert f"(first row {row}, equal to row {original})" in found.sentence
    assert duplicated_rows(*layers).sentence == ""


def test_rows_equal_in_one_layer_alone_are_no_repeats(rng):
    dead = np.zeros((20, 4))
    alive = rng.normal(size=(20, 2))
    assert len(duplicated_rows(dead)) == 19
    assert len(duplicated_rows(dead, alive)) == 0
    alive[5] = alive[2]
    assert duplicated_rows(dead, alive, dead).rows.tolist() == [5]
    # Pairs 0, 1 and 2, 3 in the first layer, 0, 2 and 1, 3 in the second: no two stimuli agree in both.
    first, second = np.array([[1.0], [1], [2], [2]]), np.array([[1.0], [2], [1], [2]])
    assert len(duplicated_rows(first, second)) == 0


def test_minus_zero_is_zero_and_memory_order_does_not_matter(rng):
    x = np.array([[0.0, 1], [-0.0, 1], [2, 3]])
    assert duplicated_rows(x).rows.tolist() == [1]
    assert duplicated_rows(np.asfortranarray(x), x[:, ::-1]).rows.tolist() == [1]
    assert duplicated_rows(x > 0).rows.tolist() == [1]


REFUSED = [
    (lambda: outlying_rows(np.eye(9), share=1.0), InputError, r"share must lie between 0 and 1, got 1.0"),
    (lambda: variance_shares(np.ones((9, 2)), label="fc"), DegenerateError, "fc does not vary over its 9 stimuli"),
    (duplicated_rows, ShapeError, r"expected layers \(n, units\) of the same n stimuli, got shapes \[\]"),
    (lambda: duplicated_rows(np.eye(3), np.eye(4)), ShapeError, r"got shapes \[\(3, 3\), \(4, 4\)\]"),
    (lambda: duplicated_rows(np.zeros(3)), ShapeError, r"got shapes \[\(3,\)\]"),
]


@pytest.mark.parametrize(("call", "kind", "message"), REFUSED)
def test_refusals_say_what_came_and_what_to_do(call, kind, message):
    with pytest.raises(kind, match=message):
        call()
