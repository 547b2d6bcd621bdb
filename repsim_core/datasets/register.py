"""The datasets by name, and how one is loaded."""

from repsim_core.datasets import digits, points, shapes, tabular
from repsim_core.datasets.source import Source
from repsim_core.datasets.subset import subset
from repsim_core.errors import unknown_name
from repsim_core.types import Dataset, DatasetCard

_SOURCES: dict[str, Source] = {
    one.card.name: one for one in digits.SOURCES + shapes.SOURCES + tabular.SOURCES + points.SOURCES
}


def available() -> list[DatasetCard]:
    """Cards of all datasets that ship, images first.

    Examples
    --------
    >>> available()[0].name
    'digits'
    """
    return [source.card for source in _SOURCES.values()]


def load(name: str, *, n: int | None = None, seed: int = 0, split: str = "test") -> Dataset:
    """Load a dataset, or a seeded subset with every class in its share.

    Parameters
    ----------
    name : str
        One of :func:`available`.
    n : int or None
        Stimuli wanted; None takes the whole split.
    seed : int
        Chooses the subset; without ``n`` it changes nothing.
    split : str
        A split of the card. Point clouds have the split "all" alone, and "test" means it.

    Returns
    -------
    Dataset
        In the original order, whatever the seed.

    Raises
    ------
    UnknownNameError
        For a name or a split that does not exist.
    InputError
        If n is below 1 or more than there are.

    Examples
    --------
    >>> load("digits", n=20).inputs.shape
    (20, 1, 8, 8)
    """
    if name not in _SOURCES:
        raise unknown_name("dataset", name, _SOURCES)
    card = _SOURCES[name].card
    if split == "test" and tuple(card.sizes) == ("all",):
        split = "all"
    if split not in card.sizes:
        raise unknown_name(f"split of {name}", split, card.sizes)
    content = _SOURCES[name].read(split)
    if n is None:
        return Dataset(card, split, content.inputs, content.labels, content.stimuli, seed)
    rows = subset(content.labels, len(content.stimuli), n, seed=seed, name=f"{name} ({split})")
    labels = None if content.labels is None else content.labels[rows]
    return Dataset(card, split, content.inputs[rows], labels, tuple(content.stimuli[i] for i in rows), seed)
