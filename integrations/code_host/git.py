"""Running git over repositories that others write to, so that nothing in them is ever run.

A repository is a bare one, named by GIT_DIR; files stand apart from it, in GIT_WORK_TREE where there are any.
git reads no configuration but the repository's own, which nobody pushes, and what is said here, which wins:
no hooks, no file system monitor, no protocol that was not asked for, no clean-up in the background. Its
environment is empty but for what is said here, what it writes is bounded, it is stopped after some seconds, and
whoever is cancelled ends it with all of its children.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from integrations.processes import (
    CHUNK,
    MOST_SAID,
    ProcessTooLong,
    ProcessTooMuch,
    last_of,
    run,
    started,
)

SECONDS = 30.0
"""How long one command may take, unless it says otherwise."""
MOST_OUTPUT = 32 * 1024**2
OLDEST = (2, 38)
"""The first git whose `merge-tree` merges without a work tree."""

_VERSION = re.compile(rb"(\d+)\.(\d+)")
_PATH = "/usr/local/bin:/usr/bin:/bin"
_SAFE: Mapping[str, str] = {
    "core.fsmonitor": "false",
    "core.hooksPath": "/dev/null",
    "core.attributesFile": "/dev/null",
    "core.excludesFile": "/dev/null",
    "core.quotePath": "false",
    "safe.bareRepository": "explicit",
    "protocol.allow": "never",
    "submodule.recurse": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "transfer.fsckObjects": "true",
    "diff.renameLimit": "1000",
    "merge.renameLimit": "1000",
    "i18n.logOutputEncoding": "UTF-8",
}


class GitFailed(Exception):
    """git ended otherwise than it was expected to; `said` is what it wrote of why, cut."""

    def __init__(self, command: str, code: int, said: str) -> None:
        super().__init__(f"git {command} ended with {code}: {said}")
        self.code, self.said = code, said


class GitTooMuch(GitFailed):
    """It wrote more than is read, and was ended."""


class GitTooLong(GitFailed):
    """It took longer than it may, and was ended."""


def environment(folder: Path, protocols: Collection[str] = ()) -> dict[str, str]:
    """The whole environment of a git that works on one repository."""
    return {
        "GIT_DIR": str(folder),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_SYSTEM": os.devnull,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_ALLOW_PROTOCOL": ":".join(protocols),
        "GIT_LITERAL_PATHSPECS": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "HOME": "/nonexistent",
        "LC_ALL": "C.UTF-8",
        "PATH": _PATH,
    }


def command(*arguments: str, also: Mapping[str, str] | None = None) -> list[str]:
    """A git command with the configuration that it is run with; `also` adds to that, or says otherwise."""
    settings = {**_SAFE, **(also or {})}
    return [
        "git",
        *(part for name, value in settings.items() for part in ("-c", f"{name}={value}")),
        *arguments,
    ]


@dataclass(frozen=True, slots=True)
class Git:
    """git on the bare repository in `folder`; `protocols` are those by which it may reach others."""

    folder: Path
    protocols: frozenset[str] = field(default=frozenset())

    async def run(
        self,
        *arguments: str,
        given: bytes = b"",
        variables: Mapping[str, str] | None = None,
        fine: Sequence[int] = (0,),
        most: int = MOST_OUTPUT,
        seconds: float = SECONDS,
    ) -> tuple[int, bytes]:
        """How a command ended and what it wrote; `given` is what it reads. Raises GitFailed where it ended
        otherwise than is `fine`."""
        own = {**environment(self.folder, sorted(self.protocols)), **(variables or {})}
        where = own.get("GIT_WORK_TREE", "/")
        try:
            done = await run(
                command(*arguments), environment=own, folder=where, given=given, seconds=seconds, most=most
            )
        except ProcessTooMuch as too_much:
            raise GitTooMuch(arguments[0], 0, str(too_much)) from too_much
        except ProcessTooLong as late:
            raise GitTooLong(arguments[0], 0, str(late)) from late
        if done.code not in fine:
            raise GitFailed(arguments[0], done.code, done.errors.decode(errors="replace").strip())
        return done.code, done.output

    async def text(self, *arguments: str, **how: object) -> str:
        """What a command writes, as a line of text. Raises GitFailed."""
        _, written = await self.run(*arguments, **how)  # type: ignore[arg-type]
        return written.decode(errors="replace").rstrip("\n")

    @asynccontextmanager
    async def records(
        self,
        *arguments: str,
        separator: bytes = b"\0",
        longest: int = CHUNK,
        fine: Sequence[int] = (0,),
        seconds: float = SECONDS,
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """What a command writes, record by record, each cut at `longest` bytes; whoever has enough leaves,
        which ends the command. Raises GitFailed once all was read, where it did not end as is `fine`."""
        own = environment(self.folder, sorted(self.protocols))
        try:
            async with started(command(*arguments), environment=own, seconds=seconds) as process:
                complaining = asyncio.create_task(last_of(process.stderr, MOST_SAID))

                async def every() -> AsyncIterator[bytes]:
                    async for record in _split(process.stdout, separator, longest):
                        yield record
                    said = (await complaining).decode(errors="replace").strip()
                    code = await process.wait()
                    if code not in fine:
                        raise GitFailed(arguments[0], code, said)

                try:
                    yield every()
                finally:
                    complaining.cancel()
                    await asyncio.gather(complaining, return_exceptions=True)
        except ProcessTooLong as late:
            raise GitTooLong(arguments[0], 0, str(late)) from late


async def version() -> tuple[int, int] | None:
    """The git of this machine; None where there is none that says so."""
    try:
        own = {"PATH": _PATH}
        done = await run(["git", "--version"], environment=own, seconds=SECONDS, most=CHUNK)
    except FileNotFoundError:
        return None
    found = _VERSION.search(done.output)
    return None if found is None else (int(found[1]), int(found[2]))


async def _split(stream: asyncio.StreamReader | None, separator: bytes, longest: int) -> AsyncIterator[bytes]:
    """The records of a stream. What is longer than it may be is dropped as it comes, so that no record takes
    more room than that."""
    if stream is None:
        return
    held = b""
    while part := await stream.read(CHUNK):
        first, *others = part.split(separator)
        held += first[: longest - len(held)]
        for other in others:
            yield held
            held = other[:longest]
    if held:
        yield held
