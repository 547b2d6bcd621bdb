"""From the bytes of a file to an upload: written down unread, imported by a sandboxed child, looked at, kept."""

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

from repsim_core.compute import sandbox
from repsim_core.compute.memory import readable_bytes
from repsim_core.errors import FormatError, InputError, RepsimError
from repsim_core.formats import shown_name
from repsim_core.uploads import Upload
from repsim_ui import cache
from repsim_ui.job import Job
from repsim_ui.sandboxed import Held
from repsim_ui.uploads_work import LARGEST_FACTS

KINDS = {"weights": "weights", "graph": "graph", "activations": "activations", "data": "dataset"}
_LINES = 600  # characters of a refusal

log = logging.getLogger("repsim.uploads")


def imported(
    content: bytes | memoryview,
    name: str,
    purpose: str,
    owner: str,
    choices: Mapping[str, Any],
    told: Callable[[Job], None] | None = None,
) -> Upload:
    """Bring a file in; nothing of it stays where it is refused.

    Raises
    ------
    InputError
        The refusal: the file, the rule, the limit and the way out.
    RepsimError
        If the import ended in another way; the server and other uploads are untouched.
    """
    if purpose not in KINDS:
        raise InputError(f"{purpose!r} is nothing that can be brought; choose one of {', '.join(KINDS)}.")
    title = shown_name(name)
    if purpose == "graph":
        sandbox.refuse_graphs()
    store, began = cache.uploads(), time.monotonic()
    upload = store.accept(content, title, owner)
    verdict = "stopped"
    try:
        kept = _kept(upload, purpose, choices, told)
        verdict = "accepted"
        return kept
    except RepsimError as error:
        verdict = f"refused, {type(error).__name__}"
        words = _named(str(error), upload)
        raise (InputError(words) if isinstance(error, InputError) else RepsimError(words)) from error
    finally:
        if verdict != "accepted":
            store.discard(upload)
        seconds = time.monotonic() - began
        size = readable_bytes(memoryview(content).nbytes)
        log.info("Upload %s: %s of %s, %s after %.1f s", upload.digest[:16], purpose, size, verdict, seconds)


def _kept(upload: Upload, purpose: str, choices: Mapping[str, Any], told: Callable[[Job], None] | None) -> Upload:
    recipe = {
        "purpose": purpose,
        "path": str(upload.original),
        "folder": str(upload.made),
        "choices": dict(choices) | {"title": upload.title},
    }
    facts = cache.in_sandbox("import", recipe, held(upload), told)
    kind = KINDS[purpose]
    if facts.values.get("kind") != kind:
        raise FormatError(f"{upload.title} is {shown_name(str(facts.values.get('kind')))}, not {kind}.")
    named = _renamed(dict(facts.values), upload)
    return cache.uploads().keep(upload, named, kind)


def held(upload: Upload) -> Held:
    """What the import of a file is given: that file, and the folder beside it."""
    return Held((upload.original.parent,), upload.made, LARGEST_FACTS)


def _named(words: str, upload: Upload) -> str:
    """The visitor's name of the file in place of ours, in one line."""
    for ours in (str(upload.original), upload.token):
        words = words.replace(ours, upload.title)
    return " ".join(words.split())[:_LINES]


def _renamed(value: Any, upload: Upload) -> Any:
    if isinstance(value, str):
        return value.replace(str(upload.original), upload.title).replace(upload.token, upload.title)
    if isinstance(value, dict):
        return {str(key): _renamed(one, upload) for key, one in value.items()}
    if isinstance(value, list):
        return [_renamed(one, upload) for one in value]
    return value
