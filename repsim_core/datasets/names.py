"""How a choice of classes and a shift are written into the name of a dataset: ``digits~classes:0,3~noise:0.2``.

The name is all that recipes, links and the command line carry, so whatever takes a dataset's name takes these too.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from repsim_core.datasets.shifts import Shift, shift_named
from repsim_core.errors import InputError

MARK = "~"
CLASSES = "classes:"


@dataclass(frozen=True)
class Asked:
    """The parts of a name; ``classes`` are indices, empty for all of them."""

    base: str
    classes: tuple[int, ...] = ()
    shift: Shift | None = None

    @property
    def name(self) -> str:
        """The one spelling of these parts.

        Examples
        --------
        >>> Asked("digits", (3, 0), shift_named("noise:.20")).name
        'digits~classes:0,3~noise:0.2'
        """
        chosen = [CLASSES + ",".join(str(one) for one in sorted(set(self.classes)))] if self.classes else []
        return MARK.join([self.base, *chosen, *([str(self.shift)] if self.shift else [])])


def parts(name: str) -> Asked:
    """What a name asks for.

    Raises
    ------
    InputError
        If a part after ``~`` is neither a choice of classes nor a shift, or comes twice.

    Examples
    --------
    >>> parts("digits~blur:1").base
    'digits'
    """
    base, *more = name.split(MARK)
    classes: tuple[int, ...] = ()
    shift: Shift | None = None
    for one in more:
        if (classes if one.startswith(CLASSES) else shift) not in ((), None):
            raise InputError(f"{name!r} has two parts of one kind; give one choice of classes and one shift at most.")
        if one.startswith(CLASSES):
            classes = _indices(one.removeprefix(CLASSES), name)
        else:
            shift = shift_named(one)
    return Asked(base, classes, shift)


def class_indices(chosen: Sequence[str | int], names: Sequence[str], dataset: str) -> tuple[int, ...]:
    """Indices of classes that were given by name or by index.

    Raises
    ------
    InputError
        For a dataset without classes, or a class that it does not have.
    """
    if not names:
        raise InputError(f"{dataset} has no classes to choose from; leave the choice of classes out.")
    found = []
    for one in chosen:
        index = names.index(one) if isinstance(one, str) and one in names else one
        if isinstance(index, str) or not 0 <= int(index) < len(names):
            raise InputError(
                f"{dataset} has no class {one!r}; its {len(names)} classes are {', '.join(names[:12])}"
                f"{', …' if len(names) > 12 else ''}, or 0 to {len(names) - 1} by number."
            )
        found.append(int(index))
    return tuple(sorted(set(found)))


def _indices(text: str, name: str) -> tuple[int, ...]:
    if not all(one.isascii() and one.isdigit() and len(one) < 6 for one in text.split(",")):
        raise InputError(f"{name!r}: {text!r} is no list of class numbers; write them as in {CLASSES}0,3,7.")
    return tuple(sorted({int(one) for one in text.split(",")}))
