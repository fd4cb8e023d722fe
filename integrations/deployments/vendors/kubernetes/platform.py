"""The port onto a cluster."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from governance.action import Grant
from integrations.deployments import (
    Change,
    ChangeKind,
    ChangeQuery,
    NoBreakers,
    NoCanaries,
    Release,
    ReleaseQuery,
    Shed,
    Status,
    Strategy,
    Target,
    Tick,
)
from integrations.deployments.vendors.kubernetes.api import WHO
from integrations.deployments.vendors.kubernetes.cluster import Cluster
from integrations.deployments.vendors.kubernetes.rollouts import Patience, Rollouts, Wanted
from integrations.pages import Page, page_behind
from storage.look import Away

_NO_CANARIES = "A Deployment of Kubernetes gives a version all traffic or none: there are no canaries here."

_NO_BREAKERS = "Kubernetes itself refuses no requests in a service's place: that is your mesh's or gateway's."


class KubernetesDeployments:
    """See `integrations.deployments.Deployments`."""

    strategies = frozenset({Strategy.ALL_AT_ONCE})
    has_breakers = False

    def __init__(self, cluster: Cluster, patience: Patience) -> None:
        self.cluster, self.rollouts = cluster, Rollouts(cluster, patience)

    async def services(self) -> Sequence[str]:
        found = (await self.cluster.shelf()).stored
        return sorted({one.release.service for one in found})

    async def releases(self, query: ReleaseQuery) -> Page[Release]:
        found = [one.release for one in (await self.cluster.shelf()).of(query.service)]
        return page_behind(found, query.after, query.limit, lambda one: f"{one.service} {one.version}")

    async def release(self, service: str, version: str) -> Release:
        return (await self.cluster.shelf()).one(service, version).release

    async def status(self, target: Target) -> Status:
        return await self.cluster.status(target)

    async def history(self, query: ChangeQuery) -> Page[Change]:
        found: list[Change] = []
        for stage in self.cluster.namespaces:
            if query.stage in (None, stage):
                found += await self.cluster.changes(stage, query.service)
        found.sort(key=lambda one: (one.at, one.id), reverse=True)
        return page_behind(found, query.after, query.limit, lambda one: one.id)

    async def deploy(
        self, grant: Grant, target: Target, version: str, digest: str, replicas: int, *, before: str | None
    ) -> Status:
        wanted = Wanted(ChangeKind.DEPLOYED, before, version, digest, replicas)
        return await self.rollouts.change(grant.id, target, wanted)

    async def roll_back(
        self, grant: Grant, target: Target, version: str, digest: str, *, before: str
    ) -> Status:
        return await self.rollouts.change(
            grant.id, target, Wanted(ChangeKind.ROLLED_BACK, before, version, digest)
        )

    async def scale(self, grant: Grant, target: Target, replicas: int, *, before: int) -> Status:
        return await self.rollouts.change(
            grant.id, target, Wanted(ChangeKind.SCALED, before, replicas=replicas)
        )

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
        _no_canaries(grant, target, version, digest, share, lease, before)

    async def step_canary(self, grant: Grant, target: Target, canary: str, share: float) -> Status:
        _no_canaries(grant, target, canary, share)

    async def promote_canary(self, grant: Grant, target: Target, canary: str) -> Status:
        _no_canaries(grant, target, canary)

    async def abort_canary(self, grant: Grant, target: Target, canary: str, why: str) -> Status:
        _no_canaries(grant, target, canary, why)

    async def renew_canary(self, target: Target, canary: str) -> Status:
        _no_canaries(target, canary)

    async def traffic(self, target: Target, canary: str, *, after: int) -> Sequence[Tick]:
        _no_canaries(target, canary, after)

    async def open_breaker(self, grant: Grant, target: Target, sheds: Shed, seconds: float) -> Status:
        _no_breakers(grant, target, sheds, seconds)

    async def close_breaker(self, grant: Grant, target: Target) -> Status:
        _no_breakers(grant, target)

    async def what_happened(self, grant: str) -> str | None:
        """Raises Away where the change was begun and is neither whole nor taken back."""
        spent = await self.rollouts.spent(grant, surely=True)
        if spent is None:
            return None
        target, entry, found = spent
        said = f"{target.service} {entry.version} {entry.kind} in {target.stage}"
        if self.rollouts.is_in_force(found, entry) and not found.is_rolled_out:
            raise Away(WHO, f"has begun this ({said}), and not every replica is ready. Look at it")
        return said


def _no_breakers(*_asked: object) -> NoReturn:
    raise NoBreakers(_NO_BREAKERS)


def _no_canaries(*_asked: object) -> NoReturn:
    raise NoCanaries(_NO_CANARIES)
