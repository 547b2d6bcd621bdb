"""What the tests hand out: frozen, in tables, in files to the bit, and refused when it does not fit."""

import numpy as np
import pytest

from repsim_core.errors import FormatError, InputError, ShapeError
from repsim_core.types import DuplicatedRows, OutlyingRows, PermutationTest, StimulusCurve, SubsampleSpread
from repsim_core.types.archive import packed


def permutation_test(**changes):
    # Seen 5 and 1; shuffles 4, 5, 6 and 0, 2, 1 in the two cells.
    scores = np.array([[5, 1], [4, 0], [5, 2], [6, 1]], np.float32)[:, None, :]
    content = {
        "scores": scores,
        "larger_is_more_similar": True,
        "reasons": np.full((1, 2), ""),
        "rows": ("conv",),
        "columns": ("fc", "head"),
        "recipe": {"seed": 0},
    }
    return PermutationTest(**content | changes)


def spread(**changes):
    content = {"values": np.array([[0.5, 0.25], [1.0, 0.25]]), "n_stimuli": 20, "size": 10, "recipe": {"seed": 1}}
    return SubsampleSpread(**content | changes)


def curve(**changes):
    content = {
        "sizes": np.array([8, 16]),
        "values": np.array([[0.25, 0.5], [0.75, 0.5]]),
        "tolerance": 0.1,
        "reasons": np.array(["", ""]),
        "recipe": {"n": 16},
    }
    return StimulusCurve(**content | changes)


RESULTS = {"permutation test": permutation_test, "subsample spread": spread, "stimulus curve": curve}


@pytest.mark.parametrize("kind", RESULTS)
def test_files_come_back_to_the_bit(tmp_path, kind):
    one = RESULTS[kind]()
    one.save(tmp_path / "r.npz")
    other = type(one).load(tmp_path / "r.npz")
    assert other.to_bytes() == one.to_bytes()
    assert vars(other).keys() == vars(one).keys()
    for name, value in vars(one).items():
        found = getattr(other, name)
        assert type(found) is type(value)
        assert np.array_equal(found, value)
    assert other.to_frame().equals(one.to_frame())


@pytest.mark.parametrize("kind", RESULTS)
def test_a_damaged_or_foreign_file_is_named_and_refused(tmp_path, kind):
    one = RESULTS[kind]()
    raw = one.to_bytes()
    foreign = RESULTS[next(other for other in RESULTS if other != kind)]().to_bytes()
    empty = packed({}, {"format": f"repsim-{kind.replace(' ', '-')}/1"})
    for broken in (b"", b"hello", raw[: len(raw) // 2], foreign, empty):
        (tmp_path / "r.npz").write_bytes(broken)
        with pytest.raises(FormatError, match=rf"r.npz is not a RepSim {kind} .* save one with {type(one).__name__}"):
            type(one).load(tmp_path / "r.npz")


@pytest.mark.parametrize("kind", RESULTS)
def test_arrays_are_private_and_read_only(kind):
    one = RESULTS[kind]()
    with pytest.raises(ValueError, match="read-only"):
        getattr(one, one.ARRAYS[0])[0] = 7


def test_the_table_of_a_permutation_test():
    frame = permutation_test().to_frame()
    assert frame["layer_a"].tolist() == ["conv", "conv"]
    assert frame["layer_b"].tolist() == ["fc", "head"]
    assert frame["score"].tolist() == [5, 1]
    assert frame["null_mean"].tolist() == [5, 1]
    assert frame["p"].tolist() == [3 / 4, 3 / 4]  # 5 and 6 as high as 5; 2 and 1 as high as 1
    assert frame["p_over_all"].tolist() == [3 / 4, 1]  # maxima 4, 5, 6
    assert frame["p_of_best_match"].tolist() == [3 / 4] * 2
    assert frame["permutations"].tolist() == [3, 3]
    # Of 0, 1, 2 the quantiles 0.05 and 0.95 are 0.1 and 1.9.
    assert frame.loc[1, ["null_05", "null_95"]].tolist() == pytest.approx([0.1, 1.9])


def test_a_distance_counts_small_scores():
    test = permutation_test(larger_is_more_similar=False)
    assert test.p.tolist() == [[3 / 4, 3 / 4]]  # 4 and 5; 0 and 1
    assert test.maxima.tolist() == [1, 0, 2, 1]
    assert test.p_over_all.tolist() == [[1, 3 / 4]]
    assert test.p_of_best_match.tolist() == [3 / 4]


def test_scores_within_the_tolerance_are_ties():
    assert permutation_test(tolerance=1.0).p.tolist() == [[1, 1]]


def test_tables_of_spread_curve_and_rows():
    assert spread().to_frame()["score"].tolist() == [0.5, 0.25, 1.0, 0.25]
    assert spread().standard_error == pytest.approx(np.array([0.5**0.5 / 2, 0]))
    frame = curve().to_frame()
    assert frame["mean"].tolist() == [0.5, 0.5]
    assert frame["sd"].tolist() == pytest.approx([0.5 / 2**0.5, 0])
    assert frame[["lowest", "highest"]].to_numpy().tolist() == [[0.25, 0.75], [0.5, 0.5]]
    assert np.isnan(curve(values=np.array([[0.25, 0.5]])).spread).all()
    assert OutlyingRows(np.array([3]), np.array([0.5]), 9).to_frame().to_numpy().tolist() == [[3, 0.5]]
    many = OutlyingRows(np.arange(7), np.full(7, 0.125), 70)
    assert "(row 0: 12.5%, row 1: 12.5%, row 2: 12.5%, row 3: 12.5%, row 4: 12.5% and 2 more of its" in many.sentence
    assert DuplicatedRows(np.array([3]), np.array([1]), 9).to_frame().columns.tolist() == ["row", "repeats"]


REFUSED = [
    (lambda: permutation_test(scores=np.zeros((3, 2))), ShapeError, r"expected \(1 \+ permutations, rows, columns\)"),
    (lambda: permutation_test(scores=np.zeros((1, 1, 2))), ShapeError, r"got shape \(1, 1, 2\)"),
    (lambda: permutation_test(columns=("a",)), ShapeError, "1 columns are named, scores has 2"),
    (lambda: permutation_test(reasons=np.full((2, 1), "")), ShapeError, r"reasons has shape \(2, 1\)"),
    (lambda: spread(values=np.zeros((1, 3))), ShapeError, r"expected two trials or more, got shape \(1, 3\)"),
    (lambda: curve(values=np.zeros(2)), ShapeError, r"2 sizes need values \(draws, 2\)"),
    (lambda: curve(reasons=np.array([""])), ShapeError, r"got shapes \(2, 2\) and \(1,\)"),
    (lambda: curve(sizes=np.array([9, 8])), InputError, r"sizes must be two or more and rise, got \[9, 8\]"),
]


@pytest.mark.parametrize(("call", "kind", "message"), REFUSED)
def test_what_does_not_fit_is_refused(call, kind, message):
    with pytest.raises(kind, match=message):
        call()
