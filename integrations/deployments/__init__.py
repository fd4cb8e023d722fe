"""Deployments: which version of a service runs where, and putting another one there. The port of every platform
that runs services."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from governance.action import Grant
from integrations.pages import LARGEST_PAGE, Page


class Stage(StrEnum):
    """What an environment is for: the matrix rules on production otherwise than on staging."""

    STAGING = "staging"
    PRODUCTION = "production"


@dataclass(frozen=True, slots=True)
class Target:
    """One service in one environment."""

    service: str
    stage: Stage

    def __str__(self) -> str:
        return f"{self.service} in {self.stage}"


@dataclass(frozen=True, slots=True)
class Release:
    """A version of a service that can be deployed. `digest` is the SHA-256 (hex) of what is run: what people
    approve is this, not a name. Behind an `irreversible` release (a migration that loses what it replaced)
    nothing older runs any more."""

    service: str
    version: str
    digest: str
    built: datetime
    commit: str | None = None
    author: str | None = None
    story: str | None = None
    notes: str = ""
    irreversible: bool = False


@dataclass(frozen=True, slots=True)
class Running:
    """A version that runs: how many replicas are wanted and how many of them answer."""

    version: str
    digest: str
    replicas: int
    ready: int


@dataclass(frozen=True, slots=True)
class Status:
    """What runs at a target; `stable` is None where nothing was ever deployed. `address` is where its traffic
    goes in, `as_of` when it was looked at."""

    target: Target
    stable: Running | None
    address: str | None
    as_of: datetime


class ChangeKind(StrEnum):
    """What was done at a target."""

    DEPLOYED = "deployed"
    ROLLED_BACK = "rolled back"
    SCALED = "scaled"


@dataclass(frozen=True, slots=True)
class Change:
    """Something that was done at a target: `version` and `replicas` hold from then on, `before` stood before;
    `grant` is the leave by which it was done."""

    id: str
    at: datetime
    target: Target
    kind: ChangeKind
    version: str
    replicas: int
    before: str | None
    grant: str


@dataclass(frozen=True, slots=True)
class ReleaseQuery:
    """Releases of one service, or of all; newest first."""

    service: str | None = None
    limit: int = LARGEST_PAGE
    after: str | None = None


@dataclass(frozen=True, slots=True)
class ChangeQuery:
    """Changes, newest first; None does not restrict."""

    service: str | None = None
    stage: Stage | None = None
    limit: int = LARGEST_PAGE
    after: str | None = None


class DeploymentError(Exception):
    """The platform refused, and nothing has changed there. The text is for people."""


class NoSuchRelease(DeploymentError, LookupError):
    """There is no such release, or its digest is another one by now."""


class NothingRuns(DeploymentError, LookupError):
    """Nothing runs at the target, so there is nothing to scale or roll back."""


class NotReady(DeploymentError):
    """The new version did not become ready in time: the one before still has all traffic."""


class BehindMigration(DeploymentError):
    """The version lies behind a migration that cannot be taken back, so it would not run."""


class ChangedMeanwhile(DeploymentError):
    """What stands at the target is not what it stood at when this was asked for."""


class GrantSpent(DeploymentError):
    """This grant's id has already done something else."""


def gone_past(found: Iterable[Release], version: str, target: str) -> Release | None:
    """The newest irreversible release between `version` (not included) and `target`, both of one service; None
    where going from `target` back to `version` loses nothing that cannot be had again."""
    releases = tuple(found)
    built = {one.version: one.built for one in releases}
    older, newer = built.get(version), built.get(target)
    if older is None or newer is None:
        return None
    return next((one for one in releases if one.irreversible and older < one.built <= newer), None)


class Deployments(Protocol):
    """Effectful methods take a Grant; its id is the idempotency key: a repeated call returns what the first one
    came to and does nothing. Each is all or nothing, and raises DeploymentError for nothing. `before` is what
    ran (the version, or how many replicas) when it was asked for: where it is not so any more, they raise
    ChangedMeanwhile. A platform that does not answer raises storage.look.Away."""

    async def services(self) -> Sequence[str]:
        """The services that this platform has releases of, by id."""

    async def releases(self, query: ReleaseQuery) -> Page[Release]:
        """Releases that can be deployed."""

    async def release(self, service: str, version: str) -> Release:
        """One release. Raises NoSuchRelease."""

    async def status(self, target: Target) -> Status:
        """What runs there now."""

    async def history(self, query: ChangeQuery) -> Page[Change]:
        """What was done."""

    async def deploy(
        self, grant: Grant, target: Target, version: str, digest: str, replicas: int, *, before: str | None
    ) -> Status:
        """Put a version where another one runs: it is started beside it, gets all traffic once each of its
        replicas is ready, and then the other one ends. Raises NoSuchRelease, BehindMigration, NotReady."""

    async def roll_back(
        self, grant: Grant, target: Target, version: str, digest: str, *, before: str
    ) -> Status:
        """The same with a version that ran there before, with as many replicas as run now. Raises as `deploy`,
        and NothingRuns."""

    async def scale(self, grant: Grant, target: Target, replicas: int, *, before: int) -> Status:
        """More or fewer replicas of what runs. Raises NothingRuns, NotReady."""

    async def what_happened(self, grant: str) -> str | None:
        """After a crash: what the effect with this grant id came to, in words, or None if it never arrived."""
