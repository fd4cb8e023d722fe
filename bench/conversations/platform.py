"""A platform on which every service of the department runs: what somebody names can be deployed, scaled and
taken back in a conversation, and versions are there as soon as they are named."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from governance.action import Grant
from integrations.deployments import (
    Breaker,
    BreakerClosed,
    Canary,
    CanaryOver,
    Change,
    ChangedMeanwhile,
    ChangeKind,
    ChangeQuery,
    NoSuchRelease,
    NothingRuns,
    Release,
    ReleaseQuery,
    Running,
    Shed,
    Stage,
    Status,
    Strategy,
    Target,
    Tick,
)
from integrations.pages import Page

_BUILT = datetime(2026, 11, 20, 9, tzinfo=UTC)
_VERSION = re.compile(r"\d+\.\d+(?:\.\d+)?")
_STOOD = {Stage.PRODUCTION: ("1.8.1", "1.8.2"), Stage.STAGING: ("1.8.2", "1.9.0")}
"""What ran at each stage before anybody said anything: the version before, and the one that runs."""


@dataclass
class Platform:
    """See integrations.deployments.Deployments. `known` are its services."""

    known: tuple[str, ...]
    strategies: frozenset[Strategy] = frozenset(Strategy)
    has_breakers: bool = True
    _stands: dict[Target, Status] = field(default_factory=dict)
    _changes: list[Change] = field(default_factory=list)
    _done: dict[str, str] = field(default_factory=dict)
    _named: set[tuple[str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        for service in self.known:
            for stage, versions in _STOOD.items():
                for version in versions:
                    self.runs(Target(service, stage), version, 4)

    def runs(self, target: Target, version: str, replicas: int) -> None:
        """A version was brought there before the conversation."""
        self._put(target, version, replicas, ChangeKind.DEPLOYED, "before")

    def _put(self, target: Target, version: str, replicas: int, kind: ChangeKind, grant: str) -> Status:
        before = self._stands.get(target)
        stable = before.stable if before else None
        at = _BUILT + timedelta(minutes=len(self._changes))
        digest = _digest(target.service, version)
        self._stands[target] = Status(
            target, Running(version, digest, replicas, replicas), None, "http://127.0.0.1:9", at
        )
        was = stable.version if stable else None
        name = f"c{len(self._changes)}"
        self._changes.append(Change(name, at, target, kind, version, digest, replicas, was, grant))
        self._done[grant] = f"{target.service} {version} runs in {target.stage}."
        return self._stands[target]

    async def services(self) -> Sequence[str]:
        return self.known

    async def releases(self, query: ReleaseQuery) -> Page[Release]:
        services = self.known if query.service is None else (query.service,)
        run = {(one.target.service, one.version) for one in self._changes} | self._named
        made = [self._release(*one) for one in sorted(run, reverse=True) if one[0] in services]
        return Page(tuple(made), None)

    async def release(self, service: str, version: str) -> Release:
        if service not in self.known or not _VERSION.fullmatch(version):
            raise NoSuchRelease(f"{service} has no release {version}.")
        self._named.add((service, version))
        return self._release(service, version)

    def _release(self, service: str, version: str) -> Release:
        return Release(service, version, _digest(service, version), _BUILT)

    async def status(self, target: Target) -> Status:
        return self._stands.get(target, Status(target, None, None, None, _BUILT))

    async def history(self, query: ChangeQuery) -> Page[Change]:
        found = [
            one
            for one in reversed(self._changes)
            if query.service in (None, one.target.service) and query.stage in (None, one.target.stage)
        ]
        return Page(tuple(found[: query.limit]), None)

    async def deploy(
        self, grant: Grant, target: Target, version: str, digest: str, replicas: int, *, before: str | None
    ) -> Status:
        return self._put(target, version, replicas, ChangeKind.DEPLOYED, grant.id)

    async def roll_back(
        self, grant: Grant, target: Target, version: str, digest: str, *, before: str
    ) -> Status:
        return self._put(target, version, self._stable(target).replicas, ChangeKind.ROLLED_BACK, grant.id)

    async def scale(self, grant: Grant, target: Target, replicas: int, *, before: int) -> Status:
        stable = self._stable(target)
        if stable.replicas != before:
            raise ChangedMeanwhile(f"{target} has {stable.replicas} replicas by now.")
        return self._put(target, stable.version, replicas, ChangeKind.SCALED, grant.id)

    def _stable(self, target: Target) -> Running:
        status = self._stands.get(target)
        if status is None or status.stable is None:
            raise NothingRuns(f"Nothing of {target.service} runs in {target.stage}.")
        return status.stable

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
        canary = Canary(grant.id, version, digest, 1, 1, share, lease)
        self._stands[target] = replace(self._stands[target], canary=canary)
        self._done[grant.id] = f"A canary of {target.service} {version} is under way."
        return self._stands[target]

    async def step_canary(self, grant: Grant, target: Target, canary: str, share: float) -> Status:
        held = replace(self._canary(target, canary), share=share)
        self._stands[target] = replace(self._stands[target], canary=held)
        return self._stands[target]

    async def promote_canary(self, grant: Grant, target: Target, canary: str) -> Status:
        held = self._canary(target, canary)
        return self._put(target, held.version, self._stable(target).replicas, ChangeKind.PROMOTED, grant.id)

    async def abort_canary(self, grant: Grant, target: Target, canary: str, why: str) -> Status:
        self._canary(target, canary)
        self._stands[target] = replace(self._stands[target], canary=None)
        return self._stands[target]

    async def renew_canary(self, target: Target, canary: str) -> Status:
        self._canary(target, canary)
        return self._stands[target]

    def _canary(self, target: Target, canary: str) -> Canary:
        held = self._stands[target].canary
        if held is None or held.id != canary:
            raise CanaryOver("It is over.")
        return held

    async def open_breaker(self, grant: Grant, target: Target, sheds: Shed, seconds: float) -> Status:
        self._stable(target)
        self._stands[target] = replace(self._stands[target], breaker=Breaker(sheds, seconds, 0))
        return self._stands[target]

    async def close_breaker(self, grant: Grant, target: Target) -> Status:
        if self._stands[target].breaker is None:
            raise BreakerClosed(f"The breaker of {target} is closed.")
        self._stands[target] = replace(self._stands[target], breaker=None)
        return self._stands[target]

    async def traffic(self, target: Target, canary: str, *, after: int) -> Sequence[Tick]:
        self._canary(target, canary)
        return ()

    async def what_happened(self, grant: str) -> str | None:
        return self._done.get(grant)


def _digest(service: str, version: str) -> str:
    return hashlib.sha256(f"{service} {version}".encode()).hexdigest()
