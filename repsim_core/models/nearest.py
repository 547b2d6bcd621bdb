"""Which known architecture a file of weights belongs to, or comes nearest."""

import math

from repsim_core.errors import FormatError
from repsim_core.models import torchvision_names, zoo
from repsim_core.models.fit import PREFIXES, Fit, fit
from repsim_core.models.known import Architecture, of_torchvision, of_zoo
from repsim_core.models.skeleton import Skeleton, trunk_names

_ALIKE = 0.25  # part of the first names that has to be shared
_TRIED = 8  # networks of torchvision that are built, of those whose names begin alike


def recognised(shapes: Skeleton, file: str) -> Fit:
    """The one known architecture that a file fits.

    An exact fit goes before one with another number of classes. The networks of timm are not tried: many of them have
    the same tensors.

    Raises
    ------
    FormatError
        If none fits, with the nearest three, or if several do.
    """
    fits = [one for one in _of_the_zoo(shapes) if one.is_exact] or [
        one for one in _of_torchvision(shapes) if one.is_exact
    ]
    as_published = [one for one in fits if not one.arguments]
    different = {one.architecture.identity(one.arguments): one for one in as_published or fits}
    if len(different) == 1:
        return next(iter(different.values()))
    if different:
        names = sorted(one.architecture.name for one in different.values())
        raise FormatError(
            f"{file} fits {len(names)} known architectures ({', '.join(names[:4])}{', …' if len(names) > 4 else ''}), "
            "which differ in what their weights do not show; name the one that it is."
        )
    near = nearest(shapes)
    hint = "; ".join(f"{one.architecture.name} ({one.share:.0%} of the tensors)" for one in near)
    raise FormatError(
        f"{file} fits no known architecture"
        + (f"; the nearest are {hint}" if near else "")
        + ". Name its architecture to see what differs, or bring the whole graph (.pt2)."
    )


def nearest(shapes: Skeleton, count: int = 3) -> list[Fit]:
    """The architectures that share most tensors with a file, the best first; those that share none are left out."""
    ranked = sorted([*_of_the_zoo(shapes), *_of_torchvision(shapes)], key=lambda one: -one.share)
    different = {one.architecture.identity(one.arguments): one for one in reversed(ranked)}
    best = sorted(different.values(), key=lambda one: -one.share)
    return [one for one in best[:count] if one.share > 0]


def _of_the_zoo(shapes: Skeleton) -> list[Fit]:
    """Fits to the architectures of the zoo."""
    return [fit(shapes, one) for one in _zoo()]


def _of_torchvision(shapes: Skeleton) -> list[Fit]:
    """Fits to those networks of torchvision whose names begin most alike and whose tensors are most nearly as many."""
    first, count = _first_names(shapes), len(trunk_names(shapes))
    likely: list[tuple[float, float, str]] = []
    for short, known in torchvision_names.networks().items():
        theirs = set(known["first_names"])
        alike = len(first & theirs) / len(first | theirs)
        if alike >= _ALIKE:
            likely.append((-alike, abs(math.log(max(count, 1) / known["tensors"])), short))
    return [fit(shapes, of_torchvision(short)) for _, _, short in sorted(likely)[:_TRIED]]


def _first_names(shapes: Skeleton) -> set[str]:
    """The first parts of the names behind what wrappers put before them all."""
    names = list(shapes)
    first = {name.partition(".")[0] for name in names}
    while len(first) == 1 and first < set(PREFIXES) and all("." in name for name in names):
        names = [name.partition(".")[2] for name in names]
        first = {name.partition(".")[0] for name in names}
    return first


def _zoo() -> list[Architecture]:
    """One architecture for all members of the zoo that share it."""
    different: dict[tuple[object, ...], Architecture] = {}
    for entry in zoo.entries().values():
        one = of_zoo(entry)
        different.setdefault(one.identity({}), one)
    return list(different.values())
