"""A dashboard server for a while: for tests, benchmarks and screenshots."""

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]


@contextlib.contextmanager
def running_server(patience: float = 90, cache: Path | None = None) -> Iterator[str]:
    """``http://127.0.0.1:PORT`` of a fresh server that answers; it is stopped afterwards.

    It remembers nothing of earlier runs, unless ``cache`` names the folder where one kept its results.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    # A file, not a pipe: nobody reads while the server runs, and a full pipe would stop it.
    with tempfile.TemporaryFile("w+") as log, tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as empty:
        settings = os.environ | {"REPSIM_CACHE": str(cache or empty)}
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT, env=settings)
        address = f"http://127.0.0.1:{port}"
        try:
            deadline = time.monotonic() + patience
            while not _answers(f"{address}/_stcore/health"):
                if process.poll() is not None or time.monotonic() > deadline:
                    log.seek(0)
                    raise RuntimeError(f"The server did not answer within {patience:.0f} s: {log.read()[-2000:]}")
                time.sleep(0.05)
            yield address
        finally:
            process.terminate()
            process.wait(timeout=20)


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=2):
            return True
    except OSError:
        return False
