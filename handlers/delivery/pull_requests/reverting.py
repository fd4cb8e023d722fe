"""The button that takes a merge back, on every card of what agents merged."""

from __future__ import annotations

from agents.engineering.reverting_step import begin_revert
from agents.engineering.story_rows import stands_by, story_work
from governance.permissions import Refused
from governance.record import intervened
from handlers.catalogue import may_request
from handlers.conversation.cards import Reply
from handlers.conversation.desk import Desk
from handlers.conversation.handler import CannotAnswer
from handlers.conversation.origin import known, place_json
from handlers.conversation.turn import Clicked, Turn


async def press_revert(turn: Turn, desk: Desk) -> Reply:
    """Begin to take a merge back; pressed again meanwhile, it is the same. Raises CannotAnswer."""
    if not isinstance(turn.what, Clicked):
        raise TypeError("a press is a click")
    person = known(turn)
    work = await story_work(desk.tx, turn.what.subject)
    allowed = may_request(person, "allocate_agents", desk.modes)
    if person.id != work.answers and (isinstance(allowed, Refused) or not allowed.acts):
        raise CannotAnswer(
            "Taking a merge back is for whoever answers for the story, a product owner or an engineering"
            " director."
        )
    if work.merged is None:
        raise CannotAnswer(f"{work.story} is not merged, so there is nothing to take back.")
    work = await story_work(desk.tx, await stands_by(desk.tx, work.run))
    begun = await begin_revert(
        desk.tx,
        work.run,
        by=turn.actor,
        requester=person.id,
        place=place_json(turn.place),
        turn=turn.id,
        now=desk.now,
    )
    where = f"{work.repository}#{work.pull_request}"
    if not begun:
        return Reply(text=f"{where} is being taken back already; its own message says how far that is.")
    said = f"{person.name} takes {where} back."
    await intervened(desk.tx, "modified", person.id, work.story, said, desk.now)
    return Reply(
        text=f"Taking {where} back: a pull request undoes it, and is judged, reviewed, merged and deployed to"
        " staging as any other. A message of its own says how far that is."
    )
