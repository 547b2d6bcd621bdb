"""What the first visitor would otherwise wait for, done in the background while the browser loads its own files."""

import threading
from importlib import import_module

MODULES = ("torch", "repsim_core.models", "repsim_core.datasets", "repsim_ui.explore")


def start() -> threading.Thread:
    """A thread that imports the slow modules; it never keeps the server from stopping."""
    thread = threading.Thread(target=_run, name="warm-up", daemon=True)
    thread.start()
    return thread


def _run() -> None:
    for name in MODULES:
        import_module(name)
    # Last, and it lowers its own priority: the first page goes before the first computation.
    import_module("repsim_ui.cache").jobs().nursery.start()
