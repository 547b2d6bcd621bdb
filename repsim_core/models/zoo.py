"""The networks that ship: one manifest, one safetensors file each, and a checksum between them.

A second folder of the same form, written by ``scripts/train_zoo.py --out``, is read beside it if it exists.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from repsim_core.errors import FormatError, InputError
from repsim_core.types import ModelCard

if TYPE_CHECKING:  # the list of what ships must not wait for torch
    from torch import nn

    from repsim_core.models.model import Model

FOLDER = Path(__file__).parent / "zoo"
MANIFEST = "manifest.json"
PREFIX = "zoo/"
_NEEDED = (
    *("name", "family", "architecture", "arguments", "dataset", "seed", "epochs", "parameters", "description"),
    *("train_score", "test_score", "score_name", "sha256", "bytes", "file", "mean", "std"),
)


@dataclass(frozen=True, eq=False)
class Entry:
    """One line of a manifest, and the folder it stands in."""

    folder: Path
    fields: Mapping[str, Any]

    @property
    def card(self) -> ModelCard:
        """What the manifest says, as a card."""
        of = self.fields
        return ModelCard(
            name=PREFIX + of["name"],
            family=of["family"],
            architecture=of["architecture"],
            dataset=of["dataset"],
            input_shape=tuple(of["arguments"]["inputs"]),
            parameters=of["parameters"],
            description=of["description"],
            seed=of["seed"],
            epochs=of["epochs"],
            train_score=of["train_score"],
            test_score=of["test_score"],
            score_name=of["score_name"],
            details=dict(of),
        )

    def initial(self) -> "nn.Module":
        """The network as its seed makes it, before any training."""
        from repsim_core.models.architectures import build, seeded

        return seeded(lambda: build(self.fields["architecture"], **self.fields["arguments"]), self.fields["seed"])


def local_folder() -> Path:
    """Where networks of one's own training are looked for: ``$REPSIM_ZOO``, or ``~/.cache/repsim/zoo``."""
    chosen = os.environ.get("REPSIM_ZOO")
    return Path(chosen) if chosen else Path.home() / ".cache" / "repsim" / "zoo"


def read_manifest(folder: Path) -> list[Entry]:
    """Entries of the manifest in a folder; none where there is no manifest.

    Raises
    ------
    FormatError
        If the manifest cannot be read, lacks a field or points out of its folder.
    """
    path = folder / MANIFEST
    if not path.exists():
        return []
    try:
        members = json.loads(path.read_text(encoding="utf-8"))["members"]
        entries = [Entry(folder, dict(one)) for one in members]
    except (ValueError, KeyError, TypeError) as error:
        raise FormatError(f"{path} is no zoo manifest ({error}); write it again with scripts/train_zoo.py.") from error
    for entry in entries:
        lacking = [field for field in _NEEDED if field not in entry.fields]
        if lacking:
            name = entry.fields.get("name", "a member without name")
            raise FormatError(f"{path}: {name} lacks {', '.join(lacking)}; write it again with scripts/train_zoo.py.")
        file = str(entry.fields["file"])
        if Path(file).name != file:
            raise FormatError(f"{path}: {file!r} is no file name; name a file beside the manifest, without a folder.")
    return entries


def entries() -> dict[str, Entry]:
    """All members by full name; what ships goes before what was trained here."""
    found: dict[str, Entry] = {}
    for folder in (FOLDER, local_folder()):
        for entry in read_manifest(folder):
            found.setdefault(PREFIX + entry.fields["name"], entry)
    return found


def checked_bytes(entry: Entry) -> bytes:
    """Content of the weights file, if its SHA-256 is that of the manifest.

    Raises
    ------
    FormatError
        If the file is absent or another one.
    """
    path, expected = entry.folder / str(entry.fields["file"]), entry.fields["sha256"]
    if not path.is_file():
        raise FormatError(f"{path.name} of {PREFIX}{entry.fields['name']} is missing in {path.parent}; train it again.")
    raw = path.read_bytes()
    found = hashlib.sha256(raw).hexdigest()
    if found != expected:
        raise FormatError(
            f"{path.name} is damaged or replaced: the manifest expects SHA-256 {expected}, found {found}; "
            "restore the file, or train it again with scripts/train_zoo.py."
        )
    return raw


def load_member(entry: Entry, weights: str | None = "DEFAULT") -> "Model":
    """The trained network, or with ``weights=None`` the network before its training."""
    import safetensors.torch

    from repsim_core.models.model import Model, weights_digest

    name = PREFIX + entry.fields["name"]
    if weights not in ("DEFAULT", None):
        raise InputError(f'{name} has weights "DEFAULT" (trained) or None (as initialised), not {weights!r}.')
    module = entry.initial()
    if weights is not None:
        raw = checked_bytes(entry)
        try:
            module.load_state_dict(safetensors.torch.load(raw))
        except (RuntimeError, safetensors.SafetensorError) as error:
            first = str(error).strip().splitlines()
            raise FormatError(
                f"{entry.fields['file']} does not hold the weights of {name} ({' '.join(first[:2])}); train it again."
            ) from error
    module.eval()
    card, fields = entry.card, entry.fields
    return Model(
        name, module, card, card.input_shape, weights_digest(module), tuple(fields["mean"]), tuple(fields["std"])
    )
