"""Bare mirrors of repositories on this machine, which git fetches into and pushes from.

git is told who we are by its environment (`GIT_CONFIG_*`, one header, for GitHub's address alone): an argument
is read by everybody on the machine, a file stays behind, and a program that is asked (`GIT_ASKPASS`) is one
more that runs with it. That environment is of one fetch or push alone. Its children are git's own (the
transport, which needs the header, and those that pack and unpack): no hook, no credential helper, no filter and
no monitor of a repository ever runs, another user cannot read it, and the token in it is for the contents of
this one repository, to read where git only reads, for an hour at most. git follows no redirect with it.

A commit is asked for by its sha, so nothing here is ever out of date: what is not here is fetched.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import re
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from governance.outside_text import clean
from integrations.code_host.bare_repository import is_sha, make_bare
from integrations.code_host.git import Git, GitFailed, GitTooLong
from integrations.code_host.refusals import (
    BranchMoved,
    BranchProtected,
    CodeHostError,
    NoAccess,
    NoSuchRepository,
)
from integrations.code_host.vendors.github.credentials import WHO
from storage.look import Away

FETCH_SECONDS = 900.0
_PUSH_SECONDS = 120.0
_LOCK_LOOK = 0.05
_NAME = re.compile(r"[A-Za-z0-9][\w-]*/[\w.-]+")
_FETCH = ("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules")
_OLD_FAULTS = ("badTimezone", "missingSpaceBeforeDate", "missingSpaceBeforeEmail", "zeroPaddedFilemode")
"""Faults of commits and trees that old programs made: many a sound repository has some."""
_PASSED_ON = ("HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy")

HeaderOf = Callable[[str, bool], Awaitable[str]]
"""What proves us to GitHub for a repository, and whether something is written there."""


@dataclass
class Mirrors:
    """Mirrors in `folder`, of repositories under `address` (`https://github.com`). `forget` is told that what
    `header` gave was refused."""

    folder: Path
    address: str
    header: HeaderOf
    forget: Callable[[], None]
    _fetching: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    async def holding(self, repository: str, shas: Sequence[str] = ()) -> Git:
        """A repository's mirror with these commits in it, as far as GitHub has them.

        Raises NoSuchRepository, NoAccess, Away. Whoever is cancelled meanwhile leaves the fetch to itself: the
        next to ask finds it further on.
        """
        git = await self._mirror(repository)
        missing = await _missing(git, shas)
        if missing:
            running = self._fetching.get(repository)
            if running is None or running.done():
                running = asyncio.create_task(self._fetch(git, repository))
                self._fetching[repository] = running
            await asyncio.shield(running)
            missing = await _missing(git, missing)
        for sha in missing:
            await self._fetch_one(git, repository, sha)
        return git

    async def push(self, repository: str, branch: str, sha: str, before: str | None) -> None:
        """Let a branch come to a commit, if it is at `before` (None: not there). Raises BranchMoved,
        BranchProtected, CodeHostError, NoAccess, NoSuchRepository, and Away where it may have been done."""
        git = await self._mirror(repository)
        lease = f"--force-with-lease=refs/heads/{branch}:{before or ''}"
        wanted = f"{sha}:refs/heads/{branch}"
        how = ("push", "--no-verify", "--recurse-submodules=no", lease, self._url(repository), wanted)
        for is_last in (False, True):
            variables = await self._variables(repository, writes=True)
            try:
                await git.run(*how, variables=variables, seconds=_PUSH_SECONDS)
            except GitTooLong:
                raise Away(WHO, "did not take the push in time, so that it may have been done") from None
            except GitFailed as failed:
                refused = _rejection(branch, before, failed.said) or _refusal(failed.said)
                if isinstance(refused, NoAccess) and not is_last:
                    # The token ran out, or was taken back. With the lease it does no harm to push again.
                    self.forget()
                    continue
                raise refused from None
            return

    async def tidy(self, is_kept: Callable[[str], Awaitable[bool]]) -> None:
        """Remove the mirrors of repositories that are not ours to see any more, and pack the others."""
        for folder in await asyncio.to_thread(lambda: sorted(self.folder.glob("*/*.git"))):
            repository = f"{folder.parent.name}/{folder.name.removesuffix('.git')}"
            async with _locked(folder):
                if await is_kept(repository):
                    # What commits nobody pushed yet stays for a fortnight.
                    await Git(folder).run("gc", "--quiet", "--prune=2.weeks.ago", seconds=FETCH_SECONDS)
                else:
                    await asyncio.to_thread(shutil.rmtree, folder)

    async def close(self) -> None:
        """End what is being fetched."""
        running = [one for one in self._fetching.values() if not one.done()]
        for one in running:
            one.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _mirror(self, repository: str) -> Git:
        if _NAME.fullmatch(repository) is None:
            raise NoSuchRepository(f"There is no repository {repository[:200]} here.")
        folder = self.folder / f"{repository}.git"
        if not (folder / "info" / "attributes").is_file():
            await asyncio.to_thread(lambda: folder.parent.mkdir(parents=True, exist_ok=True))
            async with _locked(folder):
                await make_bare(folder, "main")
        return Git(folder, frozenset({urlsplit(self.address).scheme}))

    async def _fetch(self, git: Git, repository: str) -> None:
        heads = (*_FETCH, "--prune", self._url(repository), "+refs/heads/*:refs/heads/*")
        async with _locked(git.folder):
            await self._reached(git, repository, heads)

    async def _fetch_one(self, git: Git, repository: str, sha: str) -> None:
        """A commit that no branch has: a pull request's from a fork, or one that was pushed over."""
        if not is_sha(sha):
            return
        try:
            await self._reached(git, repository, (*_FETCH, self._url(repository), sha))
        except CodeHostError as refused:
            if not isinstance(refused, _NotThere):
                raise

    async def _reached(self, git: Git, repository: str, how: Sequence[str]) -> None:
        for is_last in (False, True):
            variables = await self._variables(repository, writes=False)
            try:
                await git.run(*how, variables=variables, seconds=FETCH_SECONDS)
            except GitTooLong:
                raise Away(WHO, f"does not hand {repository} over in {FETCH_SECONDS:g} seconds") from None
            except GitFailed as failed:
                refused = _refusal(failed.said)
                if isinstance(refused, NoAccess) and not is_last:
                    self.forget()
                    continue
                raise refused from None
            return

    def _url(self, repository: str) -> str:
        return f"{self.address}/{repository}.git"

    async def _variables(self, repository: str, *, writes: bool) -> dict[str, str]:
        parts = urlsplit(self.address)
        settings = {
            f"http.{parts.scheme}://{parts.netloc}/.extraHeader": await self.header(repository, writes),
            "http.followRedirects": "false",
            "http.lowSpeedLimit": "1000",
            "http.lowSpeedTime": "30",
            "credential.helper": "",
            **{f"fetch.fsck.{fault}": "warn" for fault in _OLD_FAULTS},
        }
        variables = {"GIT_CONFIG_COUNT": str(len(settings))}
        for number, (name, value) in enumerate(settings.items()):
            variables |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
        variables |= {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        if "SSL_CERT_FILE" in os.environ:
            variables["GIT_SSL_CAINFO"] = os.environ["SSL_CERT_FILE"]
        return variables


class _NotThere(CodeHostError):
    """GitHub has no such commit."""


async def _missing(git: Git, shas: Sequence[str]) -> list[str]:
    wanted = [sha for sha in dict.fromkeys(shas) if is_sha(sha)]
    if not wanted:
        return []
    _, found = await git.run(
        "cat-file", "--batch-check=%(objecttype)", given="\n".join(wanted).encode() + b"\n"
    )
    types = found.decode().splitlines()
    return [sha for sha, kind in zip(wanted, types, strict=True) if kind.endswith("missing")]


@asynccontextmanager
async def _locked(folder: Path) -> AsyncIterator[None]:
    """No other process on this machine fetches into this mirror, makes it or packs it meanwhile."""
    handle = os.open(f"{folder}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                await asyncio.sleep(_LOCK_LOOK)
        yield
    finally:
        os.close(handle)


_UNKNOWN = ("not our ref", "couldn't find remote ref", "no such remote ref", "upload-pack: not our ref")


def _refusal(said: str) -> Exception:
    """What git's words come to, where it reached nothing: nothing was done, or that is not known."""
    lower = said.lower()
    if any(words in lower for words in _UNKNOWN):
        return _NotThere(f"{WHO} has no such commit.")
    if "fsck error" in lower:
        return CodeHostError(f"git does not take what is in it: {clean(said)[:300]}")
    if "not found" in lower or "error: 404" in lower:
        return NoSuchRepository(f"{WHO} has no such repository for us.")
    if any(
        words in lower for words in ("error: 401", "error: 403", "authentication failed", "could not read user")
    ):
        return NoAccess(f"{WHO} does not let us in to this repository.")
    return Away(WHO, f"could not be reached by git: {clean(said)[:300]}")


def _rejection(branch: str, before: str | None, said: str) -> CodeHostError | None:
    """Why a push was not taken, of what git writes of it; None where it does not say that."""
    why = next((line for line in said.splitlines() if line.lstrip().startswith("! [")), "")
    if "[remote rejected]" in why and not any(words in why for words in _MOVED):
        lines = [line.partition("remote:")[2].strip() for line in said.splitlines() if "remote:" in line]
        remote = " ".join(lines)
        reason = why.rpartition("(")[2].rstrip(") ")
        return BranchProtected(f"{WHO} does not take this push to {branch} ({reason}): {clean(remote)[:500]}")
    if why:
        moved = "is there already" if before is None else f"is not at {before[:12]} any more"
        return BranchMoved(f"{branch} {moved}.")
    return None


_MOVED = ("cannot lock ref", "reference already exists", "failed to update ref")
"""Why GitHub rejects what git had found to be as expected a moment before."""
