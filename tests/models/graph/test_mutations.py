"""Three hundred seeded mutations of a small archive: each is refused in words, or accepted and runs."""

import copy
import json
import random

import pytest
import torch

from repsim_core.errors import BudgetError, FormatError
from repsim_core.models.graph import from_graph_file
from tests.corpus.exported import CONSTANTS, MODEL, WEIGHTS, members, write

VALUES = (
    *(None, True, False, 0, -1, 1, 2, 3, 7, 2**31, 10**9, -(2**63), 2**64, 0.5, -1e30, "Infinity", "NaN", "", "x"),
    *("conv2d", "relu_", "p_conv_weight", "s77", "s77*2", "torch.ops.aten.add.Tensor", "torch.ops.aten.relu.default"),
    *([], {}, [1], {"as_int": 3}, {"as_tensor": {"name": "conv2d"}}, {"as_none": True}),
)


def places(value, path=()):
    """Every place of a document that can be changed."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in children:
        yield (*path, key)
        yield from places(one, (*path, key))


def mutated(document, chance):
    """A copy with one place changed, removed, repeated or swapped."""
    found = copy.deepcopy(document)
    path = chance.choice(list(places(found)))
    if path[-1] == "metadata" or "metadata" in path[:-1]:
        path = (*path[: path.index("metadata")], "outputs") if chance.random() < 0.8 else path
    parent = found
    for step in path[:-1]:
        parent = parent[step]
    key, way = path[-1], chance.randrange(5)
    if way == 0:
        del parent[key]
    elif way == 1 and isinstance(parent, list):
        parent.insert(chance.randrange(len(parent) + 1), copy.deepcopy(parent[key]))
    elif way == 2 and isinstance(parent, list):
        other = chance.randrange(len(parent))
        parent[key], parent[other] = parent[other], parent[key]
    elif way == 3 and isinstance(parent[key], int) and not isinstance(parent[key], bool):
        parent[key] += chance.choice((-1, 1, 5, 100))
    else:
        parent[key] = copy.deepcopy(chance.choice(VALUES))
    return found


def archive(path, chance):
    """Write one mutation: of the description, of the lists of weights, or of the bytes of the file."""
    content = dict(members())
    member = chance.choice((MODEL,) * 6 + (WEIGHTS, CONSTANTS, None, None))
    if member is not None:
        document = json.loads(content[member])
        for _ in range(chance.choice((1, 1, 1, 2, 4))):
            if list(places(document)):
                document = mutated(document, chance)
        content[member] = json.dumps(document).encode()
    write(path, content)
    if member is None:
        raw = bytearray(path.read_bytes())
        way = chance.randrange(3)
        if way == 0:
            for _ in range(chance.choice((1, 4, 64))):
                raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
        elif way == 1:
            del raw[chance.randrange(len(raw)) :]
        else:
            begin, length = chance.randrange(len(raw)), chance.randrange(1, 400)
            raw[begin : begin + length] = raw[chance.randrange(len(raw)) :][: chance.randrange(1, 400)]
        path.write_bytes(raw)


@pytest.mark.parametrize("seed", range(10))
def test_thirty_mutations_are_refused_in_words_or_run(seed, tmp_path):
    chance = random.Random(seed)
    path = tmp_path / "net.pt2"
    refused = 0
    for _ in range(30):
        archive(path, chance)
        try:
            model = from_graph_file(path)
        except (FormatError, BudgetError) as refusal:
            refused += 1
            text = str(refusal)
            assert "net.pt2" in text
            assert "\n" not in text
            assert len(text) < 600
        else:
            assert len(model.module(torch.zeros(3, *model.input_shape))) == 3
    assert 10 <= refused <= 30
