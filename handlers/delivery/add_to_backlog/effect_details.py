"""A story was made: what it has, and putting it into the sprint that runs."""

from __future__ import annotations

from governance.effects import outcome_of
from governance.tables import EffectRow
from handlers.conversation.cards import Button, Fields
from handlers.conversation.desk import Desk
from handlers.conversation.details import EffectDetails, Ended
from handlers.delivery.add_to_backlog.cards import includes_text, story_pairs
from integrations.tracker.actions import URGENT, CreateStory, CreateUrgentStory, NewStory


async def _describe(desk: Desk, row: EffectRow, action: NewStory) -> Ended:
    made = outcome_of(row)
    story = made.reference if made is not None else None
    if story is None:
        return Ended()
    desk.memory.about(story=story, item=story)
    urgent = action.draft.priority in URGENT
    buttons = (Button("Into the sprint that runs", "schedule_now", story),) if urgent else ()
    return Ended((Fields(story_pairs(desk, action.draft)), includes_text((), action.draft.acceptance)), buttons)


DETAILS = EffectDetails((CreateStory.type, CreateUrgentStory.type), _describe)
