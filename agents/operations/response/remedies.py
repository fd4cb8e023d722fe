"""Which remedy, if any: decided from what was computed, never from what an alert says.

A change is taken back where the computed cause is the service that it changed, shortly before it began. More
replicas are started only where all connections are in use, and never in an answer to a change. A breaker is
opened where a service waits in vain for another, or where all connections are in use and more replicas are no
help. Of what is possible comes first what has helped most often. Whatever else is a person's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from agents.operations.causes import Cause
from agents.operations.findings import Explained, Findings
from agents.operations.response.learned import Learned
from agents.operations.response.pressure import pressure_on, waits_of
from agents.operations.suspect_changes import Suspect
from integrations.deployments import (
    ChangeKind,
    DeploymentError,
    ReleaseQuery,
    Shed,
    Target,
    gone_past,
)
from integrations.deployments.actions import MOST_REPLICAS, OpenBreaker, RollBack, Scale
from integrations.pages import everything
from integrations.ports import Ports

SUSPECTED_WITHIN = timedelta(minutes=30)
BREAKER_SECONDS = 600
LEAST_GROWTH, MOST_GROWTH = 1.5, 2.0
"""Of the replicas, at once."""

_BROUGHT = frozenset({ChangeKind.DEPLOYED, ChangeKind.PROMOTED, ChangeKind.ROLLED_BACK})
_CANARYS = frozenset({ChangeKind.CANARY_BEGUN, ChangeKind.CANARY_STEP})
_SUSPECTED = _BROUGHT | _CANARYS

Remedy = RollBack | Scale | OpenBreaker
REMEDIES: dict[str, type[Remedy]] = {one.type: one for one in (RollBack, Scale, OpenBreaker)}


@dataclass(frozen=True, slots=True)
class Person:
    """It is for a person, and why."""

    why: str


async def remedy_for(ports: Ports, findings: Findings, since: datetime, known: Learned) -> Remedy | Person:
    """What to do about what was found, which began at `since`. Raises MetricsError, storage.look.Away."""
    explained = next((one for one in findings.explained if one.first is not None), None)
    if explained is not None and (suspect := _suspected(explained)) is not None:
        return await _taken_back(ports, suspect, _share(explained), known)
    cause = None if explained is None else explained.first
    possible = [
        *(await _protected(ports, findings, cause, known)),
        *(await _relieved(ports, findings, cause, since, known)),
    ]
    if possible:
        return max(possible, key=lambda one: known.chance(one.type))
    return Person(_why_none(explained))


def _suspected(explained: Explained) -> Suspect | None:
    """The change of the cause itself, shortly before."""
    cause, suspect = explained.first, explained.suspect
    if cause is None or suspect is None or suspect.change.target.service != cause.service:
        return None
    return suspect if suspect.before <= SUSPECTED_WITHIN and suspect.change.kind in _SUSPECTED else None


def _share(explained: Explained) -> str:
    cause = explained.first
    return f"{cause.service} explains {cause.share:.0%} of {cause.explained}" if cause else ""


def _why_none(explained: Explained | None) -> str:
    if explained is None or explained.first is None:
        return "I found no cause, so I change nothing."
    share, suspect = _share(explained), explained.suspect
    if suspect is None or suspect.change.target.service != explained.first.service:
        return f"{share}, and nothing of it was changed in the hour before, so there is nothing to take back."
    minutes = round(suspect.before.total_seconds() / 60)
    return f"{share}; its last change was {minutes} minutes before, which is too long to take it back."


async def _taken_back(ports: Ports, suspect: Suspect, share: str, known: Learned) -> RollBack | Person:
    deployments, change, target = ports.deployments, suspect.change, suspect.change.target
    if change.kind in _CANARYS:
        return Person(f"{share}; a canary of it is under way, whose judge is about to decide.")
    if change.before is None:
        return Person(f"{share}; what was changed of it is no version that could be taken back.")
    status = await deployments.status(target)
    if status.stable is None or status.stable.version != change.version or status.canary is not None:
        return Person(f"{share}; something else runs in {target.stage} by now, so I change nothing.")
    if (target.service, change.before) in known.bad:
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


async def _protected(
    ports: Ports, findings: Findings, cause: Cause | None, known: Learned
) -> Sequence[OpenBreaker]:
    """Breakers of what is waited for in vain."""
    if not ports.deployments.has_breakers:
        return ()
    stage = findings.question.stage
    callers = dict.fromkeys((*findings.question.targets, *([cause.service] if cause else ())))
    found: list[OpenBreaker] = []
    for caller in callers:
        for one in await waits_of(ports.metrics, Target(caller, stage), findings.as_of):
            target = Target(one.callee, stage)
            if one.is_in_vain and await _is_to_be_broken(ports, target, known):
                failed = f"{one.failed:.0%} of the {one.calls:.0f} calls of {caller} to {one.callee} failed"
                why = f"{failed}, and each waited {one.seconds:.1f} s for it."
                found.append(_breaker(target, Shed.ALL, why))
    return found


async def _is_to_be_broken(ports: Ports, target: Target, known: Learned) -> bool:
    """Whether something runs there whose breaker is closed, and was not opened in this incident."""
    if (OpenBreaker.type, target.service) in known.tried:
        return False
    if target.service not in await ports.deployments.services():
        return False
    status = await ports.deployments.status(target)
    return status.stable is not None and status.breaker is None


def _breaker(target: Target, sheds: Shed, why: str) -> OpenBreaker:
    return OpenBreaker(
        service=target.service,
        environment=target.stage,
        sheds=sheds,
        seconds=BREAKER_SECONDS,
        rationale=why,
        impact=f"{sheds.capitalize()} to {target.service} in {target.stage} are refused at once, for"
        f" {BREAKER_SECONDS // 60} minutes at most.",
        rollback_plan=f"Close the breaker of {target.service}.",
    )


async def _relieved(
    ports: Ports, findings: Findings, cause: Cause | None, since: datetime, known: Learned
) -> Sequence[Remedy]:
    """What helps a service all of whose connections are in use: more replicas; where that was tried, or the
    platform starts none, its less urgent requests are shed."""
    if cause is None or cause.service not in await ports.deployments.services():
        return ()
    target = Target(cause.service, findings.question.stage)
    pressure = await pressure_on(ports.metrics, target, since, findings.as_of)
    if not pressure.is_saturated:
        return ()
    status = await ports.deployments.status(target)
    running, share = status.stable, f"{cause.service} explains {cause.share:.0%} of {cause.explained}"
    if running is None or status.canary is not None or running.replicas == 0:
        return ()
    usually = "" if pressure.usual_in_use is None else f" (usually {pressure.usual_in_use:.0%})"
    full = f"{share}; {pressure.in_use:.0%} of its connections are in use{usually}"
    if (Scale.type, target.service) not in known.tried:
        return (_scaled(target, running.replicas, pressure.growth, full),)
    if ports.deployments.has_breakers and await _is_to_be_broken(ports, target, known):
        return (_breaker(target, Shed.LESS_URGENT, f"{full}, with more replicas too."),)
    return ()


def _scaled(target: Target, now: int, growth: float, why: str) -> Scale:
    wanted = min(ceil(now * min(max(growth, LEAST_GROWTH), MOST_GROWTH)), MOST_REPLICAS)
    return Scale(
        service=target.service,
        environment=target.stage,
        replicas=wanted,
        before=now,
        rationale=f"{why}, and nothing of it was changed that could be taken back.",
        impact=f"{target.service} runs in {target.stage} with {wanted} replicas, not {now}.",
        rollback_plan=f"Scale it back to {now}.",
    )
