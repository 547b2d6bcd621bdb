"""Names in a graph: of values, of modules and of what they own. None reaches generated code, and none is odd."""

import keyword
import re

from repsim_core.errors import FormatError
from repsim_core.formats import shown_name

LONGEST = 300  # characters
DEEPEST = 64  # modules within modules
_VALUE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,254}", re.ASCII)
_STEP = re.compile(r"[\w@+:/ -]{1,100}")  # \w: letters and digits of any script, no control or bidirectional marks
_KIND = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,79}", re.ASCII)


def value_name(name: str) -> str:
    """Name of a value of the graph: an identifier of Python that is no keyword."""
    if not _VALUE.fullmatch(name) or keyword.iskeyword(name):
        raise FormatError(f"the graph names a value {shown_name(name)!r}, which is no identifier")
    return name


def qualified(name: str) -> tuple[str, ...]:
    """Steps of a qualified name, ``layer1.0.conv1``; the network itself is the empty tuple."""
    if not name:
        return ()
    steps = tuple(name.split("."))
    if len(name) > LONGEST or len(steps) > DEEPEST or not all(_STEP.fullmatch(one) for one in steps):
        raise FormatError(
            f"the graph names a module or weight {shown_name(name)!r}, which is no name that can be shown"
        )
    return steps


def module_stack(text: str) -> tuple[tuple[str, tuple[str, ...], str], ...]:
    """Calls around a node, outermost first: key of the call, steps of the module's name, its class without its module.

    Torch writes ``key,name,class`` joined by semicolons; a second call of a module has the key ``…@1``.
    """
    found = []
    for entry in text.split(";") if text else []:
        parts = entry.split(",")
        if len(parts) != 3:
            raise FormatError(f"the graph places a node in {shown_name(entry)!r}, which is no module")
        key, name, path = parts
        kind = path.rpartition(".")[2]
        found.append((key, qualified(name), kind if _KIND.fullmatch(kind) else "Module"))
    return tuple(found)
