"""Taking a version back: which one ran before, byte for byte, and whether it would still run."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from integrations.deployments import (
    BehindMigration,
    Change,
    ChangeQuery,
    DeploymentError,
    Deployments,
    Release,
    ReleaseQuery,
    Status,
    Target,
)
from integrations.deployments.actions import RollBack
from integrations.pages import every, everything


def gone_past(found: Iterable[Release], version: str, target: str) -> Release | None:
    """The newest irreversible release between `version` (not included) and `target`, both of one service; None
    where going from `target` back to `version` loses nothing that cannot be had again. Raises BehindMigration
    where one of the two is not among them, or nobody says of one between whether it is irreversible: what lies
    between is not known then, either."""
    releases = tuple(found)
    built: dict[str, list[datetime]] = {}
    for one in releases:
        built.setdefault(one.version, []).append(one.built)
    unknown = sorted({version, target} - built.keys())
    if unknown:
        raise BehindMigration(
            f"The release of {' and '.join(unknown)} is not there any more, so whether a migration that cannot"
            " be taken back lies between is not known. Put it back, and ask again."
        )
    older, newer = min(built[version]), max(built[target])
    between = [one for one in releases if older < one.built <= newer]
    passed = next((one for one in between if one.irreversible), None)
    silent = next((one for one in between if one.irreversible is None), None)
    if passed is None and silent is not None:
        raise BehindMigration(
            f"Nothing says whether {silent.version} has a migration that cannot be taken back, so what would be"
            " lost is not known. Say it where its release is written down, and ask again."
        )
    return passed


class NoWayBack(Exception):
    """It cannot be taken back; the text says why, in a sentence."""


async def way_back(deployments: Deployments, target: Target, version: str | None, why: str) -> RollBack:
    """Back to `version`, or to the last one that ran there and was another. Raises NoWayBack,
    storage.look.Away."""
    status = await deployments.status(target)
    if status.stable is None:
        raise NoWayBack(f"Nothing of {target.service} runs in {target.stage}.")
    if status.canary is not None:
        raise NoWayBack(f"A canary of {target.service} is under way in {target.stage}.")
    now = status.stable.version
    ran = await _ran(deployments, status, version)
    try:
        release = await deployments.release(target.service, ran.version)
        found = await everything(deployments.releases, ReleaseQuery(service=target.service))
    except DeploymentError as unreadable:
        raise NoWayBack(str(unreadable)) from unreadable
    if release.digest != ran.digest:
        raise NoWayBack(
            f"{ran.version} is not what ran in {target.stage} any more: its files have changed since. Bring it"
            " out as a new release."
        )
    if release.digest == status.stable.digest:
        raise NoWayBack(f"{ran.version} is what runs in {target.stage}.")
    try:
        passed = gone_past(found, ran.version, now)
    except DeploymentError as unknown:
        raise NoWayBack(str(unknown)) from unknown
    if passed is not None:
        raise NoWayBack(
            f"{ran.version} lies behind {passed.version}, whose migration cannot be taken back, so it would not"
            " run any more."
        )
    return RollBack(
        service=target.service,
        environment=target.stage,
        version=ran.version,
        content=ran.digest,
        before=now,
        rationale=why,
        impact=f"{ran.version} of {target.service} runs in {target.stage} again, not {now}; what {now} brought"
        " is gone until it is deployed again.",
        rollback_plan=f"Deploy {target.service} {now} again.",
        artifacts=(f"release:{target.service}:{ran.version}:sha256:{ran.digest}",),
    )


async def _ran(deployments: Deployments, status: Status, version: str | None) -> Change:
    """When that version, or the last other one, held there last."""
    target, now = status.target, status.stable and status.stable.version
    async for change in every(deployments.history, ChangeQuery(target.service, target.stage)):
        if change.holds and (change.version == version if version else change.version != now):
            return change
    if version is None:
        raise NoWayBack(f"Nothing else than {now} ran in {target.stage}, so there is nothing to go back to.")
    raise NoWayBack(
        f"{version} never ran in {target.stage}, so there is nothing to go back to: deploy it, and it is judged"
        " as any other."
    )
