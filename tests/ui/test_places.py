"""Where files of this server lie is said to nobody who looks at a page."""

import json
import sys
import sysconfig
import tempfile
import traceback
from pathlib import Path

import numpy as np
import pytest

from repsim_ui.places import PROGRAM, without_places

HERE = {
    "program": str(PROGRAM),
    "numpy": np.__file__,
    "python": sysconfig.get_path("stdlib"),
    "home": str(Path.home()),
    "temporary": tempfile.gettempdir(),
}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('  File "{program}/repsim_core/linalg.py", line 3, in f', '  File "repsim_core/linalg.py", line 3, in f'),
        ('  File "{numpy}", line 3', '  File "numpy/__init__.py", line 3'),
        ('  File "{python}/json/decoder.py", line 3', '  File "json/decoder.py", line 3'),
        ('  File "/usr/lib/python3/dist-packages/torch/a.py"', '  File "torch/a.py"'),
        ("No such file or directory: '/usr/my data/a b.npz'", "No such file or directory: '…/a b.npz'"),
        ("there is no /usr/share/zoo/a.npz, nor /etc/b.", "there is no …/a.npz, nor …/b."),
        ("see {home}/runs/a.npz", "see ~/runs/a.npz"),
        ("{home} is full; {home}/ too", "~ is full; ~/ too"),
        ("in {temporary}/job-x1/results/a.json:3", "in …/a.json:3"),
        ("/usr cannot be written", "… cannot be written"),
        ("file:///usr/share/a.txt", "file://…/a.txt"),
        ("/usr/share/a:/usr/lib/b", "…/a:…/b"),
    ],
)
def test_a_path_is_cut_down_to_what_says_which_file_it_is(text, shown):
    assert without_places(text.format(**HERE)) == shown


@pytest.mark.parametrize(
    "text",
    [
        "zoo/digits-cnn-s10 and layer1/0/conv1",
        "/encoder/layer/0/attention",  # the name of a layer
        "https://arxiv.org/usr/abs/1905.00414",
        "3 of 12 stimuli / s, 1/2, n/a, ../usr/x, ~/usr/x",
        "/users-of-it, /homepage",
        "",
    ],
)
def test_what_merely_looks_like_a_path_stays(text):
    assert without_places(text) == text


def test_a_traceback_of_this_process_says_files_and_lines_and_no_folder():
    try:
        json.loads("{")
    except ValueError:
        found = without_places(traceback.format_exc())
    assert f'"tests/ui/{Path(__file__).name}", line' in found
    assert '"json/__init__.py", line' in found
    for folder in (HERE["program"], HERE["python"], sys.prefix):
        assert folder not in found
