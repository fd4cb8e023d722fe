"""Gathering the evidence: what is read of the tracker and of the department's own rows, all of it bounded.

A system that does not answer, or refuses, costs what it would have told and no more: it is named in `unknown`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from agents.delivery_causes.diagnosis import diagnose
from agents.delivery_causes.evidence import AwayNow, Evidence
from agents.delivery_causes.findings import Diagnosis
from agents.delivery_causes.gathering_code import Code, code_seen
from agents.delivery_causes.gathering_rows import (
    agents_pulls,
    decisions_seen,
    incidents_seen,
    lags_seen,
    stopped_seen,
)
from agents.delivery_causes.gathering_services import Runs, runs_seen
from agents.delivery_causes.mentions import Mentions
from agents.planning.request import COMMITTED
from agents.planning.working_days import working_days
from governance.department import Department
from governance.visibility import EVERYTHING
from integrations.pages import Part, every, everything
from integrations.ports import Ports
from integrations.services import CatalogueError, Service
from integrations.tracker import SprintQuery, Story, StoryQuery, StoryStatus, Tracker
from storage.look import Away, look_of, may_look

MOST_STORIES = 5_000
"""Stories asked about, or of the teams that work on them, that are read; that there are more is said."""
_MOST_DONE, _MOST_BLOCKED, _MOST_ROUNDS = 300, 60, 4
_BACK = timedelta(days=60)
_AT_ONCE = 8
_PATIENCE = 0.6
"""The share of a turn's time for looking after which a code host or platform is not waited for."""
_Told = TypeVar("_Told", Code, Runs)
_OPEN = frozenset(StoryStatus) - {StoryStatus.DONE, StoryStatus.CANCELLED}
_BEGUN = frozenset({StoryStatus.IN_PROGRESS, StoryStatus.BLOCKED})


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked about: epics together (one feature), a team, single stories; everything where nothing is
    named."""

    epics: tuple[str, ...] = ()
    team: str | None = None
    stories: tuple[str, ...] = ()

    @property
    def is_everything(self) -> bool:
        """Whether the whole department is meant."""
        return not (self.epics or self.team or self.stories)


async def gather(
    tx: AsyncSession, ports: Ports, department: Department, now: datetime, wanted: Wanted
) -> Evidence:
    """What is known of what is asked about. Raises TrackerError, without which nothing is known."""
    of_agents = await agents_pulls(tx)
    if may_look(tx):
        look = look_of(tx)
        ask = partial(_outside, ports, department, now, wanted, of_agents, look.seconds * _PATIENCE)
        outside = await look.at(("delays", wanted), "The department", ask)
    else:
        outside = await _outside(ports, department, now, wanted, of_agents, None)
    seen, relevant = outside.seen, outside.relevant
    ids = frozenset(one.id for one in seen.stories if one.status in _OPEN)
    done = frozenset(one.id for one in seen.stories if one.id in seen.own and one.status is StoryStatus.DONE)
    return replace(
        seen,
        decisions=await decisions_seen(tx, now, ids, relevant),
        incidents=await incidents_seen(tx, relevant, outside.runs.changes),
        lags=await lags_seen(tx, done, outside.runs.production),
        stopped=await stopped_seen(tx, ids),
    )


async def diagnosed(tx: AsyncSession, seen: Evidence, wanted: Wanted) -> Diagnosis:
    """The diagnosis; of the same evidence once in a turn, however often the turn begins again."""

    async def work() -> Diagnosis:
        return await asyncio.to_thread(diagnose, seen)

    if not may_look(tx):
        return await work()
    rows = (seen.decisions, seen.incidents, seen.lags, seen.stopped)
    return await look_of(tx).at(("diagnosis", wanted, seen.own, rows), "The department", work)


@dataclass(frozen=True, slots=True)
class _Outside:
    """What ports tell; `relevant` are the services that begun stories speak of."""

    seen: Evidence
    relevant: frozenset[str]
    runs: Runs


async def _outside(
    ports: Ports,
    department: Department,
    now: datetime,
    wanted: Wanted,
    of_agents: Mapping[tuple[str, int], str],
    patience: float | None,
) -> _Outside:
    """What ports tell, without a transaction. A code host or platform that takes longer than `patience`
    (seconds) is not waited for."""
    tracker = ports.tracker
    unknown: list[str] = []
    own, left_out = await _own(tracker, wanted)
    if left_out:
        unknown.append(f"Only {MOST_STORIES:,} open stories were looked at; there are more.")
    stories = await _with_upstream(tracker, own)
    today = now.astimezone(ZoneInfo(department.calendar_of(None).time_zone)).date()
    services = await _services(ports, unknown)
    relevant = await asyncio.to_thread(_relevant, stories, services)
    still_open = [one for one in stories if one.status in _OPEN]
    code, runs, blocked_since, sprints, committed, done = await asyncio.gather(
        _patiently(
            code_seen(ports, stories, of_agents, services, relevant, now, unknown), patience, Code(), unknown
        ),
        _patiently(runs_seen(ports, services, relevant, now, unknown), patience, Runs(), unknown),
        _blocked_since(tracker, still_open, unknown),
        everything(tracker.sprints, SprintQuery(since=today - _BACK)),
        _committed(tracker, wanted, still_open),
        _done(tracker),
    )
    seen = Evidence(
        now=now,
        today=today,
        own=frozenset(one.id for one in own),
        stories=stories,
        blocked_since=blocked_since,
        days=working_days(department),
        sprints=sprints,
        teams=department.teams,
        committed=committed,
        done=done,
        services=services,
        pulls=code.pulls,
        branches=code.branches,
        breaks=(*runs.breaks, *code.breaks),
        absences=_absences(department, now),
        documented=code.documented,
        unknown=tuple(dict.fromkeys(unknown)),
    )
    return _Outside(seen, relevant, runs)


async def _patiently(
    asking: Coroutine[Any, Any, _Told], patience: float | None, nothing: _Told, unknown: list[str]
) -> _Told:
    what = "Pull requests and checks" if isinstance(nothing, Code) else "Which versions run where"
    try:
        async with asyncio.timeout(patience):
            return await asking
    except TimeoutError:
        unknown.append(f"{what}: there was no answer within {patience:.0f} seconds.")
        return nothing


async def _own(tracker: Tracker, wanted: Wanted) -> tuple[tuple[Story, ...], bool]:
    if wanted.epics:
        queries = [StoryQuery(epic=epic) for epic in wanted.epics]
    elif wanted.stories:
        queries = [StoryQuery(ids=frozenset(wanted.stories))]
    else:
        queries = [StoryQuery(team=wanted.team, status=_OPEN)]
    found: dict[str, Story] = {}
    for query in queries:
        async for story in every(partial(tracker.stories, EVERYTHING), query):
            if len(found) >= MOST_STORIES:
                return tuple(found.values()), True
            found[story.id] = story
    return tuple(found.values()), False


async def _with_upstream(tracker: Tracker, own: Sequence[Story]) -> tuple[Story, ...]:
    """Also what open stories come after, a few steps back."""
    known = {one.id: one for one in own}
    waiting: Collection[Story] = own
    for _ in range(_MOST_ROUNDS):
        missing = {
            before for one in waiting if one.status in _OPEN for before in one.depends_on if before not in known
        }
        if not missing:
            break
        query = StoryQuery(ids=frozenset(sorted(missing)[:MOST_STORIES]))
        waiting = await everything(partial(tracker.stories, EVERYTHING), query)
        known |= {one.id: one for one in waiting}
    return tuple(known.values())


async def _services(ports: Ports, unknown: list[str]) -> tuple[Service, ...]:
    try:
        return await everything(ports.services.services, Part())
    except (CatalogueError, Away) as failed:
        unknown.append(f"Which services there are: {failed}")
        return ()


def _relevant(stories: Sequence[Story], services: Sequence[Service]) -> frozenset[str]:
    """The services that begun stories speak of."""
    mentions = Mentions(services)
    return frozenset(id for one in stories if one.status in _BEGUN for id in mentions.of_story(one))


async def _blocked_since(
    tracker: Tracker, stories: Iterable[Story], unknown: list[str]
) -> Mapping[str, datetime]:
    """When each blocked story became so; of many, those that were created last."""
    blocked = [one for one in stories if one.status is StoryStatus.BLOCKED]
    if len(blocked) > _MOST_BLOCKED:
        unknown.append(f"Since when {len(blocked) - _MOST_BLOCKED} of {len(blocked)} stories are blocked.")
    limit = asyncio.Semaphore(_AT_ONCE)

    async def since(story: Story) -> tuple[str, datetime | None]:
        async with limit:
            events = await tracker.events(EVERYTHING, story=story.id)
        last = [event for event in events if event.status is StoryStatus.BLOCKED]
        return story.id, last[-1].at if last else story.started

    newest = sorted(blocked, key=lambda one: (one.created, one.id))[-_MOST_BLOCKED:]
    found = await asyncio.gather(*map(since, newest))
    return {id: at.astimezone(UTC) for id, at in found if at is not None}


async def _committed(tracker: Tracker, wanted: Wanted, stories: Sequence[Story]) -> tuple[Story, ...]:
    """Other work of the same teams that has a sprint."""
    if wanted.is_everything:
        return ()
    known = {one.id for one in stories}
    found: list[Story] = []
    for team in sorted({one.team for one in stories}):
        query = StoryQuery(team=team, status=COMMITTED)
        async for story in every(partial(tracker.stories, EVERYTHING), query):
            if len(found) >= MOST_STORIES:
                return tuple(found)
            if story.sprint and story.id not in known:
                found.append(story)
    return tuple(found)


async def _done(tracker: Tracker) -> tuple[Story, ...]:
    query = StoryQuery(status=frozenset({StoryStatus.DONE}), newest_first=True, limit=_MOST_DONE)
    return (await tracker.stories(EVERYTHING, query)).items


def _absences(department: Department, now: datetime) -> tuple[AwayNow, ...]:
    absent = department.absent_at(now)
    found = []
    for entry in department.people:
        if entry.id in absent:
            today = now.astimezone(ZoneInfo(department.calendar_of(entry.id).time_zone)).date()
            spans = [one for one in entry.away if one.since <= today <= one.until]
            found.append(AwayNow(entry.id, entry.name, spans[0].since, max(one.until for one in spans)))
    return tuple(found)
