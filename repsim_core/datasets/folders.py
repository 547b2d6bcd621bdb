"""Pictures in class folders below the data directory, as ImageNet comes: ``<name>/train/<class>/<picture>``."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from repsim_core.datasets.pictures import SUFFIXES, common_shape, counted, decoded, header
from repsim_core.datasets.published import KNOWN, data_folder
from repsim_core.datasets.source import Content, Source
from repsim_core.errors import FormatError, InputError
from repsim_core.types import DatasetCard

PREFIX = "folder/"
_SPLITS = {"train": ("train", "training"), "test": ("test", "testing", "val", "valid", "validation")}
_NAME = re.compile(r"[\w][\w .+-]{0,79}")
_LOOKED_AT = 24  # pictures that decide the shape of all


@dataclass(frozen=True, eq=False)
class Pictures:
    """Files of one shape, read when they are wanted."""

    files: tuple[Path, ...]
    shape: tuple[int, int, int]

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, rows: NDArray[np.intp]) -> NDArray[np.uint8]:
        out = np.empty((len(rows), *self.shape), np.uint8)
        for place, row in enumerate(rows):
            path = self.files[row]
            out[place], _ = decoded(_bytes(path), f"{path.parent.name}/{path.name}", self.shape)
        return out


def names() -> list[str]:
    """Folders of the data directory that hold folders of pictures."""
    taken = {Path(one.folder).parts[0] for one in KNOWN.values()}
    root = data_folder()
    if not root.is_dir():
        return []
    found = sorted(one.name for one in root.iterdir() if one.is_dir() and one.name not in taken)
    return [PREFIX + one for one in found if _NAME.fullmatch(one) and _classes_of(root / one)]


def source(name: str) -> Source:
    """Card and reader of one of :func:`names`."""
    return source_of(data_folder() / name.removeprefix(PREFIX), name)


def source_of(folder: Path, name: str) -> Source:
    """Card and reader of any folder of class folders.

    Raises
    ------
    InputError
        If there are no pictures in folders of their classes.
    """
    return _source(folder, name, _stamp(folder))


@lru_cache(maxsize=8)
def _source(folder: Path, name: str, _when: tuple[int, ...]) -> Source:
    classes = _classes_of(folder)
    if not classes:
        raise InputError(
            f"{folder} holds no folders of pictures; put the PNG or JPEG files of each class into a folder of its own."
        )
    parts = {split: _files(folders, classes) for split, folders in _splits_of(folder).items()}
    parts = {split: found for split, found in parts.items() if found[0]}
    files = next(iter(parts.values()))[0]
    step = max(1, len(files) // _LOOKED_AT)
    few = files[::step][:_LOOKED_AT]
    shape = common_shape([header(_bytes(one), f"{one.parent.name}/{one.name}") for one in few])
    notes = counted((decoded(_bytes(one), one.name, shape)[1] for one in few), len(few))
    card = DatasetCard(
        name,
        "image",
        "classification",
        shape,
        {split: len(found) for split, (found, _) in parts.items()},
        tuple(classes),
        f"Pictures of {len(classes)} classes, {shape[1]} × {shape[2]}" + (" grey values" if shape[0] == 1 else ""),
        f"the folder {folder.name} of the data directory",
        notes=tuple(f"Of those looked at first, {one}" for one in notes),
    )

    def read(split: str) -> Content:
        found, labels = parts[split]
        stimuli = tuple(f"{folder.name}/{one.relative_to(folder).as_posix()}" for one in found)
        return Content(Pictures(tuple(found), shape), labels, stimuli)

    return Source(card, read)


def _splits_of(folder: Path) -> Mapping[str, Path]:
    """Split → folder of class folders; one split "all" where the classes lie in the folder itself."""
    inside = {one.name.lower(): one for one in folder.iterdir() if one.is_dir()}
    found = {split: next((inside[one] for one in known if one in inside), None) for split, known in _SPLITS.items()}
    split_into = {split: one for split, one in found.items() if one is not None and _has_classes(one)}
    return split_into or {"all": folder}


def _classes_of(folder: Path) -> list[str]:
    return sorted({one.name for part in _splits_of(folder).values() for one in part.iterdir() if _has_pictures(one)})


def _files(folder: Path, classes: list[str]) -> tuple[list[Path], NDArray[np.int64]]:
    found: list[Path] = []
    labels: list[int] = []
    for index, name in enumerate(classes):
        if (folder / name).is_dir():
            files = sorted(one for one in (folder / name).iterdir() if one.suffix.lower() in SUFFIXES)
            found += files
            labels += [index] * len(files)
    return found, np.array(labels, dtype=np.int64)


def _has_classes(folder: Path) -> bool:
    return any(_has_pictures(one) for one in folder.iterdir())


def _has_pictures(folder: Path) -> bool:
    if not folder.is_dir():
        return False
    with os.scandir(folder) as inside:
        return any(one.name.lower().endswith(SUFFIXES) for one in inside)


def _stamp(folder: Path) -> tuple[int, ...]:
    """Times of change of the folder and of those in it, two levels deep."""
    if not folder.is_dir():
        return ()
    inside = [one for part in (folder, *_splits_of(folder).values()) for one in part.iterdir() if one.is_dir()]
    return tuple(one.stat().st_mtime_ns for one in (folder, *inside))


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise FormatError(f"{path.parent.name}/{path.name} cannot be read ({error.strerror}).") from error
