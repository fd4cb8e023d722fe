"""Urgent stories that wait: what the story is, before somebody decides that it comes first."""

from __future__ import annotations

from collections.abc import Sequence

from governance.action import Action
from governance.tables import ApprovalRow
from handlers.conversation.cards import Block, Fields
from handlers.conversation.desk import Desk
from handlers.conversation.details import ApprovalDetails, Details
from handlers.delivery.add_to_backlog.cards import includes_text, story_pairs
from integrations.tracker.actions import NewStory


async def _describe(desk: Desk, _row: ApprovalRow, actions: Sequence[Action]) -> Details:
    blocks: list[Block] = []
    for action in actions:
        if isinstance(action, NewStory):
            blocks += [Fields(story_pairs(desk, action.draft)), includes_text((), action.draft.acceptance)]
    return Details(tuple(blocks))


DETAILS = ApprovalDetails("story_priority", _describe)
