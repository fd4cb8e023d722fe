"""Folders that are made once and used by many, on this machine's disk, up to a size."""

from __future__ import annotations

import asyncio
import fcntl
import os
import secrets
import stat
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from weakref import WeakValueDictionary

from integrations.sandbox import MOST_SECONDS
from integrations.sandbox.trees import size, throw_away, walk

IN_USE_SECONDS = MOST_SECONDS
"""For so long after it was asked for, commands may still be running in one."""
DAY = 86_400.0
_MAKING, _GONE, _LOCK = ".making", ".gone", ".lock"


class Cache:
    """Its folders are named by their key. Whoever holds a key's lock, a file (flock(2)), makes or removes its
    folder; the time of the lock file is when it was last asked for."""

    def __init__(self, folder: Path, most_bytes: int, unused_seconds: float) -> None:
        self.folder, self._most, self._unused = folder, most_bytes, unused_seconds
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def get(self, key: str, make: Callable[[Path], Awaitable[None]]) -> Path:
        """The folder of `key`. Where it is not there, `make` fills an empty one; if that fails, nothing
        stays."""
        place = self.folder / key
        lock = self._locks.setdefault(key, asyncio.Lock())
        async with lock, self._locked(key):
            if not place.exists():
                making = self.folder / f"{key}{_MAKING}"
                await asyncio.to_thread(throw_away, making)  # of a process that died
                making.mkdir(mode=0o755)
                try:
                    await make(making)
                    await asyncio.to_thread(_close, making)
                    making.rename(place)
                finally:
                    await asyncio.to_thread(throw_away, making)
                await asyncio.to_thread(self.clear)
        return place

    def clear(self) -> None:
        """Remove what nobody asked for in so long a time, and what was asked for longest ago while all are more
        than they may be; never what may be in use. Blocking."""
        unused = time.time() - self._unused
        used = {place.name: (self.folder / f"{place.name}{_LOCK}").stat().st_mtime for place in self._kept()}
        sizes = {place.name: size(place, self._most) for place in self._kept()}
        total = sum(sizes.values())
        for name in sorted(used, key=lambda name: used[name]):
            if (total > self._most or used[name] < unused) and self._remove(name):
                total -= sizes[name]
        for left in self.folder.glob(f"*{_GONE}"):
            throw_away(left)

    def _kept(self) -> list[Path]:
        found = self.folder.iterdir() if self.folder.exists() else ()
        return [one for one in found if one.is_dir() and one.suffix not in (_MAKING, _GONE)]

    def _remove(self, name: str) -> bool:
        """Whether it was: not if somebody holds its lock, or asked for it meanwhile."""
        with (self.folder / f"{name}{_LOCK}").open("rb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            if time.time() - os.fstat(lock.fileno()).st_mtime < IN_USE_SECONDS:
                return False
            (self.folder / name).rename(self.folder / f"{name}.{secrets.token_hex(4)}{_GONE}")
        return True

    @asynccontextmanager
    async def _locked(self, key: str) -> AsyncIterator[None]:
        self.folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        descriptor = os.open(self.folder / f"{key}{_LOCK}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        waiting = asyncio.ensure_future(asyncio.to_thread(fcntl.flock, descriptor, fcntl.LOCK_EX))
        try:
            await asyncio.shield(waiting)
            os.utime(descriptor)
            yield
        finally:
            # A thread that still waits has the descriptor in its hands: closed only once it is back.
            waiting.add_done_callback(lambda _: os.close(descriptor))


def _close(folder: Path) -> None:
    """Whatever is in it can be read by everybody, for commands run as nobody, and written by none."""
    for entry in walk(folder):
        if not stat.S_ISLNK(entry.status.st_mode):
            executable = stat.S_ISDIR(entry.status.st_mode) or entry.status.st_mode & stat.S_IXUSR
            os.chmod(entry.name, 0o555 if executable else 0o444, dir_fd=entry.folder)
    folder.chmod(0o755)
