"""Every bad file of weights gets its refusal in one line and runs nothing; every odd one is read."""

import pytest

from repsim_core import models
from repsim_core.errors import BudgetError, FormatError
from tests.corpus import Bad, Good, tripwire
from tests.corpus.pickles import BAD, GOOD


@pytest.mark.parametrize("one", BAD, ids=lambda one: one.id)
def test_a_bad_file_of_weights_gets_its_refusal_in_one_line_and_runs_nothing(one: Bad, tmp_path):
    path = tmp_path / one.name
    one.make(path)
    with pytest.raises((FormatError, BudgetError), match=one.expected) as caught:
        models.from_file(path)
    message = str(caught.value)
    assert one.name in message
    assert "\n" not in message
    assert len(message) < 600
    assert all(character.isprintable() for character in message)
    assert tripwire.rung == []


@pytest.mark.parametrize("one", GOOD, ids=lambda one: one.id)
def test_an_odd_file_of_weights_is_read(one: Good, tmp_path):
    path = tmp_path / one.name
    one.make(path)
    assert one.check is not None
    one.check(models.from_file(path))


def test_the_tripwire_rings_when_a_payload_runs():
    # Otherwise the assertion that it is silent would say nothing.
    import pickle

    from tests.corpus.pickles import Payload

    pickle.loads(pickle.dumps(Payload()))
    assert tripwire.rung == [("pickled",)]
    tripwire.rung.clear()


def test_ids_are_unique():
    names = [one.id for one in (*BAD, *GOOD)]
    assert len(set(names)) == len(names)
