"""A lockfile with one of its packages at another version, by uv and npm.

Only the files that name packages are there: nothing of the tree is looked into, no settings of it are followed,
and nothing is built.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from integrations.environments import LockfileUnusable, Relocked, ToolMissing
from integrations.environments.vendors.local import lockfiles
from integrations.environments.vendors.local.python import uv_program
from integrations.environments.vendors.local.tools import interpreter, run

_DEMAND = re.compile(r"""(?P<quote>["'])(?P<demand>[A-Za-z0-9][^"'\n]*)(?P=quote)""")


async def relock_python(
    project: str, lock: str, package: str, version: str, index: str, home: Path
) -> Relocked:
    """Raises LockfileUnusable, ToolMissing, EnvironmentsError."""
    lockfiles.demand_index_alone(project)
    lockfiles.demand_uv_lock(lock, index)
    demanded = _demanding(project, package, version)
    alone = _alone(home, {"pyproject.toml": demanded, "uv.lock": lock})
    argv = [*uv_program("lock"), "--upgrade-package", f"{package}=={version}", "--no-build", "--no-sources"]
    argv += ["--default-index", index, "--python", str(interpreter()), "--quiet"]
    done = await run(argv, alone, home)
    after = (alone / "uv.lock").read_text(encoding="utf-8")
    if done.code or lockfiles.uv_version(after, package) != version:
        said = done.text.replace(index, "the index")[-600:].strip() or "what else it needs excludes it"
        raise LockfileUnusable(f"{package} cannot be {version}: {said}")
    files = {"uv.lock": after}
    if demanded != project:
        files["pyproject.toml"] = demanded
    return Relocked(
        lockfiles.uv_version(lock, package) or "", _changed(files, {"uv.lock": lock, "pyproject.toml": project})
    )


async def relock_node(
    project: str, lock: str, package: str, version: str, registry: str, home: Path
) -> Relocked:
    """Raises LockfileUnusable, ToolMissing, EnvironmentsError."""
    npm = shutil.which("npm")
    if npm is None:
        raise ToolMissing("npm is not installed here.")
    lockfiles.demand_npm(project, lock)
    lockfiles.demand_npm_version(version)
    said = json.loads(project)
    kinds = ("dependencies", "devDependencies", "optionalDependencies")
    if not any(package in (said.get(kind) or {}) for kind in kinds):
        raise LockfileUnusable(f"package.json does not name {package} itself: bump what needs it.")
    was = json.loads(lock)["packages"].get(f"node_modules/{package}", {}).get("version", "")
    alone = _alone(home, {"package.json": project, "package-lock.json": lock})
    argv = [npm, "install", f"{package}@{version}", "--package-lock-only", "--ignore-scripts", "--no-audit"]
    argv += ["--no-fund", "--no-update-notifier", "--fetch-retries=0", f"--registry={registry}"]
    argv += ["--replace-registry-host=always", f"--cache={home / 'npm'}"]
    done = await run(argv, alone, home)
    if done.code:
        raise LockfileUnusable(
            f"{package} cannot be {version}: {done.text.replace(registry, 'the registry')[-600:]}"
        )
    files = {name: (alone / name).read_text(encoding="utf-8") for name in ("package.json", "package-lock.json")}
    files["package-lock.json"] = files["package-lock.json"].replace(
        f"{registry.rstrip('/')}/", "https://registry.npmjs.org/"
    )
    lockfiles.demand_npm(files["package.json"], files["package-lock.json"])
    return Relocked(str(was), _changed(files, {"package.json": project, "package-lock.json": lock}))


def _alone(home: Path, files: dict[str, str]) -> Path:
    alone = home / "project"
    alone.mkdir()
    for name, text in files.items():
        (alone / name).write_text(text, encoding="utf-8")
    return alone


def _changed(files: dict[str, str], before: dict[str, str]) -> dict[str, str]:
    changed = {name: text for name, text in files.items() if text != before[name]}
    if not changed:
        raise LockfileUnusable("It is at this version already.")
    return changed


def _demanding(project: str, package: str, version: str) -> str:
    """pyproject.toml with an exact demand of the package moved. Raises LockfileUnusable where it demands
    something that excludes the version."""

    def moved(found: re.Match[str]) -> str:
        try:
            wanted = Requirement(found["demand"])
        except ValueError:
            return found[0]
        if canonicalize_name(wanted.name) != canonicalize_name(package) or not wanted.specifier:
            return found[0]
        if wanted.specifier.contains(version, prereleases=True):
            return found[0]
        pins = [one for one in wanted.specifier if one.operator == "==" and not one.version.endswith(".*")]
        if len(pins) != 1 or len(wanted.specifier) != 1:
            raise LockfileUnusable(f"pyproject.toml demands “{wanted}”: a person decides what it is to demand.")
        return found[0].replace(pins[0].version, version)

    return _DEMAND.sub(moved, project)
