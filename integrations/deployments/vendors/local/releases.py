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
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import structlog
import yaml
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, RootModel, ValidationError, model_validator

from integrations.deployments import DeploymentError, NoSuchRelease, Release, Stage

_log = structlog.get_logger()

FILE = "release.yaml"
SHARED = "_shared"
"""Beside the services; no service is called so."""

UNREADABLE = (ValueError, yaml.YAMLError)
"""Of a file that is none: of its encoding, its YAML, its values (a ValidationError is a ValueError)."""

_Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=60)]
_Path = Annotated[str, Field(pattern=r"^/[!-~]{0,500}$")]
_Weight = Annotated[float, Field(gt=0, le=1_000_000, allow_inf_nan=False)]
Word = Annotated[str, Field(pattern=r"^[^\x00]*$")]
"""What a program can be given."""


class Runs(BaseModel):
    """How a release is run: of its file what a repository's own `release.yaml` says, too. In `command` and
    `environment`, `{python}` is the interpreter that Countersign runs on, and `{uses}` the folders that are
    used, as a search path. `calls` names the services that it calls; `database` says that it keeps its data in
    one; each path of `warm_up` is asked for before a replica has traffic. `serves` are the paths that a load
    test may ask, with their weights."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    command: list[Word] = Field(min_length=1)
    calls: Annotated[list[_Name], Field(max_length=50)] = []
    database: bool = False
    warm_up: Annotated[list[_Path], Field(max_length=20)] = []
    serves: Annotated[dict[_Path, _Weight], Field(max_length=20)] = {}
    environment: dict[Word, Word] = {}
    irreversible: bool = False


class Written(Runs):
    """What `release.yaml` says."""

    built: AwareDatetime
    uses: list[_Name] = []
    commit: str | None = None
    author: str | None = None
    story: str | None = None
    notes: str = ""
    security: Literal["critical", "high", "medium", "low"] | None = None
    advisory: Annotated[str, Field(pattern=r"^[\w.:-]{1,60}$")] | None = None

    @model_validator(mode="after")
    def _names_the_advisory(self) -> Self:
        if (self.security is None) != (self.advisory is None):
            raise ValueError("`security` and `advisory` belong together")
        return self


class _Placed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    version: str
    replicas: int = Field(default=1, ge=0, le=20)


class _AtFirst(RootModel[dict[Stage, dict[str, _Placed]]]):
    """What `at_first.yaml` says."""


@dataclass(frozen=True, slots=True)
class Runnable:
    """A release and how it is started: the command, its folder, what it finds in its environment; the services
    whose addresses it is told, and whether it is told a database's; the paths that fill its caches. What is
    `confined` sees its own files and nothing else of this machine; `uses` are the shared folders among them."""

    release: Release
    command: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str]
    calls: tuple[str, ...] = ()
    database: bool = False
    warm_up: tuple[str, ...] = ()
    uses: tuple[Path, ...] = ()
    confined: bool = False


class ReleaseUnreadable(DeploymentError):
    """A release's file cannot be read. The text names it and says what to do."""

    def __init__(self, file: Path, why: str) -> None:
        super().__init__(f"{file} cannot be read as a release ({why}). Mend it, and ask again.")


@dataclass(frozen=True, slots=True)
class Shelves:
    """Where releases stand: those that people wrote, and those that were built of commits, which agents may
    have written, so that they run confined. What people wrote comes first."""

    written: Path
    built: Path

    @classmethod
    def of(cls, keeper: Path, written: Path) -> Self:
        """Those of the keeper with this folder."""
        return cls(written, keeper / "built")

    def services(self) -> tuple[str, ...]:
        """The services with releases, by id."""
        return tuple(sorted({*services(self.written), *services(self.built)}))

    def releases(self, service: str | None = None) -> tuple[Release, ...]:
        """All releases, newest first; past those that were built and cannot be read, which are said in the log.
        Raises ReleaseUnreadable for what people wrote, and mend."""
        found = list(releases(self.written, service))
        for one in self._built(service):
            if isinstance(one, Release):
                found.append(one)
            else:
                _log.warning("release_unreadable", why=str(one))
        return tuple(sorted(found, key=_newest_first, reverse=True))

    def unreadable(self) -> tuple[ReleaseUnreadable, ...]:
        """The built ones that cannot be read."""
        return tuple(one for one in self._built(None) if isinstance(one, ReleaseUnreadable))

    def _built(self, service: str | None) -> Iterator[Release | ReleaseUnreadable]:
        for name, version in _versions(self.built, service):
            try:
                yield read(self.built, name, version).release
            except ReleaseUnreadable as wrong:
                yield wrong
            except (NoSuchRelease, FileNotFoundError):
                continue  # it was removed while they were read

    def read(self, service: str, version: str) -> Runnable:
        """One release. Raises NoSuchRelease, ReleaseUnreadable."""
        if has_release(self.built, service, version) and not has_release(self.written, service, version):
            return replace(read(self.built, service, version), confined=True)
        try:
            return read(self.written, service, version)
        except NoSuchRelease as missing:
            known = ", ".join(version for _, version in _versions(self.built, service))
            built = f" Built of commits: {known}." if known else ""
            raise NoSuchRelease(f"{missing}{built}") from missing


def has_release(folder: Path, service: str, version: str) -> bool:
    """Whether it stands there."""
    return _is_name(service) and _is_name(version) and (folder / service / version / FILE).is_file()


def _newest_first(release: Release) -> tuple[datetime, str, str]:
    return release.built, release.service, release.version


def services(folder: Path) -> tuple[str, ...]:
    """The services with releases, by id."""
    return tuple(sorted(one.name for one in _folders(folder) if any(one.glob(f"*/{FILE}"))))


def releases(folder: Path, service: str | None = None) -> tuple[Release, ...]:
    """All releases, newest first. Raises ReleaseUnreadable."""
    found = [read(folder, *one).release for one in _versions(folder, service)]
    return tuple(sorted(found, key=_newest_first, reverse=True))


def _versions(folder: Path, service: str | None) -> Iterator[tuple[str, str]]:
    """Services and versions that stand there, by name; of one service, if it is given."""
    names = services(folder) if service is None else filter(_is_name, (service,))
    for name in names:
        for one in _folders(folder / name):
            if (one / FILE).is_file():
                yield name, one.name


def read(folder: Path, service: str, version: str) -> Runnable:
    """One release. Raises NoSuchRelease, ReleaseUnreadable."""
    here = folder / service / version
    file = here / FILE
    if not has_release(folder, service, version):
        is_there = _is_name(service) and (folder / service).is_dir()
        known = ", ".join(one.version for one in releases(folder, service)) if is_there else ""
        has = f" It has {known}." if known else ""
        raise NoSuchRelease(f"{service} has no release {version}.{has}")
    written = stands_in(here)
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
        security=written.security,
        advisory=written.advisory,
        serves=tuple(sorted(written.serves.items(), key=lambda one: (-one[1], one[0]))),
    )
    meant = {"{python}": sys.executable, "{uses}": os.pathsep.join(map(str, used))}
    command = tuple(_filled_in(part, meant) for part in written.command)
    environment = {name: _filled_in(value, meant) for name, value in written.environment.items()}
    told = tuple(written.calls), written.database, tuple(written.warm_up)
    return Runnable(release, command, here, environment, *told, tuple(used))


def stands_in(here: Path) -> Written:
    """What the file of a release's folder says. Raises ReleaseUnreadable, FileNotFoundError."""
    try:
        return Written.model_validate(loaded((here / FILE).read_text("utf-8")))
    except UNREADABLE as wrong:
        raise ReleaseUnreadable(here / FILE, first_fault(wrong)) from wrong


def at_first(folder: Path) -> list[dict[str, Any]]:
    """What runs before anybody has deployed anything, as `at_first.yaml` beside the releases has it: by stage
    and service a version and how many replicas. Raises NoSuchRelease, ReleaseUnreadable."""
    file = folder / "at_first.yaml"
    if not file.is_file():
        return []
    try:
        written = _AtFirst.model_validate(loaded(file.read_text("utf-8")))
    except UNREADABLE as wrong:
        raise ReleaseUnreadable(file, first_fault(wrong)) from wrong
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


def demand_written(said: Mapping[str, Any]) -> None:
    """Whether a release's file may say this. Raises ValidationError."""
    Written.model_validate(said)


def loaded(text: str) -> Any:
    """What a file says in YAML. Raises ValueError, YAMLError (`UNREADABLE`)."""
    try:
        return yaml.safe_load(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def first_fault(wrong: Exception) -> str:
    """What is wrong with a file first, in a line."""
    if isinstance(wrong, ValidationError):
        error: Any = wrong.errors()[0]
        return f"{'.'.join(map(str, error['loc']))}: {error['msg']}"
    return next(iter(str(wrong).splitlines()), type(wrong).__name__)
