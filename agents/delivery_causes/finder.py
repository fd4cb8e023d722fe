"""From evidence to findings: each kind of cause has its rule, and a consequence names what it follows from.

| kind | is found where |
|---|---|
| blocked story | a story asked about, or one that it comes after, is blocked in the tracker |
| dependency | a story comes after an open one of another team; missing API documents where that one is them |
| failing checks | checks fail at the head of a pull request or of a default branch |
| merge conflicts, waiting review, stale | an open pull request of a story, in this order of precedence |
| breaking API change | a version that breaks callers, and blocked stories that speak of the service |
| waiting approval, absence | it concerns a story, the service of a begun one, or who works on it |
| incident | begun stories about the service, of the team that owns it; blocked ones that speak of it |
| not released | a done story's version has waited in staging for longer than RELEASE_DAYS |

A finding follows from another where that one explains it: it holds the story that is waited for, is named in
the reason, or stands in the same service and began before. What explains is named in `because`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time

from agents.delivery_causes.code_findings import branch_findings, pull_findings
from agents.delivery_causes.evidence import ApiBreak, Evidence
from agents.delivery_causes.findings import Finding, Kind
from agents.delivery_causes.linking import linked
from agents.delivery_causes.mentions import is_of_api_documents, likely_service
from agents.delivery_causes.scene import Scene, listed, scene_of, sentence
from governance.moments import day_text
from integrations.tracker import Story, StoryStatus

RELEASE_DAYS = 2
"""Working days after which a release is late."""
_BEGUN = frozenset({StoryStatus.IN_PROGRESS, StoryStatus.BLOCKED})


def find(seen: Evidence) -> tuple[Finding, ...]:
    """Every finding, each with what it follows from; in order of their keys."""
    scene = scene_of(seen)
    first = [
        *_breaks(scene),
        *_incidents(scene),
        *_absences(scene),
        *_decisions(scene),
        *pull_findings(scene),
        *branch_findings(scene),
        *_stopped(scene),
        *_lags(scene),
        *_dependencies(scene),
        *_blocked(scene),
    ]
    return tuple(sorted(linked(first, scene), key=lambda one: one.key))


def _breaks(scene: Scene) -> Iterator[Finding]:
    for one in scene.seen.breaks:
        owner = scene.team(one.service)
        holds = scene.blocked_at(one.service)
        if not holds:
            continue
        count = f"{len(one.callers)} service{'' if len(one.callers) == 1 else 's'}"
        calls = f"; {count} that call it are affected: {', '.join(one.callers[:6])}" if one.callers else ""
        what = f"{one.service} {one.version} in {one.where} breaks who calls {one.before}{calls}"
        yield Finding(
            f"break:{one.service}:{one.where}",
            Kind.BREAKING,
            what,
            _broken_since(one, holds, scene),
            holds,
            scene.lead(owner),
            owner,
            one.service,
            evidence=(*one.says, *one.calls),
        )


def _broken_since(one: ApiBreak, holds: Sequence[str], scene: Scene) -> datetime | None:
    """When it was put there; earlier where a story has been blocked by this very version for longer, as on a
    platform whose history begins later."""
    named = [
        scene.seen.blocked_since[id]
        for id in holds
        if id in scene.seen.blocked_since and one.version in (scene.stories[id].blocked_reason or "")
    ]
    return min([*named, *([one.since] if one.since else [])], default=None)


def _incidents(scene: Scene) -> Iterator[Finding]:
    for one in scene.seen.incidents:
        team = scene.team(one.service)
        own = {id for id in scene.begun_at(one.service) if scene.stories[id].team == team}
        holds = tuple(sorted({*own, *scene.blocked_at(one.service)}))
        if holds:
            evidence = (one.id, *((one.after,) if one.after else ()))
            yield Finding(
                f"incident:{one.id}",
                Kind.INCIDENT,
                f"{one.id}, {one.severity}, in {one.service} ({one.stage}): {one.title}",
                one.started,
                holds,
                one.commander or scene.lead(team),
                team,
                one.service,
                evidence=evidence,
            )


def _absences(scene: Scene) -> Iterator[Finding]:
    for one in scene.seen.absences:
        holds = tuple(
            id for id, story in scene.stories.items() if story.assignee == one.person and _is_due(story, scene)
        )
        if holds:
            yield Finding(
                f"away:{one.person}",
                Kind.ABSENCE,
                f"{one.name} is away until {day_text(one.until)}, and {listed(holds)}"
                f" {'is' if len(holds) == 1 else 'are'} theirs",
                datetime.combine(one.since, time(), UTC),
                holds,
                scene.lead(scene.stories[holds[0]].team),
                scene.stories[holds[0]].team,
                until=one.until,
                evidence=(
                    f"away from {day_text(one.since)} to {day_text(one.until)} by the department's file",
                ),
            )


def _is_due(story: Story, scene: Scene) -> bool:
    """Whether it would be worked on today: it is begun, or in a sprint that runs."""
    sprint = scene.sprints.get(story.sprint or "")
    return story.status in _BEGUN or (sprint is not None and sprint.starts <= scene.seen.today < sprint.ends)


def _decisions(scene: Scene) -> Iterator[Finding]:
    for one in scene.seen.decisions:
        holds = set(scene.open_of(one.stories))
        if one.service:
            holds |= set(scene.begun_at(one.service))
        if holds:
            away = set(one.voters) <= one.away if one.voters else False
            absent = "; everybody who may vote is away" if away else ""
            yield Finding(
                f"approval:{one.id}",
                Kind.APPROVAL,
                f"“{one.title}” waits for approval{absent}",
                one.opened,
                tuple(sorted(holds)),
                next((voter for voter in one.voters if voter not in one.away), ""),
                service=one.service or "",
                evidence=(one.id,),
            )


def _stopped(scene: Scene) -> Iterator[Finding]:
    for one in scene.seen.stopped:
        if one.story in scene.stories:
            yield Finding(
                f"agents:{one.story}",
                Kind.AGENTS,
                f"Agents stopped at {one.story} and need a person: {sentence(one.why)}",
                one.since,
                (one.story,),
                one.answers,
                scene.stories[one.story].team,
            )


def _lags(scene: Scene) -> Iterator[Finding]:
    for one in scene.seen.lags:
        if scene.days_since(one.since) > RELEASE_DAYS and one.stories:
            team = scene.team(one.service)
            yield Finding(
                f"release:{one.service}",
                Kind.UNRELEASED,
                f"{one.service} {one.version} is in staging and not in production, where {one.production} runs;"
                f" {listed(one.stories)} wait{'s' if len(one.stories) == 1 else ''} for it",
                one.since,
                (),
                scene.lead(team),
                team,
                one.service,
            )


def _dependencies(scene: Scene) -> Iterator[Finding]:
    """Open stories for which others of another team wait now."""
    waiting: defaultdict[str, list[str]] = defaultdict(list)
    for id, story in scene.stories.items():
        for before in story.depends_on:
            other = scene.stories.get(before)
            if other is not None and other.team != story.team and before != id:
                waiting[before].append(id)
    for before, holds in waiting.items():
        since = _waiting_since(holds, scene)
        if since is None:
            continue  # nobody has come so far as to wait
        other = scene.stories[before]
        texts = (other.title, *(scene.stories[id].blocked_reason for id in holds))
        documents = other.discipline == "documentation" and is_of_api_documents(*texts)
        named = scene.mentioned[before] or ()
        service = next(iter(sorted(named)), "") if documents else ""
        if documents and not service:
            service = likely_service((other.title,), scene.seen.services, other.team)
        stands = {
            StoryStatus.BLOCKED: "is blocked",
            StoryStatus.IN_PROGRESS: "is in progress",
        }.get(other.status, "has not begun")
        yield Finding(
            f"waits:{before}",
            Kind.DOCUMENTS if documents else Kind.DEPENDENCY,
            f"{before} “{other.title}” of {scene.team_name(other.team)} {stands}, and {listed(sorted(holds))}"
            f" wait{'s' if len(holds) == 1 else ''} for it",
            since,
            tuple(sorted(holds)),
            other.assignee or scene.lead(other.team),
            other.team,
            service,
            evidence=(f"{listed(sorted(holds))} depends on {before} in the tracker",),
        )


def _waiting_since(holds: Sequence[str], scene: Scene) -> datetime | None:
    """Since when somebody waits: a story is blocked since then, or its sprint has begun without it."""
    found = []
    for id in holds:
        story = scene.stories[id]
        sprint = scene.sprints.get(story.sprint or "")
        if id in scene.seen.blocked_since:
            found.append(scene.seen.blocked_since[id])
        elif story.status is StoryStatus.IN_PROGRESS and story.started:
            found.append(story.started)
        elif sprint is not None and sprint.starts <= scene.seen.today:
            found.append(datetime.combine(sprint.starts, time(), UTC))
    return min(found, default=None)


def _blocked(scene: Scene) -> Iterator[Finding]:
    for id, story in scene.stories.items():
        if story.status is StoryStatus.BLOCKED:
            why = sentence(story.blocked_reason) if story.blocked_reason else "no reason is noted"
            yield Finding(
                f"blocked:{id}",
                Kind.BLOCKED,
                f"{id} “{story.title}” is blocked: {why}",
                scene.seen.blocked_since.get(id),
                (id,),
                story.assignee or scene.lead(story.team),
                story.team,
                evidence=(f"{id} in the tracker",),
            )
