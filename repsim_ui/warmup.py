"""What the first visitor would otherwise wait for, done in the background while the browser loads its own files."""

import logging
import subprocess
import sys
import threading
from importlib import import_module

MODULES = ("torch", "repsim_core.models", "repsim_core.datasets", "repsim_ui.explore")


def start() -> threading.Thread:
    """A thread that imports the slow modules; it never keeps the server from stopping."""
    _log_to_the_terminal()
    thread = threading.Thread(target=_run, name="warm-up", daemon=True)
    thread.start()
    return thread


def _log_to_the_terminal() -> None:
    log = logging.getLogger("repsim")
    if not log.handlers:  # Python shows warnings alone otherwise
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(name)s: %(message)s"))
        log.addHandler(handler)
        log.setLevel(logging.INFO)


def _run() -> None:
    for name in MODULES:
        import_module(name)
    # After them, and it lowers its own priority: the first page goes before the first computation.
    import_module("repsim_ui.work").nursery().start()
    # A process of its own: compiling would hold the lock of the interpreter. The first start ever takes seconds.
    subprocess.run([sys.executable, "-m", "repsim_core.kernels"], check=False)
