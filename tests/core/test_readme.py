"""The README is a promise: its program, its commands and its files are real."""

import re
import shlex
from pathlib import Path

import pytest

from repsim_core.__main__ import main

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "README.md").read_text()


def test_the_programs_run_one_after_the_other(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    for program in re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL):
        exec(compile(program, "README.md", "exec"), names)
    assert names["found"].value > 0
    assert "plotly" in Path("map.html").read_text()[:200_000].lower()


@pytest.mark.parametrize("line", re.findall(r"^    (repsim .*)$", TEXT, re.MULTILINE))
def test_the_commands_run(line, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(shlex.split(line)[1:]) == 0


def test_links_and_make_targets_exist():
    for path in re.findall(r"\]\((?!http)([^)#]+)\)", TEXT):
        assert (ROOT / path).exists(), path
    targets = (ROOT / "Makefile").read_text()
    for target in re.findall(r"make (\w+)", TEXT):
        assert f"\n{target}:" in targets or target == "PYTHON", target
