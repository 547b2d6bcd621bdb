"""The programs of the README that write responses from other frameworks."""

import re
from pathlib import Path

import numpy as np
import pytest

from repsim_core import activations, datasets, models

TEXT = (Path(__file__).parents[2] / "README.md").read_text()
RECIPES = re.findall(r"```(?:python|py)\n(.*?)```", TEXT.partition("## Responses from any framework")[2], re.DOTALL)[:3]


@pytest.mark.parametrize("program", RECIPES)
def test_a_recipe_is_a_program_of_no_more_than_fifteen_lines_beside_its_imports(program):
    compile(program, "README.md", "exec")
    lines = [line for line in program.splitlines() if line.strip() and not line.startswith("import ")]
    assert len(lines) <= 15


def test_what_the_pytorch_recipe_writes_is_what_repsim_extracts(tmp_path):
    names: dict[str, object] = {}
    exec(compile(RECIPES[0], "README.md", "exec"), names)
    model, data = models.load("zoo/digits-cnn-s10"), datasets.load("digits", n=50)
    layers = ["conv1", "conv3", "head"]
    batches = [model.prepare(data.inputs[start : start + 20]) for start in (0, 20, 40)]
    names["record"](tmp_path / "a.npz", model.module, layers, batches, ids=np.array(data.stimuli), labels=data.labels)
    found, expected = activations.from_file(tmp_path / "a.npz"), activations.extract(model, data, layers)
    assert found.layers == expected.layers
    assert found.stimuli == data.stimuli
    for name, one in expected.items():
        assert found[name].unit_shape == one.unit_shape
        assert np.allclose(found[name].values, one.values, rtol=1e-5, atol=1e-6)  # batches of another size
