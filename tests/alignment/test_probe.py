"""Few labels: what can be learnt is learnt, nothing of the test is used, refusals."""

import numpy as np
import pytest

from repsim_core.alignment import few_label_probe
from repsim_core.errors import DegenerateError, InputError, ShapeError

N = 300


def test_separated_classes_are_learnt_and_noise_stays_at_chance(rng):
    labels = np.arange(N) % 3
    x = np.eye(3)[labels] * 5 + rng.normal(size=(N, 3))
    found = few_label_probe(x, labels, labelled=30)
    assert found.mean > 0.95
    assert (found.labelled, found.tested, found.score_name) == (30, 270, "accuracy")
    noise = few_label_probe(rng.normal(size=(N, 3)), labels, labelled=30)
    # Three equal classes, 270 tested stimuli: 1/3 with a standard error of 0.03.
    assert noise.mean == pytest.approx(1 / 3, abs=0.09)


def test_numbers_are_a_regression(rng):
    x = rng.normal(size=(N, 4))
    found = few_label_probe(x, x @ [1.0, 2, 0, 0] + 7, labelled=20)
    assert found.score_name == "R²"
    assert found.mean == pytest.approx(1, abs=1e-3)
    assert few_label_probe(x, rng.normal(size=N), labelled=20).mean < 0.1


def test_scale_and_place_of_a_layer_do_not_matter_and_draws_are_the_same_for_every_layer(rng):
    labels = rng.integers(0, 2, N)
    x = rng.normal(size=(N, 5)) + labels[:, None]
    one, other = few_label_probe(x, labels, labelled=40), few_label_probe(1e6 * x + 3, labels, labelled=40)
    assert (one.scores == other.scores).all()
    assert one.deviation == pytest.approx(one.scores.std(ddof=1))
    assert np.isnan(few_label_probe(x, labels, draws=1).deviation)
    assert not (one.scores == few_label_probe(x, labels, labelled=40, seed=9).scores).all()


def test_with_more_units_than_labels_nothing_of_the_test_leaks(rng):
    # 500 units fit any labels of 300 stimuli: a fit that saw the test would be right everywhere.
    noise = few_label_probe(rng.normal(size=(N, 500)), rng.integers(0, 2, N), labelled=150, draws=10)
    assert noise.mean == pytest.approx(0.5, abs=0.06)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: few_label_probe(x, np.arange(5)), ShapeError, r"20 stimuli, but labels have shape \(5,\)"),
        (lambda x: few_label_probe(x, np.arange(20) % 2, labelled=19), InputError, "take 2 to 18 labels"),
        (lambda x: few_label_probe(x, np.arange(20) % 2, labelled=5, draws=0), InputError, "in 0 draws"),
        (lambda x: few_label_probe(x, np.arange(20), labelled=10), InputError, "leave one of 20 classes without any"),
        (lambda x: few_label_probe(x, np.zeros(20, int), labelled=5), DegenerateError, "All 20 labels are the same"),
        (lambda x: few_label_probe(x, np.full(20, np.nan), labelled=5), DegenerateError, "labels have NaN or infinity"),
        (lambda x: few_label_probe(0 * x, np.arange(20) % 2, labelled=5), DegenerateError, "does not vary"),
        (lambda x: few_label_probe(x / 0, np.arange(20) % 2, labelled=5), DegenerateError, "NaN or infinity in 20"),
    ],
)
def test_what_cannot_be_probed_is_refused(rng, call, error, message):
    with np.errstate(divide="ignore"), pytest.raises(error, match=message):
        call(rng.normal(size=(20, 3)))
