"""The datasets by name, and how one is loaded."""

from collections.abc import Sequence
from dataclasses import replace

from repsim_core.compute.progress import Progress
from repsim_core.datasets import digits, folders, points, published, shapes, tabular, uploaded
from repsim_core.datasets.loading import card_of, loaded
from repsim_core.datasets.names import Asked, class_indices, parts
from repsim_core.datasets.shifts import shift_named
from repsim_core.datasets.source import Source
from repsim_core.errors import InputError, unknown_name
from repsim_core.types import Dataset, DatasetCard

_SHIPPED: dict[str, Source] = {
    one.card.name: one for one in digits.SOURCES + shapes.SOURCES + tabular.SOURCES + points.SOURCES
}


def available(*, downloadable: bool = False) -> list[DatasetCard]:
    """Cards of all datasets that can be loaded: what ships, images first, then what lies in the data directory.

    Parameters
    ----------
    downloadable : bool
        Also those that :func:`download` would fetch; their ``absent`` says how large they are.

    Notes
    -----
    The data directory is ``$REPSIM_DATA``, or ``~/.cache/repsim/data``. Uploads are nobody's but their owner's, and
    not listed.

    Examples
    --------
    >>> available()[0].name
    'digits'
    """
    fetched = [published.source(name).card for name in published.KNOWN]
    return [
        *(source.card for source in _SHIPPED.values()),
        *(card for card in fetched if downloadable or not card.absent),
        *(folders.source(name).card for name in folders.names()),
    ]


def card(name: str) -> DatasetCard:
    """What is known of a dataset by its name, with its choice of classes and its shift.

    Raises
    ------
    UnknownNameError
        For a name that does not exist.
    InputError
        If what follows a ``~`` is no choice of classes and no shift.

    Examples
    --------
    >>> card("digits~classes:0,1~blur:1").sizes["test"]
    180
    """
    asked = parts(name)
    return card_of(_source(asked.base), asked)


def download(name: str, progress: Progress | None = None) -> None:
    """Fetch one of torchvision's datasets into the data directory; nothing happens where it is there.

    Parameters
    ----------
    name : str
        "torchvision/cifar10" or another of :func:`available` with ``downloadable=True``.
    progress
        Told bytes: so many of so many.

    Raises
    ------
    InputError
        If it cannot be had: which file to put where.
    FormatError
        If an archive that is there is not the published one.
    """
    known = {published.PREFIX + one: one for one in published.KNOWN}
    if name not in known:
        raise unknown_name("dataset to download", name, known)
    published.download(known[name], progress)


def load(
    name: str,
    *,
    n: int | None = None,
    seed: int = 0,
    split: str = "test",
    classes: Sequence[str | int] | None = None,
    shift: str | None = None,
) -> Dataset:
    """Load a dataset, or a seeded subset with every class in its share.

    Parameters
    ----------
    name : str
        One of :func:`available`, or "upload/<token>". Classes and shift may be part of it, as in
        "digits~classes:0,3~noise:0.2".
    n : int or None
        Stimuli wanted; None takes the whole split.
    seed : int
        Chooses the subset; without ``n`` it changes nothing.
    split : str
        A split of the card. Point clouds have the split "all" alone, and "test" means it.
    classes : names or indices, or None
        Classes to keep. Labels keep their numbers, so a network's outputs still fit them.
    shift : str or None
        What is done to every stimulus, such as "noise:0.2"; see :data:`repsim_core.datasets.SHIFTS`. The same stimulus
        is shifted alike at every n and seed, and its id stays, so shifted and clean stimuli are pairs.

    Returns
    -------
    Dataset
        In the original order, whatever the seed.

    Raises
    ------
    UnknownNameError
        For a name, a split or a shift that does not exist.
    InputError
        If n is below 1 or more than there are, for a class that does not exist, a severity out of range, and for a
        dataset that first has to be downloaded.
    BudgetError
        If the stimuli take more than the limit.

    Examples
    --------
    >>> load("digits", n=20).inputs.shape
    (20, 1, 8, 8)
    >>> load("digits", n=20, shift="blur:1").name
    'digits~blur:1'
    """
    asked = parts(name)
    source = _source(asked.base)
    return loaded(source, _with(asked, source.card, classes, shift), split, n, seed, _source)


def spelled(name: str, classes: Sequence[str | int] = (), shift: str = "") -> str:
    """The name of a dataset with these classes and this shift in place of those it has.

    Examples
    --------
    >>> spelled("digits~noise:0.2", classes=[3, 0])
    'digits~classes:0,3'
    """
    base = parts(name).base
    return _with(Asked(base), _source(base).card, classes or None, shift or None).name


def _with(asked: Asked, card: DatasetCard, classes: Sequence[str | int] | None, shift: str | None) -> Asked:
    for given, there, what in ((classes, asked.classes, "classes"), (shift, asked.shift, "a shift")):
        if given and there:
            raise InputError(f"{asked.name!r} has {what} in its name already; give them once.")
    if classes:
        chosen = class_indices(classes, card.classes, card.name)
        asked = replace(asked, classes=() if len(chosen) == len(card.classes) else chosen)
    elif asked.classes:
        class_indices(asked.classes, card.classes, card.name)
    return replace(asked, shift=shift_named(shift)) if shift else asked


def _source(name: str) -> Source:
    if name in _SHIPPED:
        return _SHIPPED[name]
    if name.removeprefix(published.PREFIX) in published.KNOWN and name.startswith(published.PREFIX):
        return published.source(name.removeprefix(published.PREFIX))
    if name.startswith(uploaded.PREFIX):
        return uploaded.source(name)
    own = folders.names()
    if name in own:
        return folders.source(name)
    known = [*_SHIPPED, *(published.PREFIX + one for one in published.KNOWN), *own]
    raise unknown_name("dataset", name, known)
