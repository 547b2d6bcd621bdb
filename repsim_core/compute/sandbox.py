"""What holds a process that reads or runs a stranger's file: entered before the first byte of it, never left.

Five layers, each enough to stop most of what the others are for: limits of the system, no new privileges, a network of
its own without an interface, Landlock (files it was given, nothing executed), and a filter of system calls. What the
kernel lacks is missing from :func:`strength`, which the server says when it starts. It contains, it does not prevent: a
fault in a library still is one, and there is no defence against a fault of the kernel.
"""

import ctypes
import os
import resource
import signal
import sys
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import repsim_core
from repsim_core.compute import landlock, system_calls
from repsim_core.compute.memory import readable_bytes
from repsim_core.errors import InputError
from repsim_core.limits import LIMITS, Limits

ALLOW_GRAPHS = "REPSIM_ALLOW_GRAPHS"
LAST_SECONDS = 2  # of processor time, between the signal that says why and the end
_PARENT_DEATH_SIGNAL, _NO_NEW_PRIVILEGES = 1, 38  # of prctl(2)
_NEW_USER, _NEW_NETWORK, _NEW_IPC = 0x10000000, 0x40000000, 0x08000000
_SYSTEM = ("/usr", "/lib", "/lib64", "/lib32", "/etc/ld.so.cache", "/etc/localtime", "/proc/meminfo", "/proc/cpuinfo")
_DEVICES = ("/dev/urandom", "/dev/random", "/dev/zero", "/sys/devices/system/cpu")
_KEPT = ("LANG", "LC_", "TZ", "PYTHON", "OMP_", "MKL_", "OPENBLAS_", "KMP_", "NUMBA_", "VIRTUAL_ENV")
_HOMES = ("HOME", "TMPDIR", "XDG_CACHE_HOME", "TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR")  # no folder is made


@dataclass(frozen=True)
class Strength:
    """Which layers there are. ``landlock`` is its version, 0 for none; ``namespaces`` is known only from inside."""

    landlock: int
    filtered: bool
    namespaces: bool | None = None

    def __str__(self) -> str:
        """One line for the log and the page."""
        layers = [f"Landlock {self.landlock}" if self.landlock else "no Landlock"]
        layers += ["no sockets, no new processes"] if self.filtered else ["no filter of system calls"]
        if self.namespaces is not None:
            layers += ["own network namespace" if self.namespaces else "the network namespace of the server"]
        layers += [f"{readable_bytes(LIMITS.address_space_bytes)} of address space"]
        return "Sandbox: " + ", ".join(layers) + "."

    @property
    def graphs(self) -> bool:
        """Whether graphs that came from outside may run: with Landlock, or because the operator says so."""
        return self.landlock > 0 or os.environ.get(ALLOW_GRAPHS) == "1"


_entered: Strength | None = None


def inside() -> bool:
    """Whether this process has entered it."""
    return _entered is not None


def strength() -> Strength:
    """What this process is held by; outside, what this machine has to offer."""
    return _entered or Strength(landlock.version(), system_calls.known())


def refuse_graphs() -> None:
    """InputError where a graph that came from outside may not run."""
    if not strength().graphs:
        raise InputError(
            "This server has no Landlock (Linux 5.13 or later) to hold a stranger's graph, so .pt2 files are off; "
            f"bring weights or activations instead, or let the operator set {ALLOW_GRAPHS}=1."
        )


def enter(
    folder: Path, limits: Limits = LIMITS, *, readable: Iterable[Path] = (), keep: Iterable[int] = ()
) -> Strength:
    """Give everything up but the program's own files and one folder.

    Parameters
    ----------
    folder
        The only one that may be written to; temporary files go there.
    limits
        Address space, processor time, size of a file and number of open files.
    readable
        Further files and folders that may be read.
    keep
        Descriptors that stay open beside 0, 1 and 2.

    Returns
    -------
    Strength
        The layers that hold now.

    Raises
    ------
    RuntimeError
        With more than one thread: the others would stay outside.
    OSError
        Where the kernel has a layer and does not let it be entered.
    """
    global _entered
    if len(os.listdir("/proc/self/task")) > 1 if sys.platform == "linux" else False:
        raise RuntimeError("The sandbox is entered by a process of one thread; the others would stay outside.")
    _close_all_but({0, 1, 2, *keep})
    _limit(limits)
    _scrub(folder)
    if sys.platform != "linux":
        _entered = Strength(0, False, False)
        return _entered
    libc = ctypes.CDLL(None, use_errno=True)
    namespaces = libc.unshare(_NEW_USER | _NEW_NETWORK | _NEW_IPC) == 0  # often not allowed inside a container
    libc.prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)  # a change of credentials may have cleared it
    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "no_new_privs was refused")
    offered = strength()
    if offered.landlock:
        landlock.restrict([*_program(), *map(Path, readable)], [folder, Path("/dev/null")])
    if offered.filtered:
        system_calls.restrict()
    _entered = Strength(offered.landlock, offered.filtered, namespaces)
    return _entered


def _program() -> list[Path]:
    """Files of the interpreter, the libraries and RepSim: not the folder RepSim stands in, which may hold more."""
    own = Path(repsim_core.__file__).parent
    packages = [own, own.parent / "repsim_ui"]
    installed = [Path(one) for one in sys.path if Path(one).name in ("site-packages", "dist-packages")]
    prefixes = [Path(one) for one in {sys.prefix, sys.base_prefix} if one not in ("", "/")]
    return [*map(Path, _SYSTEM), *map(Path, _DEVICES), Path("/proc/self"), *prefixes, *installed, *packages]


def _limit(limits: Limits) -> None:
    """Each as low as asked, or lower where the server itself has less."""
    for what, value in (
        (resource.RLIMIT_AS, limits.address_space_bytes),
        (resource.RLIMIT_CPU, limits.processor_seconds),
        (resource.RLIMIT_FSIZE, limits.file_bytes),
        (resource.RLIMIT_NOFILE, limits.open_files),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(what)[1]
        most = value + LAST_SECONDS if what == resource.RLIMIT_CPU else value  # SIGXCPU first, which says why
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (min(value, most), most))


def _scrub(folder: Path) -> None:
    """Nothing of the server's environment, also not where the kernel shows what the process was started with."""
    kept = {name: value for name, value in os.environ.items() if name.startswith(_KEPT)}
    os.environ.clear()
    with suppress(OSError, ValueError, IndexError):
        fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        start, end = int(fields[47]), int(fields[48])  # env_start and env_end, fields 50 and 51 of proc(5)
        if 0 < start < end:
            ctypes.memset(start, 0, end - start)
    homes = dict.fromkeys(_HOMES, str(folder))
    os.environ.update(kept | homes | {"PATH": "", "TORCH_FORCE_WEIGHTS_ONLY_LOAD": "1"})
    tempfile.tempdir = None


def _close_all_but(kept: set[int]) -> None:
    last = -1
    for one in [*sorted(kept), resource.getrlimit(resource.RLIMIT_NOFILE)[0]]:
        if last + 1 < one:  # an empty range would close everything
            os.closerange(last + 1, one)
        last = one
