"""Halves of the stimuli and curves over n: against the jackknife, nested, settled or not, refusals."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from repsim_core.errors import DegenerateError, InputError, ShapeError
from repsim_core.inference import cka_standard_error, half_subsamples, score_against_stimuli
from repsim_core.types import StimulusCurve
from tests.inference.twins import cosine, embedded, h_centred, related


def cka_of(x, y, form=None):
    forms = [] if form is None else [form]
    return lambda rows: cosine(embedded(x[rows], *forms), embedded(y[rows], *forms))


# halves -------------------------------------------------------------------------------------------------------------


def test_the_spread_of_halves_is_near_the_standard_error_of_a_mean(rng):
    # The delete-half jackknife of a mean has expectation s/√n exactly; 2000 trials leave 2 %.
    x = rng.normal(size=60)
    found = half_subsamples(lambda rows: x[rows].mean(), 60, trials=2000)
    assert found.standard_error == pytest.approx(x.std(ddof=1) / np.sqrt(60), rel=0.06)
    assert (found.size, found.n_stimuli) == (30, 60)


def test_the_spread_of_halves_is_near_the_jackknife(rng):
    x, y = related(rng, 200, 10, 0.69)
    rough = half_subsamples(cka_of(x, y), 200, trials=100).standard_error
    assert rough == pytest.approx(cka_standard_error(embedded(x), embedded(y)), rel=0.35)


def test_halves_hold_no_stimulus_twice_and_a_smaller_number_comes_first():
    seen = []
    half_subsamples(lambda rows: float(seen.append(rows.tolist()) or 0), 11, trials=30, seed=4)
    assert all(len(one) == 5 and one == sorted(set(one)) and set(one) <= set(range(11)) for one in seen)
    assert {i for one in seen for i in one} == set(range(11))
    again = list(seen)
    half_subsamples(lambda rows: float(seen.append(rows.tolist()) or 0), 11, trials=10, seed=4)
    assert seen[30:] == again[:10]


def test_all_pairs_of_layers_at_once_on_threads(rng):
    x = rng.normal(size=(30, 2, 3))
    seen = []
    with ThreadPoolExecutor(2) as pool:
        found = half_subsamples(
            lambda rows: x[rows].mean(axis=0),
            30,
            trials=20,
            executor=pool,
            progress=lambda done, total: seen.append((done, total)),
        )
    alone = half_subsamples(lambda rows: x[rows, 1, 2].mean(), 30, trials=20)
    assert found.standard_error.shape == (2, 3)
    assert found.standard_error[1, 2] == alone.standard_error
    assert seen == [(k, 20) for k in range(21)]


def test_a_half_without_a_score_leaves_the_spread_undefined():
    def fails(rows):
        if 0 in rows:
            raise DegenerateError("no structure here", "no_structure")
        return 1.0

    found = half_subsamples(fails, 10)
    assert np.isnan(found.standard_error)
    assert 5 < found.recipe["undefined"] < 45
    with pytest.raises(DegenerateError, match="no structure here"):
        half_subsamples(lambda rows: fails([0]), 10)


REFUSED = [
    ({"n": 7}, DegenerateError, "A spread over halves needs at least 8 stimuli, got 7"),
    ({"trials": 1}, InputError, "trials must be a whole number above 1, got 1"),
    ({"trials": 2.5}, InputError, "trials must be a whole number above 1, got 2.5"),
    ({"score": lambda rows: np.zeros(rows[0] % 3)}, ShapeError, "score gave arrays of shapes"),
]


@pytest.mark.parametrize(("changes", "kind", "message"), REFUSED)
def test_halves_refuse_with_numbers(changes, kind, message):
    with pytest.raises(kind, match=message):
        half_subsamples(**{"score": lambda rows: 0.0, "n": 20} | changes)


# curves -------------------------------------------------------------------------------------------------------------


def test_subsets_are_nested_and_end_with_all_stimuli():
    seen = []
    curve = score_against_stimuli(
        lambda rows: float(seen.append(set(rows.tolist())) or len(rows)), 40, sizes=[5, 10, 20], draws=3
    )
    assert curve.sizes.tolist() == [5, 10, 20, 40]
    assert curve.values.tolist() == [[5, 10, 20, 40]] * 3
    for draw in range(3):
        assert seen[draw] < seen[3 + draw] < seen[6 + draw] < seen[9] == set(range(40))
    assert len({frozenset(one) for one in seen[:3]}) == 3
    assert curve.full == 40


def test_default_sizes_grow_in_equal_ratios_to_n():
    assert score_against_stimuli(lambda rows: 1.0, 1600).sizes.tolist() == [
        100,
        141,
        200,
        283,
        400,
        566,
        800,
        1131,
        1600,
    ]
    assert score_against_stimuli(lambda rows: 1.0, 16).sizes.tolist() == [8, 9, 10, 11, 12, 13, 15, 16]


def test_a_debiased_score_settles_and_a_biased_one_still_falls(rng):
    x, y = related(rng, 400, 30, 0.5)
    debiased = score_against_stimuli(cka_of(x, y), 400, tolerance=0.05)
    biased = score_against_stimuli(cka_of(x, y, h_centred), 400, tolerance=0.05)
    assert debiased.enough is not None
    assert debiased.enough <= 200
    assert debiased.sentence.startswith(
        f"Settled: from {debiased.enough} stimuli on within ± 0.05 of {debiased.full:.3f}"
    )
    assert (np.diff(biased.mean) < 0).all()
    assert biased.mean[0] > biased.full + 0.1
    strict = score_against_stimuli(cka_of(x, y), 400, tolerance=1e-4)
    assert strict.enough is None
    assert "Not settled at n = 400" in strict.sentence
    assert "Take more stimuli, or a wider tolerance" in strict.sentence


def curve(values, sizes=(10, 20, 40, 60, 80), tolerance=0.1, reasons=None):
    reasons = np.full(len(sizes), "") if reasons is None else np.array(reasons)
    return StimulusCurve(np.array(sizes), np.array(values, float), tolerance, reasons)


def test_enough_by_hand():
    # Mean − full and SD: 0.2 ± 0, 0 ± 0.14, 0 ± 0.07, 0.02 ± 0, so 40 is the first that stays within 0.1.
    above = [[0.7, 0.6, 0.55, 0.52, 0.5], [0.7, 0.4, 0.45, 0.52, 0.5]]
    assert curve(above).enough == 40
    assert curve(above, tolerance=0.03).enough is None  # only from 60, more than half
    assert curve(above, tolerance=0.03).within_from == 60
    assert curve(above, tolerance=0.01).within_from == 80
    assert curve(above, tolerance=0.5).enough == 10
    # Within the tolerance at first, outside later: what counts is where it stays.
    assert curve([[0.5, 0.9, 0.5, 0.5, 0.5]] * 2).enough == 40
    assert curve([[np.nan, 0.5, 0.5, 0.5, 0.5]] * 2).enough == 20


def test_too_few_stimuli_for_the_measure_are_named():
    def fails(rows):
        if len(rows) < 20:
            raise DegenerateError("too few", "too_few_stimuli")
        return 0.5

    found = score_against_stimuli(fails, 80, sizes=[10, 20, 40])
    assert found.reasons.tolist() == ["too_few_stimuli", "", "", ""]
    assert np.isnan(found.mean).tolist() == [True, False, False, False]
    assert found.enough == 20
    never = score_against_stimuli(lambda rows: np.nan, 80)
    assert never.enough is None
    assert never.sentence == "Undefined for all 80 stimuli: not_finite."


def test_threads_and_progress_change_nothing(rng):
    x = rng.normal(size=50)
    seen = []
    with ThreadPoolExecutor(2) as pool:
        found = score_against_stimuli(
            lambda rows: x[rows].mean(),
            50,
            sizes=[10, 25],
            draws=4,
            executor=pool,
            progress=lambda done, total: seen.append((done, total)),
        )
    assert seen == [(k, 9) for k in range(10)]
    assert np.array_equal(
        found.values, score_against_stimuli(lambda rows: x[rows].mean(), 50, sizes=[10, 25, 50], draws=4).values
    )


CURVES_REFUSED = [
    ({"n": 15}, DegenerateError, "A curve over n needs at least 16 stimuli, got 15"),
    ({"tolerance": 0}, InputError, "The tolerance must be a number above 0, got 0"),
    ({"draws": 1}, InputError, "draws must be a whole number above 1, got 1"),
    ({"sizes": [10, 5]}, InputError, r"sizes must rise between 1 and n = 20, got \[10, 5\]"),
    ({"sizes": [10, 30]}, InputError, r"sizes must rise between 1 and n = 20, got \[10, 30\]"),
    ({"sizes": [20]}, InputError, r"sizes must rise between 1 and n = 20, got \[20\]"),
    ({"sizes": [0, 5]}, InputError, "sizes must rise between 1"),
]


@pytest.mark.parametrize(("changes", "kind", "message"), CURVES_REFUSED)
def test_curves_refuse_with_numbers(changes, kind, message):
    with pytest.raises(kind, match=message):
        score_against_stimuli(**{"score": lambda rows: 0.0, "n": 20} | changes)
