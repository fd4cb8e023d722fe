"""Which system calls a sandboxed command may not make, as a seccomp filter (classic BPF, seccomp(2)).

A user namespace of its own would give it powers over mounts, and memory that no limit counts; so would files in
memory and large System V segments; keyrings are not of a namespace; the rest is attack surface without a use in
tests. What is refused answers EPERM; what libraries try first and can do without answers ENOSYS.
"""

from __future__ import annotations

import errno
import platform
import struct
from dataclasses import dataclass

_NEW_NAMESPACES = 0x7E02_0080
"""CLONE_NEWTIME, NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET."""
_SHARED_SEGMENT_BYTES = 65_536
"""PostgreSQL asks for 56."""


@dataclass(frozen=True, slots=True)
class _Processor:
    """The numbers of its system calls: `refused`, `unknown` (said not to exist), and the two whose arguments
    count. `audit` is its name to the kernel (AUDIT_ARCH_*)."""

    audit: int
    clone: int
    shmget: int
    refused: tuple[int, ...]
    unknown: tuple[int, ...]
    compatible_bit: int = 0
    """Set in the number of a call of a second set of calls, all of them unknown here."""


# refused: unshare, setns, keyctl, add_key, request_key, bpf, perf_event_open, userfaultfd, ptrace
# unknown: clone3, memfd_create, memfd_secret, io_uring_setup, io_uring_enter, io_uring_register
_PROCESSORS = {
    "x86_64": _Processor(
        0xC000_003E,
        clone=56,
        shmget=29,
        refused=(272, 308, 250, 248, 249, 321, 298, 323, 101),
        unknown=(435, 319, 447, 425, 426, 427),
        compatible_bit=0x4000_0000,
    ),
    "aarch64": _Processor(
        0xC000_00B7,
        clone=220,
        shmget=194,
        refused=(97, 268, 219, 217, 218, 280, 241, 282, 117),
        unknown=(435, 279, 447, 425, 426, 427),
    ),
}

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _ABOVE, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x25, 0x06
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT, _SECOND_LOW, _SECOND_HIGH = 0, 4, 16, 24, 28
_ALLOW, _KILL, _ERROR = 0x7FFF_0000, 0x8000_0000, 0x0005_0000


class UnknownProcessor(LookupError):
    """The numbers of this processor's system calls are not known here."""


def system_call_filter(machine: str | None = None) -> bytes:
    """The filter for this machine's processor, as the kernel reads it. Raises UnknownProcessor."""
    machine = machine or platform.machine()
    if machine not in _PROCESSORS:
        raise UnknownProcessor(machine)
    processor = _PROCESSORS[machine]
    program = [
        _op(_LOAD, value=_ARCHITECTURE),
        _op(_EQUAL, 1, 0, processor.audit),
        _op(_RETURN, value=_KILL),
        _op(_LOAD, value=_NUMBER),
    ]
    if processor.compatible_bit:
        program += [_op(_AT_LEAST, 0, 1, processor.compatible_bit), _refuse(errno.ENOSYS)]
    for numbers, error in ((processor.refused, errno.EPERM), (processor.unknown, errno.ENOSYS)):
        for number in numbers:
            program += [_op(_EQUAL, 0, 1, number), _refuse(error)]
    program += [
        _op(_EQUAL, 0, 4, processor.clone),
        _op(_LOAD, value=_FIRST_ARGUMENT),
        _op(_ANY_BIT, 0, 1, _NEW_NAMESPACES),
        _refuse(errno.EPERM),
        _op(_RETURN, value=_ALLOW),
        _op(_EQUAL, 0, 5, processor.shmget),
        _op(_LOAD, value=_SECOND_HIGH),
        _op(_EQUAL, 0, 2, 0),
        _op(_LOAD, value=_SECOND_LOW),
        _op(_ABOVE, 0, 1, _SHARED_SEGMENT_BYTES),
        _refuse(errno.ENOSPC),
        _op(_RETURN, value=_ALLOW),
    ]
    return b"".join(program)


def _op(code: int, then: int = 0, otherwise: int = 0, value: int = 0) -> bytes:
    """One instruction; a comparison skips `then` instructions if it holds, or else `otherwise`."""
    return struct.pack("=HBBI", code, then, otherwise, value)


def _refuse(error: int) -> bytes:
    return _op(_RETURN, value=_ERROR | error)
