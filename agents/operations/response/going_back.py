"""Taking a version back by hand: which one ran before, and whether it would still run."""

from __future__ import annotations

from integrations.deployments import ChangeQuery, DeploymentError, Deployments, ReleaseQuery, Target, gone_past
from integrations.deployments.actions import RollBack
from integrations.pages import every, everything


class NoWayBack(Exception):
    """Nothing can be taken back; the text says why."""


async def way_back(deployments: Deployments, target: Target, version: str | None, why: str) -> RollBack:
    """Back to `version`, or to the last one that ran there and was another. Raises NoWayBack,
    storage.look.Away."""
    status = await deployments.status(target)
    if status.stable is None:
        raise NoWayBack(f"Nothing of {target.service} runs in {target.stage}.")
    if status.canary is not None:
        raise NoWayBack(f"A canary of {target.service} is under way in {target.stage}: it goes back by itself.")
    now = status.stable.version
    wanted = version or await _before(deployments, target, now)
    try:
        release = await deployments.release(target.service, wanted)
        found = await everything(deployments.releases, ReleaseQuery(service=target.service))
    except DeploymentError as unreadable:
        raise NoWayBack(str(unreadable)) from unreadable
    if release.digest == status.stable.digest:
        raise NoWayBack(f"{wanted} is what runs in {target.stage}.")
    passed = gone_past(found, wanted, now)
    if passed is not None:
        raise NoWayBack(f"{wanted} lies behind {passed.version}, whose migration cannot be taken back.")
    return RollBack(
        service=target.service,
        environment=target.stage,
        version=wanted,
        content=release.digest,
        before=now,
        rationale=why,
        impact=f"{wanted} of {target.service} runs in {target.stage} again, not {now}.",
        rollback_plan=f"Deploy {target.service} {now} again.",
        artifacts=(f"release:{target.service}:{wanted}:sha256:{release.digest}",),
    )


async def _before(deployments: Deployments, target: Target, now: str) -> str:
    async for change in every(deployments.history, ChangeQuery(target.service, target.stage)):
        if change.before not in (None, now):
            return str(change.before)
    raise NoWayBack(f"Nothing else than {now} ran in {target.stage}. Name the version.")
