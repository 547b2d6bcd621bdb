"""Whether the names and shapes of a file are those of an architecture, and where they are not."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from repsim_core.formats import shown_name
from repsim_core.models.known import Architecture
from repsim_core.models.skeleton import COUNTER, Skeleton

# What wrappers put before every name: DataParallel, torch.compile, Lightning modules and the like.
PREFIXES = ("module", "_orig_mod", "model", "net", "network", "backbone", "encoder")
_SHOWN = 3


@dataclass(frozen=True, eq=False)
class Fit:
    """A file's names and shapes beside those of an architecture.

    ``arguments`` are those that the file asks for (classes of the head, side of the pictures), ``names`` the tensor of
    the file for each of the network, ``share`` the part of all tensors that agree in name and shape, in [0, 1].
    """

    architecture: Architecture
    arguments: Mapping[str, Any]
    wanted: Skeleton
    names: Mapping[str, str]
    missing: tuple[str, ...]
    extra: tuple[str, ...]
    differing: tuple[tuple[str, tuple[int, ...], tuple[int, ...]], ...]  # name, in the file, in the network
    notes: tuple[str, ...] = field(default=())

    @property
    def is_exact(self) -> bool:
        """Every tensor of the network is in the file with its shape, and nothing else is."""
        return not (self.missing or self.extra or self.differing)

    @property
    def share(self) -> float:
        """Tensors that agree, of all that either has."""
        union = len(self.wanted) + len(self.extra)
        return 1 - (len(self.missing) + len(self.extra) + len(self.differing)) / max(union, 1)


def fit(shapes: Skeleton, architecture: Architecture) -> Fit:
    """How a file's tensors fit an architecture, after what wrappers and another number of classes change."""
    plain = architecture.skeleton({})
    names, notes = _stripped(shapes, plain, architecture)
    found = {new: shapes[old] for new, old in names.items()}
    arguments = architecture.arguments_in(found, plain)
    if "image_size" in arguments:
        notes.append(f"Its position codes belong to pictures of {arguments['image_size']} pixels a side.")
    wanted = architecture.skeleton(arguments) if arguments else plain
    classes = _classes(found, wanted, architecture.classes)
    if classes is not None:
        arguments[architecture.classes_argument] = classes
        resized = architecture.skeleton(arguments)
        if all(resized[name] == found[name] for name in resized if name in found and wanted[name] != resized[name]):
            wanted = resized
            notes.append(f"Its head has {classes:,} classes instead of {architecture.classes:,}.")
        else:
            del arguments[architecture.classes_argument]
    missing = [name for name in wanted if name not in found]
    if missing and all(name.endswith(COUNTER) for name in missing):
        notes.append(f"It lacks the {len(missing)} batch counters of its batch norms, which evaluation does not read.")
        missing = []
    return Fit(
        architecture,
        arguments,
        wanted,
        {name: names[name] for name in wanted if name in names},
        tuple(missing),
        tuple(names[name] for name in found if name not in wanted),
        tuple((name, found[name], wanted[name]) for name in wanted if name in found and found[name] != wanted[name]),
        tuple(notes),
    )


def explained(file: str, one: Fit) -> str:
    """What keeps a file from an architecture, key by key: how many, and the first few."""
    parts = []
    if one.missing:
        parts.append(f"{len(one.missing):,} of its {len(one.wanted):,} tensors are missing ({_listed(one.missing)})")
    if one.extra:
        parts.append(f"{len(one.extra):,} of the file are not in it ({_listed(one.extra)})")
    if one.differing:
        first = [
            f"{shown_name(name)} is {found}, wanted {wanted}" for name, found, wanted in one.differing[: _SHOWN - 1]
        ]
        parts.append(
            f"{len(one.differing):,} have another shape ({'; '.join(first)}{_more(one.differing, _SHOWN - 1)})"
        )
    return f"{file} does not fit {one.architecture.name}: {', '.join(parts)}"


def _stripped(shapes: Skeleton, wanted: Skeleton, architecture: Architecture) -> tuple[dict[str, str], list[str]]:
    """Name as the network has it → name in the file, wrappers' prefixes removed; notes."""
    names = {name: name for name in shapes}
    removed = ""
    own = {name.partition(".")[0] for name in wanted}
    while names:
        heads = {name.partition(".")[0] for name in names}
        head = next(iter(heads))
        if len(heads) > 1 or head not in PREFIXES or head in own or not all("." in name for name in names):
            break
        removed += f"{head}."
        names = {name.partition(".")[2]: old for name, old in names.items()}
    notes = [f"The prefix {removed!r} of every name is left out."] if removed else []
    renamed = {architecture.renamed(name): old for name, old in names.items()}
    if renamed.keys() != names.keys() and len(renamed) == len(names):
        names = renamed
        notes.append("Names of an older form of this architecture are read as today's.")
    return names, notes


def _classes(found: Skeleton, wanted: Skeleton, classes: int) -> int | None:
    """The number of classes of the file's head, where that alone would explain the tensors that differ."""
    counts = set()
    for name, shape in wanted.items():
        other = found.get(name)
        if other is None or other == shape:
            continue
        if len(other) == len(shape) and other[1:] == shape[1:] and shape[0] == classes:
            counts.add(other[0])
    return counts.pop() if len(counts) == 1 and counts != {0} else None


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(shown_name(name) for name in names[:_SHOWN]) + _more(names, _SHOWN)


def _more(items: tuple[Any, ...], shown: int) -> str:
    return ", …" if len(items) > shown else ""
