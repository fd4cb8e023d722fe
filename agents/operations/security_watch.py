"""Releases that mend a critical vulnerability: they go to staging by themselves, and people are told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agents import sre
from governance.action import Verdict
from governance.directory import holders
from governance.effects import Origin
from governance.gate import Gate
from governance.people import Actor, Role
from governance.tables import EffectRow
from integrations.deployments import DeploymentError, Deployments, Release, ReleaseQuery, Stage, Target
from integrations.deployments.actions import PatchStaging
from integrations.looked import looked
from integrations.pages import everything
from storage.database import Database, tenant_of
from storage.firings import fire_once
from storage.look import Away, Look, act, look_of
from storage.notices import notify

NOTICE = "security_patch"
_ENDED = ("done", "failed", "unknown", "withdrawn")


@dataclass(frozen=True, slots=True)
class SecurityWatch:
    """Looks once a minute, for one process. `platform` is a tenant's."""

    database: Database
    platform: Callable[[str], Deployments]
    gate: Gate

    async def watch(self, tenant: str) -> None:
        """Set going what is new, and tell how it ended. Where the platform cannot be asked, the next minute
        looks again."""
        try:
            found = await everything(self.platform(tenant).releases, ReleaseQuery())
        except (DeploymentError, Away):
            return
        for release in newest_critical(found):
            try:
                await act(self.database, tenant, Look(), partial(self._see_to, release))
            except (DeploymentError, Away):
                continue

    async def _see_to(self, release: Release, tx: AsyncSession) -> None:
        query = select(EffectRow).where(
            EffectRow.action_type == PatchStaging.type, EffectRow.body["content"].astext == release.digest
        )
        effect = (await tx.execute(query.order_by(EffectRow.created.desc()))).scalars().first()
        if effect is None:
            await self._begin(tx, release)
        elif effect.state in _ENDED and await fire_once(tx, f"security_ended:{effect.id}", _ONCE):
            await _tell(tx, release, effect.id, None)

    async def _begin(self, tx: AsyncSession, release: Release) -> None:
        port = looked("deployments", self.platform(tenant_of(tx)), look_of(tx))
        status = await port.status(Target(release.service, Stage.STAGING))
        running = status.stable
        if running is None or status.canary is not None or running.digest == release.digest:
            return
        standing = await port.release(release.service, running.version)
        if standing.built >= release.built:
            return
        action = PatchStaging(
            service=release.service,
            version=release.version,
            content=release.digest,
            advisory=str(release.advisory),
            replicas=running.replicas,
            before=running.version,
            rationale=f"{release.service} {release.version} mends {release.advisory}, which is critical.",
            impact=f"It runs in staging in the place of {running.version}; production is not touched.",
            rollback_plan=f"Deploy {release.service} {running.version} to staging again.",
            artifacts=(f"release:{release.service}:{release.version}:sha256:{release.digest}",),
        )
        actor = Actor("agent", sre.ROLE.name)
        ruling = await self.gate.rule(tx, action, actor=actor)
        if ruling.verdict not in (Verdict.EXECUTE, Verdict.APPROVE_FIRST):
            # It is asked again every minute, so that it goes as soon as nothing holds it; that is said once.
            if await fire_once(tx, f"security_held:{release.digest}:{ruling.rule}", _ONCE):
                await _tell(tx, release, None, ruling.why)
            return
        submitted = await self.gate.submit(tx, action, actor=actor, origin=Origin())
        await _tell(tx, release, submitted.effect, None)


_ONCE = datetime.fromisoformat("2000-01-01T00:00:00+00:00")
"""The due time of what is said once and for all."""


def newest_critical(found: Sequence[Release]) -> tuple[Release, ...]:
    """Of each service the newest release, where that mends a critical vulnerability: what a newer one has taken
    the place of is left. `found` is newest first."""
    newest: dict[str, Release] = {}
    for release in found:
        newest.setdefault(release.service, release)
    return tuple(one for one in newest.values() if one.security == "critical")


async def _tell(tx: AsyncSession, release: Release, effect: str | None, held: str | None) -> None:
    told = await holders(tx, [Role.SRE_LEAD, Role.COMPLIANCE_OFFICER])
    ids = {
        "service": release.service,
        "version": release.version,
        "advisory": release.advisory,
        "effect": effect,
        "held": held,
        "key": f"security:{release.digest}",
    }
    await notify(tx, NOTICE, ids, people=tuple(sorted(one.id for one in told)))
