"""Releases of commits: the commit's files, as they are, with a `release.yaml` that says where they come from.

How they are run stands in the repository's own `release.yaml`. A release is there whole or not at all: it is
made beside the others and then moved to its place, so that whoever dies meanwhile has made none.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import stat
import tempfile
import tomllib
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import yaml
from pydantic import Field, ValidationError, field_validator

from integrations.deployments import DeploymentError, Release
from integrations.deployments.builds import Build, NotRunnable
from integrations.deployments.vendors.local.releases import (
    FILE,
    SHARED,
    UNREADABLE,
    Runs,
    Shelves,
    Word,
    demand_written,
    first_fault,
    loaded,
    read,
)

_LONGEST = 64 * 1024
_TOLD = frozenset({"PATH", "PORT", "SERVICE", "VERSION", "STAGE", "PYTHONDONTWRITEBYTECODE"})
_OF_THE_LOADER = re.compile(r"LD_.*|GCONV_PATH|GLIBC_TUNABLES|BASH_ENV|ENV|PYTHON(HOME|STARTUP|USERBASE)")
_OF_COMMIT = 10
"""Digits of the commit in a version: as many as git itself shows of a large repository."""


class _Runs(Runs):
    """What a repository's `release.yaml` says: of a release's own file what does not follow from the commit."""

    command: list[Word] = Field(min_length=1, max_length=50)

    @field_validator("environment")
    @classmethod
    def _leaves_what_is_told(cls, given: dict[str, str]) -> dict[str, str]:
        for name in given:
            if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,99}", name):
                raise ValueError(f"{name[:60]!r} is no name of a variable")
            if name in _TOLD or name.endswith("_URL"):
                raise ValueError(f"{name} is told to every service by the platform, so leave it out")
            if _OF_THE_LOADER.fullmatch(name):
                raise ValueError(f"{name} changes which programs are loaded, so leave it out")
        return given


def build_release(shelves: Shelves, build: Build) -> Release:
    """See `integrations.deployments.builds.Builds.build`."""
    runs = _runs(build.tree)
    version = f"{version_of(build.tree)}-g{build.commit[:_OF_COMMIT]}"
    place = shelves.built / build.service / version
    uses = [] if build.packages is None else [_shared(shelves.built, build.packages)]
    if not place.is_dir():
        _demand_plain(build.tree)
        environment = {**({"PYTHONPATH": "{uses}"} if uses else {}), **runs.environment}
        said = {
            **runs.model_dump(),
            "environment": environment,
            "uses": uses,
            "built": build.built.isoformat(),
            "commit": build.commit,
            "author": build.author,
            "story": build.story,
            "notes": build.notes,
        }
        _demand_readable(said)
        with tempfile.TemporaryDirectory(prefix=".making-", dir=_made(shelves.built)) as making:
            whole = Path(making) / "release"
            shutil.copytree(build.tree, whole)
            (whole / FILE).write_text(yaml.safe_dump(said, sort_keys=False), "utf-8")
            _moved(whole, place)
    return read(shelves.built, build.service, version).release


def version_of(tree: Path) -> str:
    """What a repository calls the version that it comes to next: by its pyproject.toml or package.json; `0.0`
    where neither says one. Raises NotRunnable."""
    said: object = None
    project = _table(_read(tree / "pyproject.toml", tomllib.loads), "pyproject.toml").get("project", {})
    said = _table(project, "pyproject.toml, `project`,").get("version")
    if said is None:
        said = _table(_read(tree / "package.json", json.loads), "package.json").get("version")
    version = re.sub(r"[^\w.-]", "-", str(said or "0.0"))
    if not re.fullmatch(r"\d[\w.-]{0,59}", version, re.ASCII):
        raise NotRunnable(f"“{version[:60]}” is no version: one begins with a digit.")
    return version


def _read(file: Path, loads: Callable[[str], object]) -> object:
    """What it says; nothing where there is none. Raises NotRunnable."""
    try:
        return loads(_text(file))
    except FileNotFoundError:
        return {}
    except (ValueError, RecursionError) as wrong:
        raise NotRunnable(f"Its {file.name} cannot be read ({first_fault(wrong)}).") from wrong


def _table(said: object, what: str) -> dict[str, object]:
    if not isinstance(said, dict):
        raise NotRunnable(f"Its {what} cannot be read (it holds no names with values).")
    return said


def _runs(tree: Path) -> _Runs:
    try:
        return _Runs.model_validate(loaded(_text(tree / FILE)))
    except FileNotFoundError:
        raise NotRunnable(
            f"Nothing says how it is run: add a {FILE} with its `command` to the repository."
        ) from None
    except UNREADABLE as wrong:
        raise NotRunnable(f"Its {FILE} cannot be read ({first_fault(wrong)}).") from wrong


def _demand_readable(said: Mapping[str, object]) -> None:
    """No release is made that could not be read again. Raises NotRunnable."""
    try:
        demand_written(said)
    except ValidationError as wrong:
        raise NotRunnable(f"Its release could not be read ({first_fault(wrong)}).") from wrong


def _text(file: Path) -> str:
    """Raises FileNotFoundError, for a link as well, and NotRunnable for what is too long."""
    if file.is_symlink() or not file.is_file():
        raise FileNotFoundError(file)
    if file.stat().st_size > _LONGEST:
        raise NotRunnable(f"Its {file.name} is longer than {_LONGEST // 1024} KB.")
    return file.read_text("utf-8")


def _demand_plain(tree: Path) -> None:
    for one in tree.rglob("*"):
        if one.is_symlink():
            raise NotRunnable(f"{one.relative_to(tree)} is a link, and a release has none.")
        if not (one.is_dir() or one.is_file()):
            raise NotRunnable(f"{one.relative_to(tree)} is no file, and a release has none but files.")


def _shared(built: Path, packages: Path) -> str:
    """Packages as a folder that releases share, named by what is in it."""
    whole = hashlib.sha256()
    for one in sorted(packages.rglob("*")):
        if one.is_file():
            whole.update(f"{one.relative_to(packages).as_posix()}\0".encode() + one.read_bytes())
    name = f"packages-{whole.hexdigest()[:16]}"
    place = built / SHARED / name
    with suppress(FileNotFoundError):
        os.utime(place)  # it is asked for: nobody removes it before the release is there
    if not place.is_dir():
        with tempfile.TemporaryDirectory(prefix=".making-", dir=_made(built)) as making:
            shutil.copytree(packages, Path(making) / "packages")
            os.utime(Path(making) / "packages")  # the copy is as old as what was copied, and asked for now
            _moved(Path(making) / "packages", place)
    return name


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _moved(whole: Path, place: Path) -> None:
    """To its place, unless another worker was there first with the same."""
    place.parent.mkdir(parents=True, exist_ok=True)
    _open_to_all(whole)
    try:
        os.rename(whole, place)
    except OSError as there:
        if not place.is_dir():
            raise DeploymentError(f"The release cannot be kept: {there}.") from there


def _open_to_all(whole: Path) -> None:
    """To be read, for a service runs as nobody; and to be moved and removed by us."""
    for folder, _, files in os.walk(whole):
        Path(folder).chmod(0o755)
        for name in files:
            file = Path(folder, name)
            file.chmod(0o755 if file.stat().st_mode & stat.S_IXUSR else 0o644)
