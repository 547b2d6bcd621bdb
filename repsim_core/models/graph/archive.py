"""Members of an export archive: which there may be, and the only two kinds that are read, JSON and raw numbers."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from repsim_core.errors import FormatError
from repsim_core.formats import SAVE_GRAPH, Member, read_member, shown_name, zip_members
from repsim_core.limits import LIMITS

AGAIN = f"export again: {SAVE_GRAPH}"
_PLAIN = re.compile(
    r"archive_format|archive_version|byteorder|version|\.data/[a-z_]+|\.format_version|\.storage_alignment|"
    r"models/[^/]+\.json|data/weights/weight_[0-9]+|data/weights/[^/]+_weights_config\.json|"
    r"data/constants/tensor_[0-9]+|data/constants/[^/]+_constants_config\.json|"
    r"data/sample_inputs/[^/]+\.pt|extra/.+"  # these two are never opened
)
_REFUSED = (
    (r"data/aotinductor/", "holds compiled code, which would run as it is"),
    (r"data/constants/(custom|opaque)_obj", "holds a pickled object"),
    (r"data/(weights|constants)/[^/]+\.pt$", "holds pickled tensors (an export by torch before 2.10)"),
    (r"executorch/|delegates/|mtia|xl_model_weights/", "is made for another runtime"),
)


@dataclass(frozen=True, eq=False)
class Archive:
    """An archive whose members are all of a known kind. ``members`` are named without the folder around them."""

    path: Path
    members: dict[str, Member]
    model: str

    def document(self, name: str) -> Any:
        """A JSON member; refuses repeated keys and numbers that are none."""
        if name not in self.members:
            raise FormatError(f"{name} is missing; {AGAIN}.")
        raw = read_member(self.path, self.members[name], LIMITS.graph_json_bytes)
        try:
            return json.loads(raw, object_pairs_hook=_unique, parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            reason = str(error) if isinstance(error, FormatError) else "it is damaged, or nested too deep"
            raise FormatError(f"{shown_name(name)} is no JSON that torch writes ({reason}); {AGAIN}.") from error

    def payload(self, folder: str, name: str) -> bytes:
        """Raw numbers of one tensor."""
        return read_member(self.path, self.member(folder, name))

    def member(self, folder: str, name: str) -> Member:
        """Where the numbers of one tensor lie; a name in the file is looked up here and never opened as a path."""
        if f"{folder}/{name}" not in self.members or "/" in name:
            raise FormatError(f"the numbers {shown_name(name)!r} are not in {folder}; {AGAIN}.")
        return self.members[f"{folder}/{name}"]


def open_archive(path: Path) -> Archive:
    """Check the members of a ``.pt2`` file by name; nothing is decoded but two words and the list of members.

    Raises
    ------
    FormatError
        If the structure of the zip is refused, or for any member that ``torch.export.save`` does not write for a
        plain network.
    """
    found = zip_members(path)
    if "serialized_exported_program.json" in found:
        raise FormatError(f"the archive is of the form before torch 2.8; {AGAIN}.")
    roots = {name.partition("/")[0] for name in found}
    if len(roots) != 1:
        raise FormatError(f"the archive has {len(roots)} folders at its root where torch writes one; {AGAIN}.")
    members = {name.partition("/")[2]: member for name, member in found.items()}
    for name in members:
        for pattern, reason in _REFUSED:
            if re.match(pattern, name):
                raise FormatError(f"{shown_name(name)} {reason}; only weights and operators are taken: {AGAIN}.")
        if not _PLAIN.fullmatch(name):
            raise FormatError(f"{shown_name(name)} is no part of an exported network; {AGAIN}.")
    _word(path, members, "archive_format", "pt2")
    _word(path, members, "byteorder", "little")
    models = [name for name in members if name.startswith("models/")]
    if len(models) != 1:
        raise FormatError(f"the archive holds {len(models)} networks, wanted one; {AGAIN}.")
    return Archive(path, members, models[0].removeprefix("models/").removesuffix(".json"))


def _word(path: Path, members: dict[str, Member], name: str, expected: str) -> None:
    if name not in members:
        raise FormatError(f"{name} is missing; {AGAIN}.")
    word = read_member(path, members[name], 64).decode("ascii", "replace")
    if word != expected:
        raise FormatError(f"{name} is {shown_name(word)!r}, wanted {expected!r}; {AGAIN}.")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise FormatError("a key stands twice")
    return found


def _no_constant(text: str) -> NoReturn:
    raise FormatError(f"it holds {text}")
