"""A disk that is full, for one process: the kernel writes no file of it beyond so many bytes.

It takes what fits and refuses the rest, which is what a disk does that fills up in the middle of a line."""

from __future__ import annotations

import asyncio
import os
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import DEVNULL

_STARTED = (
    "import resource, runpy\n"
    f"resource.setrlimit(resource.RLIMIT_FSIZE, (0, {resource.RLIM_INFINITY}))\n"
    "runpy.run_module('integrations.deployments.vendors.local.keeper_process', run_name='__main__')"
)


@contextmanager
def full_disk(pid: int, size: int) -> Iterator[None]:
    """No file of this process becomes longer than `size` bytes meanwhile."""
    usual = resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, usual)


def has_space_again(pid: int) -> None:
    """For a process that began with a full disk."""
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


async def keeper_on_a_full_disk(folder: Path, releases: Path) -> int:
    """A keeper that can write nothing at all from its first moment on, and serves. Returns its process id."""
    at = folder / "keeper.sock"
    where = ["--folder", str(folder), "--releases", str(releases), "--socket", str(at)]
    times = ["--ready-seconds", "10", "--idle-seconds", "60"]
    log = _log_in(folder)
    await asyncio.to_thread(at.unlink, missing_ok=True)  # of one that was killed, which may listen for a moment
    keeper = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _STARTED, *where, *times, stdout=DEVNULL, stderr=log
    )
    os.close(log)
    async with asyncio.timeout(60):
        while keeper.returncode is None:
            try:
                _, writer = await asyncio.open_unix_connection(str(at))
            except (FileNotFoundError, ConnectionRefusedError):
                await asyncio.sleep(0.02)
            else:
                writer.close()
                return keeper.pid
    raise AssertionError("it did not come up")


def _log_in(folder: Path) -> int:
    folder.mkdir(exist_ok=True)
    return os.open(folder / "keeper.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
