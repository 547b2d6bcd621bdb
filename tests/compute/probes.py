"""What a computation that was taken over would try, each as a job that says what came of it. Nothing here does harm."""

import ctypes
import os
import signal
import socket
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.jobs.fake_jobs import Number


@dataclass(frozen=True)
class Told:
    """Words."""

    words: str

    def to_bytes(self):
        return self.words.encode()

    @classmethod
    def from_bytes(cls, raw):
        return cls(raw.decode())


def _read(recipe):
    return Path(recipe["path"]).read_bytes()[:10]


def _list(recipe):
    return os.listdir(recipe["path"])


def _write(recipe):
    return Path(recipe["path"], "left behind").write_text("x")


def _create_folder(recipe):
    os.mkdir(Path(os.environ["HOME"], "deep"))


def _link(recipe):
    os.symlink(recipe["path"], Path(os.environ["HOME"], "link"))


def _hard_link(recipe):
    os.link(recipe["path"], Path(os.environ["HOME"], "link"))


def _connect(recipe):
    with socket.socket() as one:
        one.connect(("127.0.0.1", recipe["port"]))


def _datagram(recipe):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.sendto(b"x", ("127.0.0.1", recipe["port"]))


def _unix(recipe):
    with socket.socket(socket.AF_UNIX) as one:
        one.connect(recipe["path"])


def _execute(recipe):
    os.execv("/bin/true", ["true"])


def _spawn(recipe):
    os.posix_spawn("/bin/true", ["true"], {})


def _fork(recipe):
    if not os.fork():
        os._exit(0)


def _signal(recipe):
    os.kill(recipe["pid"], signal.SIGTERM)


def _trace(recipe):
    if ctypes.CDLL(None, use_errno=True).ptrace(16, recipe["pid"], 0, 0) != 0:  # PTRACE_ATTACH
        raise OSError(ctypes.get_errno(), "ptrace")


def _memory(recipe):
    return Path(f"/proc/{recipe['pid']}/mem").open("rb")


def _environment(recipe):
    return Path(f"/proc/{recipe['pid']}/environ").read_bytes()[:10]


def _unshare(recipe):
    if ctypes.CDLL(None, use_errno=True).unshare(0x10000000) != 0:
        raise OSError(ctypes.get_errno(), "unshare")


PROBES = {name: probe for name, probe in globals().items() if name.startswith("_") and callable(probe)}


def probe(recipe, report, partial):
    try:
        found = PROBES[recipe["probe"]](recipe)
    except OSError as error:
        return Told(f"refused: {type(error).__name__} {error.errno}")
    return Told(f"done: {found!r}")


def secrets(recipe, report, partial):
    seen = b"\0".join(
        [Path("/proc/self/environ").read_bytes(), repr(dict(os.environ)).encode(), _environ_of_c().encode()]
    )
    return Told("seen" if recipe["secret"].encode() in seen else "unseen")


def _environ_of_c():
    getenv = ctypes.CDLL(None).getenv
    getenv.restype = ctypes.c_char_p
    return repr([getenv(name) for name in (b"REPSIM_PASSWORD", b"SOMETHING_ELSE", b"PATH")])


def open_files(recipe, report, partial):
    return Told(" ".join(sorted(os.listdir("/proc/self/fd"))))


def usual_work(recipe, report, partial):
    """What computations do: import, BLAS, threads, temporary files, kept results."""
    import tempfile
    from concurrent.futures import ThreadPoolExecutor

    import scipy.linalg

    from repsim_core.compute.store import default_store

    with ThreadPoolExecutor(2) as pool:
        total = sum(pool.map(float, (np.eye(300) @ np.eye(300)).diagonal()))
    with tempfile.TemporaryFile() as file:
        file.write(b"x")
    return Told(f"{total:g} {scipy.linalg.norm(np.ones(4)):g} {default_store().problem!r} {os.path.realpath('.')}")


def spin_in_python(recipe, report, partial):
    report("spinning", 1, 2)
    while True:
        pass


def shut_ears(recipe, report, partial):
    """Heeds no signal it may heed, and closes what it has."""
    for number in range(1, 32):
        try:
            signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError):
            continue
    report("spinning", 1, 2)
    report.__self__._server.close()
    while True:
        time.sleep(1)


def large_file(recipe, report, partial):
    with open(Path(os.environ["HOME"], "large"), "wb") as file:
        file.truncate(600_000_000)
    return Number(1)


def many_files(recipe, report, partial):
    report("writing", 1, 2)
    for k in range(10**6):
        Path(os.environ["HOME"], str(k)).touch()
        time.sleep(0.0001)
    return Number(1)


def fills_the_disk(recipe, report, partial):
    for k in range(100):
        Path(os.environ["HOME"], str(k)).write_bytes(bytes(recipe["bytes"]))
        report("writing", k, 100)
        time.sleep(0.05)
    time.sleep(60)
    return Number(1)


def wide(recipe, report, partial):
    """More address space than there may be."""
    return Number(float(np.empty(10 * 10**9, np.uint8)[0]))


def lie(recipe, report, partial):
    """Sends what it likes as its result."""
    raw = {"pickle": b"\x80\x05cos\nsystem\n.", "words": b"no archive", "nothing": b""}.get(recipe["what"])
    if raw is None:
        raw = LIES[recipe["what"]]()
    report.__self__._say({"event": "result", "raw": len(raw), "seconds": 1.0}, raw)
    os._exit(0)


def _archive(header, body=b"\0" * 8, labels='{"format": "x"}'):
    import io
    import zipfile

    text = np.array(labels)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        member = io.BytesIO()
        np.lib.format.write_array(member, text)
        archive.writestr("labels.npy", member.getvalue())
        archive.writestr("values.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + body)
    return packed.getvalue()


LIES = {
    "claims": lambda: _archive(b"{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000, 100), }\n"),
    "objects": lambda: _archive(b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }\n"),
    "bomb": lambda: _archive(b"{'descr': '|u1', 'fortran_order': False, 'shape': (150000000,), }\n", _zeros()),
    "deep": lambda: _archive(
        b"{'descr': '|u1', 'fortran_order': False, 'shape': (8,), }\n", labels="[" * 100_000 + "]" * 100_000
    ),
}


def _zeros():
    return bytes(150_000_000)
