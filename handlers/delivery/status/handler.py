"""`status`: where a feature, plan, story or request is; without a name, what runs now."""

from __future__ import annotations

from agents.plans.rows import plan_by_id
from governance.permissions import KNOWN
from governance.visibility import Scope, scope_of
from handlers.conversation.cards import Reply
from handlers.conversation.desk import Desk
from handlers.conversation.handler import Asked, CannotAnswer, Group, Handler
from handlers.conversation.run_card import PRESSES
from handlers.conversation.subjects import reply_of
from handlers.conversation.turn import Turn
from handlers.delivery.plans.card import plan_reply
from handlers.delivery.plans.progress import progress_reply
from handlers.delivery.status.cards import feature_reply, story_reply
from handlers.delivery.whereabouts.overview import (
    account_reply,
    customers_overview_reply,
    overview_reply,
    request_reply,
)
from handlers.delivery.whereabouts.subjects import named_in, subject_of
from handlers.language.resolver import Found, NotThere, Several


async def answer(turn: Turn, asked: Asked, desk: Desk) -> Reply:
    """Where the thing that is named is; what runs now, where nothing is."""
    scope = scope_of(turn.person)
    match await subject_of(desk, asked.text, scope):
        case Found() as found:
            return await _shown(desk, found, scope)
        case (Several() | NotThere()) as unclear:
            return reply_of(unclear, "status", asked.text)
    if unknown := named_in(asked.text):
        raise CannotAnswer(
            f"I find no feature, plan, story or request called “{unknown}”{_where(scope)}."
            " Ask “what runs now?” for what there is."
        )
    return await overview_reply(desk) if scope.everything else await customers_overview_reply(desk, scope)


async def _shown(desk: Desk, subject: Found, scope: Scope) -> Reply:
    match subject.kind:
        case "epic":
            return await feature_reply(desk, subject.id, scope)
        case "story":
            return await story_reply(desk, subject.id, scope)
        case "account":
            return await account_reply(desk, subject.id, scope)
        case "request":
            return await request_reply(desk, subject.id, scope)
        case "plan":
            plan = await plan_by_id(desk.tx, subject.id)
            desk.memory.about(plan=plan.id, item=plan.id)
            return await progress_reply(desk, plan) or await plan_reply(desk, plan)
    raise ValueError(f"nothing shows where a {subject.kind} is")


def _where(scope: Scope) -> str:
    return "" if scope.everything else " among your customers’ items"


HANDLER = Handler(
    name="status",
    purpose="Where a feature, plan, story or request is, and what runs now",
    example="What's the status of the SSO integration?",
    group=Group.SEE,
    permission=KNOWN,
    answer=answer,
    presses=PRESSES,
)
