"""How bubblewrap is told what a sandboxed command sees, and what it may use."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from integrations import bubblewrap
from integrations.sandbox import WORK, Command


@dataclass(frozen=True, slots=True)
class Descriptors:
    """Open files that bubblewrap reads and writes: where it says its child (`info`, which it closes then) and
    how that ended (`status`), what it waits for, and the filter of system calls."""

    info: int
    status: int
    block: int
    system_calls: int


def arguments(command: Command, etc: Path, scratch: Path, given: Descriptors, superuser: bool) -> list[str]:
    """bwrap's command line. `etc` holds the files of `/etc`; `scratch` becomes `/tmp`."""
    made = list(bubblewrap.beginning(given.system_calls))
    made += ["--hostname", "sandbox", "--info-fd", str(given.info), "--json-status-fd", str(given.status)]
    made += bubblewrap.users(superuser, given.block)
    made += [*bubblewrap.system(etc), *_of_command(command, scratch), "--remount-ro", "/"]
    for name, value in command.surroundings().items():
        made += ["--setenv", name, value]
    return [*made, "--", *_limited(command, superuser)]


def _of_command(command: Command, scratch: Path) -> Iterator[str]:
    for bind in command.environment.binds:
        yield from bubblewrap.read_only(bind.outside, bind.inside)
    yield from ("--bind", str(scratch), "/tmp", "--bind", str(command.tree), WORK)  # noqa: S108


def _limited(command: Command, superuser: bool) -> Iterator[str]:
    """The command below a shell that waits for whatever it leaves behind, so that its times are counted. Limits
    of all processes together are watched."""
    limits = command.limits
    whole_seconds = command.whole_cpu_seconds
    yield from bubblewrap.limited(
        superuser,
        (
            f"--nproc={limits.processes}",
            f"--cpu={whole_seconds}:{whole_seconds + 1}",
            f"--data={2 * limits.memory_bytes}",
            f"--fsize={limits.disk_bytes}",
        ),
    )
    yield from (bubblewrap.program("sh"), "-c", 'cd "$0" && "$@"; exit $?', WORK, *command.argv)
