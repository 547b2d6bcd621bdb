"""A table of numbers in a CSV file, for networks that take vectors: one row a stimulus, one column the label."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from repsim_core.compute.memory import readable_bytes
from repsim_core.datasets.brought import Brought, check_stored, checked, classes_of, label_text, row_ids
from repsim_core.errors import BudgetError, FormatError, InputError
from repsim_core.formats import shown_name
from repsim_core.limits import LIMITS

LABEL_NAMES = ("label", "labels", "class", "target", "y")
ID_NAMES = ("id", "stimulus", "stimulus_id")
NO_LABEL = "none"
_FEW = 100  # whole numbers of at most so many values are classes


def read_table(path: Path, label: str | None = None) -> Brought:
    """Stimuli of a table.

    Parameters
    ----------
    label : str or None
        The label column by its name, or by its number from 1 where there is no header; "none" for a table without.
        By default the column called label, class, target or y, otherwise the last.

    Raises
    ------
    FormatError
        If the file is no table of numbers: which line and column.
    BudgetError
        If it is larger than the limits.
    InputError
        If there is no such label column.
    """
    file = shown_name(path.name)
    rows = parsed_rows(_text(path, file), file, LIMITS.table_columns)
    if len(rows) * len(rows[0]) > LIMITS.table_cells:
        raise BudgetError(
            f"{file} has {len(rows)} × {len(rows[0])} cells (limit {LIMITS.table_cells}); bring fewer rows or columns."
        )
    has_header = not any(_number(one) is not None for one in rows[0])
    header = [shown_name(one.strip()) for one in rows[0]] if has_header else []
    body = rows[1:] if has_header else rows
    if not body:
        raise FormatError(f"{file} holds a header and no rows; bring {LIMITS.fewest_stimuli} rows or more.")
    width = len(rows[0])
    place, chosen_by = _label_column(header, width, label, file)
    ids = next((at for at, one in enumerate(header) if one.lower() in ID_NAMES and at != place), None)
    features = [at for at in range(width) if at not in (place, ids)]
    if not features:
        raise FormatError(f"{file} has no column beside its label; a table needs features.")
    inputs = _numbers(body, features, header, int(has_header) + 1, file)
    notes = [f"{len(features)} features as they stand in the file: nothing is standardised."]
    labels: NDArray[Any] | None = None
    classes: tuple[str, ...] = ()
    if place is not None:
        labels, classes = _labels([row[place] for row in body], file)
        column = header[place] if header else f"column {place + 1}"
        notes.append(f"Labels are {column!r} ({chosen_by}); choose another by the option label.")
    stimuli = row_ids(inputs) if ids is None else tuple(shown_name(row[ids].strip()) for row in body)
    return checked(Brought(inputs, labels, stimuli, classes, "tabular", tuple(notes)), file)


def parsed_rows(text: str, file: str, most_columns: int) -> list[list[str]]:
    """Rows of a table with commas, semicolons or tabs between the columns, all of one length.

    Raises
    ------
    FormatError
        If the rows differ in length, or are no CSV.
    BudgetError
        If there are more columns than the limit.
    """
    first = text.lstrip("\r\n").partition("\n")[0]
    mark = max(",;\t", key=first.count)
    if first.count(mark) >= most_columns:
        raise BudgetError(f"{file} has {first.count(mark) + 1} columns (limit {most_columns}); bring fewer.")
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(text), delimiter=mark, strict=True):
            if not row:
                continue
            if rows and len(row) != len(rows[0]):
                raise FormatError(
                    f"{file}: row {len(rows) + 1} has {len(row)} columns and the first {len(rows[0])}; every row "
                    "needs the same."
                )
            if len(rows) > LIMITS.stimuli:
                raise BudgetError(f"{file} has more than {LIMITS.stimuli} rows; bring a part of them.")
            rows.append(row)
    except csv.Error as error:
        raise FormatError(f"{file} is no table with commas ({error}); save it as CSV, UTF-8.") from error
    if not rows:
        raise FormatError(f"{file} holds no rows; save it as CSV, UTF-8.")
    return rows


def decoded_text(raw: bytes, file: str) -> str:
    """UTF-8 with or without a mark at its beginning."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FormatError(f"{file} is no UTF-8 text (byte {error.start}); save it as CSV, UTF-8.") from error


def _text(path: Path, file: str) -> str:
    size = path.stat().st_size
    if size > LIMITS.table_bytes:
        limit = readable_bytes(LIMITS.table_bytes)
        raise BudgetError(f"{file} has {readable_bytes(size)} (limit {limit} for a table); bring a part of it.")
    return decoded_text(path.read_bytes(), file)


def _label_column(header: Sequence[str], width: int, label: str | None, file: str) -> tuple[int | None, str]:
    """Where the labels are, and by which rule."""
    if label == NO_LABEL and NO_LABEL not in header:
        return None, ""
    if label:
        if label in header:
            return header.index(label), "as chosen"
        if label.isascii() and label.isdigit() and 1 <= int(label) <= width:
            return int(label) - 1, "as chosen"
        known = ", ".join(header[:12]) if header else f"1 to {width}"
        raise InputError(f"{file} has no column {shown_name(label)!r}; its columns are {known}.")
    lower = [one.lower() for one in header]
    named = next((lower.index(one) for one in LABEL_NAMES if one in lower), None)
    return (width - 1, "the last column") if named is None else (named, "by its name")


def _labels(cells: Sequence[str], file: str) -> tuple[NDArray[Any], tuple[str, ...]]:
    numbers = [_number(one) for one in cells]
    if all(one is not None for one in numbers):
        values = np.array(numbers, dtype=np.float64)
        if (values != np.rint(values)).any() or len(np.unique(values)) > _FEW:
            return values, ()
        return classes_of([f"{int(one)}" for one in values], file)
    return classes_of([label_text(one, file) for one in cells], file)


def _numbers(
    body: Sequence[Sequence[str]], features: Sequence[int], header: Sequence[str], first: int, file: str
) -> NDArray[np.float32]:
    check_stored(4 * len(body) * len(features), file)
    out = np.empty((len(body), len(features)), np.float32)
    for place, row in enumerate(body):
        for to, at in enumerate(features):
            value = _number(row[at])
            if value is None:
                column = repr(header[at]) if header else str(at + 1)
                raise FormatError(
                    f"{file}: line {place + first}, column {column}: {shown_name(row[at], 40)!r} is no finite number; "
                    "features are numbers with a decimal point, and empty cells are not filled in."
                )
            out[place, to] = value
    return out


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if np.isfinite(value) and "_" not in text else None
