"""A roadmap's buttons: as the plan of record, and under what is supposed."""

from __future__ import annotations

from agents.roadmap.actions import AdoptRoadmap
from agents.roadmap.kept import (
    OF_RECORD,
    NoSuchRoadmap,
    kept_roadmap,
    of_record,
    roadmap_of,
)
from agents.roadmap.tables import RoadmapRow
from governance.gate import Asking
from handlers.conversation.cards import Reply
from handlers.conversation.deciding import decide_on
from handlers.conversation.desk import Desk
from handlers.conversation.handler import CannotAnswer
from handlers.conversation.origin import known
from handlers.conversation.subjects import demand_to_act
from handlers.conversation.submitting import not_done, submit
from handlers.conversation.turn import Clicked, Turn
from handlers.delivery.roadmap.beginning import suppose
from handlers.delivery.roadmap.parse import read_asks
from handlers.delivery.roadmap.words import wishes_text

_NAME = "roadmap"


async def press_adopt(turn: Turn, desk: Desk) -> Reply:
    """Put the roadmap to the vote, and cast this person's. Raises CannotAnswer."""
    person = known(turn)
    demand_to_act(person, _NAME, desk)
    row = await _pressed(turn, desk)
    roadmap = roadmap_of(row)
    if roadmap is None or not roadmap.chosen or row.looks_at is not None or row.digest is None:
        raise CannotAnswer("There is nothing on this roadmap to make the plan of record. Ask for one first.")
    if row.state == OF_RECORD:
        raise CannotAnswer(f"The roadmap {row.name} is the plan of record already.")
    hours = sum(item.hours for item in roadmap.chosen)
    standing = [one.name for one in await of_record(desk.tx, row.starts, row.ends)]
    instead = f" It takes the place of {' and '.join(standing)}." if standing else ""
    supposed = f" It supposes: {wishes_text(roadmap)}." if roadmap.wishes.changes else ""
    action = AdoptRoadmap(
        roadmap=row.id,
        name=row.name,
        drawn=row.digest,
        starts=row.starts,
        ends=row.ends,
        items=len(roadmap.chosen),
        hours=f"{hours:.0f}",
        rationale=f"{person.name} takes the roadmap {row.name} as the plan of record.",
        impact=f"Later looks are held against it.{instead}{supposed} No story is moved or changed by it.",
        rollback_plan="Take it back: what it took the place of is the plan of record again.",
        artifacts=(f"roadmap:{row.id}:sha256:{row.digest}",),
    )
    asking = Asking(title=f"Roadmap {row.name} as the plan of record", supersedes=row.approval)
    submitted = await submit(turn, desk, action, asking)
    desk.memory.about(roadmap=row.id)
    if submitted.approval is None:
        if submitted.outcome is None:
            raise CannotAnswer(not_done(submitted.ruling))
        return Reply(text=submitted.outcome.detail)
    row.approval = submitted.approval
    await desk.tx.flush()
    return await decide_on(
        turn, desk, submitted.approval, "approve", words="Pressed “Approve as plan of record”."
    )


async def press_what_if(turn: Turn, desk: Desk) -> Reply:
    """What is supposed, from the form. Raises CannotAnswer where nothing of it is understood."""
    demand_to_act(known(turn), _NAME, desk)
    row = await _pressed(turn, desk)
    values = turn.what.values if isinstance(turn.what, Clicked) else {}
    words = str(values.get("supposed", ""))[:500]
    asks = read_asks(words, desk.now, desk.department)
    if asks.teamless:
        names = ", ".join(team.name for team in desk.department.teams)
        raise CannotAnswer(f"In which team would “{asks.teamless}” be? There are {names}.")
    if not asks.wishes.changes:
        raise CannotAnswer(
            "I do not see what is to be different. Say for example “without the mobile app”, “two more"
            " engineers in Gamma” or “80% of the capacity”."
        )
    return await suppose(turn, desk, row, asks.wishes)


async def _pressed(turn: Turn, desk: Desk) -> RoadmapRow:
    if not isinstance(turn.what, Clicked):
        raise TypeError("a press is a click")
    try:
        return await kept_roadmap(desk.tx, turn.what.subject)
    except NoSuchRoadmap:
        raise CannotAnswer("This roadmap is not there any more. Ask for one again.") from None
