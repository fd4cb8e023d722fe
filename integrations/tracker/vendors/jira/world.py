"""What this Jira is like: its fields, statuses, priorities and boards, found out and not assumed.

Fields are known by what they are (their schema, or what a board counts in), never by their name, which anybody
may change. Found out once in a while, and when Jira tells that something of it changed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from integrations.tracker import Priority, StoryStatus
from integrations.tracker.vendors.jira.api import Api, Refused
from integrations.tracker.vendors.jira.settings import JiraSettings

SPRINT_SCHEMA = "com.pyxis.greenhopper.jira:gh-sprint"
POINTS_SCHEMA = "com.pyxis.greenhopper.jira:jsw-story-points"
NUMBER_SCHEMA = "com.atlassian.jira.plugin.system.customfieldtypes:float"
ESTIMATE = "timeoriginalestimate"
"""The original estimate, in seconds: what a board counts in that counts in time."""

_STORY_POINTS = frozenset({"story points", "story point estimate"})
"""What Jira calls a number that counts points, where no board says which it is."""
_MOST_BOARDS = 50
_AT_ONCE = 50
_CANCELLED = frozenset(
    {"cancelled", "canceled", "rejected", "declined", "duplicate", "obsolete", "abandoned"}
    | {"won't do", "won’t do", "wont do", "will not do", "won't fix", "won’t fix"}
)
_BLOCKED = frozenset({"blocked", "on hold", "impeded", "waiting"})
_SCHEDULED = frozenset({"selected for development", "ready for development", "scheduled", "planned"})
_PRIORITIES = {
    Priority.P0: frozenset({"p0", "highest", "blocker", "critical", "urgent"}),
    Priority.P1: frozenset({"p1", "high", "major"}),
    Priority.P2: frozenset({"p2", "medium", "normal"}),
    Priority.P3: frozenset({"p3", "low", "lowest", "minor", "trivial"}),
}


@dataclass(frozen=True, slots=True)
class Board:
    """A board with sprints, and the field that it counts in."""

    id: int
    name: str
    project: str
    counts_in: str | None


@dataclass(frozen=True, slots=True)
class Project:
    """A project. `points` is the field of its story points; without one `has_time` says whether it has time
    tracking. Types are ids of issue types; None where it has none of that kind."""

    key: str
    name: str
    story: str | None
    epic: str | None
    bug: str | None
    points: str | None
    has_time: bool
    fields: frozenset[str]
    boards: tuple[Board, ...]


@dataclass(frozen=True, slots=True)
class World:
    """What was found out."""

    me: str
    sprint: str | None
    stories: tuple[str, ...]
    epics: tuple[str, ...]
    statuses: Mapping[str, StoryStatus]
    priorities: Mapping[str, Priority]
    blocks: str | None
    projects: Mapping[str, Project]
    points: tuple[str, ...]
    missing: tuple[str, ...]
    """Projects that are not there, or that we may not see."""

    def statuses_of(self, *wanted: StoryStatus) -> tuple[str, ...]:
        """Ids of the statuses in Jira that are one of these here."""
        return tuple(id for id, status in self.statuses.items() if status in wanted)

    def priorities_of(self, wanted: Priority) -> tuple[str, ...]:
        """Ids of the priorities in Jira that are this one here, the first to be written."""
        return tuple(id for id, priority in self.priorities.items() if priority is wanted)


async def look_around(api: Api, settings: JiraSettings) -> World:
    """Find it out. Raises Refused, NoAccess, Away."""
    me = await api.get("/rest/api/3/myself")  # alone: where we are not let in, nothing else is asked
    fields, types, statuses, priorities, links, found = await asyncio.gather(
        api.get("/rest/api/3/field"),
        api.get("/rest/api/3/issuetype"),
        api.get("/rest/api/3/status"),
        _values(api, "/rest/api/3/priority/search"),
        api.get("/rest/api/3/issueLinkType"),
        asyncio.gather(*(_project(api, key) for key in settings.projects)),
    )
    numbers = {str(one["id"]) for one in fields if _schema(one) == NUMBER_SCHEMA}
    known = _points(fields)
    projects = {one.key: _counting(one, known, numbers) for one in found if one is not None}
    of_projects = _of_projects(types)
    return World(
        me=str(me["accountId"]),
        sprint=_first(fields, SPRINT_SCHEMA),
        stories=tuple(id for id, level in of_projects if level == 0),
        epics=tuple(id for id, level in of_projects if level == 1),
        statuses={str(one["id"]): status_of(one, settings.statuses) for one in statuses},
        priorities=_priorities(priorities, settings.priorities),
        blocks=next((one["name"] for one in links["issueLinkTypes"] if _is_blocks(one)), None),
        projects=projects,
        points=tuple(dict.fromkeys(one.points for one in projects.values() if one.points)),
        missing=tuple(key for key in settings.projects if key not in projects),
    )


async def _project(api: Api, key: str) -> Project | None:
    try:
        said = await api.get(f"/rest/api/3/project/{key}")
    except Refused as refused:
        if refused.status == 404:
            return None
        raise
    types = said.get("issueTypes") or []
    story = _type(types, 0, "story", but="bug")
    where = f"/rest/api/3/issue/createmeta/{key}/issuetypes/{story}"
    boards, shown = await asyncio.gather(
        _boards(api, key), _values(api, where, "fields") if story else _nothing()
    )
    return Project(
        key=key,
        name=str(said.get("name") or key),
        story=story,
        epic=_type(types, 1, "epic"),
        bug=next((str(one["id"]) for one in types if str(one["name"]).casefold() == "bug"), None),
        points=None,
        has_time=any(one.get("fieldId") == "timetracking" for one in shown),
        fields=frozenset(str(one.get("fieldId")) for one in shown),
        boards=boards,
    )


def _counting(project: Project, known: Sequence[str], numbers: Iterable[str]) -> Project:
    """The project with the field that it counts points in: what a board of its own says, or else the one that
    it has of those that count points."""
    said = [one.counts_in for one in project.boards if one.counts_in in {*known, *numbers}]
    points = next((one for one in said if one is not None), None)
    if points is None and not any(one.counts_in == ESTIMATE for one in project.boards):
        points = next((one for one in known if one in project.fields), None)
    return replace(project, points=points)


async def _boards(api: Api, key: str) -> tuple[Board, ...]:
    query: dict[str, str | int] = {"projectKeyOrId": key, "type": "scrum", "maxResults": _MOST_BOARDS}
    try:
        found = (await api.get("/rest/agile/1.0/board", query))["values"]
    except Refused as refused:  # a site without Jira Software has no boards
        if refused.status in (400, 404):
            return ()
        raise
    return tuple(await asyncio.gather(*(_board(api, key, one) for one in found)))


async def _board(api: Api, key: str, said: Mapping[str, Any]) -> Board:
    try:
        shape = await api.get(f"/rest/agile/1.0/board/{int(said['id'])}/configuration")
    except Refused:  # a board whose filter is not ours to see
        shape = {}
    counted = (shape.get("estimation") or {}).get("field") or {}
    return Board(int(said["id"]), str(said.get("name") or ""), key, counted.get("fieldId"))


async def _values(api: Api, path: str, name: str = "values") -> list[Mapping[str, Any]]:
    """All of a list that comes in pages of 50, up to 500."""
    found: list[Mapping[str, Any]] = []
    for start in range(0, 500, _AT_ONCE):
        page = await api.get(path, {"startAt": start, "maxResults": _AT_ONCE})
        some = page.get(name) or []
        found += some
        if len(some) < _AT_ONCE:
            break
    return found


async def _nothing() -> list[Mapping[str, Any]]:
    return []


def status_of(said: Mapping[str, Any], told: Mapping[str, StoryStatus]) -> StoryStatus:
    """What a status in Jira is here: as the settings say, or by its name, or else by its category."""
    name = " ".join(str(said.get("name") or "").casefold().split())
    if name in told:
        return told[name]
    category = (said.get("statusCategory") or {}).get("key")
    if category == "done":
        return StoryStatus.CANCELLED if name in _CANCELLED else StoryStatus.DONE
    if name in _BLOCKED:
        return StoryStatus.BLOCKED
    if category == "indeterminate":
        return StoryStatus.IN_PROGRESS
    return StoryStatus.SCHEDULED if name in _SCHEDULED else StoryStatus.BACKLOG


def _priorities(said: Sequence[Mapping[str, Any]], told: Mapping[str, Priority]) -> dict[str, Priority]:
    """By their names; one that says nothing by its place among all of them."""
    found: dict[str, Priority] = {}
    for place, one in enumerate(said):
        name = str(one.get("name") or "").casefold().strip()
        by_name = next((priority for priority, names in _PRIORITIES.items() if name in names), None)
        by_place = list(Priority)[min(3, place * 4 // max(1, len(said)))]
        found[str(one["id"])] = told.get(name) or by_name or by_place
    return found


def _points(fields: Sequence[Mapping[str, Any]]) -> list[str]:
    """Fields that count points, wherever they are used: by their schema, or a number of Jira's own name."""
    by_schema = [str(one["id"]) for one in fields if _schema(one) == POINTS_SCHEMA]
    by_name = [
        str(one["id"])
        for one in fields
        if _schema(one) == NUMBER_SCHEMA and str(one.get("name") or "").casefold() in _STORY_POINTS
    ]
    return [*by_name, *by_schema]


def _first(fields: Sequence[Mapping[str, Any]], schema: str) -> str | None:
    return next((str(one["id"]) for one in fields if _schema(one) == schema), None)


def _schema(field: Mapping[str, Any]) -> str | None:
    found: str | None = (field.get("schema") or {}).get("custom")
    return found


def _of_projects(types: Sequence[Mapping[str, Any]]) -> list[tuple[str, int]]:
    return [(str(one["id"]), int(one.get("hierarchyLevel") or 0)) for one in types if not one.get("subtask")]


def _type(types: Sequence[Mapping[str, Any]], level: int, name: str, but: str = "") -> str | None:
    """The issue type of a level, that of this name before any other."""
    there = [one for one in types if not one.get("subtask") and int(one.get("hierarchyLevel") or 0) == level]
    there = [one for one in there if str(one["name"]).casefold() != but] or there
    best = sorted(there, key=lambda one: str(one["name"]).casefold() != name)
    return str(best[0]["id"]) if best else None


def _is_blocks(link: Mapping[str, Any]) -> bool:
    return str(link.get("inward") or "").casefold() == "is blocked by"
