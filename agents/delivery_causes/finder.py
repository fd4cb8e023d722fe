"""From evidence to findings: each kind of cause has its rule, and a consequence names what it follows from.

| kind | is found where |
|---|---|
| blocked story | a story asked about, or one that it comes after, is blocked in the tracker |
| dependency | a story comes after an open one of another team; missing API documents where that one is them |
| failing checks | checks fail at the head of a pull request or of a default branch |
| merge conflicts, waiting review, stale | an open pull request of a story, in this order of precedence |
| breaking API change | a version that breaks callers, with begun stories of theirs that speak of it |
| waiting approval, absence, incident | it concerns a begun story, its service or who works on it |
| not released | a done story's version has waited in staging for longer than RELEASE_DAYS |

A finding follows from another where that one explains it: it holds the story that is waited for, is named in
the reason, or stands in the same service and began before. What explains is named in `because`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from agents.delivery_causes.evidence import ApiBreak, Evidence, PullSeen
from agents.delivery_causes.findings import Finding, Kind
from agents.delivery_causes.mentions import Mentions, is_of_api_documents, likely_service
from governance.moments import day_text
from integrations.services import Service
from integrations.tracker import Sprint, Story, StoryStatus

REVIEW_DAYS, STALE_DAYS, RELEASE_DAYS = 1, 5, 2
"""Working days after which a review, a pull request that nobody moves, and a release are late."""
_SOON_AFTER = timedelta(days=7)
"""How long after a change an incident, or a failing check, may still be its consequence."""
_FINAL = frozenset({StoryStatus.DONE, StoryStatus.CANCELLED})
_BEGUN = frozenset({StoryStatus.IN_PROGRESS, StoryStatus.BLOCKED})


@dataclass(frozen=True, slots=True)
class _Scene:
    """The evidence, indexed. `followers` are the open stories that come right after one."""

    seen: Evidence
    stories: Mapping[str, Story]
    services: Mapping[str, Service]
    mentioned: Mapping[str, frozenset[str]]
    mentions: Mentions
    sprints: Mapping[str, Sprint]

    def team(self, service: str | None) -> str:
        found = self.services.get(service or "")
        return found.team if found else ""

    def lead(self, team: str) -> str:
        return next((one.lead for one in self.seen.teams if one.id == team), "")

    def team_name(self, team: str) -> str:
        return next((one.name for one in self.seen.teams if one.id == team), team or "nobody")

    def open_of(self, ids: Sequence[str] | frozenset[str]) -> tuple[str, ...]:
        return tuple(id for id in sorted(ids) if id in self.stories)

    def begun_at(self, service: str) -> tuple[str, ...]:
        """Begun stories that speak of a service."""
        return tuple(
            id for id, story in self.stories.items() if story.status in _BEGUN and service in self.mentioned[id]
        )

    def days_since(self, moment: datetime | date) -> int:
        first = moment.astimezone(UTC).date() if isinstance(moment, datetime) else moment
        return len(self.seen.days.between(first, self.seen.today))


def find(seen: Evidence) -> tuple[Finding, ...]:
    """Every finding, each with what it follows from; in order of their keys."""
    scene = _scene(seen)
    first = [
        *_breaks(scene),
        *_incidents(scene),
        *_absences(scene),
        *_decisions(scene),
        *_pulls(scene),
        *_branches(scene),
        *_stopped(scene),
        *_lags(scene),
        *_dependencies(scene),
        *_blocked(scene),
    ]
    return tuple(sorted(_linked(first, scene), key=lambda one: one.key))


def _scene(seen: Evidence) -> _Scene:
    stories = {one.id: one for one in seen.stories if one.status not in _FINAL}
    mentions = Mentions(seen.services)
    return _Scene(
        seen,
        stories,
        {one.id: one for one in seen.services},
        {id: mentions.of_story(story) for id, story in stories.items()},
        mentions,
        {one.id: one for one in seen.sprints},
    )


def _breaks(scene: _Scene) -> Iterator[Finding]:
    for one in scene.seen.breaks:
        owner = scene.team(one.service)
        # Who owns the service mends it; only what is blocked of theirs is held up by it.
        holds = tuple(
            id
            for id in scene.begun_at(one.service)
            if scene.stories[id].team != owner or scene.stories[id].status is StoryStatus.BLOCKED
        )
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


def _broken_since(one: ApiBreak, holds: Sequence[str], scene: _Scene) -> datetime | None:
    """When it was put there; earlier where a story has been blocked by this very version for longer, as on a
    platform whose history begins later."""
    named = [
        scene.seen.blocked_since[id]
        for id in holds
        if id in scene.seen.blocked_since and one.version in (scene.stories[id].blocked_reason or "")
    ]
    return min([*named, *([one.since] if one.since else [])], default=None)


def _incidents(scene: _Scene) -> Iterator[Finding]:
    for one in scene.seen.incidents:
        holds = scene.begun_at(one.service)
        if holds:
            evidence = (one.id, *((one.after,) if one.after else ()))
            team = scene.team(one.service)
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


def _absences(scene: _Scene) -> Iterator[Finding]:
    for one in scene.seen.absences:
        holds = tuple(
            id for id, story in scene.stories.items() if story.assignee == one.person and _is_due(story, scene)
        )
        if holds:
            yield Finding(
                f"away:{one.person}",
                Kind.ABSENCE,
                f"{one.name} is away until {day_text(one.until)}, and {_listed(holds)}"
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


def _is_due(story: Story, scene: _Scene) -> bool:
    """Whether it would be worked on today: it is begun, or in a sprint that runs."""
    sprint = scene.sprints.get(story.sprint or "")
    return story.status in _BEGUN or (sprint is not None and sprint.starts <= scene.seen.today < sprint.ends)


def _decisions(scene: _Scene) -> Iterator[Finding]:
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


def _pulls(scene: _Scene) -> Iterator[Finding]:
    for one in scene.seen.pulls:
        holds = scene.open_of(one.stories)
        told = _pull_trouble(one, scene) if holds else None
        if told is None:
            continue
        kind, what, since = told
        team = scene.team(one.service) or scene.stories[holds[0]].team
        writer = one.pull.author if kind in (Kind.CONFLICTS, Kind.STALE, Kind.CHECKS) else scene.lead(team)
        yield Finding(
            f"pull:{one.pull}",
            kind,
            what,
            since,
            holds,
            writer,
            team,
            one.service or "",
            evidence=(f"{one.pull} at {one.pull.head_sha[:12]}",),
        )


def _pull_trouble(one: PullSeen, scene: _Scene) -> tuple[Kind, str, datetime] | None:
    pull = one.pull
    if one.failing:
        names = _listed(one.failing)
        return Kind.CHECKS, f"Checks of {pull} fail: {names}", one.failing_since or pull.updated
    if pull.has_conflicts:
        return Kind.CONFLICTS, f"{pull} conflicts with {pull.base}", pull.updated
    if one.changes_asked is not None:
        return Kind.REVIEW, f"A reviewer of {pull} asked for changes", one.changes_asked
    idle = scene.days_since(pull.updated)
    if idle >= STALE_DAYS:
        return Kind.STALE, f"Nobody has moved {pull} for {idle} working days", pull.updated
    waits = scene.days_since(pull.created)
    if not one.approved and not pull.is_draft and waits > REVIEW_DAYS:
        return Kind.REVIEW, f"{pull} waits for a review", pull.created
    return None


def _branches(scene: _Scene) -> Iterator[Finding]:
    for one in scene.seen.branches:
        pulls = {
            id for pull in scene.seen.pulls if pull.pull.repository == one.repository for id in pull.stories
        }
        holds = set(scene.open_of(frozenset(pulls)))
        if one.service:
            holds |= set(scene.begun_at(one.service))
        if holds:
            team = scene.team(one.service) or scene.stories[min(holds)].team
            longer = ", or longer" if one.at_least else ""
            yield Finding(
                f"branch:{one.repository}:{one.branch}",
                Kind.CHECKS,
                f"Checks of {one.repository} fail on {one.branch}{longer}: {_listed(one.checks)}",
                one.since,
                tuple(sorted(holds)),
                scene.lead(team),
                team,
                one.service or "",
                evidence=(f"{one.repository} since {one.first[:12]}",),
            )


def _stopped(scene: _Scene) -> Iterator[Finding]:
    for one in scene.seen.stopped:
        if one.story in scene.stories:
            yield Finding(
                f"agents:{one.story}",
                Kind.AGENTS,
                f"Agents stopped at {one.story} and need a person: {_sentence(one.why)}",
                one.since,
                (one.story,),
                one.answers,
                scene.stories[one.story].team,
            )


def _lags(scene: _Scene) -> Iterator[Finding]:
    for one in scene.seen.lags:
        if scene.days_since(one.since) > RELEASE_DAYS and one.stories:
            team = scene.team(one.service)
            yield Finding(
                f"release:{one.service}",
                Kind.UNRELEASED,
                f"{one.service} {one.version} is in staging and not in production, where {one.production} runs;"
                f" {_listed(one.stories)} wait{'s' if len(one.stories) == 1 else ''} for it",
                one.since,
                (),
                scene.lead(team),
                team,
                one.service,
            )


def _dependencies(scene: _Scene) -> Iterator[Finding]:
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
            f"{before} “{other.title}” of {scene.team_name(other.team)} {stands}, and {_listed(sorted(holds))}"
            f" wait{'s' if len(holds) == 1 else ''} for it",
            since,
            tuple(sorted(holds)),
            other.assignee or scene.lead(other.team),
            other.team,
            service,
            evidence=(f"{_listed(sorted(holds))} depends on {before} in the tracker",),
        )


def _waiting_since(holds: Sequence[str], scene: _Scene) -> datetime | None:
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


def _blocked(scene: _Scene) -> Iterator[Finding]:
    for id, story in scene.stories.items():
        if story.status is StoryStatus.BLOCKED:
            why = _sentence(story.blocked_reason) if story.blocked_reason else "no reason is noted"
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


def _linked(found: Sequence[Finding], scene: _Scene) -> Iterator[Finding]:
    """Each with what it follows from. No circle comes of it: of two that explain each other the earlier one
    of this order does."""
    holding: defaultdict[str, list[Finding]] = defaultdict(list)
    for one in found:
        for id in one.holds:
            holding[id].append(one)
    because = {one.key: _causes(one, found, holding, scene) for one in found}
    for one in found:
        yield replace(one, because=_without_circles(one.key, because))


def _causes(
    one: Finding, found: Sequence[Finding], holding: Mapping[str, Sequence[Finding]], scene: _Scene
) -> tuple[str, ...]:
    match one.kind:
        case Kind.BLOCKED:
            causes = [other.key for other in holding[one.holds[0]] if _explains(other, one, scene)]
        case Kind.DEPENDENCY | Kind.DOCUMENTS:
            before = one.key.partition(":")[2]
            causes = [other.key for other in holding.get(before, ())]
        case Kind.CHECKS | Kind.INCIDENT:
            causes = [
                other.key for other in found if other.kind is Kind.BREAKING and _breaks_it(other, one, scene)
            ]
            causes = causes or _same_branch(one, found)
        case Kind.STALE | Kind.CONFLICTS:
            causes = [other.key for other in found if other.key == f"away:{one.whose}"]
        case Kind.AGENTS:
            causes = [
                o.key for o in holding[one.holds[0]] if o.kind in (Kind.CHECKS, Kind.REVIEW, Kind.CONFLICTS)
            ]
        case _:
            causes = []
    return tuple(sorted(set(causes) - {one.key}))


def _explains(other: Finding, blocked: Finding, scene: _Scene) -> bool:
    """What holds a blocked story up explains it, where its reason names it or that did not begin much later."""
    if other.key == blocked.key:
        return False
    reason = scene.stories[blocked.holds[0]].blocked_reason or ""
    if other.service and other.service in scene.mentions.of(reason):
        return True
    if other.since is None or blocked.since is None:
        return other.kind in (Kind.DEPENDENCY, Kind.DOCUMENTS, Kind.BREAKING)
    return other.since <= blocked.since + timedelta(days=1)


def _breaks_it(cause: Finding, one: Finding, scene: _Scene) -> bool:
    """Whether a breaking change is behind trouble in its service, or in one that calls it, soon after."""
    if cause.since is None or one.since is None or not one.service:
        return False
    service = scene.services.get(one.service)
    calls = service is not None and cause.service in service.depends_on
    is_near = cause.since <= one.since <= cause.since + _SOON_AFTER
    return (one.service == cause.service or calls) and is_near


def _same_branch(one: Finding, found: Sequence[Finding]) -> list[str]:
    """A pull request's checks fail because its base branch's do."""
    if not one.key.startswith("pull:"):
        return []
    repository = one.key.removeprefix("pull:").rpartition("#")[0]
    since = one.since
    return [
        other.key
        for other in found
        if other.key.startswith(f"branch:{repository}:")
        and other.since is not None
        and since is not None
        and other.since <= since
    ]


def _without_circles(key: str, because: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(cause for cause in because[key] if not (_reaches(cause, key, because) and cause > key))


def _reaches(start: str, goal: str, because: Mapping[str, tuple[str, ...]]) -> bool:
    seen, waiting = set(), [start]
    while waiting:
        one = waiting.pop()
        if one == goal:
            return True
        if one not in seen:
            seen.add(one)
            waiting.extend(because.get(one, ()))
    return False


def _listed(names: Sequence[str]) -> str:
    shown = list(names[:4])
    more = len(names) - len(shown)
    if more:
        return f"{', '.join(shown)} and {more} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else "".join(shown)


def _sentence(text: str) -> str:
    return text.strip().rstrip(".")
