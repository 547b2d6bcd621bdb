"""The script that compares a device with the CPU, on the only device every machine has."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

PATH = Path(__file__).parents[2] / "scripts" / "check_device.py"


@pytest.fixture
def script(monkeypatch):
    monkeypatch.delenv("REPSIM_DEVICE", raising=False)
    monkeypatch.setattr(sys, "path", list(sys.path))
    spec = importlib.util.spec_from_file_location("check_device", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(script, monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["check_device.py", *arguments])
    return script.main()


def test_the_cpu_agrees_with_itself(script, monkeypatch, capsys):
    assert run(script, monkeypatch, "cpu", "--only", "low-mlp-d*-s10", "--n", "20") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[:-2]] == [f"zoo/low-mlp-d{d}-s10" for d in (1, 2, 4, 6)]
    assert lines[-1].startswith("Largest difference of a cell between the CPU and cpu: 0.0e+00")


def test_a_device_that_differs_is_found(script, monkeypatch, capsys):
    """A GPU with TF32 would round every product like this."""
    real = script.streamed_similarity
    calls = []

    def rounded(first, second, data, *, plan):
        calls.append(plan.device)
        found = real(first, second, data, plan=plan)
        if len(calls) == 2:
            object.__setattr__(found.matrix, "values", np.round(found.matrix.values, 3))
        return found

    monkeypatch.setattr(script, "streamed_similarity", rounded)
    assert run(script, monkeypatch, "cpu", "--only", "low-mlp-d4-s10", "--n", "20") == 1
    assert "zoo/low-mlp-d4-s10" in capsys.readouterr().out.splitlines()[-1]


def test_what_is_not_there_is_said(script, monkeypatch, capsys):
    assert run(script, monkeypatch, "gpu") == 2
    assert "device='gpu' is no device" in capsys.readouterr().out
    assert run(script, monkeypatch, "cpu", "--only", "nothing") == 2
    assert "No network of the zoo is called 'nothing'." in capsys.readouterr().out
