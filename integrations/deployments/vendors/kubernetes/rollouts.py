"""How a change is carried out: written together with its grant, waited for, and put back where it does not
become ready."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import NoReturn

from integrations.deployments import (
    BehindMigration,
    ChangedMeanwhile,
    ChangeKind,
    DeploymentError,
    GrantSpent,
    NeverRan,
    NothingRuns,
    NotReady,
    Release,
    Running,
    Status,
    Target,
)
from integrations.deployments.going_back import gone_past
from integrations.deployments.vendors.kubernetes.api import WHO, Stale, Unsure
from integrations.deployments.vendors.kubernetes.cluster import Cluster
from integrations.deployments.vendors.kubernetes.objects import (
    Autoscaler,
    Condition,
    Entry,
    Intent,
    Workload,
    applied,
    digest_of,
    why_stuck,
)
from storage.look import Away

_TRIES = 5


@dataclass(frozen=True, slots=True)
class Wanted:
    """A change that a grant allows. `before` is what stood when it was asked for: the version, or how many."""

    kind: ChangeKind
    before: str | int | None
    version: str | None = None
    digest: str | None = None
    replicas: int | None = None


@dataclass(frozen=True, slots=True)
class Patience:
    """How a rollout is waited for: it is looked at every `look` seconds, and given up after `seconds`."""

    seconds: float = 600.0
    look: float = 1.0


class Rollouts:
    """Changes to what a cluster runs."""

    def __init__(self, cluster: Cluster, patience: Patience) -> None:
        self._cluster, self.patience = cluster, patience

    async def change(self, grant: str, target: Target, wanted: Wanted) -> Status:
        """What a change comes to: see `integrations.deployments.Deployments`."""
        spent = await self.spent(grant)
        seen_before: Condition | None = None
        if spent is None:
            entry, seen_before = await self._begun(grant, target, wanted)
        else:
            of, entry, found = spent
            if (of, entry.kind) != (target, wanted.kind):
                raise GrantSpent(
                    f"This leave was used before, for something else ({entry.kind} {of.service} in {of.stage})."
                )
            if not self.is_in_force(found, entry):
                return await self._cluster.status(target)
        await self._settled(target, entry, seen_before)
        return await self._cluster.status(target)

    async def spent(self, grant: str, *, surely: bool = False) -> tuple[Target, Entry, Workload] | None:
        """What a grant was used for, wherever that was. What cannot be read of other services holds nothing up;
        where it is to be told `surely`, it raises Away."""
        unread: DeploymentError | None = None
        for stage in self._cluster.namespaces:
            for found in await self._cluster.workloads(stage):
                try:
                    entry = next((one for one in found.journal if one.grant == grant), None)
                except DeploymentError as wrong:
                    unread = wrong
                    continue
                if entry is not None:
                    return Target(self._cluster.names.service(found) or "", stage), entry, found
        if surely and unread is not None:
            raise Away(WHO, f"does not tell what was done: {unread}")
        return None

    def is_in_force(self, found: Workload, entry: Entry) -> bool:
        """Whether nothing has come after it, by us or by others. How many replicas others want of a version
        that was deployed is theirs to say."""
        image = self._cluster.names.container_of(found).image
        is_as_many = entry.kind is not ChangeKind.SCALED or found.spec.replicas == entry.replicas
        return found.journal[-1:] == (entry,) and digest_of(image) == entry.digest and is_as_many

    async def _begun(self, grant: str, target: Target, wanted: Wanted) -> tuple[Entry, Condition | None]:
        """Write the change. Where it is not known whether that was done, or what was read has changed, it is
        read again first: what is there decides."""
        unsure: Unsure | None = None
        for _ in range(_TRIES):
            found = await self._demand(target)
            done = next((one for one in found.journal if one.grant == grant), None)
            if done is not None:
                return done, None
            entry, intent = await self._checked(grant, target, found, wanted)
            try:
                await self._apply(found, intent)
            except Stale:
                continue
            except Unsure as lost:
                unsure = lost
                await self._pause()
                continue
            return entry, found.condition("Progressing")
        if unsure is not None:
            raise Away(WHO, f"{unsure}; whether {target.service} was changed is not known")
        raise ChangedMeanwhile(f"{target} changes faster than it can be read. Nothing was changed; ask again.")

    async def _apply(self, found: Workload, intent: Intent) -> None:
        container = self._cluster.names.container_of(found).name
        meta = found.metadata
        await self._cluster.api.apply(
            meta.namespace, meta.name, applied(found, container, self._cluster.names, intent)
        )

    async def _demand(self, target: Target) -> Workload:
        found = await self._cluster.find(target)
        if found is None:
            raise NothingRuns(
                f"There is no Deployment with {self._cluster.names.service_label}={target.service} in namespace"
                f" {self._cluster.namespaces[target.stage]}. Apply its manifest there once."
            )
        if found.spec.paused:
            raise DeploymentError(
                f"The rollouts of {target} are paused. Nothing was changed; resume them first (kubectl rollout"
                f" resume deployment {found.metadata.name})."
            )
        return found

    async def _checked(
        self, grant: str, target: Target, found: Workload, wanted: Wanted
    ) -> tuple[Entry, Intent]:
        """What is to be written. Raises DeploymentError where it is not to be."""
        standing = await self._cluster.running(found)
        if standing is None and wanted.kind is not ChangeKind.DEPLOYED:
            raise NothingRuns(f"Nothing of {target.service} runs in {target.stage}. Deploy a version first.")
        _demand_unchanged(target, standing, wanted)
        scaler = await self._cluster.autoscaler(found)
        image, label, version, digest = self._now(found)
        was_image, was_label, irreversible = image, label, found.says_irreversible(digest)
        if wanted.version is not None:
            on = await self._cluster.shelf()
            stored = on.approved(target.service, wanted.version, wanted.digest or "")
            if wanted.kind is ChangeKind.ROLLED_BACK:
                await self._demand_ran(target, found, wanted.version, stored.release.digest)
            if standing is not None:
                runs = on.version_of(standing, target.service)
                _demand_reachable(on.releases(target.service), wanted.version, runs)
            image, label, version, digest = stored.image, wanted.version, wanted.version, stored.release.digest
            irreversible = stored.release.irreversible
        elif scaler is not None:
            raise _autoscaled(target, scaler)
        replicas = found.spec.replicas
        if wanted.replicas is not None and scaler is None:
            replicas = wanted.replicas
        entry = Entry(
            grant=grant,
            at=datetime.now(UTC),
            kind=wanted.kind,
            version=version,
            digest=digest,
            replicas=replicas,
            before=standing.version if standing else None,
            was_image=was_image,
            was_version=was_label,
            was_replicas=found.spec.replicas,
            irreversible=irreversible,
        )
        return entry, Intent(image, label, replicas, (*found.journal, entry))

    async def _demand_ran(self, target: Target, found: Workload, version: str, digest: str) -> None:
        """By digest: what ran before anything was done by a grant has left its ReplicaSet, or its image in the
        first entry. Raises NeverRan."""
        changes = await self._cluster.changes(target.stage, target.service)
        images = [digest_of(one.was_image) for one in found.journal]
        if digest not in (*images, *(one.digest for one in changes if one.holds)):
            raise NeverRan(
                f"{target.service} {version}, as it was asked for, never ran in {target.stage}: deploy it"
                " instead."
            )

    def _now(self, found: Workload) -> tuple[str, str | None, str, str]:
        image = self._cluster.names.container_of(found).image
        digest = digest_of(image) or ""
        label = found.spec.template.metadata.labels.get(self._cluster.names.version_label)
        return image, label, self._cluster.names.version(found, digest), digest

    async def _settled(self, target: Target, entry: Entry, seen_before: Condition | None) -> None:
        """Wait until every replica is ready; where that does not come, put back what was there, and raise
        NotReady."""
        ends = monotonic() + self.patience.seconds
        while True:
            try:
                found = await self._seen(target)
            except Away:
                if monotonic() > ends:
                    raise
                await self._pause()
                continue
            if found is None:
                raise NothingRuns(
                    f"The Deployment of {target} was deleted while {entry.version} was rolled out."
                )
            if not self.is_in_force(found, entry):
                if found.spec.replicas != entry.replicas and entry.kind is ChangeKind.SCALED:
                    raise ChangedMeanwhile(
                        f"Somebody else wants {found.spec.replicas} replicas of {target}, while it was scaled"
                        f" to {entry.replicas}. It was left as they made it; look at it."
                    )
                raise ChangedMeanwhile(
                    f"Somebody else changed {target} while {entry.version} was rolled out. It was left as they"
                    " made it; look at it."
                )
            if found.is_rolled_out:
                return
            why = why_stuck(found, seen_before)
            if why is None and monotonic() > ends:
                why = f"not within {self.patience.seconds:g} seconds"
            if why is not None:
                await self._put_back(target, entry, why)
            await self._pause()

    async def _seen(self, target: Target) -> Workload | None:
        """What stands there after a change was written: where that cannot be read, what came of it is not
        known, whatever the reason is."""
        try:
            return await self._cluster.find(target)
        except DeploymentError as refused:
            raise Away(
                WHO, f"was told to change {target}, and does not show what came of it: {refused}"
            ) from None

    async def _pause(self) -> None:
        await asyncio.sleep(self.patience.look * random.uniform(0.8, 1.2))

    async def _put_back(self, target: Target, entry: Entry, why: str) -> NoReturn:
        said = f"{target.service} {entry.version} did not become ready in {target.stage} ({why})"
        unsure: Unsure | None = None
        for _ in range(_TRIES):
            found = await self._seen(target)
            if found is None or not self.is_in_force(found, entry):
                break
            journal = [one for one in found.journal if one.grant != entry.grant]
            try:
                keeps = await self._cluster.autoscaler(found) is not None
                by_others = found.spec.replicas != entry.replicas
                replicas = found.spec.replicas if keeps or by_others else entry.was_replicas
                await self._apply(found, Intent(entry.was_image, entry.was_version, replicas, journal))
            except Stale:
                continue
            except Unsure as lost:
                unsure = lost
                await self._pause()
                continue
            except DeploymentError as refused:
                raise Away(
                    WHO, f"says that {said}, and what was there could not be put back: {refused}"
                ) from None
            break
        else:
            raise Away(WHO, f"says that {said}, and whether what was there is back is not known ({unsure})")
        back = entry.before or "what was there"
        if entry.kind is ChangeKind.SCALED:
            back = f"the number from before ({entry.was_replicas})"
        raise NotReady(f"{said}; {back} was put back, so that nothing was changed.")


def _demand_unchanged(target: Target, standing: Running | None, wanted: Wanted) -> None:
    stands: object = None
    if standing is not None:
        stands = standing.replicas if wanted.kind is ChangeKind.SCALED else standing.version
    if stands != wanted.before:
        raise ChangedMeanwhile(
            f"{target} stands at {_said(stands)}, and not at {_said(wanted.before)} any more. Look at it, and"
            " ask again."
        )


def _autoscaled(target: Target, scaler: Autoscaler) -> DeploymentError:
    bounds = f"{scaler.spec.min_replicas} to {scaler.spec.max_replicas}"
    return DeploymentError(
        f"The autoscaler {scaler.metadata.name} says how many replicas {target} has ({bounds}), and would undo"
        " this. Nothing was changed; move its bounds instead."
    )


def _said(stands: object) -> str:
    return "nothing" if stands is None else str(stands)


def _demand_reachable(releases: Sequence[Release], version: str, standing: str) -> None:
    passed = gone_past(releases, version, standing)
    if passed is not None:
        raise BehindMigration(
            f"{passed.service} {version} is older than {passed.version}, whose migration cannot be taken back;"
            f" it would not run with what {passed.version} made of the data. Bring out a newer one instead."
        )
