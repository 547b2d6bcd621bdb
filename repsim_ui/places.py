"""Texts for the page without the places of this server: where a file lies is for the log alone."""

import os
import re
import sysconfig
import tempfile
from functools import cache
from pathlib import Path

import repsim_core

PROGRAM = Path(repsim_core.__file__).parents[1]
_INSTALLED = re.compile(r".*/(?:site|dist)-packages/")


def without_places(text: object) -> str:
    """The text with every path of this server cut down to what says which file it is.

    A file of RepSim or of Python is named from its package on, one at home from ``~`` on, any other by its name alone.
    Names that merely look like a path, such as those of layers, stay: a path begins with a folder at the root.
    """
    return _paths().sub(lambda found: _shown(found[0]), str(text))


def _shown(path: str) -> str:
    if installed := _INSTALLED.match(path):
        return path[installed.end() :]
    for folder in (sysconfig.get_path("stdlib"), str(PROGRAM)):
        if path.startswith(f"{folder}/"):
            return path[len(folder) + 1 :]
    home = str(Path.home())
    if _within(path, home) and not _within(path, tempfile.gettempdir()):
        return "~" + path[len(home) :]
    _, _, name = path.rstrip("/").rpartition("/")
    return f"…/{name}" if path.rstrip("/") != f"/{name}" else "…"


def _within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")


@cache
def _paths() -> re.Pattern[str]:
    """A path in quotes ends where they do, another before a blank or what may follow it in a sentence."""
    start = rf"/(?:{'|'.join(map(re.escape, os.listdir('/')))})(?![\w.-])"
    quoted = "|".join(rf"(?<={mark}){start}(?:/[^{mark}\n]*)?(?={mark})" for mark in ("'", '"'))
    return re.compile(rf"{quoted}|(?<![\w.~-])(?<!:/){start}(?:/[^\s\"'`:,;()\[\]{{}}<>]*)?")
