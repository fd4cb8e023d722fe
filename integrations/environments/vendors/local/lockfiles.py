"""What a tree says of its packages: found, bounded, and refused where it is not name, version and hash of the
index.

A tree's own words never choose where from: sources, indexes and registries in it are not followed.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from integrations.environments import LockfileUnusable
from integrations.sandbox.reading_back import NotPlain, read_back

MOST_BYTES = 20 * 2**20
MOST_PACKAGES = 3_000
_HASH = re.compile(r"--hash=(sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})")
_REGISTRY = "https://registry.npmjs.org/"
_PYPI = "https://pypi.org/simple"
_UV_DEMANDS = frozenset({"dev-dependencies", "constraint-dependencies", "override-dependencies"})
_UV_PLAIN = frozenset({
    "build-backend", "cache-keys", "compile-bytecode", "conflicts", "default-groups", "dependency-groups",
    "environments", "exclude-newer", "fork-strategy", "link-mode", "managed", "no-build", "no-build-package",
    "package", "prerelease", "required-environments", "required-version", "resolution",
})  # fmt: skip
"""Of [tool.uv]: lists of demands, which are looked at; and what never says where a package comes from."""

_NPM_DEMANDS = ("dependencies", "devDependencies", "optionalDependencies", "peerDependencies", "overrides")
_NPM_NAME = r"(?:@[\w.~-]+/)?[\w~-][\w.~-]*"
_NPM_KEY = rf"\.|{_NPM_NAME}(?:@[^/:]*)?"
"""In overrides a name may have a range, and a dot is what holds it."""
_NPM_COMPARED = r"(?:[<>=~^]{1,2} ?)?v?(?:\d+|[xX*])(?:\.(?:\d+|[xX*])){0,2}(?:-[\w.-]+)?(?:\+[\w.-]+)?"
_NPM_RANGE = re.compile(
    rf"|[A-Za-z][\w-]*|{_NPM_COMPARED}(?:(?: +| +- +| *\|\| *){_NPM_COMPARED}){{0,20}}", re.ASCII
)
"""Versions as `node-semver` reads them, or a tag."""


@dataclass(frozen=True, slots=True)
class Locked:
    """One package of an exact version, with the hashes that its file may have; `line` says it as a requirement,
    with the marker that says where it is wanted."""

    name: str
    line: str


def read(tree: Path, name: str) -> str | None:
    """A file in the tree's root, or None. Raises LockfileUnusable."""
    try:
        content = read_back(tree, name, MOST_BYTES)
    except NotPlain as odd:
        raise LockfileUnusable(str(odd)) from None
    if content is None:
        return None
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise LockfileUnusable(f"{name} is no text.") from None


def requirements(text: str, name: str) -> tuple[Locked, ...]:
    """The packages of a requirements file, as `uv export` and `pip-compile --generate-hashes` write it. Raises
    LockfileUnusable for anything else in it: options, addresses, paths, versions that are not exact, no
    hash."""
    locked = tuple(_locked(line, name) for line in _logical_lines(text))
    if len(locked) > MOST_PACKAGES:
        raise LockfileUnusable(f"{name} names more than {MOST_PACKAGES:,} packages.")
    return locked


def _logical_lines(text: str) -> Iterator[str]:
    for line in re.sub(r"\\\r?\n", " ", text).splitlines():
        line = re.sub(r"(^|\s)#.*$", "", line).strip()
        if line:
            yield line


def _locked(line: str, name: str) -> Locked:
    hashes = _HASH.findall(line)
    said = _HASH.sub("", line).strip()
    shown = said[:80]
    try:
        wanted = Requirement(said)
    except InvalidRequirement:
        raise LockfileUnusable(f"{name}: “{shown}” is no package of the index.") from None
    exact = [one for one in wanted.specifier if one.operator == "==" and not one.version.endswith(".*")]
    if wanted.url is not None or len(wanted.specifier) != 1 or not exact:
        raise LockfileUnusable(f"{name}: “{shown}” is no exact version of a package of the index.")
    if not hashes:
        raise LockfileUnusable(f"{name}: {shown} has no hash. Write it with `uv export` or `uv pip compile`.")
    return Locked(canonicalize_name(wanted.name), " ".join([str(wanted), *(f"--hash={one}" for one in hashes)]))


def demand_python(tree: Path) -> None:
    """Raises LockfileUnusable where the project is not for this Python, or has dependencies that no lockfile
    names."""
    text = read(tree, "pyproject.toml")
    if text is None:
        return
    try:
        project = tomllib.loads(text).get("project", {})
        wanted = SpecifierSet(str(project.get("requires-python", "")))
    except (tomllib.TOMLDecodeError, InvalidSpecifier, AttributeError):
        raise LockfileUnusable("pyproject.toml cannot be read.") from None
    here = ".".join(map(str, sys.version_info[:3]))
    if not wanted.contains(here, prereleases=True):
        raise LockfileUnusable(f"The project wants Python {wanted}; here is {here}.")


def has_dependencies(pyproject: str) -> bool:
    """Whether a pyproject.toml, which could be read, names packages that tests may need."""
    said = tomllib.loads(pyproject)
    project = said.get("project", {})
    lists = [project.get("dependencies"), project.get("optional-dependencies"), said.get("dependency-groups")]
    return any(lists) or "dependencies" in project.get("dynamic", ())


def uv_version(lock: str, package: str) -> str | None:
    """The version that a uv.lock has of a package; None where it has none. Raises LockfileUnusable."""
    try:
        packages = tomllib.loads(lock).get("package", [])
        found = [one for one in packages if canonicalize_name(str(one["name"])) == canonicalize_name(package)]
        return str(found[0]["version"]) if len(found) == 1 else None
    except (tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError):
        raise LockfileUnusable("uv.lock cannot be read.") from None


def demand_index_alone(pyproject: str) -> None:
    """Raises LockfileUnusable where a pyproject.toml says anything that may take packages from elsewhere than
    the index, as an address or a path does."""
    try:
        said = tomllib.loads(pyproject)
        own = said.get("tool", {}).get("uv", {})
        project = said.get("project", {})
        lists = [project.get("dependencies", []), *project.get("optional-dependencies", {}).values()]
        lists += [*said.get("dependency-groups", {}).values(), *(own.get(name, []) for name in _UV_DEMANDS)]
        demands = [Requirement(one) for each in lists for one in each if isinstance(one, str)]
        unknown = sorted(own.keys() - _UV_DEMANDS - _UV_PLAIN)
    except (tomllib.TOMLDecodeError, InvalidRequirement, AttributeError, TypeError):
        raise LockfileUnusable("pyproject.toml cannot be read.") from None
    if found := [f"[tool.uv] {name}" for name in unknown] + [str(one) for one in demands if one.url]:
        raise LockfileUnusable(
            f"pyproject.toml takes packages from elsewhere than the index (“{found[0][:80]}”): a person changes"
            " it."
        )
    if project.get("dynamic"):
        raise LockfileUnusable("pyproject.toml lets its own code say its packages: a person changes it.")


def demand_uv_lock(lock: str, index: str) -> None:
    """Raises LockfileUnusable where a uv.lock has a package that is neither the project itself nor one of the
    index, here or at PyPI."""
    try:
        packages = tomllib.loads(lock).get("package", [])
        sources = [(str(one["name"]), dict(one["source"])) for one in packages]
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError, AttributeError):
        raise LockfileUnusable("uv.lock cannot be read.") from None
    fine = [{"virtual": "."}, {"editable": "."}]
    fine += [{"registry": address} for one in (index, _PYPI) for address in (one.rstrip("/"), one)]
    for name, source in sources:
        if source not in fine:
            raise LockfileUnusable(f"uv.lock: {name[:80]} is no package of the index.")


def demand_npm(package: str, lock: str | None) -> bool:
    """Whether a package.json needs packages, each of which its lockfile names by version and hash. Raises
    LockfileUnusable."""
    said = _json(package, "package.json")
    _demand_registry(said, "package.json")
    wanted = any(said.get(kind) for kind in ("dependencies", "devDependencies", "optionalDependencies"))
    if not wanted:
        return False
    if lock is None:
        raise LockfileUnusable("package.json has dependencies, and there is no package-lock.json.")
    locked = _json(lock, "package-lock.json")
    packages = locked.get("packages")
    is_known = locked.get("lockfileVersion") in (2, 3)
    if not is_known or not isinstance(packages, dict) or len(packages) > MOST_PACKAGES:
        raise LockfileUnusable("package-lock.json is not of version 2 or 3, or names too many packages.")
    for place, one in packages.items():
        _demand_registry(one, "package-lock.json")
        if place and not _is_from_registry(place, one):
            raise LockfileUnusable(
                f"package-lock.json: {place[:80]} is no package of the registry with its hash."
            )
    return True


def demand_npm_version(version: str) -> None:
    """Raises LockfileUnusable for what npm would take for an address, a file or a path."""
    if not _is_npm_range(version):
        raise LockfileUnusable(f"“{version[:80]}” is no version of the registry.")


def _demand_registry(said: object, file: str) -> None:
    """Raises LockfileUnusable where what is `said` of a package, or of the project, asks for anything but
    versions that the registry has: npm follows addresses, files and workspaces wherever it is told of them."""
    if not isinstance(said, dict):
        return
    if said.get("workspaces"):
        raise LockfileUnusable(f"{file} has workspaces: a person changes it.")
    for kind in _NPM_DEMANDS:
        for name, wanted in _demanded(said.get(kind) or {}, file):
            key, own = (_NPM_KEY, rf"\$(?:{_NPM_NAME})") if kind == "overrides" else (_NPM_NAME, r"(?!)")
            is_fine = _is_npm_range(wanted) or re.fullmatch(own, wanted)
            if not is_fine or not re.fullmatch(key, name):
                raise LockfileUnusable(
                    f"{file} takes {name[:80]} from elsewhere than the registry (“{wanted[:80]}”): a person"
                    " changes it."
                )


def _demanded(said: object, file: str) -> Iterator[tuple[str, str]]:
    """Each name with what is demanded of it; overrides nest."""
    if not isinstance(said, dict):
        raise LockfileUnusable(f"{file} cannot be read.")
    for name, wanted in said.items():
        if isinstance(wanted, str):
            yield name, wanted
        else:
            yield from _demanded(wanted, file)


def _is_npm_range(wanted: str) -> bool:
    """Whether npm reads it as versions or a tag of a package in its registry, or as another package there
    (`npm:name@range`)."""
    alias = re.fullmatch(rf"npm:(?:{_NPM_NAME})(?:@(?P<range>.*))?", wanted)
    version = (wanted if alias is None else alias["range"] or "").strip()
    return _NPM_RANGE.fullmatch(version) is not None and not version.lower().endswith(
        (".tgz", ".tar.gz", ".tar")
    )


def npm_names(lock: str) -> tuple[str, ...]:
    """The packages of a package-lock.json that `demand_npm` let pass."""
    places = (place for place in _json(lock, "package-lock.json")["packages"] if place)
    return tuple(sorted({place.rpartition("node_modules/")[2] for place in places}))


def _is_from_registry(place: str, said: object) -> bool:
    if not isinstance(said, dict) or said.get("link") or not place.startswith("node_modules/"):
        return False
    resolved, integrity = str(said.get("resolved", "")), str(said.get("integrity", ""))
    return resolved.startswith(_REGISTRY) and integrity.startswith("sha512-")


def _json(text: str, name: str) -> Mapping[str, Any]:
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        raise LockfileUnusable(f"{name} cannot be read.") from None
    if not isinstance(said, dict):
        raise LockfileUnusable(f"{name} cannot be read.")
    return said
