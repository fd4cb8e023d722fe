"""Sprints of the teams' boards. What a team can do in one stands in the department's file: Jira does not know.

https://developer.atlassian.com/cloud/jira/software/rest/api-group-board/
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from governance.department import Department
from governance.department_rows import NoDepartment, read_department
from integrations.pages import NoSuchPage, Page, page_of
from integrations.tracker import NoSuchItem, Sprint, SprintQuery
from integrations.tracker.lines import plain_line
from integrations.tracker.vendors.jira.api import WHO, Refused
from integrations.tracker.vendors.jira.issues import moment
from integrations.tracker.vendors.jira.looks import Looks
from storage.database import Database
from storage.look import Away

_PAGE = 50
_MOST_PAGES = 20
"""Of one board: a thousand sprints."""
_NOON = 12
_KNOWN_FOR = timedelta(seconds=60)


@dataclass
class Sprints:
    """The sprints of one tenant's teams. Those of a board are kept for a minute."""

    looks: Looks
    database: Database
    tenant: str
    _known: dict[int, tuple[list[Mapping[str, Any]], datetime]] = field(default_factory=dict)

    async def page(self, query: SprintQuery) -> Page[Sprint]:
        """See Tracker.sprints."""
        boards = await self._boards(query.team)
        said = await asyncio.gather(*(self._of(board) for board in boards.values()))
        department = await self._department()
        found = [
            sprint
            for team, sprints in zip(boards, said, strict=True)
            for one in sprints
            if (sprint := _sprint(team, one, department)) is not None
        ]
        wanted = sorted(
            (one for one in found if _answers(one, query)), key=lambda one: (one.starts, one.team, one.id)
        )
        if query.after is not None:
            mark = _marked(query.after)
            wanted = [one for one in wanted if (one.starts, one.team, one.id) > mark]
        return page_of(wanted, query.limit, lambda s: json.dumps((s.starts.isoformat(), s.team, s.id)))

    async def demand(self, sprint: str) -> int:
        """A sprint's number in Jira. Raises NoSuchItem for one that is not of our teams, or is over."""
        for board in (await self._boards(None)).values():
            for one in await self._of(board):
                if str(one["id"]) == sprint and one.get("state") != "closed":
                    return int(one["id"])
        raise NoSuchItem(f"There is no sprint {sprint[:40]!r} that is not over.")

    def forget(self) -> None:
        """They changed: they are looked up again."""
        self._known.clear()

    async def _boards(self, team: str | None) -> dict[str, int]:
        """Each team's board: its own, or the first of its project. A shared one counts for the first team."""
        world = await self.looks.world()
        found: dict[str, int] = {}
        for name, place in self.looks.settings.teams.items():
            project = world.projects.get(place.project)
            first = project.boards[0].id if project and project.boards else None
            board = place.board or first
            if board is not None and board not in found.values():
                found[name] = board
        return {name: board for name, board in found.items() if team is None or name == team}

    async def _of(self, board: int) -> list[Mapping[str, Any]]:
        known = self._known.get(board)
        if known is not None and self.looks.clock() - known[1] < _KNOWN_FOR:
            return known[0]
        found: list[Mapping[str, Any]] = []
        for number in range(_MOST_PAGES):
            asked = {"startAt": number * _PAGE, "maxResults": _PAGE}
            try:
                page = await self.looks.api.get(f"/rest/agile/1.0/board/{board}/sprint", asked)
            except Refused as refused:
                if refused.status in (400, 404):  # a board without sprints, or none of ours to see
                    break
                raise
            found += page["values"]
            if page.get("isLast", True):
                break
        else:
            raise Away(WHO, f"has more sprints on board {board} than are gone through")
        self._known[board] = (found, self.looks.clock())
        return found

    async def _department(self) -> Department | None:
        async with self.database.transaction(self.tenant) as tx:
            try:
                return await read_department(tx)
            except NoDepartment:
                return None


def _sprint(team: str, said: Mapping[str, Any], department: Department | None) -> Sprint | None:
    """The sprint, or None for one that has no days yet."""
    if not said.get("startDate") or not said.get("endDate"):
        return None
    starts = moment(said["startDate"]).date()
    last = moment(said["endDate"])
    # One that ends in the morning ended with the day before: that is how Jira plans two weeks.
    ends = last.date() if last.hour < _NOON else last.date() + timedelta(days=1)
    ends = max(ends, starts + timedelta(days=1))
    name = plain_line(str(said.get("name") or said["id"]), 200)
    return Sprint(str(said["id"]), team, name, starts, ends, _capacity(team, starts, ends, department))


def _capacity(team: str, starts: date, ends: date, department: Department | None) -> float:
    """The team's agent-hours between two days, by its week in the department's file; none for one that is not
    in it."""
    known = next((one for one in department.teams if one.id == team), None) if department else None
    weeks = (ends - starts).days / 7
    return round(sum(known.capacity.values()) * weeks, 1) if known else 0.0


def _answers(sprint: Sprint, query: SprintQuery) -> bool:
    if query.ids is not None and sprint.id not in query.ids:
        return False
    return query.since is None or sprint.ends > query.since


def _marked(after: str) -> tuple[date, str, str]:
    try:
        starts, team, id = json.loads(after)
        return date.fromisoformat(starts), str(team), str(id)
    except (ValueError, TypeError) as error:
        raise NoSuchPage(f"{after!r} is no mark of this list") from error
