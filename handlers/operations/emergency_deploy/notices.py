"""An emergency deployment has not been reviewed within its 24 hours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from governance.overrides.sweep import KIND, emergency_to_review
from governance.people import Person
from handlers.conversation.cards import Bold, Buttons, Card, Moment, Reply, Text
from handlers.conversation.desk import Desk
from handlers.conversation.reviewing import review_button
from handlers.conversation.wording import names_of_people
from handlers.notices import NoticeKind


async def render(desk: Desk, ids: Mapping[str, Any], _person: Person | None) -> Reply | None:
    """Who went past which approval, why, and the button that records a review."""
    row = await emergency_to_review(desk.tx, ids["override"])
    if row.reviewed is not None:
        return None
    who = (await names_of_people(desk.tx))[row.made_by]
    text = f"Overdue: nobody has reviewed {who}'s emergency deployment of {row.subject} ({row.reason})."
    blocks = (
        Text((Bold(who), f" deployed {row.subject} without approval on ", Moment(row.made), f": {row.reason}")),
        Text(("Its review was due within 24 hours and has not been made.",)),
        Buttons((review_button(row.id),)),
    )
    return Reply(text=text, cards=(Card("A review is overdue", blocks, "warning"),), key=ids["key"])


NOTICE = NoticeKind(KIND, render)
