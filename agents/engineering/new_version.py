"""Bringing a version where another one runs: what is to be done for it, as the department lets versions come
there.

Everything is as the target stands when it is looked at; whoever performs it is told what stood there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from agents.engineering.tables import StoryWorkRow
from governance.blackouts import free_from
from governance.department import Department
from governance.release_rules import ReleaseRules
from integrations.code_host import CommitQuery
from integrations.code_host.refusals import CodeHostError
from integrations.deployments import (
    DeploymentError,
    Release,
    ReleaseQuery,
    Running,
    Stage,
    Strategy,
    Target,
)
from integrations.deployments.actions import BeginCanary, Deploy
from integrations.deployments.going_back import gone_past
from integrations.pages import everything
from integrations.ports import Ports

_LOOKED_BACK = 200
"""Commits of a branch among which one that runs already is looked for."""


@dataclass(frozen=True, slots=True)
class Stands:
    """What there is to do at a target: nothing where the version `runs` or a later one `passed` it, to wait
    for a canary that is under way (`busy`), or an `action`."""

    runs: bool = False
    passed: str | None = None
    busy: str | None = None
    action: Deploy | BeginCanary | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Carries:
    """Whether a merge is in what runs; not known while a canary is under way (`busy`)."""

    has: bool = False
    busy: str | None = None


async def stands(ports: Ports, release: Release, stage: Stage, repository: str, rules: ReleaseRules) -> Stands:
    """What is to be done so that this release runs there. Raises DeploymentError, Away."""
    status = await ports.deployments.status(Target(release.service, stage))
    running, where = status.stable, status.address
    if running is not None and running.digest == release.digest:
        return Stands(runs=True, address=where)
    if status.canary is not None:
        return Stands(busy=status.canary.version)
    known = await everything(ports.deployments.releases, ReleaseQuery(service=release.service))
    if running is None:
        return Stands(action=_deploy(release, stage, None))
    if release.commit in (await _commits(ports, repository, running, known))[1:]:
        return Stands(passed=running.version, address=where)  # what runs was built later of the same branch
    wants_canary = stage is Stage.PRODUCTION and rules.production == "canary" and running.replicas > 0
    if wants_canary and Strategy.CANARY in ports.deployments.strategies and _both_run(known, running, release):
        return Stands(action=_canary(release, stage, running, rules))
    return Stands(action=_deploy(release, stage, running))


def put_off(department: Department, action: Deploy | BeginCanary, now: datetime) -> datetime | None:
    """When it can go to production, where that is not now for a blackout; None where nothing is in its way."""
    if action.environment is not Stage.PRODUCTION:
        return None
    lasting = department.releases.least_canary if isinstance(action, BeginCanary) else timedelta()
    free = free_from(department, action.service, now, lasting)
    return free if free > now else None


async def carries(ports: Ports, service: str, work: StoryWorkRow) -> Carries:
    """Whether what runs of a service in production has what this work merged. Raises DeploymentError, Away."""
    status = await ports.deployments.status(Target(service, Stage.PRODUCTION))
    if status.canary is not None:
        return Carries(busy=status.canary.version)
    if status.stable is None or work.merged is None:
        return Carries()
    known = await everything(ports.deployments.releases, ReleaseQuery(service=service))
    return Carries(work.merged in await _commits(ports, work.repository, status.stable, known))


async def _commits(
    ports: Ports, repository: str, running: Running, known: tuple[Release, ...]
) -> Sequence[str]:
    """The commits that what runs was built of, the newest first; none where nobody knows."""
    commit = next((one.commit for one in known if one.digest == running.digest), None)
    if commit is None:
        return ()
    try:
        page = await ports.code_host.commits(CommitQuery(repository, commit, limit=_LOOKED_BACK))
    except CodeHostError:  # built of another repository, or of none
        return ()
    return [one.sha for one in page.items]


def _both_run(known: tuple[Release, ...], running: Running, release: Release) -> bool:
    """Whether the two can stand side by side: no migration between them that cannot be taken back."""
    try:
        return gone_past(known, running.version, release.version) is None
    except DeploymentError:  # nobody knows: all at once is asked for, with its way back as it is
        return False


def _deploy(release: Release, stage: Stage, running: Running | None) -> Deploy:
    what = f"{release.service} {release.version}"
    instead = f" in the place of {running.version}" if running else ", where nothing of it runs yet"
    return Deploy(
        service=release.service,
        environment=stage,
        version=release.version,
        content=release.digest,
        replicas=running.replicas if running else 1,
        before=running.version if running else None,
        before_content=running.digest if running else None,
        advisory=release.advisory,
        rationale=_because(release),
        impact=f"{what} runs in {stage}{instead}; it takes over once every replica is ready.",
        rollback_plan=_way_back(release, running),
        artifacts=_artifacts(release),
    )


def _canary(release: Release, stage: Stage, running: Running, rules: ReleaseRules) -> BeginCanary:
    shares = " %, ".join(map(str, rules.shares[:-1]))
    asks = ", once that is approved as well," if rules.promotion == "ask" else ""
    return BeginCanary(
        service=release.service,
        environment=stage,
        version=release.version,
        content=release.digest,
        before=running.version,
        before_content=running.digest,
        shares=rules.shares,
        lease=rules.lease_seconds,
        least_requests=rules.least_requests,
        least_seconds=rules.least_seconds,
        deadline=rules.deadline_seconds,
        promotion=rules.promotion,
        advisory=release.advisory,
        rationale=_because(release),
        impact=(
            f"{release.service} {release.version} gets {shares} % and then{asks} all of the traffic. It goes"
            f" back by itself where it is worse than {running.version}, or where nobody watches."
        ),
        rollback_plan=f"All traffic goes back to {running.version}, which goes on running meanwhile.",
        artifacts=_artifacts(release),
    )


def _because(release: Release) -> str:
    of = f" for {release.story}" if release.story else ""
    return f"It is merged{of}: commit {(release.commit or '?')[:12]}. {release.notes}".strip()


def _way_back(release: Release, running: Running | None) -> str:
    if release.irreversible:
        return "None: its migration cannot be taken back."
    if running is None:
        return f"Scale {release.service} to none."
    asks = " That needs somebody to say that its migration can be taken back."
    return f"Roll {release.service} back to {running.version}.{asks if release.irreversible is None else ''}"


def _artifacts(release: Release) -> tuple[str, ...]:
    return (f"release:{release.service}:{release.version}:sha256:{release.digest}",)
