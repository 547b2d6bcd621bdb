"""From a source to stimuli: which classes, which of them, in which split, and what is done to each."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from repsim_core.compute.memory import readable_bytes
from repsim_core.datasets.names import Asked, class_indices
from repsim_core.datasets.shifts import DOMAINS, shifted
from repsim_core.datasets.source import Content, Source
from repsim_core.datasets.subset import subset
from repsim_core.errors import BudgetError, InputError, unknown_name
from repsim_core.limits import LIMITS
from repsim_core.types import Dataset, DatasetCard


def card_of(source: Source, asked: Asked) -> DatasetCard:
    """The card of a source as this name asks for it: fewer classes, another shift."""
    card = source.card
    if not asked.classes and asked.shift is None:
        return card
    sizes, said = card.sizes, []
    if asked.classes:
        chosen = class_indices(asked.classes, card.classes, card.name)
        sizes = {split: len(_of_classes(source.read(split), chosen)) for split in card.sizes}
        said.append(f"classes {', '.join(card.classes[one] for one in chosen)}")
    if asked.shift is not None:
        said.append(f"shifted by {asked.shift}")
    return replace(
        card,
        name=asked.name,
        base=card.name,
        sizes=sizes,
        chosen=asked.classes,
        shift=str(asked.shift or ""),
        description=f"{card.description}; {'; '.join(said)}",
    )


def split_of(card: DatasetCard, split: str) -> str:
    """The split of that name; where there is only "all", "test" means it."""
    if split == "test" and tuple(card.sizes) == ("all",):
        return "all"
    if split not in card.sizes:
        raise unknown_name(f"split of {card.name}", split, card.sizes)
    return split


def loaded(
    source: Source, asked: Asked, split: str, n: int | None, seed: int, other: Callable[[str], Source] | None = None
) -> Dataset:
    """Stimuli of a source; ``other`` finds the source of another domain by name."""
    split = split_of(source.card, split)
    content = source.read(split)
    card = card_of(source, asked)
    rows = _of_classes(content, asked.classes) if asked.classes else None
    if n is not None:
        among = np.arange(len(content.stimuli)) if rows is None else rows
        labels = None if content.labels is None else content.labels[among]
        rows = among[subset(labels, len(among), n, seed=seed, name=f"{card.name} ({split})")]
    stimuli = content.stimuli if rows is None else tuple(content.stimuli[i] for i in rows)
    labels = content.labels if rows is None or content.labels is None else content.labels[rows]
    _check_size(card, len(stimuli))
    shift = asked.shift
    if shift is not None and 0 in card.input_shape:
        raise InputError(f"{source.card.name} has recorded responses and no inputs to shift; leave the shift out.")
    if shift is not None and shift.domain and source.card.name in DOMAINS.values() and other is not None:
        drawn = other(DOMAINS[shift.domain]).read(split)  # the same stimuli in the same order
        return Dataset(card, split, drawn.taken(rows), labels, stimuli, seed)
    inputs = content.taken(rows)
    if shift is not None:
        inputs = shifted(inputs, stimuli, shift, card.kind, source.card.name)
    return Dataset(card, split, inputs, labels, stimuli, seed)


def _of_classes(content: Content, classes: tuple[int, ...]) -> NDArray[np.intp]:
    labels: NDArray[Any] | None = content.labels
    if labels is None or not np.issubdtype(labels.dtype, np.integer):
        raise InputError("These stimuli have no classes to choose from; leave the choice of classes out.")
    return np.flatnonzero(np.isin(labels, classes))


def _check_size(card: DatasetCard, count: int) -> None:
    one = 4 * int(np.prod(card.input_shape, dtype=np.int64))
    if count * one > LIMITS.dataset_bytes:
        raise BudgetError(
            f"{count} stimuli of {card.name} need {readable_bytes(count * one)} (limit "
            f"{readable_bytes(LIMITS.dataset_bytes)}); take n = {LIMITS.dataset_bytes // one} or fewer."
        )
