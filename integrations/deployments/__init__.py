"""Deployments: which version of a service runs where, and putting another there. The port of every platform."""

from __future__ import annotations

from collections.abc import Sequence
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
    """A version that can be deployed. `digest` is the SHA-256 (hex) of what is run: people approve this, not a
    name. Behind an `irreversible` one (a migration that loses what it replaced) nothing older runs any more;
    None: nobody says. `security` is how severe the vulnerability is that it mends, `advisory` which one
    (CVE-2026-1234). `serves` are the paths that load tests ask, with weights, the most asked first."""

    service: str
    version: str
    digest: str
    built: datetime
    commit: str | None = None
    author: str | None = None
    story: str | None = None
    notes: str = ""
    irreversible: bool | None = False
    security: str | None = None
    advisory: str | None = None
    serves: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Running:
    """A version that runs: how many replicas are wanted and how many of them answer."""

    version: str
    digest: str
    replicas: int
    ready: int


class Strategy(StrEnum):
    """How a version comes to have a target's traffic."""

    ALL_AT_ONCE = "all at once"
    CANARY = "canary"


@dataclass(frozen=True, slots=True)
class Canary:
    """A version that has a `share` (0 to 1) of a target's traffic for a while, beside the stable one. Where it
    is not renewed within `lease_left` seconds, all traffic goes back by itself."""

    id: str
    version: str
    digest: str
    replicas: int
    ready: int
    share: float
    lease_left: float


class Shed(StrEnum):
    """What a breaker refuses. Less urgent is what says so itself: `Priority: u=4` to `u=7` (RFC 9218)."""

    LESS_URGENT = "less urgent requests"
    ALL = "all requests"


@dataclass(frozen=True, slots=True)
class Breaker:
    """A target's circuit breaker, which is open: what it sheds is refused at once, for `seconds_left` at most.
    Where it sheds all, a few are let through, and it closes by itself once they are answered well. `refused`
    counts since it was opened."""

    sheds: Shed
    seconds_left: float
    refused: int


@dataclass(frozen=True, slots=True)
class During:
    """A target's requests while an effect changed it, from its beginning until what it replaced had ended: all
    of them, those that failed, and of these the `lost`, which no replica answered."""

    requests: int
    failed: int
    lost: int


@dataclass(frozen=True, slots=True)
class Status:
    """What runs at a target; `stable` is None where nothing was ever deployed. `address` is where its traffic
    goes in, `as_of` when it was looked at; `breaker` is None where it is closed. What an effect returns says
    what was counted `during` it, where the platform counts and did it just now."""

    target: Target
    stable: Running | None
    canary: Canary | None
    address: str | None
    as_of: datetime
    breaker: Breaker | None = None
    during: During | None = None


@dataclass(frozen=True, slots=True)
class Served:
    """What came of one version's requests in a while. Counts are exact; `sample` holds single outcomes (failed
    or not, and the seconds that it took), all of them or as many as are kept, drawn evenly. A request that is
    not over after five seconds counts as one that took so long."""

    requests: int
    failed: int
    sample: tuple[tuple[bool, float], ...]


@dataclass(frozen=True, slots=True)
class Tick:
    """The five seconds from `at` on, of both versions on the same traffic. Numbers follow each other; one that
    is missing was not counted."""

    number: int
    at: datetime
    stable: Served
    canary: Served


class ChangeKind(StrEnum):
    """What was done at a target."""

    DEPLOYED = "deployed"
    ROLLED_BACK = "rolled back"
    SCALED = "scaled"
    CANARY_BEGUN = "canary begun"
    CANARY_STEP = "canary step"
    PROMOTED = "promoted"
    RETURNED = "returned"
    BREAKER_OPENED = "breaker opened"
    BREAKER_CLOSED = "breaker closed"


@dataclass(frozen=True, slots=True)
class Change:
    """Something that was done at a target: `version` and `replicas` hold from then on, `before` stood before;
    `digest` is the version's, as it was started; `grant` is the leave by which it was done, empty where the
    platform did it by itself and says `why`. What a canary did says its version and its `share` of the traffic
    from then on, and the stable one holds."""

    id: str
    at: datetime
    target: Target
    kind: ChangeKind
    version: str
    digest: str
    replicas: int
    before: str | None
    grant: str
    canary: str | None = None
    share: float = 0.0
    why: str = ""

    @property
    def holds(self) -> bool:
        """Whether its version has the traffic from then on that is no canary's."""
        return self.replaces or self.kind is ChangeKind.SCALED

    @property
    def replaces(self) -> bool:
        """Whether another version has the traffic from then on that is no canary's."""
        return self.kind in (ChangeKind.DEPLOYED, ChangeKind.ROLLED_BACK, ChangeKind.PROMOTED)


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


class NeverRan(DeploymentError):
    """What is to run again did not run there before: bringing it there is a deployment."""


class BehindMigration(DeploymentError):
    """The version lies behind a migration that cannot be taken back, so it would not run."""


class NotWritten(DeploymentError):
    """What was to be done could not be written down (a full disk), so it was not done."""


class ChangedMeanwhile(DeploymentError):
    """What stands at the target is not what it stood at when this was asked for."""


class CanaryUnderWay(DeploymentError):
    """The target has a canary, which is to be promoted or aborted first."""


class CanaryOver(DeploymentError):
    """The canary is over: promoted, aborted, or not renewed in time."""


class NoCanaries(DeploymentError):
    """This platform can give a version all traffic or none."""


class NoBreakers(DeploymentError):
    """This platform cannot refuse requests in a service's place."""


class BreakerClosed(DeploymentError):
    """The target's breaker is closed already."""


class GrantSpent(DeploymentError):
    """This grant's id has already done something else."""


class Deployments(Protocol):
    """`strategies` are what the platform can do. Effectful methods take a Grant; its id is the idempotency key:
    a repeated call returns what the first one came to and does nothing. Each is all or nothing, and raises
    DeploymentError for nothing. `before` is what ran (the version, or how many replicas) when it was asked for:
    where it is not so any more, they raise ChangedMeanwhile. A platform that does not answer raises
    storage.look.Away."""

    strategies: frozenset[Strategy]
    has_breakers: bool

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
        """The same with a version that ran there before, byte for byte, with as many replicas as run now.
        Raises as `deploy`, NothingRuns, and NeverRan."""

    async def scale(self, grant: Grant, target: Target, replicas: int, *, before: int) -> Status:
        """More or fewer replicas of what runs. Raises NothingRuns, NotReady."""

    async def begin_canary(
        self,
        grant: Grant,
        target: Target,
        version: str,
        digest: str,
        *,
        share: float,
        lease: float,
        before: str,
    ) -> Status:
        """Start a version beside the stable one and give it a share (0 to 1) of the traffic, for as long as it
        is renewed every `lease` seconds. Its id is the grant's. Raises NoSuchRelease, NothingRuns, NotReady,
        BehindMigration (the two would not run side by side), CanaryUnderWay, NoCanaries."""

    async def step_canary(self, grant: Grant, target: Target, canary: str, share: float) -> Status:
        """Give it another share. Raises CanaryOver, NotReady."""

    async def promote_canary(self, grant: Grant, target: Target, canary: str) -> Status:
        """Put it in the place of the stable version. Raises CanaryOver, NotReady."""

    async def abort_canary(self, grant: Grant, target: Target, canary: str, why: str) -> Status:
        """Give all traffic back to the stable version. Raises CanaryOver."""

    async def renew_canary(self, target: Target, canary: str) -> Status:
        """Let it go on for another lease: not an effect, for it only keeps what a grant has given; whoever
        stops doing it ends the canary. Raises CanaryOver."""

    async def open_breaker(self, grant: Grant, target: Target, sheds: Shed, seconds: float) -> Status:
        """Refuse requests at once, with 503, in place of the service, for so long at most; one that is open
        sheds this from now on. Raises NothingRuns, NoBreakers."""

    async def close_breaker(self, grant: Grant, target: Target) -> Status:
        """Let all requests through again. Raises BreakerClosed, NoBreakers."""

    async def traffic(self, target: Target, canary: str, *, after: int) -> Sequence[Tick]:
        """What came of the requests since tick number `after` (0: since the first that is kept), oldest first.
        Raises CanaryOver."""

    async def what_happened(self, grant: str) -> str | None:
        """After a crash: what the effect with this grant id came to, in words, or None if it never arrived."""
