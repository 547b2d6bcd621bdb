"""Speed of a linear model on a layer: the closed form against descending."""

import numpy as np
import pytest

from repsim_core.alignment import FORMS, descended_losses, descent_curve, label_alignment
from repsim_core.errors import InputError
from tests.alignment.test_label import example


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("rate", [None, 0.5, 1.7])
def test_the_closed_form_is_what_descending_gives(form, rate):
    x, y = example()
    alignment = label_alignment(x, y, **FORMS[form])
    rate = rate and rate / alignment.singular_values[0] ** 2
    closed = descent_curve(alignment, np.arange(201), rate=rate)
    assert closed == pytest.approx(descended_losses(x, y, 200, rate=rate, **FORMS[form]), abs=1e-10)
    assert closed[0] == pytest.approx(1)
    assert (np.diff(closed) <= 1e-15).all()


def test_it_ends_at_what_lies_outside_the_span():
    x, y = example()
    alignment = label_alignment(x, y)
    assert descent_curve(alignment, 1e9) == pytest.approx(1 - alignment.captured)


def test_several_classes_and_a_layer_wider_than_stimuli(rng):
    x, labels = rng.normal(size=(15, 40)), np.arange(15) % 3
    alignment = label_alignment(x, labels)
    assert descent_curve(alignment, [0, 1, 20]) == pytest.approx(descended_losses(x, labels, 20)[[0, 1, 20]], abs=1e-10)


def test_label_energy_on_strong_directions_is_learnt_first():
    # Singular values 2 and 1, the step 1/4: after one step the first is learnt, of the second (3/4)² is left.
    x = np.array([[2, 0], [-2, 0], [0, 1], [0, -1]]) / np.sqrt(2)
    for y, left in ((x[:, 0], 0.0), (x[:, 1], 0.75**2)):
        assert descent_curve(label_alignment(x, y, **FORMS["centred"]), 1) == pytest.approx(left, abs=1e-12)


def test_an_extreme_scale_descends_alike():
    x, y = example()
    one = descended_losses(x, y, 5, **FORMS["centred"])
    assert descended_losses(x * 1e150, y, 5, **FORMS["centred"]) == pytest.approx(one)


def test_too_large_a_rate_and_other_nonsense_is_refused():
    x, y = example()
    alignment = label_alignment(x, y)
    limit = 2 / alignment.singular_values[0] ** 2
    with pytest.raises(InputError, match=f"does not converge: .* less than {limit:.4g}"):
        descent_curve(alignment, 1, rate=limit)
    with pytest.raises(InputError, match="does not converge"):
        descended_losses(x, y, 3, rate=1.0)
    with pytest.raises(InputError, match="does not converge"):
        descent_curve(alignment, 1, rate=-1.0)
    with pytest.raises(InputError, match="steps must be 0 or more"):
        descent_curve(alignment, -1)
    with pytest.raises(InputError, match="steps must be 1 or more, got 0"):
        descended_losses(x, y, 0)
    with pytest.raises(InputError, match="strongest directions only"):
        descent_curve(label_alignment(x, y, rank=3), 1)
