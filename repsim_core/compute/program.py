"""Which program computed a result: kept results of another one are not shown as its own."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from repsim_core import __version__
from repsim_core.types import digest

ROOT = Path(__file__).parents[1]


@cache
def program_digest(more: Iterable[Path] = ()) -> str:
    """Digest of the version, every module of the core and the files in ``more``, such as manifests of weights.

    The version alone would do for a release; in a checkout a measure may change between two starts of the server.
    """
    parts: list[bytes | str] = [__version__]
    for path in [*sorted(ROOT.rglob("*.py")), *more]:
        if path.is_file():
            parts += [path.name, path.read_bytes()]
    return digest(*parts)
