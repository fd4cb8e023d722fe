"""The sandbox: a command runs over a tree of files, with no network, no secrets, and limits. The port of all of
them.

A *tree* is a folder with the files of one commit and no `.git`: whoever can write `.git` has the next `git`
that runs outside start programs of his. Inside it stands at `/work`, and can be written; beside it there are
the system's programs, what the command's environment binds, an empty `/tmp`, and nothing else of this machine.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

WORK = "/work"
"""Where the tree stands inside."""

NOBODY = 65_534
"""The user, and group, that a command is where it must not be ours."""
SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"
SHARED_MEMORY_BYTES = 64 * 2**20
"""Of `/dev/shm`, which counts as nobody's memory."""

MOST_SECONDS = 7_200.0
MOST_PROCESSES = 4_096
MOST_ARGUMENT_BYTES = 100_000
"""Of all arguments and variables of one command; a program's own limit is 128 KiB for one of them."""
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Limit(StrEnum):
    """What ended a command before its own end."""

    TIME = "time"
    CPU = "CPU time"
    MEMORY = "memory"
    PROCESSES = "processes"
    DISK = "disk"
    OUTPUT = "output"


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a command may use, all of its processes together; threads count as processes. What the tree and
    `/tmp` hold, with what the tree held before, is `disk_bytes`. Of its output `output_bytes` are kept as a
    file, and `shown_bytes` shown: half of them from its beginning, half from its end. Raises ValueError."""

    seconds: float = 600.0
    cpu_seconds: float = 1_200.0
    memory_bytes: int = 2 * 2**30
    processes: int = 300
    disk_bytes: int = 2 * 2**30
    shown_bytes: int = 32_768
    output_bytes: int = 64 * 2**20

    def __post_init__(self) -> None:
        if not 0 < self.seconds <= MOST_SECONDS or not self.cpu_seconds > 0:
            raise ValueError(f"a command may take up to {MOST_SECONDS:g} seconds, and needs CPU time")
        if not 8 <= self.processes <= MOST_PROCESSES:
            raise ValueError(f"a command may have 8 to {MOST_PROCESSES} processes")
        if min(self.memory_bytes, self.disk_bytes) < 2**20 or not 2 <= self.shown_bytes <= self.output_bytes:
            raise ValueError(
                "a command has a megabyte at least, and no more of its output is shown than is kept"
            )


@dataclass(frozen=True, slots=True)
class Bind:
    """A file or folder of this machine that can be read inside, at `inside`."""

    outside: Path
    inside: str


@dataclass(frozen=True, slots=True)
class Environment:
    """What a command finds beside the system's own programs: what is bound, variables, and folders whose
    programs come first."""

    binds: tuple[Bind, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    path: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Command:
    """A program and its arguments, over a tree, in an environment; its variables come before the environment's.
    Raises ValueError."""

    argv: tuple[str, ...]
    tree: Path
    environment: Environment = Environment()
    variables: Mapping[str, str] = field(default_factory=dict)
    limits: Limits = Limits()

    def __post_init__(self) -> None:
        if not self.argv or not self.argv[0]:
            raise ValueError("a command begins with its program")
        texts = [*self.argv, *(f"{name}={value}" for name, value in self.variables.items())]
        if any("\0" in text for text in texts) or sum(map(len, texts)) > MOST_ARGUMENT_BYTES:
            raise ValueError(f"a command is up to {MOST_ARGUMENT_BYTES:,} characters, none of them NUL")
        if not all(_VARIABLE.fullmatch(name) for name in self.variables):
            raise ValueError("the name of a variable is letters, digits and underscores")

    @property
    def whole_cpu_seconds(self) -> int:
        """Its CPU time as the kernel limits it."""
        return max(math.ceil(self.limits.cpu_seconds), 1)

    def surroundings(self) -> Mapping[str, str]:
        """All that it finds as its environment variables: nothing of ours."""
        path = ":".join((*self.environment.path, SYSTEM_PATH))
        plain = {"HOME": "/tmp", "TMPDIR": "/tmp", "LANG": "C.UTF-8", "PATH": path}  # noqa: S108
        return {**plain, **self.environment.variables, **self.variables}


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended. `exit_code` is its own (128 and the signal's number, where a signal ended it), or
    None where a limit ended it, which `limit` names. `output` is what it wrote to both of its outputs, with
    what was left out of the middle said; `output_file` has all of it up to the limit, and is kept for some
    days. `cpu_seconds` and `peak_bytes` are what was seen to be used, the most memory at one moment; peaks
    between two looks are not in it, and None is where this sandbox does not see them."""

    exit_code: int | None
    limit: Limit | None
    output: str
    output_file: Path
    seconds: float
    cpu_seconds: float | None
    peak_bytes: int | None


class SandboxError(Exception):
    """The command was not run. The text is for people."""


class NoSandbox(SandboxError):
    """There is no sandbox on this machine, so no command is run. `why` says what is missing."""

    def __init__(self, why: str) -> None:
        super().__init__(f"No command is run here, for there is no sandbox: {why}.")


class TreeUnusable(SandboxError):
    """The tree is no folder, has a `.git`, or is larger than the limit before anything ran."""


class Sandbox(Protocol):
    """Where commands run that agents wrote or chose. It has no effect but on the tree, and needs no Grant."""

    async def run(self, command: Command) -> Ran:
        """Run it to its end, or to its first limit; then nothing of it is alive any more. Cancelling the call
        ends all of its processes within a second. Of two commands over one tree each sees what the other
        writes.

        Raises NoSandbox, TreeUnusable, SandboxError.
        """
