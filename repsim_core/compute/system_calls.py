"""A filter of system calls: no new process or program, no socket, no look into another process. See seccomp(2)."""

import ctypes
import errno
import os
import struct
import sys

from repsim_core.compute.landlock import _libc

_SET_SECCOMP, _FILTER = 22, 2
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOWED, _REFUSED = 0x7FFF0000, 0x00050000
_NUMBER, _MACHINE, _FLAGS = 0, 4, 16  # offsets in struct seccomp_data
_THREAD = 0x00010000  # of the flags of clone: a thread, no process
_CLONE3 = 435  # its flags lie in memory, which a filter cannot read; glibc falls back to clone
_EVERYWHERE = (*range(425, 434), 438)  # io_uring, mounting by handle, descriptors of another process

# socket, execve, execveat, ptrace, process_vm_readv and _writev, bpf, perf_event_open, userfaultfd, the three of keys,
# mount, umount2, pivot_root, chroot, setns, unshare, the three of modules, kexec_load, open_by_handle_at
_MACHINES = {
    "x86_64": (
        0xC000003E,
        56,
        (
            *(41, 59, 322, 101, 310, 311, 321, 298, 323, 248, 249, 250, 165, 166, 155, 161, 308, 272, 175, 313, 176),
            *(246, 304, 57, 58),  # the last two: fork and vfork
        ),
    ),
    "aarch64": (
        0xC00000B7,
        220,
        (198, 221, 281, 117, 270, 271, 280, 241, 282, 217, 218, 219, 40, 39, 41, 51, 268, 97, 105, 273, 106, 104, 265),
    ),
}
_FOREIGN = 0x40000000  # numbers of x32, a second table on x86_64


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_void_p))


def known() -> bool:
    """Whether this machine can be given the filter."""
    return (
        sys.platform == "linux"
        and os.uname().machine in _MACHINES
        and sys.maxsize > 2**32
        and os.path.exists("/proc/sys/kernel/seccomp")
    )


def restrict() -> None:
    """Refuse the calls from now on, with EPERM. The caller has set ``no_new_privs``; OSError where it is not taken."""
    machine, clone, refused = _MACHINES[os.uname().machine]
    code = _code(machine, clone, (*refused, *_EVERYWHERE))
    held = ctypes.create_string_buffer(code, len(code))
    program = _Program(len(code) // 8, ctypes.cast(held, ctypes.c_void_p))
    if _libc().prctl(_SET_SECCOMP, _FILTER, ctypes.byref(program), 0, 0) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"seccomp: {os.strerror(error)}")


def _code(machine: int, clone: int, refused: tuple[int, ...]) -> bytes:
    """The filter as the kernel reads it: tests from top to bottom, each jumping over the next or not."""
    no = (_RETURN, 0, 0, _REFUSED | errno.EPERM)
    lines: list[tuple[int, int, int, int]] = [
        (_LOAD, 0, 0, _MACHINE),
        (_EQUAL, 1, 0, machine),
        no,
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, 0, 1, _FOREIGN),
        no,
        (_EQUAL, 0, 1, _CLONE3),
        (_RETURN, 0, 0, _REFUSED | errno.ENOSYS),
    ]
    for number in refused:
        lines += [(_EQUAL, 0, 1, number), no]
    lines += [
        (_EQUAL, 0, 3, clone),
        (_LOAD, 0, 0, _FLAGS),
        (_ANY_BIT, 1, 0, _THREAD),
        no,
        (_RETURN, 0, 0, _ALLOWED),
    ]
    return b"".join(struct.pack("=HBBI", *line) for line in lines)
