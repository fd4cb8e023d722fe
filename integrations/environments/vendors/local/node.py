"""Node packages by `npm ci`: what package-lock.json names, by its hashes, no script of theirs run."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import httpx

from integrations.environments import EnvironmentsError, PackagesMissing, ToolMissing
from integrations.environments.vendors.local import lockfiles
from integrations.environments.vendors.local.tools import run
from integrations.sandbox import Bind, Environment

INSIDE = "/node_modules"
"""Beside the tree: Node looks for a package in `node_modules` of every folder above the file that wants it."""
_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class NodePackages:
    """Makes `node_modules` of the packages of one registry."""

    registry: str

    def locked(self, tree: Path) -> tuple[str, str] | None:
        """package.json and package-lock.json, where a tree needs packages. Raises LockfileUnusable."""
        package = lockfiles.read(tree, "package.json")
        if package is None:
            return None
        lock = lockfiles.read(tree, "package-lock.json")
        if not lockfiles.demand_npm(package, lock) or lock is None:
            return None
        return package, lock

    async def make(self, locked: tuple[str, str], into: Path, home: Path) -> None:
        """Fill `into`. Raises PackagesMissing, ToolMissing, EnvironmentsError."""
        npm = shutil.which("npm")
        if npm is None:
            raise ToolMissing("npm is not installed here.")
        project = home / "project"
        project.mkdir()
        for name, text in zip(("package.json", "package-lock.json"), locked, strict=True):
            (project / name).write_text(text, encoding="utf-8")
        argv = [
            npm,
            "ci",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--no-update-notifier",
            "--fetch-retries=0",
        ]
        argv += [f"--registry={self.registry}", "--replace-registry-host=always", f"--cache={home / 'npm'}"]
        done = await run(argv, project, home)
        if done.code:
            raise await self._why(locked[1], done.text)
        modules = project / "node_modules"
        modules.mkdir(exist_ok=True)
        modules.rename(into / "node_modules")

    def environment(self, place: Path) -> Environment:
        """What commands see of a folder that was made."""
        return Environment((Bind(place / "node_modules", INSIDE),), {}, (f"{INSIDE}/.bin",))

    async def _why(self, lock: str, said: str) -> EnvironmentsError:
        names = lockfiles.npm_names(lock)
        missing = []
        try:
            async with httpx.AsyncClient(timeout=_SECONDS) as client:
                for name in names:
                    answer = await client.get(f"{self.registry.rstrip('/')}/{name.replace('/', '%2f')}")
                    missing += [name] if answer.is_error else []
        except httpx.TransportError:
            return PackagesMissing(names)
        if missing:
            return PackagesMissing(tuple(missing))
        return EnvironmentsError(
            f"Packages cannot be installed: {said.replace(self.registry, 'the registry')[-500:]}"
        )
