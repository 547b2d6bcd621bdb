"""Every bad input of our formats gets its refusal in one line, every odd one is read; neither costs time or memory."""

import tracemalloc

import pytest

from repsim_core.errors import BudgetError, FormatError
from repsim_core.formats import kind, recorded_responses, zip_members
from tests.corpus import Bad, Good
from tests.corpus.zips_and_arrays import BAD, GOOD


def read(path, one):
    """As the import of this kind begins: what it is, then all that can be told without a picture being decoded."""
    if one.kind == "dataset":
        return zip_members(path) if kind(path) == "zip" else None
    return recorded_responses(path)


@pytest.mark.parametrize("one", BAD, ids=lambda one: one.id)
def test_a_bad_input_gets_its_refusal_in_one_line_and_little_memory(one: Bad, tmp_path):
    path = tmp_path / one.name
    one.make(path)
    tracemalloc.start()
    try:
        with pytest.raises((FormatError, BudgetError), match=one.expected) as caught:
            read(path, one)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    text = str(caught.value)
    assert "\n" not in text
    assert len(text) < 600
    assert one.name in text
    assert all(character.isprintable() for character in text)
    assert peak < 120_000_000, f"{peak:,} bytes"  # of Python's own; 20 MB of headers are read as one text


@pytest.mark.parametrize("one", GOOD, ids=lambda one: one.id)
def test_an_odd_input_is_read(one: Good, tmp_path):
    path = tmp_path / one.name
    one.make(path)
    found = recorded_responses(path)
    assert one.check is not None
    one.check(found)
    assert all(not values.flags.writeable for values in found.layers.values())


def test_ids_of_the_corpus_are_unique():
    names = [one.id for one in (*BAD, *GOOD)]
    assert len(set(names)) == len(names)
