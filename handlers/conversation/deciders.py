"""The people who can decide on an open approval now, by name."""

from __future__ import annotations

from governance.approvals.counting import missing
from governance.approvals.decision import ApprovalState
from governance.directory import holders
from governance.people import Role
from handlers.conversation.desk import Desk
from handlers.conversation.wording import listed

_NAMED = 6
"""Of more people than these, only the roles are said."""


async def deciders_text(desk: Desk, state: ApprovalState, requester: str | None) -> str:
    """` (David Lindqvist or Priya Ramaswell)`: who holds a role whose vote is missing, and may still vote."""
    roles = {Role(role) for slot in missing(state) for role in slot.roles}
    out = {vote.ballot.voter for vote in state.votes if vote.stands == "counts"}
    if requester is not None and not state.terms.requester_may_vote:
        out.add(requester)
    names = [person.name for person in await holders(desk.tx, roles) if person.id not in out]
    return f" ({listed(names, 'or')})" if 0 < len(names) <= _NAMED else ""
