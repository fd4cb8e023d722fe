"""Python packages by `uv`: wheels alone, each with a hash of the lockfile, none of their code run.

After the packages are there, the environment's own interpreter is not started outside the sandbox: a `.pth`
file of a package would be run by it. They are compiled by ours, which sees none of them.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
import sysconfig
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import httpx
import uv
from packaging.requirements import Requirement

from integrations.environments import EnvironmentsError, LockfileUnusable, PackagesMissing, ToolMissing
from integrations.environments.vendors.local import lockfiles
from integrations.environments.vendors.local.lockfiles import Locked
from integrations.environments.vendors.local.tools import copy_tools, interpreter, run, test_tools
from integrations.sandbox import Bind, Environment

INSIDE = "/environments/python"
_PROBES = 8
_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class PythonPackages:
    """Makes environments of the packages of one index, an address that may hold a password."""

    index: str

    async def locked(self, tree: Path, home: Path) -> tuple[Locked, ...]:
        """The packages that a tree's lockfile names: `uv.lock`, or else `requirements.txt`. Raises
        LockfileUnusable."""
        lockfiles.demand_python(tree)
        project, lock = lockfiles.read(tree, "pyproject.toml"), lockfiles.read(tree, "uv.lock")
        if lock is not None and project is not None:
            return lockfiles.requirements(await self._exported(project, lock, home), "uv.lock")
        plain = lockfiles.read(tree, "requirements.txt")
        if plain is None and project is not None and lockfiles.has_dependencies(project):
            raise LockfileUnusable(
                "pyproject.toml has dependencies, and there is no uv.lock or requirements.txt."
            )
        return () if plain is None else lockfiles.requirements(plain, "requirements.txt")

    def fingerprint(self, locked: Iterable[Locked]) -> bytes:
        """All that an environment depends on."""
        tools = [f"{tool.name} {tool.version}" for tool in test_tools()]
        said = [sys.version, sysconfig.get_platform(), *tools, *(one.line for one in locked)]
        return "\n".join(said).encode()

    async def make(self, locked: tuple[Locked, ...], into: Path, home: Path) -> None:
        """Fill `into`. Raises PackagesMissing, EnvironmentsError."""
        base = str(interpreter())
        made = await run([*uv_program("venv"), "--relocatable", "--python", base, str(into)], home, home)
        if made.code:
            raise EnvironmentsError(f"No Python environment can be made: {made.text[-500:]}")
        site = into / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
        if locked:
            await self._demand_index(locked)
            wanted = home / "requirements.txt"
            wanted.write_text("\n".join(one.line for one in locked) + "\n", encoding="utf-8")
            done = await run([*self._install(wanted), "--python", str(into / "bin" / "python")], home, home)
            if done.code:
                raise await self._why(locked, done.text, home)
        applied = {one.name for one in locked if _applies(one)}
        await asyncio.to_thread(copy_tools, site, into / "bin", applied)
        compiled = await run([base, "-I", "-S", "-m", "compileall", "-q", "-j0", str(site)], home, home)
        if compiled.code not in (0, 1):  # 1: some file is no Python of this version, as templates are not
            raise EnvironmentsError(f"Packages cannot be compiled: {compiled.text[-500:]}")

    def environment(self, place: Path) -> Environment:
        """What commands see of a folder that was made."""
        base = interpreter().resolve().parents[1]
        own = () if base.is_relative_to("/usr") else (Bind(base, str(base)),)
        quiet = {"PYTHONDONTWRITEBYTECODE": "1", "VIRTUAL_ENV": INSIDE}
        return Environment((*own, Bind(place, INSIDE)), quiet, (f"{INSIDE}/bin",))

    async def _exported(self, project: str, lock: str, home: Path) -> str:
        """uv.lock as requirements. Only the two files are there: nothing of the tree is looked into, or
        built."""
        alone = home / "project"
        alone.mkdir()
        (alone / "pyproject.toml").write_text(project, encoding="utf-8")
        (alone / "uv.lock").write_text(lock, encoding="utf-8")
        argv = [
            *uv_program("export"),
            "--frozen",
            "--offline",
            "--no-emit-workspace",
            "--all-groups",
            "--all-extras",
        ]
        argv += ["--no-header", "--no-annotate", "--python", str(interpreter()), "--output-file", "../exported"]
        done = await run([*argv, "--quiet"], alone, home)
        if done.code:
            raise LockfileUnusable(f"uv.lock cannot be read: {done.text[-500:]}")
        return (home / "exported").read_text(encoding="utf-8")

    def _install(self, wanted: Path) -> list[str]:
        argv = [
            *uv_program("pip", "install"),
            "--no-deps",
            "--require-hashes",
            "--only-binary",
            ":all:",
            "--quiet",
        ]
        return [*argv, "--link-mode", "copy", "--index-url", self.index, "--requirement", str(wanted)]

    async def _why(self, locked: tuple[Locked, ...], said: str, home: Path) -> EnvironmentsError:
        """Which packages the index does not give; or else what uv said."""
        applied = [one for one in locked if _applies(one)]
        turns = asyncio.Semaphore(_PROBES)

        async def is_missing(one: Locked) -> bool:
            async with turns:
                alone = home / f"{one.name}.txt"
                alone.write_text(one.line + "\n", encoding="utf-8")
                argv = [*self._install(alone), "--dry-run", "--target", str(home / "probe")]
                return (await run([*argv, "--python", str(interpreter())], home, home)).code != 0

        missing = await asyncio.gather(*(is_missing(one) for one in applied))
        names = tuple(one.name for one, gone in zip(applied, missing, strict=True) if gone)
        text = said.replace(self.index, "the index")[-500:]
        return PackagesMissing(names) if names else EnvironmentsError(f"Packages cannot be installed: {text}")

    async def _demand_index(self, locked: tuple[Locked, ...]) -> None:
        """Raises PackagesMissing, of all that are wanted, where the index does not answer."""
        try:
            async with httpx.AsyncClient(timeout=_SECONDS) as client:
                await client.head(self.index)
        except httpx.TransportError:
            raise PackagesMissing(tuple(one.name for one in locked if _applies(one))) from None


def uv_program(*words: str) -> list[str]:
    """uv without a configuration, a cache, or another Python than ours. Raises ToolMissing."""
    try:
        program = uv.find_uv_bin()
    except FileNotFoundError:
        program = shutil.which("uv") or ""
    if not program:
        raise ToolMissing("uv is not installed here.")
    return [program, *words, "--no-config", "--no-cache", "--no-python-downloads"]


def _applies(locked: Locked) -> bool:
    """Whether a package is wanted on this machine."""
    marker = Requirement(locked.line.partition(" --hash=")[0]).marker
    return marker is None or marker.evaluate({"extra": ""})
