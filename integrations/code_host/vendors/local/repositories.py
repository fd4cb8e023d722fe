"""The bare repositories below the installation's own folder, and the sample's, which are made at first use.

A sample repository is a folder of files beside a YAML file of its history: each commit says which of the files
come with it, so that the same commits come out wherever it is made.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import shutil
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from integrations.code_host.bare_repository import make_bare
from integrations.code_host.git import Git
from integrations.code_host.refusals import CodeHostError, NoSuchRepository

_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,99}")
_SUFFIX = ".git"
_NEVER = ("__pycache__", ".pytest_cache", "node_modules")


class SampleUnusable(CodeHostError):
    """A sample repository's history cannot be read, or does not say where each of its files comes in."""


class _SampleCommit(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    message: str
    author: str
    email: str
    at: AwareDatetime
    files: Annotated[tuple[str, ...], Field(min_length=1)]


class SampleHistory(BaseModel):
    """How a sample repository came to be what it is; `required_reviews` and `required_checks` are what a merge
    into its default branch needs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    description: str
    default_branch: str = "main"
    required_reviews: int = 0
    required_checks: tuple[str, ...] = ()
    commits: Annotated[tuple[_SampleCommit, ...], Field(min_length=1)]


Announce = Callable[[str, SampleHistory], Awaitable[None]]
"""Called with a repository's id before it is there: what is to be known of it first."""


@dataclass
class Repositories:
    """The repositories of one tenant: `folder` holds them, `sample` what they are made of at first."""

    folder: Path
    sample: Path
    announce: Announce
    _making: asyncio.Task[None] | None = field(default=None)

    async def ids(self) -> Sequence[str]:
        """Every repository, by id."""
        await self._make_sample()
        return await asyncio.to_thread(self._ids)

    async def git(self, repository: str) -> Git:
        """git on one of them. Raises NoSuchRepository."""
        await self._make_sample()
        folder = self.folder / f"{repository}{_SUFFIX}"
        if not _ID.fullmatch(repository) or not await asyncio.to_thread(folder.is_dir):
            raise NoSuchRepository(f"There is no repository {repository[:100]} here.")
        return Git(folder)

    async def description(self, repository: str) -> str:
        """What it is, as its own file says; empty where it says nothing."""
        file = self.folder / f"{repository}{_SUFFIX}" / "description"
        return await asyncio.to_thread(lambda: file.read_text().strip() if file.exists() else "")

    def _ids(self) -> list[str]:
        found = (one.name.removesuffix(_SUFFIX) for one in self.folder.glob(f"*{_SUFFIX}") if one.is_dir())
        return sorted(name for name in found if _ID.fullmatch(name))

    async def _make_sample(self) -> None:
        """Once a process. Who waits for it may give up, and it goes on: the next one finds it done."""
        if self._making is None or _has_failed(self._making):
            self._making = asyncio.create_task(self._make_all())
        await asyncio.shield(self._making)

    async def _make_all(self) -> None:
        await asyncio.to_thread(self.folder.mkdir, parents=True, exist_ok=True)
        there = set(await asyncio.to_thread(self._ids))
        for name, history in (await asyncio.to_thread(read_sample, self.sample)).items():
            if name not in there:
                await self.announce(name, history)
                await self._make(name, history)

    async def _make(self, name: str, history: SampleHistory) -> None:
        """It is made aside and then named: whoever is killed in the middle leaves nothing by that name, and of
        two that make it at once the second finds it there."""
        aside = self.folder / f".making-{secrets.token_hex(8)}"
        try:
            await make_repository(aside, self.sample / name, history)
            await asyncio.to_thread(_take_place, aside, self.folder / f"{name}{_SUFFIX}")
        finally:
            await asyncio.to_thread(shutil.rmtree, aside, ignore_errors=True)


def _has_failed(making: asyncio.Task[None]) -> bool:
    return making.done() and (making.cancelled() or making.exception() is not None)


def read_sample(folder: Path) -> dict[str, SampleHistory]:
    """The histories of a folder's repositories, by id; none where there is no such folder. Raises
    SampleUnusable."""
    found = {}
    for file in sorted(folder.glob("*.yaml")):
        try:
            found[file.stem] = SampleHistory.model_validate(yaml.safe_load(file.read_bytes()))
        except (yaml.YAMLError, ValidationError) as wrong:
            raise SampleUnusable(f"{file} is no history of a repository: {wrong}") from wrong
    return found


async def make_repository(folder: Path, files: Path, history: SampleHistory) -> Git:
    """A bare repository with this history. Raises SampleUnusable."""
    git = await make_bare(folder, history.default_branch)
    await asyncio.to_thread((folder / "description").write_text, history.description + "\n")
    stream = await asyncio.to_thread(_stream, files, history)
    await git.run("fast-import", "--quiet", "--done", given=stream, seconds=120.0)
    return git


def _stream(files: Path, history: SampleHistory) -> bytes:
    """The history as `git fast-import` reads it: each file comes with the first commit that names it. Raises
    SampleUnusable."""
    left = _names(files)
    lines: list[bytes] = []
    for step in history.commits:
        coming = [name for name in left if any(fnmatchcase(name, pattern) for pattern in step.files)]
        left = [name for name in left if name not in coming]
        signed = f"{step.author} <{step.email}> {int(step.at.timestamp())} +0000"
        lines.append(f"commit refs/heads/{history.default_branch}\n".encode())
        lines.append(f"author {signed}\ncommitter {signed}\n".encode())
        lines.append(_data(step.message.encode()))
        for name in coming:
            lines += (f"M 100644 inline {name}\n".encode(), _data((files / name).read_bytes()))
    if left:
        raise SampleUnusable(f"In {files} no commit brings {', '.join(left)}.")
    return b"".join((*lines, b"done\n"))


def _data(content: bytes) -> bytes:
    return b"data %d\n%s\n" % (len(content), content)


def _names(files: Path) -> list[str]:
    found = (one.relative_to(files) for one in sorted(files.rglob("*")) if one.is_file())
    return [one.as_posix() for one in found if not set(one.parts) & set(_NEVER)]


def _take_place(aside: Path, named: Path) -> None:
    try:
        aside.rename(named)
    except OSError:
        if not named.is_dir():
            raise
