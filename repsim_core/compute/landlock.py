"""Landlock: the kernel refuses a process every file it was not given. Linux 5.13 and later; see landlock(7)."""

import ctypes
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_CREATE, _ADD, _RESTRICT = 444, 445, 446  # system calls, of one number on every machine
_VERSION, _BENEATH = 1, 1

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1, 2, 4, 8
REMOVE_FILE, MAKE_REG, TRUNCATE = 1 << 5, 1 << 8, 1 << 14
READ = READ_FILE | READ_DIR
WRITE = READ | WRITE_FILE | REMOVE_FILE | MAKE_REG | TRUNCATE  # no folders, links, sockets or devices
_FOR_FILES = READ_FILE | WRITE_FILE | TRUNCATE
_FILE_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}  # by the version they came with
_TCP, _TCP_VERSION = 3, 4  # bind and connect
_SCOPES, _SCOPE_VERSION = 3, 6  # abstract sockets and signals stay inside


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scopes", ctypes.c_uint64))


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def version() -> int:
    """What this kernel knows of it; 0 where there is none."""
    if os.name != "posix" or os.uname().sysname != "Linux":
        return 0
    return max(0, int(_libc().syscall(_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION))))


def restrict(readable: Iterable[Path], writable: Iterable[Path]) -> None:
    """From now on this thread reads these files and folders alone, and what they hold, and writes to fewer still.

    Nothing may be executed; no TCP; from version 6 no signals to the outside. OSError where the kernel refuses. The
    caller has set ``no_new_privs``. Paths that do not exist are left out.
    """
    known = version()
    handled = max(rights for since, rights in _FILE_RIGHTS.items() if since <= known)
    rules = _Ruleset(handled, _TCP if known >= _TCP_VERSION else 0, _SCOPES if known >= _SCOPE_VERSION else 0)
    size = 24 if known >= _SCOPE_VERSION else 16 if known >= _TCP_VERSION else 8
    ruleset = _called(_CREATE, ctypes.byref(rules), ctypes.c_size_t(size), ctypes.c_uint32(0))
    try:
        for paths, rights in ((readable, READ), (writable, WRITE)):
            for path in paths:
                with suppress(FileNotFoundError, NotADirectoryError):
                    _allow(ruleset, path, rights & handled)
        _called(_RESTRICT, ctypes.c_int(ruleset), ctypes.c_uint32(0))
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: Path, rights: int) -> None:
    handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        rule = _Beneath(rights if path.is_dir() else rights & _FOR_FILES, handle)
        _called(_ADD, ctypes.c_int(ruleset), ctypes.c_int(_BENEATH), ctypes.byref(rule), ctypes.c_uint32(0))
    finally:
        os.close(handle)


def _called(number: int, *arguments: object) -> int:
    result = int(_libc().syscall(number, *arguments))
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"landlock: {os.strerror(error)}")
    return result


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
