"""Datasets that torchvision knows, read from the data directory, and fetched into it when asked.

The files are torchvision's own, in the places where it looks for them, so a directory that it filled is used as it is.
Torchvision takes seconds to import, so it is imported by the first call that needs it.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from repsim_core.compute.memory import readable_bytes
from repsim_core.compute.progress import Progress
from repsim_core.datasets.archives import Archive, fetched, unpacked
from repsim_core.datasets.source import Content, Source
from repsim_core.errors import FormatError, InputError
from repsim_core.types import DatasetCard

PREFIX = "torchvision/"


@dataclass(frozen=True)
class Published:
    """One of torchvision's datasets; ``size`` is that of the download, ``folder`` where ``packed`` is unpacked."""

    kind: str  # the class in torchvision.datasets
    packed: tuple[str, ...]  # archives, below the data directory
    folder: str
    marks: tuple[str, ...]  # files of the folder once it is unpacked
    size: int
    shape: tuple[int, int, int]
    sizes: Mapping[str, int]
    classes: tuple[str, ...]
    description: str
    source: str


_IDX = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
_DIGITS = tuple(str(one) for one in range(10))
_CIFAR_100 = (
    "apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can castle "
    "caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin elephant "
    "flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster man "
    "maple_tree motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree "
    "plain plate poppy porcupine possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk skyscraper "
    "snail snake spider squirrel streetcar sunflower sweet_pepper table tank telephone television tiger tractor train "
    "trout tulip turtle wardrobe whale willow_tree wolf woman worm"
)
KNOWN: dict[str, Published] = {
    "cifar10": Published(
        "CIFAR10",
        ("cifar-10-python.tar.gz",),
        "cifar-10-batches-py",
        ("test_batch",),
        170_498_071,
        (3, 32, 32),
        {"train": 50_000, "test": 10_000},
        ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
        "Photographs of ten kinds of thing, 32 × 32 in colour",
        "A. Krizhevsky (2009), Learning multiple layers of features from tiny images",
    ),
    "cifar100": Published(
        "CIFAR100",
        ("cifar-100-python.tar.gz",),
        "cifar-100-python",
        ("test",),
        169_001_437,
        (3, 32, 32),
        {"train": 50_000, "test": 10_000},
        tuple(_CIFAR_100.split()),
        "Photographs of a hundred kinds of thing, 32 × 32 in colour",
        "A. Krizhevsky (2009), Learning multiple layers of features from tiny images",
    ),
    "mnist": Published(
        "MNIST",
        tuple(f"MNIST/raw/{one}.gz" for one in _IDX),
        "MNIST/raw",
        _IDX,
        11_594_722,
        (1, 28, 28),
        {"train": 60_000, "test": 10_000},
        _DIGITS,
        "Handwritten digits, 28 × 28 grey values",
        "Y. LeCun, C. Cortes, C. Burges, MNIST",
    ),
    "fashion-mnist": Published(
        "FashionMNIST",
        tuple(f"FashionMNIST/raw/{one}.gz" for one in _IDX),
        "FashionMNIST/raw",
        _IDX,
        30_878_645,
        (1, 28, 28),
        {"train": 60_000, "test": 10_000},
        ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
        "Articles of clothing, 28 × 28 grey values",
        "H. Xiao, K. Rasul, R. Vollgraf (2017), Fashion-MNIST. arXiv:1708.07747",
    ),
    "stl10": Published(
        "STL10",
        ("stl10_binary.tar.gz",),
        "stl10_binary",
        ("test_X.bin",),
        2_640_397_119,
        (3, 96, 96),
        {"train": 5_000, "test": 8_000},
        ("airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck"),
        "Photographs of ten kinds of thing, 96 × 96 in colour",
        "A. Coates, H. Lee, A. Ng (2011), STL-10",
    ),
}


def data_folder() -> Path:
    """Where datasets are looked for: ``$REPSIM_DATA``, or ``~/.cache/repsim/data``."""
    chosen = os.environ.get("REPSIM_DATA")
    return Path(chosen) if chosen else Path.home() / ".cache" / "repsim" / "data"


def source(name: str) -> Source:
    """Card and reader of one of :data:`KNOWN`; the card says so where the files are not there."""
    known = KNOWN[name]
    absent = "" if is_there(name) else f"not downloaded, {readable_bytes(known.size)}"
    card = DatasetCard(
        PREFIX + name,
        "image",
        "classification",
        known.shape,
        known.sizes,
        known.classes,
        known.description,
        f"{known.source}; by torchvision",
        absent=absent,
    )
    return Source(card, partial(_content, name))


def is_there(name: str) -> bool:
    """Whether the files are in the data directory, unpacked or as archives. Only a look: reading checks them."""
    root, known = data_folder(), KNOWN[name]
    return _unpacked(root, known) or all((root / one).is_file() for one in known.packed)


def download(name: str, progress: Progress | None = None) -> None:
    """Fetch one of :data:`KNOWN` into the data directory, unless it is there, and unpack it; progress in bytes."""
    root, known = data_folder(), KNOWN[name]
    if _unpacked(root, known):
        return
    files = archives(name)
    fetched(files, root, known.size, PREFIX + name, progress)
    unpacked(files, root, known.folder)


def archives(name: str) -> list[Archive]:
    """The files that make up a dataset, with addresses and checksums as torchvision has them."""
    kind, packed = _torchvision(name), KNOWN[name].packed
    if not hasattr(kind, "resources"):
        return [Archive(packed[0], (kind.url,), kind.tgz_md5)]
    known = {file: (tuple(mirror + file for mirror in kind.mirrors), md5) for file, md5 in kind.resources}
    return [Archive(one, *known[Path(one).name]) for one in packed]


def _torchvision(name: str) -> Any:
    import torchvision.datasets

    return getattr(torchvision.datasets, KNOWN[name].kind)


def _unpacked(root: Path, known: Published) -> bool:
    return all((root / known.folder / one).is_file() for one in known.marks)


def _content(name: str, split: str) -> Content:
    return _read(name, split, data_folder())


@lru_cache(maxsize=2)
def _read(name: str, split: str, root: Path) -> Content:
    known = KNOWN[name]
    if not is_there(name):
        place = (root / known.packed[0]).parent
        raise InputError(
            f"{PREFIX}{name} is not on this machine. datasets.download({PREFIX + name!r}) fetches it "
            f"({readable_bytes(known.size)}), or put {_listed(known.packed)} into {place}."
        )
    if not _unpacked(root, known):
        unpacked(archives(name), root, known.folder)
    kind = _torchvision(name)
    try:
        which = {"split": split} if known.kind == "STL10" else {"train": split == "train"}
        found = kind(str(root), **which, download=False)
    except Exception as error:  # the files hold anything; torchvision's own words say what it met
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
        raise FormatError(
            f"The files of {PREFIX}{name} in {root / known.folder} cannot be read ({reason}); delete the folder and "
            f"call datasets.download({PREFIX + name!r})."
        ) from error
    pixels = np.asarray(found.data)
    if known.shape[0] == 1:
        pixels = pixels[:, None]
    elif pixels.shape[-1] == 3:
        pixels = pixels.transpose(0, 3, 1, 2)
    labels = np.asarray(found.labels if known.kind == "STL10" else found.targets).astype(np.int64)
    return Content(np.ascontiguousarray(pixels), labels, tuple(f"{name}/{split}/{i:05d}" for i in range(len(labels))))


def _listed(files: Sequence[str]) -> str:
    names = [Path(one).name for one in files]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
