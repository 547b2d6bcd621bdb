"""Every bad file of weights gets its refusal in one line and runs nothing; every odd one is read."""

import zipfile

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


def test_a_flipped_bit_in_the_numbers_is_noticed(tmp_path):
    path = tmp_path / "w.pt"
    GOOD[0].make(path)
    raw = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as whole:
        record = whole.read("w/data/0")
    raw[raw.find(record) + 5] ^= 1
    path.write_bytes(raw)
    with pytest.raises(FormatError, match=r"w\.pt: w/data/0 is damaged \(its checksum differs\)"):
        models.from_file(path)


def test_mutated_files_are_refused_in_a_line_or_hold_the_same_weights(tmp_path, rng):
    path = tmp_path / "w.pt"
    GOOD[0].make(path)
    honest, expected = path.read_bytes(), models.from_file(path, "zoo/wine-mlp-s10").weights_digest
    refused = 0
    for _ in range(200):
        raw = bytearray(honest)
        for place in rng.integers(0, len(raw), size=rng.integers(1, 4)):
            raw[place] = rng.integers(256)
        cut = rng.integers(len(raw))
        raw = (
            raw[:cut]
            if rng.random() < 0.1
            else raw[:cut] + raw[: rng.integers(50)] + raw[cut:]
            if cut % 9 == 0
            else raw
        )
        path.write_bytes(raw)
        try:
            assert models.from_file(path, "zoo/wine-mlp-s10").weights_digest == expected
        except (FormatError, BudgetError) as error:
            refused += 1
            message = str(error)
            if "\n" in message or not message.startswith("w.pt"):
                pytest.fail(message)
    assert refused > 150
    assert tripwire.rung == []


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
