"""What can be done about root causes: typed actions, each proposed for one cause.

What performing demands is looked up first (which version ran before, the document's commit, the sprint that
comes next): what could not be carried out is not proposed, and somebody is asked instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from agents.delivery_causes.actions import AskOwner, ShareApiDocuments
from agents.delivery_causes.evidence import Evidence
from agents.delivery_causes.findings import Diagnosis, Finding, Kind
from governance.action import Action
from governance.department import Department
from integrations.deployments import DeploymentError, Deployments, Stage, Target
from integrations.deployments.going_back import NoWayBack, way_back
from integrations.tracker import Story, StoryStatus
from integrations.tracker.actions import Assignment, AssignStories, Placing, RescheduleStories
from integrations.tracker.lines import plain_line
from storage.look import Away

MOST = 5
_ASKS: Mapping[Kind, str] = {
    Kind.BLOCKED: "say what would unblock {it}, or clear the block",
    Kind.DEPENDENCY: "finish {it}, which others wait for, or say when it is done",
    Kind.DOCUMENTS: "share what {it} is to say: others wait for it",
    Kind.CHECKS: "get the checks of {it} to pass, or revert what broke them",
    Kind.CONFLICTS: "rebase {it}, so that it can be merged",
    Kind.REVIEW: "review {it}, or say who does",
    Kind.STALE: "go on with {it}, or close it",
    Kind.BREAKING: "take the breaking change of {it} back, or keep the old behaviour beside it",
    Kind.APPROVAL: "decide on {it}",
    Kind.ABSENCE: "say who takes {it} over",
    Kind.INCIDENT: "say what {it} needs to end",
    Kind.UNRELEASED: "have {it} deployed to production, or say why not yet",
    Kind.AGENTS: "go on with {it}, where the agents stopped",
}
"""What somebody is asked, `{it}` being what it is about."""


@dataclass(frozen=True, slots=True)
class Remedy:
    """Something to do about the finding `cause`: an action, or `words` that order it of another request.
    `title` is one line for people."""

    cause: str
    title: str
    action: Action | None = None
    words: str = ""

    @property
    def ends_it(self) -> bool:
        """Whether the cause is over once it is done: to ask somebody ends nothing by itself, and what is moved
        forward has still to be worked on."""
        return self.action is not None and not isinstance(self.action, AskOwner | RescheduleStories)


@dataclass(frozen=True, slots=True)
class Proposing:
    """For whom remedies are proposed, and with what."""

    seen: Evidence
    department: Department
    deployments: Deployments
    by: str
    names: Mapping[str, str]


async def remedies(diagnosis: Diagnosis, given: Proposing) -> tuple[tuple[Remedy, ...], tuple[str, ...]]:
    """At most MOST, for the costliest causes first; and what is not possible, in sentences."""
    found: list[Remedy] = []
    cannot: list[str] = []
    for one in diagnosis.roots:
        if len(found) >= MOST:
            break
        remedy = await _for(one, given, cannot)
        if remedy is not None and all(remedy.title != other.title for other in found):
            found.append(remedy)
    reviews = [_review(one) for one in diagnosis.roots if one.kind is Kind.BREAKING][:1]
    return (*found[: MOST - len(reviews)], *reviews), tuple(dict.fromkeys(cannot))


async def _for(one: Finding, given: Proposing, cannot: list[str]) -> Remedy | None:
    action: Action | None = None
    match one.kind:
        case Kind.BREAKING | Kind.INCIDENT:
            action = await _roll_back(one, given, cannot)
        case Kind.DOCUMENTS:
            action = _documents(one, given)
        case Kind.DEPENDENCY:
            action = _move(one, given)
        case Kind.ABSENCE:
            action = _reassign(one, given)
        case _:
            action = None
    action = action or _ask(one, given)
    return None if action is None else Remedy(one.key, action.described(given.names), action)


async def _roll_back(one: Finding, given: Proposing, cannot: list[str]) -> Action | None:
    found = next(_deployed(one, given.seen), None)
    if found is None:
        return None
    stage, version = found
    try:
        return await way_back(given.deployments, Target(one.service, stage), version, _why(one))
    except (NoWayBack, DeploymentError, Away) as no:
        cannot.append(f"{one.service} in {stage} cannot be rolled back: {no}")
        return None


def _deployed(one: Finding, seen: Evidence) -> Iterator[tuple[Stage, str | None]]:
    """Where what broke it was deployed, and the version to go back to, None for the one before."""
    for broken in seen.breaks:
        if one.key == f"break:{broken.service}:{broken.where}" and broken.where in set(Stage):
            yield Stage(broken.where), None
    for incident in seen.incidents:
        if one.key == f"incident:{incident.id}" and incident.version and incident.stage in set(Stage):
            yield Stage(incident.stage), incident.before


def _documents(one: Finding, given: Proposing) -> Action | None:
    document = given.seen.documented.get(one.service)
    stories = _stories(one, given.seen)
    if document is None or not stories:
        return None
    teams = sorted({story.team for story in stories})
    leads = [team.lead for team in given.department.teams if team.id in teams]
    people = tuple(dict.fromkeys([*leads, *(s.assignee for s in stories if s.assignee in given.names)]))
    if not people:
        return None
    return ShareApiDocuments(
        service=one.service,
        repository=document.repository,
        commit=document.sha,
        path=document.path,
        people=tuple(person for person in people if person)[:20],
        teams=tuple(team.name for team in given.department.teams if team.id in teams)[:20],
        by=given.by,
        rationale=_why(one),
        impact=f"Whoever waits gets what {document.path} says, as a file.",
        rollback_plan="It is a message; a correction can be sent.",
        artifacts=(f"{document.repository}@{document.sha}:{document.path}",),
    )


def _move(one: Finding, given: Proposing) -> Action | None:
    """Into its team's sprint that runs or comes next, where it lies in a later one or in none."""
    story = next((s for s in given.seen.stories if one.key == f"waits:{s.id}"), None)
    if story is None or story.status not in (StoryStatus.BACKLOG, StoryStatus.SCHEDULED):
        return None
    coming = [s for s in given.seen.sprints if s.team == story.team and s.ends > given.seen.today]
    first = min(coming, key=lambda s: (s.starts, s.id), default=None)
    if first is None or first.id == story.sprint:
        return None
    placing = Placing(story.id, first.id, story.sprint or "", story.status)
    return RescheduleStories(
        stories=(placing,),
        rationale=_why(one),
        impact=f"{story.id} is worked on in {first.name}, earlier than now; what is there may come later.",
        rollback_plan=f"Put {story.id} back into {story.sprint or 'no sprint'}.",
    )


def _reassign(one: Finding, given: Proposing) -> Action | None:
    """To the deputy of who is away; where there is none, or they are away too, to nobody."""
    person = one.key.partition(":")[2]
    entry = next((p for p in given.department.people if p.id == person), None)
    away = {absent.person for absent in given.seen.absences}
    deputy = entry.deputy if entry is not None and entry.deputy not in away else None
    stories = _stories(one, given.seen)
    if deputy is None or not stories:
        return None
    return AssignStories(
        stories=tuple(Assignment(story.id, deputy, story.assignee or "") for story in stories),
        rationale=_why(one),
        impact=f"{given.names.get(deputy, deputy)} works on them until told otherwise.",
        rollback_plan="Assign them back.",
    )


def _ask(one: Finding, given: Proposing) -> Action | None:
    person = one.whose if one.whose in given.names else _lead(one, given.department)
    if person not in given.names or person == given.by:
        return None
    return AskOwner(
        person=person,
        what=plain_line(one.what),
        asked=_ASKS[one.kind].format(it=_it(one)),
        by=given.by,
        rationale=_why(one),
        impact=f"{given.names[person]} gets a message.",
        rollback_plan="It is a message; nothing is to be taken back.",
    )


def _it(one: Finding) -> str:
    """What a finding is about, as people call it."""
    match one.kind:
        case Kind.ABSENCE:
            return ", ".join(one.holds[:3])
        case Kind.APPROVAL:
            return one.evidence[0] if one.evidence else "it"
        case _:
            return one.key.split(":")[1]


def _lead(one: Finding, department: Department) -> str:
    return next((team.lead for team in department.teams if team.id == one.team), "")


def _review(one: Finding) -> Remedy:
    words = f"schedule an architecture review about {one.service}"
    return Remedy("", f"Schedule an architecture review about {one.service}", None, words)


def _stories(one: Finding, seen: Evidence) -> list[Story]:
    return [story for story in seen.stories if story.id in one.holds]


def _why(one: Finding) -> str:
    return plain_line(f"It holds work up: {one.what}.")
