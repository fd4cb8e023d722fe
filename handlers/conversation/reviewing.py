"""Reviewing an emergency deployment afterwards, by somebody else than who made it."""

from __future__ import annotations

from governance.actions.emergencies import review_emergency
from governance.overrides.authority import may_review
from governance.overrides.rows import NoSuchOverride
from governance.overrides.sweep import emergency_to_review
from governance.permissions import Refused
from handlers.conversation.cards import Button, Form, Input, Reply
from handlers.conversation.desk import Desk
from handlers.conversation.handler import CannotAnswer
from handlers.conversation.origin import known
from handlers.conversation.submitting import do_now
from handlers.conversation.turn import Clicked, Turn
from handlers.conversation.wording import listed, names_of_people


def review_button(emergency: str) -> Button:
    """Asks for the finding, and records the review."""
    form = Form("Review", "Record the review", (Input("finding", "What did you find?", "text"),))
    return Button("Review it", "review_emergency", emergency, "primary", form)


async def press_review(turn: Turn, desk: Desk) -> Reply:
    """The button on a review that is due."""
    pressed = turn.what
    if not isinstance(pressed, Clicked):
        raise TypeError("a press is a click")
    person = known(turn)
    try:
        row = await emergency_to_review(desk.tx, pressed.subject)
    except NoSuchOverride:
        raise CannotAnswer("That emergency deployment is not in the record.") from None
    allowed = may_review(person.roles, person.id, row.made_by)
    if isinstance(allowed, Refused):
        raise CannotAnswer(f"{allowed.why} It takes the {listed(allowed.who_may, 'or')}.")
    if row.reviewed_by is not None:
        names = await names_of_people(desk.tx)
        return Reply(text=f"{names[row.reviewed_by]} has reviewed it already.")
    finding = str(pressed.values.get("finding", "")).strip()
    if not finding:
        raise CannotAnswer("A review says what you found. Press again, and write it.")
    await do_now(turn, desk, review_emergency(row.id, finding))
    return Reply(text=f"Reviewed: the emergency deployment {row.subject}. Your finding is on record.")
