"""Seeded damage to good files: a refusal in one line, or an honest reading; nothing else, and never much memory."""

import random
import tracemalloc

import numpy as np
import pytest

from repsim_core.errors import BudgetError, FormatError
from repsim_core.formats import kind, recorded_responses, zip_members
from tests.corpus.odd_files import ODD
from tests.corpus.raw_zip import Part, raw_zip

EACH = 500
SEEDS = {
    "npz": ("names", "deflated", "zip64", "streamed", "ids"),
    "npy": ("npy", "npy-2", "npy-python-2", "npy-other-writer", "bool-2"),
    "safetensors": ("safetensors", "bfloat16", "order-given", "ids-json", "by-number"),
}
INTERESTING = (0, 1, 0x7F, 0x80, 0xFF)


def damaged(raw: bytes, other: bytes, dice: random.Random) -> bytes:
    """One of: flipped bytes, a cut, a splice of another file, a field of 2, 4 or 8 bytes set to a boundary value."""
    content, kind_of = bytearray(raw), dice.randrange(5)
    if kind_of == 0:
        for _ in range(dice.randint(1, 4)):
            content[dice.randrange(len(content))] ^= 1 << dice.randrange(8)
    elif kind_of == 1:
        del content[dice.randrange(len(content)) :]
    elif kind_of == 2:
        start, length = dice.randrange(len(other)), dice.randint(1, 200)
        at = dice.randrange(len(content))
        content[at : at + dice.choice((0, length))] = other[start : start + length]
    elif kind_of == 3:
        width = dice.choice((2, 4, 8))
        at = dice.randrange(max(1, len(content) - width))
        content[at : at + width] = bytes([dice.choice(INTERESTING)]) * width
    else:
        # Headers are where the lies are: text fields of a dictionary, numbers by numbers.
        digits = [at for at, byte in enumerate(content[:400]) if chr(byte).isdigit()]
        at = dice.choice(digits) if digits else dice.randrange(len(content))
        content[at : at + 1] = dice.choice((b"9" * 12, b"-1", b"0", b"1e9", b"[", b'"', b"True", b""))
    return bytes(content)


def read(path):
    """What was read, or None and the words of the refusal; any other exception is a failure of the test."""
    try:
        return recorded_responses(path), ""
    except (FormatError, BudgetError) as error:
        return None, str(error)


@pytest.mark.parametrize("name", SEEDS)
def test_damage_is_refused_in_one_line_or_read_honestly(name, tmp_path):
    dice = random.Random(2026)
    path = tmp_path / f"a.{name}"
    seeds = []
    for one in ODD:
        if one.id in SEEDS[name]:
            one.make(path)
            seeds.append(path.read_bytes())
    assert len(seeds) == 5
    refused = 0
    tracemalloc.start()
    try:
        for turn in range(EACH):
            content = damaged(seeds[turn % 5], dice.choice(seeds), dice)
            path.write_bytes(content)
            tracemalloc.reset_peak()
            found, refusal = read(path)
            if found is None:
                refused += 1
                assert refusal.isprintable()
                assert len(refusal) < 700
            else:
                assert {len(one) for one in found.layers.values()} == {len(found.stimuli)}
                assert all(np.issubdtype(one.dtype, np.floating) for one in found.layers.values())
                assert len(set(found.stimuli)) == len(found.stimuli)
                assert sum(one.nbytes for one in found.layers.values()) <= 16 * len(content)
            assert tracemalloc.get_traced_memory()[1] < 20_000_000, turn
    finally:
        tracemalloc.stop()
    # Most damage is noticed; what is not lies in the numbers of formats without a checksum.
    assert refused > EACH // 4


def test_a_damaged_zip_of_pictures_is_refused_or_lies_within_its_file(tmp_path):
    dice = random.Random(7)
    whole = []
    for _ in range(5):
        parts = [Part(b"cat/%d.png" % i, dice.randbytes(40), method=8 * (i % 2)) for i in range(5)]
        whole.append(raw_zip(parts))
    path, refused = tmp_path / "a.zip", 0
    for turn in range(EACH):
        path.write_bytes(damaged(whole[turn % 5], dice.choice(whole), dice))
        try:
            found = zip_members(path) if kind(path) == "zip" else {}
        except (FormatError, BudgetError):
            refused += 1
        else:
            assert all(one.start + one.packed <= path.stat().st_size for one in found.values())
    assert refused > EACH // 4
