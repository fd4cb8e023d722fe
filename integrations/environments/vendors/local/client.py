"""Environments made on this machine, and kept on its disk."""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from integrations import Embedded
from integrations.environments import LockfileUnusable, PackageRecord, PackageVersion, Relocked
from integrations.environments.vendors.local import lockfiles
from integrations.environments.vendors.local.cache import DAY, Cache
from integrations.environments.vendors.local.node import NodePackages
from integrations.environments.vendors.local.python import PythonPackages
from integrations.environments.vendors.local.records import records
from integrations.environments.vendors.local.relocking import relock_node, relock_python
from integrations.sandbox import Environment


class LocalEnvironments(Embedded):
    """A cache of environments by their language, and the hash of what they depend on."""

    def __init__(
        self,
        folder: Path,
        python: PythonPackages,
        node: NodePackages,
        most_bytes: int,
        unused_days: float,
    ) -> None:
        self._folder, self._python, self._node = folder, python, node
        self.cache = Cache(folder / "kept", most_bytes, unused_days * DAY)

    async def of(self, tree: Path) -> Environment:
        """Raises LockfileUnusable, PackagesMissing, ToolMissing, EnvironmentsError."""
        with self._home() as home:
            python = await self._python.locked(tree, home)
        node = await asyncio.to_thread(self._node.locked, tree)

        async def make_python(into: Path) -> None:
            with self._home() as home:
                await self._python.make(python, into, home)

        key = _key("python", self._python.fingerprint(python))
        made = self._python.environment(await self.cache.get(key, make_python))
        if node is None:
            return made

        async def make_node(into: Path) -> None:
            with self._home() as home:
                await self._node.make(node, into, home)

        key = _key("node", "\0".join(node).encode())
        return _together(made, self._node.environment(await self.cache.get(key, make_node)))

    async def records(self, packages: Sequence[PackageVersion]) -> Mapping[PackageVersion, PackageRecord]:
        """See `Environments.records`."""
        return await records(packages, self.cache.folder, self._python.index, self._node.registry)

    async def relock(self, tree: Path, package: str, version: str) -> Relocked:
        """Raises LockfileUnusable, PackagesMissing, ToolMissing, EnvironmentsError."""
        names = ("pyproject.toml", "uv.lock", "package.json", "package-lock.json")
        project, lock, node, node_lock = [await asyncio.to_thread(lockfiles.read, tree, one) for one in names]
        with self._home() as home:
            if project is not None and lock is not None and lockfiles.uv_version(lock, package) is not None:
                return await relock_python(project, lock, package, version, self._python.index, home)
            if node is not None and node_lock is not None:
                return await relock_node(node, node_lock, package, version, self._node.registry, home)
        raise LockfileUnusable(f"No lockfile that programs write (uv.lock, package-lock.json) has {package}.")

    @contextmanager
    def _home(self) -> Iterator[Path]:
        """A folder for one making, beside what is kept, for it is moved there."""
        self._folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="making-", dir=self._folder) as home:
            yield Path(home)


def _key(language: str, fingerprint: bytes) -> str:
    return f"{language}-{hashlib.sha256(fingerprint).hexdigest()[:40]}"


def _together(one: Environment, other: Environment) -> Environment:
    return Environment(
        (*one.binds, *other.binds), {**one.variables, **other.variables}, (*one.path, *other.path)
    )
