"""Releases as folders: `<service>/<version>/release.yaml` beside what is run.

What several releases run stands once, in a folder of `_shared/` that each of them names under `uses`. A
release's digest is over every file of its folder and of those it uses, so that what was approved is what is
started.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, RootModel, ValidationError

from integrations.deployments import DeploymentError, NoSuchRelease, Release, Stage

FILE = "release.yaml"
SHARED = "_shared"
"""Beside the services; no service is called so."""

_Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=60)]


class _Written(BaseModel):
    """What `release.yaml` says. In `command` and `environment`, `{python}` is the interpreter that Countersign
    runs on, and `{uses}` the folders that are used, as a search path. `calls` names the services that it calls;
    `database` says that it keeps its data in one; each path of `warm_up` is asked for before a replica has
    traffic."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    command: list[str] = Field(min_length=1)
    built: AwareDatetime
    uses: list[_Name] = []
    calls: list[_Name] = []
    database: bool = False
    warm_up: Annotated[list[Annotated[str, Field(pattern=r"^/[!-~]{0,500}$")]], Field(max_length=20)] = []
    environment: dict[str, str] = {}
    commit: str | None = None
    author: str | None = None
    story: str | None = None
    notes: str = ""
    irreversible: bool = False


class _Placed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    version: str
    replicas: int = Field(default=1, ge=0, le=20)


class _AtFirst(RootModel[dict[Stage, dict[str, _Placed]]]):
    """What `at_first.yaml` says."""


@dataclass(frozen=True, slots=True)
class Runnable:
    """A release and how it is started: the command, its folder, what it finds in its environment; the services
    whose addresses it is told, and whether it is told a database's; the paths that fill its caches."""

    release: Release
    command: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str]
    calls: tuple[str, ...] = ()
    database: bool = False
    warm_up: tuple[str, ...] = ()


class ReleaseUnreadable(DeploymentError):
    """A release's file cannot be read. The text names it and says what to do."""

    def __init__(self, file: Path, why: str) -> None:
        super().__init__(f"{file} cannot be read as a release ({why}). Mend it, and ask again.")


def services(folder: Path) -> tuple[str, ...]:
    """The services with releases, by id."""
    return tuple(sorted(one.name for one in _folders(folder) if any(one.glob(f"*/{FILE}"))))


def releases(folder: Path, service: str | None = None) -> tuple[Release, ...]:
    """All releases, newest first. Raises ReleaseUnreadable."""
    names = services(folder) if service is None else (service,)
    found = [
        read(folder, name, one.name).release
        for name in names
        for one in _folders(folder / name)
        if (one / FILE).is_file()
    ]
    return tuple(sorted(found, key=lambda one: (one.built, one.service, one.version), reverse=True))


def read(folder: Path, service: str, version: str) -> Runnable:
    """One release. Raises NoSuchRelease, ReleaseUnreadable."""
    here = folder / service / version
    file = here / FILE
    if not (_is_name(service) and _is_name(version) and file.is_file()):
        is_there = _is_name(service) and (folder / service).is_dir()
        known = ", ".join(one.version for one in releases(folder, service)) if is_there else ""
        has = f" It has {known}." if known else ""
        raise NoSuchRelease(f"{service} has no release {version}.{has}")
    try:
        written = _Written.model_validate(yaml.safe_load(file.read_text("utf-8")))
    except (ValidationError, yaml.YAMLError, UnicodeDecodeError) as wrong:
        raise ReleaseUnreadable(file, _first(wrong)) from wrong
    used = [folder / SHARED / name for name in written.uses]
    release = Release(
        service=service,
        version=version,
        digest=_digest(file, [here, *used]),
        built=written.built,
        commit=written.commit,
        author=written.author,
        story=written.story,
        notes=written.notes,
        irreversible=written.irreversible,
    )
    meant = {"{python}": sys.executable, "{uses}": os.pathsep.join(map(str, used))}
    command = tuple(_filled_in(part, meant) for part in written.command)
    environment = {name: _filled_in(value, meant) for name, value in written.environment.items()}
    told = tuple(written.calls), written.database, tuple(written.warm_up)
    return Runnable(release, command, here, environment, *told)


def at_first(folder: Path) -> list[dict[str, Any]]:
    """What runs before anybody has deployed anything, as `at_first.yaml` beside the releases has it: by stage
    and service a version and how many replicas. Raises NoSuchRelease, ReleaseUnreadable."""
    file = folder / "at_first.yaml"
    if not file.is_file():
        return []
    try:
        written = _AtFirst.model_validate(yaml.safe_load(file.read_text("utf-8")))
    except (ValidationError, yaml.YAMLError, UnicodeDecodeError) as wrong:
        raise ReleaseUnreadable(file, _first(wrong)) from wrong
    return [
        {
            "service": service,
            "stage": stage.value,
            "replicas": one.replicas,
            **for_the_journal(read(folder, service, one.version).release),
        }
        for stage, services_there in written.root.items()
        for service, one in services_there.items()
    ]


def for_the_journal(release: Release) -> dict[str, Any]:
    """What is kept of a release that is started, beyond its folder."""
    kept = {"version": release.version, "digest": release.digest}
    return {**kept, "built": release.built.isoformat(), "irreversible": release.irreversible}


def _is_name(word: str) -> bool:
    """Whether it names something in a folder, and nothing outside."""
    return bool(word) and not word.startswith((".", "_")) and "/" not in word and "\0" not in word


def _folders(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from sorted(one for one in folder.iterdir() if one.is_dir() and _is_name(one.name))


def _filled_in(words: str, meant: Mapping[str, str]) -> str:
    for name, value in meant.items():
        words = words.replace(name, value)
    return words


def _digest(file: Path, folders: Sequence[Path]) -> str:
    """Over the release's own folder, which comes first, and those it uses. Compiled code counts too: the
    interpreter would run it in its source's place. Links are refused, for what they lead to can change unseen.
    Raises ReleaseUnreadable."""
    whole = hashlib.sha256()
    for number, folder in enumerate(folders):
        if number and not folder.is_dir():
            raise ReleaseUnreadable(file, f"uses: there is no {SHARED}/{folder.name}")
        entries = sorted(folder.rglob("*"))
        link = next((one for one in entries if one.is_symlink()), None)
        if link is not None or folder.is_symlink():
            raise ReleaseUnreadable(file, f"{link or folder} is a link")
        begins = f"{SHARED}/{folder.name}/" if number else ""
        for one in entries:
            if one.is_file():
                content = hashlib.sha256(one.read_bytes()).hexdigest()
                whole.update(f"{begins}{one.relative_to(folder).as_posix()}\0{content}\n".encode())
    return whole.hexdigest()


def _first(wrong: Exception) -> str:
    if isinstance(wrong, ValidationError):
        error: Any = wrong.errors()[0]
        return f"{'.'.join(map(str, error['loc']))}: {error['msg']}"
    return str(wrong).splitlines()[0]
