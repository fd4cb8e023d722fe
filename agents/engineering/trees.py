"""Folders with the files of commits, for as long as they are looked at, and what a commit says of its own
standards."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import ParamSpec, TypeVar

from integrations.code_host import CodeHost
from integrations.code_host.refusals import NoSuchPath
from integrations.sandbox.trees import throw_away

STANDARDS = "AGENTS.md"

P = ParamSpec("P")
T = TypeVar("T")


@asynccontextmanager
async def folder() -> AsyncIterator[Path]:
    """An empty folder of one's own, gone afterwards, whatever commands have left in it."""
    made = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="countersign-tree-"))
    try:
        yield made
    finally:
        # Whoever is cancelled still waits for this: what stays behind would fill the disk.
        await asyncio.shield(asyncio.to_thread(throw_away, made))


async def apart(does: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
    """Do something with files in a thread, off the event loop. Whoever is cancelled meanwhile waits for its
    end: nothing is written any more to a folder that is thrown away."""
    doing = asyncio.ensure_future(asyncio.to_thread(does, *given, **named))
    try:
        return await asyncio.shield(doing)
    except asyncio.CancelledError:
        await asyncio.wait({doing})
        raise


async def checked_out(code_host: CodeHost, repository: str, sha: str, into: Path) -> Path:
    """The files of a commit or tree, in a new folder. Raises CodeHostError, Away."""
    await asyncio.to_thread(into.mkdir)
    await code_host.checkout(repository, sha, into)
    return into


async def standards_of(code_host: CodeHost, repository: str, sha: str) -> str:
    """What the repository asks of whoever changes it, as a commit of its base branch says: what a change says
    of it counts once it is merged. Empty where it says nothing. Raises CodeHostError, Away."""
    try:
        return (await code_host.file(repository, sha, STANDARDS)).text or ""
    except NoSuchPath:
        return ""
