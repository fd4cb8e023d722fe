"""Stories that follow from an incident: which one is meant, and what the story takes from it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy import select

from agents.backlog import WorkedOut
from agents.operations.incident_links import is_linkable
from agents.operations.incident_rows import open_incidents
from agents.operations.incident_stories import FollowUp, meant_by_thread
from governance.people import Role
from governance.standing import WindowMode
from governance.tables import WindowRow
from handlers.conversation.desk import Desk
from handlers.conversation.origin import known
from handlers.conversation.turn import Turn
from handlers.delivery.add_to_backlog.parse import StorySaid

_ID = re.compile(r"\binc[\s#-]*(?P<number>[0-9]{1,9})\b", re.IGNORECASE | re.ASCII)
_PERFORMANCE_TEST = "performance test"


@dataclass(frozen=True, slots=True)
class Following:
    """The team that a story is for, and what it follows from, if anything: an incident, or a window of one."""

    team: str
    incident: str | None
    follows: FollowUp | None

    def describe(self, description: str) -> str:
        """What was asked for, with what was found in the incident."""
        return description if self.follows is None else f"{description}\n\n{self.follows.says}"

    def accept(self, worked: WorkedOut) -> tuple[str, ...]:
        """When it is done: what the incident's figures demand, in place of a performance test in general."""
        criterion = None if self.follows is None else self.follows.criterion
        if criterion is None or not any(_PERFORMANCE_TEST in one for one in worked.includes):
            return worked.acceptance
        kept = (one for one in worked.acceptance if _PERFORMANCE_TEST not in one)
        return (criterion, *kept)


async def meant_incident(turn: Turn, desk: Desk, text: str, said: StorySaid) -> str | None:
    """The incident that a story follows from: the one that is named; where the thread is about one, that; the
    only open one, or the window, where the words speak of an incident. None where it follows from none."""
    named = _ID.search(text)
    if named is not None:
        id = f"INC-{int(named['number'])}"
        return id if await is_linkable(id, desk.tx) else None
    of_thread = desk.memory.topic.get("incident")
    if of_thread is not None and await meant_by_thread(desk.tx, of_thread, desk.now):
        return of_thread
    if not said.for_incident:
        return None
    going_on = [one.id for one in await open_incidents(desk.tx)]
    return going_on[0] if len(going_on) == 1 else await _window(turn, desk)


async def _window(turn: Turn, desk: Desk) -> str | None:
    """The incident window that is open now, for an SRE to link an urgent story to."""
    if not known(turn).holds(Role.SRE_LEAD) or desk.standing.window(WindowMode.INCIDENT, desk.now) is None:
        return None
    query = select(WindowRow.id).where(
        WindowRow.mode == WindowMode.INCIDENT.value, WindowRow.starts <= desk.now, WindowRow.ends > desk.now
    )
    return (await desk.tx.execute(query.order_by(WindowRow.starts.desc()).limit(1))).scalar()
