"""What a request about a running service means: which service, where, which release."""

from __future__ import annotations

from dataclasses import dataclass

from handlers.conversation.desk import Desk
from handlers.conversation.handler import Asked, CannotAnswer
from handlers.conversation.subjects import service_meant
from handlers.conversation.wording import listed
from handlers.language.labels import read_environment
from integrations.deployments import (
    Breaker,
    DeploymentError,
    Release,
    ReleaseQuery,
    Running,
    Stage,
    Status,
    Target,
)
from integrations.pages import everything


@dataclass(frozen=True, slots=True)
class Runs:
    """A target where something runs."""

    target: Target
    status: Status
    running: Running


async def service_of(desk: Desk, asked: Asked) -> str:
    """The service that is meant, or the thread's. Raises CannotAnswer where there is none, or none of it is
    kept."""
    service = await service_meant(desk, asked.words("what")) or desk.memory.topic.get("service")
    known = await desk.ports.deployments.services()
    if service is None:
        named = f" I can deploy {listed(known, 'and')}." if known else ""
        raise CannotAnswer(f"Which service?{named}")
    if service not in known:
        can = f" I can deploy {listed(known, 'and')}." if known else ""
        raise CannotAnswer(f"I know no releases of {service}, so I cannot tell what of it runs.{can}")
    desk.memory.about(service=service)
    return service


def stage_of(text: str) -> Stage | None:
    """Where, if the words say so. Raises CannotAnswer for an environment that there is none of."""
    said = read_environment(text)
    if said is None:
        return None
    try:
        return Stage(said)
    except ValueError:
        raise CannotAnswer(f"There is no {said} here: services run in staging and in production.") from None


async def releases_of(desk: Desk, service: str) -> tuple[Release, ...]:
    """All releases of a service, newest first. Raises CannotAnswer where one cannot be read."""
    try:
        return await everything(desk.ports.deployments.releases, ReleaseQuery(service=service))
    except DeploymentError as unreadable:
        raise CannotAnswer(f"{unreadable} Nothing was done.") from unreadable


async def demand_release(desk: Desk, service: str, version: str) -> Release:
    """One release. Raises CannotAnswer."""
    try:
        return await desk.ports.deployments.release(service, version)
    except DeploymentError as missing:
        raise CannotAnswer(f"{missing} Nothing was done.") from missing


async def demand_running(desk: Desk, target: Target) -> Runs:
    """What runs at a target, to change it. Raises CannotAnswer where nothing does, and where a canary is under
    way."""
    status = await desk.ports.deployments.status(target)
    if status.stable is None:
        raise CannotAnswer(f"Nothing of {target.service} runs in {target.stage}. Deploy a version first.")
    demand_no_canary(status)
    return Runs(target, status, status.stable)


def demand_no_canary(status: Status) -> None:
    """Raises CannotAnswer where a canary is under way: the platform changes nothing else meanwhile."""
    canary, where = status.canary, status.target
    if canary is not None:
        raise CannotAnswer(
            f"A canary of {where.service} {canary.version} is under way in {where.stage}"
            f" ({canary.share:.0%} of the traffic). Say “promote the canary of {where.service}” or “abort the"
            f" canary of {where.service}” first. Nothing was done."
        )


def breaker_text(breaker: Breaker) -> str:
    """What an open breaker does, in a sentence."""
    left = breaker.seconds_left
    lasts = f"{left / 60:.0f} minutes" if left >= 90 else f"{left:.0f} seconds"
    refused = f"{breaker.refused:,} were refused so far" if breaker.refused else "none was refused so far"
    return f"Its breaker is open and refuses {breaker.sheds}, for {lasts} at most; {refused}."


def release_text(release: Release) -> str:
    """Where a release comes from: commit, author, story, and the vulnerability that it mends."""
    known = (
        release.commit and f"commit {release.commit}",
        release.author and f"by {release.author}",
        release.story and f"for {release.story}",
        release.advisory and f"mends {release.advisory} ({release.security})",
    )
    return ", ".join(filter(None, known))
