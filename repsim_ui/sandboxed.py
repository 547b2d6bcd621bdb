"""Which requests run in the sandbox, and what they get there: the uploads they name, and a folder of their own."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from repsim_core import uploads
from repsim_core.compute import sandbox
from repsim_core.compute.worker import LARGEST_RESULT
from repsim_core.errors import InputError
from repsim_core.limits import LIMITS

MOST_FILES = 1000  # of a job's folder
KEPT = "results"  # what the work would keep for later goes here, and with the job


@dataclass(frozen=True)
class Held:
    """What a job in the sandbox may see and take; without a ``folder`` it gets a fresh one."""

    readable: tuple[Path, ...]
    folder: Path | None = None
    largest: int = LARGEST_RESULT  # bytes of its result
    seconds: float = LIMITS.wall_seconds
    processor_seconds: int = LIMITS.processor_seconds
    memory_bytes: int = LIMITS.resident_bytes


def held(recipe: Mapping[str, Any]) -> Held | None:
    """What a request that names a graph from outside is given; None where it names none."""
    named = uploads.tokens(recipe)
    if not any(is_graph(one) for one in named):
        return None
    return Held((*(uploads.folder(one) for one in named if there(one)), *_library().values()))


def is_graph(name: str) -> bool:
    """Whether an upload, by its token or its name, runs nowhere but in the sandbox."""
    return there(name) and uploads.facts(name).get("kind") == "graph"


def there(name: str) -> bool:
    """Whether there is such an upload."""
    try:
        uploads.folder(name)
    except InputError:
        return False
    return True


@contextmanager
def scratch(given: Held | None) -> Iterator[Path | None]:
    """The one folder the job may write to; it can make none in there, so what it leaves lies at hand."""
    if given is None:
        yield None
        return
    folder = given.folder or Path(tempfile.mkdtemp(prefix="job-", dir=os.environ.get(uploads.ENVIRONMENT)))
    (folder / KEPT).mkdir(mode=0o700, exist_ok=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder / KEPT if given.folder else folder, ignore_errors=True)


def request(given: Held | None, folder: Path | None) -> dict[str, Any]:
    """What the child is told of it, to be merged into its request."""
    if given is None or folder is None:
        return {}
    return {
        "sandbox": {
            "folder": str(folder),
            "readable": [str(one) for one in given.readable],
            "processor_seconds": given.processor_seconds,
        },
        "store": None,
        "largest": given.largest,
    }


def environment(given: Held | None) -> dict[str, str]:
    """Where the library lies: inside, the home folder is another one."""
    return {} if given is None else {name: str(path) for name, path in _library().items()}


def bytes_in(folder: Path) -> int:
    """Bytes in a job's folder; more than any limit once there are too many files to count."""
    total = count = 0
    for one in (folder, folder / KEPT):
        try:
            with os.scandir(one) as entries:
                for entry in entries:
                    count += 1
                    if count > MOST_FILES:
                        return 2**62
                    total += entry.stat(follow_symlinks=False).st_blocks * 512
        except OSError:
            continue
    return total


def offered() -> sandbox.Strength:
    """What this machine can hold a stranger's file with."""
    return sandbox.strength()


def _library() -> dict[str, Path]:
    """Settings of the folders of what everybody may use."""
    from repsim_core.datasets.published import data_folder
    from repsim_core.models.torchvision_names import hub_folder
    from repsim_core.models.zoo import local_folder

    return {"REPSIM_ZOO": local_folder(), "REPSIM_DATA": data_folder(), "TORCH_HOME": hub_folder().parents[1]}
