"""A zip of pictures: a folder a class, or a ``labels.csv`` beside them. Nothing is written by a name of the archive."""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from repsim_core.datasets.brought import Brought, check_stored, checked, classes_of, label_text
from repsim_core.datasets.pictures import SUFFIXES, common_shape, counted, decoded, header, is_picture
from repsim_core.datasets.table_file import decoded_text, parsed_rows
from repsim_core.errors import BudgetError, FormatError, InputError
from repsim_core.formats import Member, member_chunks, read_member, shown_name, zip_members
from repsim_core.limits import LIMITS, MB

LABELS = "labels.csv"
MOST_PICTURE_BYTES = 64 * MB
_SYSTEM = ("__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini")  # what systems put beside pictures
_SIDES = (4, 512)


def read_picture_set(path: Path, side: int | None = None) -> Brought:
    """Pictures of a zip as bytes of one shape.

    Parameters
    ----------
    side : int or None
        Pixels a side. By default pictures of one size up to 224 stay as they are, and others become squares.

    Raises
    ------
    FormatError
        If the archive or a picture in it is not well made, there are too few, or labels do not fit.
    BudgetError
        If a picture or all of them have too many pixels.
    """
    file = shown_name(path.name)
    if side is not None and not _SIDES[0] <= side <= _SIDES[1]:
        raise InputError(f"{side} pixels a side are not possible; choose {_SIDES[0]} to {_SIDES[1]}.")
    members = {name: one for name, one in zip_members(path).items() if not _is_system(name)}
    table = next((one for name, one in members.items() if PurePosixPath(name).name == LABELS), None)
    pictures = {name: one for name, one in sorted(members.items()) if one is not table and _is_picture(path, one)}
    if not pictures:
        raise FormatError(f"{file} holds no PNG or JPEG; pack one folder of pictures a class.")
    if len(pictures) > LIMITS.stimuli:
        raise BudgetError(f"{file} holds {len(pictures)} pictures (limit {LIMITS.stimuli}); bring a part of them.")
    headers, pixels = [], 0
    for name, one in pictures.items():
        headers.append(header(read_member(path, one, MOST_PICTURE_BYTES), _named(file, name)))
        pixels += headers[-1].width * headers[-1].height
        if pixels > LIMITS.image_set_pixels:
            raise BudgetError(
                f"{file} has more than {LIMITS.image_set_pixels // 10**6} million pixels in all; bring fewer or "
                "smaller pictures."
            )
    shape = common_shape(headers, side)
    check_stored(len(pictures) * int(np.prod(shape)), file)
    inputs, done = np.empty((len(pictures), *shape), np.uint8), []
    for place, (name, one) in enumerate(pictures.items()):
        raw = read_member(path, one, MOST_PICTURE_BYTES)
        inputs[place], steps = decoded(raw, _named(file, name), shape)
        done.append(steps)
    labels, classes = _labels(path, table, list(pictures), file)
    left_out = len(members) - len(pictures) - (table is not None)
    notes = (
        "Pixels from 0 to 255 become numbers from 0 to 1.",
        *(("All pictures are grey: one channel.",) if shape[0] == 1 else ()),
        *counted(done, len(pictures)),
        *((f"{left_out} files that are no pictures are left out.",) if left_out else ()),
    )
    stimuli = tuple(shown_name(one, LIMITS.zip_name_length) for one in pictures)
    return checked(Brought(inputs, labels, stimuli, classes, "image", notes), file)


def _labels(
    path: Path, table: Member | None, names: list[str], file: str
) -> tuple[NDArray[np.int64] | None, tuple[str, ...]]:
    """Classes by the table, otherwise by the folder that holds each picture; None without either."""
    if table is not None:
        known = _label_table(path, table, file)
        texts = [known.get(name) or known.get(PurePosixPath(name).name) for name in names]
        without = [name for name, text in zip(names, texts, strict=True) if text is None]
        if without or len(known) != len(names):
            first = f", first {shown_name(without[0])}" if without else ""
            raise FormatError(
                f"{file}: {LABELS} names {len(known)} pictures and the archive holds {len(names)}; {len(without)} have "
                f"no label{first}."
            )
        return classes_of([text for text in texts if text is not None], file)
    folders = [PurePosixPath(name).parent for name in names]
    if len(set(folders)) < 2:
        return None, ()
    parents = {one.name for one in folders}
    by_path = len(parents) < len(set(folders)) and not _is_split(folders)
    return classes_of([label_text(str(one) if by_path else one.name, file) for one in folders], file)


def _is_split(folders: list[PurePosixPath]) -> bool:
    """Whether the same classes lie in folders such as train and test."""
    return {one.parent.name.lower() for one in folders} <= {"train", "test", "val", "valid", "validation", "training"}


def _label_table(path: Path, table: Member, file: str) -> Mapping[str, str]:
    """Picture → label; the first column names the picture, the second its class."""
    what = f"{file}: {LABELS}"
    rows = parsed_rows(decoded_text(read_member(path, table, 4 * MB), what), what, LIMITS.label_columns)
    if len(rows[0]) < 2:
        raise FormatError(f"{what} has one column; write the file's name and its label in two columns.")
    if not rows[0][0].strip().lower().endswith(SUFFIXES):
        rows = rows[1:]
    found = {row[0].strip(): label_text(row[1], what) for row in rows}
    if len(found) != len(rows):
        raise FormatError(f"{what} names a picture twice; give every picture one label.")
    return found


def _is_picture(path: Path, member: Member) -> bool:
    """By its content, and by its name: what is called a picture and is none is refused, not left out."""
    if member.name.lower().endswith(SUFFIXES):
        return True
    return is_picture(next(member_chunks(path, member), b"")[:16])


def _is_system(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return parts[0] == _SYSTEM[0] or parts[-1] in _SYSTEM or parts[-1].startswith("._")


def _named(file: str, name: str) -> str:
    return f"{file}: {shown_name(name)}"
