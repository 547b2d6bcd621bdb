"""Models and datasets as they are named on the command line: by name, or by the path of a file."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from repsim_core.errors import InputError

if TYPE_CHECKING:
    from repsim_core.models import Model
    from repsim_core.types import Dataset

MODEL_HELP = "a name from `repsim models`, torchvision/NAME, or a file (weights, graph, recorded responses)"
DATA_HELP = (
    "a name from `repsim datasets`, or a file (.zip of pictures, .npz, .csv, recorded responses) or folder; "
    "~noise:0.2 or ~classes:0,3 may follow"
)
ENDINGS = (".safetensors", ".pt", ".pth", ".pt2", ".npz", ".npy", ".zip", ".csv", ".onnx", ".h5", ".keras")


def path_in(text: str) -> Path | None:
    """The path that a text is, or None for a name.

    Raises
    ------
    InputError
        If it ends as a file does and no such file exists.
    """
    path = Path(text)
    if path.is_file() or (path.is_dir() and text.startswith((".", "/", "~"))):
        return path
    if path.suffix.lower() in ENDINGS:
        raise InputError(f"There is no file {text}; check the path.")
    return None


def model_of(text: str, *, random: bool = False, seed: int = 0, architecture: str | None = None) -> "Model":
    """The model of a name or of a file."""
    from repsim_core import models

    path = path_in(text)
    if path is None:
        if architecture is not None:
            raise InputError(f"{text} is no file: its architecture is known, leave the option out.")
        weights: Literal["DEFAULT"] | None = None if random else "DEFAULT"
        return models.load(text, weights=weights, seed=seed)
    if random:
        raise InputError(f"{text} is a file with weights of its own; leave --random out.")
    return models.from_file(path, architecture)


def dataset_of(text: str, *, n: int | None = None, seed: int = 0, split: str = "test") -> "Dataset":
    """The dataset of a name, of a file or folder, or of recorded responses."""
    from repsim_core import datasets, formats
    from repsim_core.datasets.recorded import recorded

    file, mark, choice = text.partition("~")
    path = path_in(file)
    if path is None:
        return datasets.load(text, n=n, seed=seed, split=split)
    if mark:
        asked = datasets.parts(f"file~{choice}")
        shift = str(asked.shift) if asked.shift else None
        return datasets.from_file(path, n=n, seed=seed, classes=asked.classes or None, shift=shift)
    if path.is_file() and formats.holds_responses(path):
        return recorded(path, n=n, seed=seed)
    return datasets.from_file(path, n=n, seed=seed)
