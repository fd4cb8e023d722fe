"""The buttons on a run's card. Whoever asked for the run may press them, and whoever may change plans."""

from __future__ import annotations

from collections.abc import Mapping

from agents.work import runs
from agents.work.tables import RunRow
from governance.people import Actor, Person
from governance.permissions import Refused
from governance.record import intervened
from handlers.catalogue import may_request
from handlers.conversation.cards import Button, Buttons, Card, Reply, Text
from handlers.conversation.desk import Desk
from handlers.conversation.handler import CannotAnswer, Presses
from handlers.conversation.origin import known
from handlers.conversation.turn import Clicked, Turn

_STANDS = {
    "running": "goes on",
    "paused": "is paused",
    "done": "is done",
    "failed": "has ended without being done",
    "cancelled": "is cancelled",
}


async def _pause(turn: Turn, desk: Desk) -> Reply:
    run, person = await _pressed(turn, desk, "pause", "running")
    why = f"{person.name} paused it."
    await runs.pause(desk.tx, run.id, why)
    await intervened(desk.tx, "modified", person.id, run.id, why, desk.now)
    return Reply(text=f"“{run.title}” is paused: what was being worked on stops, and nothing starts.")


async def _resume(turn: Turn, desk: Desk) -> Reply:
    run, person = await _pressed(turn, desk, "resume", "paused")
    await runs.resume(desk.tx, run.id)
    await intervened(desk.tx, "modified", person.id, run.id, f"{person.name} let it go on.", desk.now)
    return Reply(text=f"“{run.title}” goes on.")


async def _try_again(turn: Turn, desk: Desk) -> Reply:
    run, person = await _pressed(turn, desk, "try again", "failed")
    await runs.try_again(desk.tx, run.id)
    await intervened(desk.tx, "modified", person.id, run.id, f"{person.name} had it tried again.", desk.now)
    return Reply(
        text=f"“{run.title}” goes on: what failed is tried again, and then what was left because of it."
    )


async def _cancel(turn: Turn, desk: Desk) -> Reply:
    """Cancelling cannot be taken back, so it is asked once more."""
    run, _ = await _pressed(turn, desk, "cancel", "running", "paused")
    ends = "ends its steps. What is done stays done; what waits for its approval is withdrawn."
    text = f"Cancelling “{run.title}” {ends}"
    button = Button("Cancel it", "cancel_run_now", run.id, "danger")
    card = Card(f"Cancel “{run.title}”?", (Text((text,)), Buttons((button,))), "warning")
    return Reply(text=f"{text} Press the button to do it.", cards=(card,))


async def _cancel_now(turn: Turn, desk: Desk) -> Reply:
    run, person = await _pressed(turn, desk, "cancel", "running", "paused")
    why = f"{person.name} cancelled it."
    by = Actor("person", person.id, identity=turn.identity)
    await runs.cancel(desk.tx, run.id, why, desk.now, by=by)
    await intervened(desk.tx, "cancelled", person.id, run.id, why, desk.now)
    return Reply(text=f"“{run.title}” is cancelled.")


async def _pressed(turn: Turn, desk: Desk, what: str, *states: str) -> tuple[RunRow, Person]:
    """The run that a button is about, locked, and who pressed it. Raises CannotAnswer where they may not, and
    where the run is in none of these states (any more)."""
    if not isinstance(turn.what, Clicked):
        raise TypeError("a press is a click")
    person = known(turn)
    try:
        run = await runs.run_for_update(desk.tx, turn.what.subject)
    except runs.NoSuchRun:
        raise CannotAnswer("This run is not there any more.") from None
    allowed = may_request(person, "plan", desk.modes)
    if run.requester != person.id and (isinstance(allowed, Refused) or not allowed.acts):
        raise CannotAnswer(
            f"“{run.title}” is for whoever asked for it, a product owner or the engineering director to {what}."
        )
    if run.state not in states:
        raise CannotAnswer(f"“{run.title}” {_STANDS[run.state]}, so there is nothing to {what}.")
    return run, person


PRESSES: Mapping[str, Presses] = {
    "pause_run": _pause,
    "resume_run": _resume,
    "try_run_again": _try_again,
    "cancel_run": _cancel,
    "cancel_run_now": _cancel_now,
}
