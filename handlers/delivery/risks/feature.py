"""What is known of one feature's risks: its date, the runs, and why each story may be late."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from agents.delivery.evidence import Cause, causes, known_by_one
from agents.delivery.feature_work import FeatureWork, read_feature, runs_of
from agents.delivery.lateness import Late, Outcome, Work
from agents.delivery.scoring import Told
from agents.engineering.coverage import failing_suites
from agents.operations.incident_rows import open_incidents
from agents.planning.draft import Risk
from agents.planning.working_days import working_days
from governance.blackouts import zone_of
from governance.visibility import EVERYTHING
from handlers.conversation.desk import Desk
from handlers.conversation.wording import counted
from handlers.delivery.whereabouts.work_state import planned
from integrations.customers import CommitmentState
from integrations.services import NoSuchService, Service
from integrations.tracker import Epic

MOST_SUITES = 20
LEAST = 0.05
"""Stories that are late less likely than this are not told of."""


@dataclass(frozen=True, slots=True)
class Target:
    """The day by which a feature is to be done, and who says so."""

    day: date
    why: str


@dataclass(frozen=True, slots=True)
class Risky:
    """A story that may be late, with the reasons that can be established."""

    late: Late
    causes: tuple[Cause, ...]


@dataclass(frozen=True, slots=True)
class FeatureRisks:
    """`outcome` is None where there is no day to be missed; `unnumbered` are reasons that no likelihood is
    known of; `of_plan` are what its plan found when it was worked out."""

    epic: Epic
    work: FeatureWork
    target: Target | None
    outcome: Outcome | None
    risky: tuple[Risky, ...]
    unnumbered: tuple[Cause, ...]
    of_plan: tuple[Risk, ...]

    def told(self) -> list[Told]:
        """What this says, to be judged later."""
        if self.outcome is None:
            return []
        said = [Told(self.epic.id, self.epic.id, self.outcome.due, self.outcome.likelihood)]
        return [
            *said,
            *(
                Told(one.late.work.story.id, self.epic.id, one.late.due, one.late.likelihood)
                for one in self.risky
            ),
        ]


async def feature_risks(desk: Desk, epic: Epic) -> FeatureRisks:
    """Everything of one feature. Raises TrackerError."""
    found = await read_feature(desk.ports.tracker, epic.id, desk.now, ZoneInfo(zone_of(desk.department)))
    target = await _target(desk, epic, found) if found.open else None
    outcome, risky = None, list[Risky]()
    if target is not None:
        runs, works = await asyncio.to_thread(runs_of, found, desk.department, desk.now)
        outcome = await asyncio.to_thread(runs.outcome, target.day)
        by_id = {work.story.id: work for work in works}
        risky = [_risky(late, found, by_id, desk) for late in outcome.late if late.likelihood >= LEAST]
    plan = await planned(desk, epic.id)
    return FeatureRisks(
        epic,
        found,
        target,
        outcome,
        tuple(risky),
        (*known_by_one(found, desk.department), *await _of_services(desk, found)),
        () if plan is None else plan.draft.risks,
    )


def _risky(late: Late, found: FeatureWork, works: Mapping[str, Work], desk: Desk) -> Risky:
    return Risky(late, tuple(causes(late, found, works, desk.department)))


async def _target(desk: Desk, epic: Epic, found: FeatureWork) -> Target | None:
    """What a customer was promised, else when one needs it, else the last sprint of the feature's stories."""
    items = {epic.id, *(story.id for story in found.open)}
    promised = [
        one
        for one in await desk.ports.customers.commitments(EVERYTHING)
        if one.state is CommitmentState.OPEN and items & set(one.items)
    ]
    if promised:
        first = min(promised, key=lambda one: one.due)
        return Target(first.due, "promised to a customer")
    needed = [
        one.needed_by
        for one in await desk.ports.customers.requests(EVERYTHING)
        if one.needed_by is not None and items & set(one.items)
    ]
    if needed:
        return Target(min(needed), "a customer needs it by then")
    sprints = [found.sprints[one.sprint] for one in found.open if one.sprint and one.sprint in found.sprints]
    if not sprints:
        return None
    last = max(sprints, key=lambda one: one.ends)
    return Target(
        working_days(desk.department).last_before(last.ends), f"the end of {last.name}, its last sprint"
    )


async def _of_services(desk: Desk, found: FeatureWork) -> list[Cause]:
    """Open incidents at services of the feature's teams, which take the same people's time, and suites of
    theirs that fail, which hold up every merge."""
    teams = {story.team for story in found.open}
    said = []
    for incident in await open_incidents(desk.tx):
        if (service := await _owned(desk, incident.service, teams)) is not None:
            said.append(
                Cause(
                    f"{incident.id} is open at {service.name}, which one of its teams owns",
                    f"incident {incident.id}",
                    "Say who of the team goes on with the feature meanwhile.",
                )
            )
    for suite in await failing_suites(desk.tx, MOST_SUITES):
        if (service := await _owned(desk, suite.repository.rpartition("/")[2], teams)) is not None:
            said.append(
                Cause(
                    f"{counted(suite.failed, 'test')} of {service.name} failed when last run: merges wait",
                    f"the suite of {suite.repository} over {suite.tree[:12]}",
                    "Mend them first.",
                )
            )
    return said


async def _owned(desk: Desk, id: str, teams: Collection[str]) -> Service | None:
    """The service, if it belongs to one of these teams."""
    try:
        service = await desk.ports.services.service(id)
    except NoSuchService:
        return None
    return service if service.team in teams else None


def most_at_risk(every: Sequence[FeatureRisks]) -> list[FeatureRisks]:
    """The likeliest to miss its day first; those without a day last."""
    return sorted(
        every,
        key=lambda one: (
            one.outcome is None,
            -(one.outcome.likelihood if one.outcome else 0.0),
            -((one.outcome.p85 - one.outcome.due).days if one.outcome else 0),
            one.epic.id,
        ),
    )
