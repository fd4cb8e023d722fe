"""Which remedy, if any: decided from what was computed, never from what an alert says.

A change is taken back where the computed cause is the service that it changed, shortly before it began. More
replicas are started only where all connections are in use, and never beside a rollback. Whatever else is a
person's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from agents.operations.findings import Findings
from agents.operations.suspect_changes import Suspect
from integrations.deployments import (
    ChangeKind,
    DeploymentError,
    Deployments,
    ReleaseQuery,
    gone_past,
)
from integrations.deployments.actions import RollBack
from integrations.pages import everything

SUSPECTED_WITHIN = timedelta(minutes=30)
_BROUGHT = frozenset({ChangeKind.DEPLOYED, ChangeKind.PROMOTED, ChangeKind.ROLLED_BACK})


@dataclass(frozen=True, slots=True)
class Person:
    """It is for a person, and why."""

    why: str


async def remedy_for(
    deployments: Deployments, findings: Findings, bad: frozenset[tuple[str, str]]
) -> RollBack | Person:
    """What to do about what was found; `bad` are versions (by service) that were behind incidents before.
    Raises storage.look.Away."""
    explained = next((one for one in findings.explained if one.first is not None), None)
    if explained is None or explained.first is None:
        return Person("I found no cause, so I change nothing.")
    cause, suspect = explained.first, explained.suspect
    share = f"{cause.service} explains {cause.share:.0%} of {cause.explained}"
    if suspect is None or suspect.change.target.service != cause.service:
        return Person(
            f"{share}, and nothing of it was changed in the hour before, so there is nothing to take back."
        )
    if suspect.before > SUSPECTED_WITHIN:
        minutes = round(suspect.before.total_seconds() / 60)
        return Person(
            f"{share}; its last change was {minutes} minutes before, which is too long to take it back."
        )
    return await _taken_back(deployments, suspect, share, bad)


async def _taken_back(
    deployments: Deployments, suspect: Suspect, share: str, bad: frozenset[tuple[str, str]]
) -> RollBack | Person:
    change, target = suspect.change, suspect.change.target
    if change.kind is ChangeKind.CANARY_BEGUN or change.kind is ChangeKind.CANARY_STEP:
        return Person(f"{share}; a canary of it is under way, whose judge is about to decide.")
    if change.kind not in _BROUGHT or change.before is None:
        return Person(f"{share}; what was changed of it is no version that could be taken back.")
    status = await deployments.status(target)
    if status.stable is None or status.stable.version != change.version or status.canary is not None:
        return Person(f"{share}; something else runs in {target.stage} by now, so I change nothing.")
    if (target.service, change.before) in bad:
        return Person(f"{share}; {change.before}, which ran before, was behind an incident itself.")
    try:
        release = await deployments.release(target.service, change.before)
        found = await everything(deployments.releases, ReleaseQuery(service=target.service))
    except DeploymentError as unreadable:
        return Person(f"{share}; I cannot take it back: {unreadable}")
    passed = gone_past(found, change.before, change.version)
    if passed is not None:
        return Person(f"{share}; {passed.version} cannot be taken back: its migration lost what it replaced.")
    seconds = round(suspect.before.total_seconds())
    return RollBack(
        service=target.service,
        environment=target.stage,
        version=change.before,
        content=release.digest,
        before=change.version,
        rationale=f"{share}; {change.version} was {change.kind} there {seconds} s before it began.",
        impact=f"{change.before} of {target.service} runs in {target.stage} again, not {change.version}.",
        rollback_plan=f"Deploy {target.service} {change.version} again.",
        artifacts=(f"release:{target.service}:{change.before}:sha256:{release.digest}",),
    )
