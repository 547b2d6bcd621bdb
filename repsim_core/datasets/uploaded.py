"""Datasets that came as uploads, in the one form their import gives them."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from repsim_core import formats, uploads
from repsim_core.datasets import recorded
from repsim_core.datasets.brought import Brought
from repsim_core.datasets.source import Content, Source
from repsim_core.errors import FormatError, InputError
from repsim_core.formats.npz import npz_arrays
from repsim_core.types import DatasetCard

PREFIX = uploads.PREFIX
FILE = uploads.CANONICAL["dataset"]
_TEXT = ("ids", "classes")


def write(found: Brought, folder: Path) -> None:
    """The canonical file: inputs, ids, and labels and classes where there are some; stored, not packed."""
    arrays: dict[str, Any] = {"inputs": found.inputs, "ids": np.array(found.stimuli)}
    if found.labels is not None:
        arrays["labels"] = found.labels
    if found.classes:
        arrays["classes"] = np.array(found.classes)
    np.savez(folder / FILE, **arrays)


def source(name: str) -> Source:
    """Card and reader of "upload/<token>".

    Raises
    ------
    InputError
        If there is no such upload, or it has no stimuli.
    """
    folder, facts = uploads.folder(name), uploads.facts(name)
    if facts.get("kind") == "activations":
        responses = folder / uploads.CANONICAL["activations"]
        return _stimuli_of(responses, responses.stat().st_mtime_ns, name, formats.shown_name(str(facts["title"])))
    if facts.get("kind") != "dataset":
        raise InputError(
            f"The upload {formats.shown_name(str(facts.get('title')))} is {facts.get('kind')}, not a dataset; choose "
            "another dataset."
        )
    of = facts["card"]
    card = DatasetCard(
        name,
        of["kind"],
        of["task"],
        tuple(of["input_shape"]),
        {"all": int(of["size"])},
        tuple(of["classes"]),
        f"{formats.shown_name(str(facts['title']))}: {of['description']}",
        "an upload of this session",
        notes=tuple(of["notes"]),
    )
    return Source(card, lambda _: _read(folder / FILE, (folder / FILE).stat().st_mtime_ns, card.name))


@lru_cache(maxsize=4)
def _stimuli_of(path: Path, _when: int, name: str, title: str) -> Source:
    """Ids and labels of recorded responses, which are a dataset without inputs."""
    return recorded.source_of(formats.recorded_responses(path), name, title)


@lru_cache(maxsize=4)
def _read(path: Path, _when: int, name: str) -> Content:
    arrays = npz_arrays(path, text=_TEXT)
    if not {"inputs", "ids"} <= set(arrays):
        raise FormatError(f"{name} is not as its import left it; upload it again.")
    labels = arrays.get("labels")
    return Content(arrays["inputs"], labels, tuple(str(one) for one in arrays["ids"]))
