"""Published weights in torch.hub's folder: found there, or downloaded by torch.hub, and always the ones promised."""

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from pickle import UnpicklingError  # noqa: TID251 (what torch raises; nothing is unpickled here)
from typing import Any

import torch.hub

from repsim_core.errors import FormatError, InputError
from repsim_core.models.torchvision_names import hub_folder

Progress = Callable[[int, int], None]
_ONE_AT_A_TIME = threading.Lock()


def fetched(full_name: str, url: str, progress: Progress | None = None) -> Path:
    """The file that a set of published weights lies in, downloaded if it is not there yet.

    Its SHA-256 begins as its name says, whoever put it there, and it holds tensors alone.

    Raises
    ------
    InputError
        If it is not there and cannot be downloaded.
    FormatError
        If it is another file than the one published, or no file of tensors.
    """
    file = url.rsplit("/", 1)[-1]
    path = hub_folder() / file
    expected = promised_digest(file)
    if not path.is_file():
        _download(full_name, url, path, expected, progress)
    found = _digest(path)
    if not found.startswith(expected):
        raise damaged(full_name, file, f"its SHA-256 should begin with {expected}, but it is {found[:16]}…")
    try:
        torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, UnpicklingError, EOFError, ValueError, KeyError) as error:
        raise damaged(full_name, file, first_line(error)) from error
    return path


def promised_digest(file: str) -> str:
    """The first digits of the SHA-256 that the name of a published file ends with."""
    digits = Path(file).stem.rpartition("-")[2]
    if len(digits) < 8 or not set(digits) <= set("0123456789abcdef"):
        raise FormatError(f"{file} has no checksum in its name, so nobody can tell whether it is the published one.")
    return digits


def first_line(error: BaseException) -> str:
    """The first line of a foreign message, without its full stop."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")


def _download(full_name: str, url: str, path: Path, expected: str, progress: Progress | None) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _reporting(progress):
            torch.hub.download_url_to_file(url, str(path), expected, progress=progress is not None)
    except (OSError, HTTPException) as error:  # URLError and the lack of a route are among them
        raise InputError(
            f"The published weights of {full_name} are not on this machine and cannot be downloaded "
            f"({first_line(error)}); choose weights=None for random weights, or get {path.name} from {url} "
            "elsewhere and put it into torch's hub folder, or bring weights of your own as a file."
        ) from error
    except RuntimeError as error:  # torch.hub's own comparison of the hash; it has removed the file
        raise damaged(full_name, path.name, first_line(error)) from error


def damaged(full_name: str, file: str, reason: str) -> FormatError:
    """The refusal of a file that is not the published one, with the way out."""
    return FormatError(
        f"The published weights of {full_name} are damaged ({reason}); "
        f"delete {file} from torch's hub folder, or choose weights=None."
    )


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextmanager
def _reporting(report: Progress | None) -> Iterator[None]:
    """torch.hub's progress bar replaced by a callback; raised from, the callback ends the download and its file."""
    if report is None:
        yield
        return
    progress: Progress = report

    class Bar:
        def __init__(self, *, total: int | None = None, **_: Any) -> None:
            self.done, self.total = 0, total or 0

        def __enter__(self) -> "Bar":
            progress(0, self.total)
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def update(self, count: int) -> None:
            self.done += count
            progress(self.done, self.total)

    hub: Any = torch.hub
    with _ONE_AT_A_TIME:  # the name is torch.hub's own, so two downloads must not exchange it at once
        shown, hub.tqdm = hub.tqdm, Bar
        try:
            yield
        finally:
            hub.tqdm = shown
