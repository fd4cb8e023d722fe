"""What a decision type adds to its approval cards: blocks, facts, buttons.

One module a decision type, in its request's folder.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from governance.action import Action
from governance.facts import Fact
from governance.tables import ApprovalRow
from handlers.conversation.cards import Block, Button
from handlers.conversation.desk import Desk
from handlers.worlds import declared


@dataclass(frozen=True, slots=True)
class Details:
    """`blocks` stand under the list of actions; `buttons` beside Approve and Deny while it is open."""

    blocks: tuple[Block, ...] = ()
    facts: tuple[Fact, ...] = ()
    buttons: tuple[Button, ...] = ()


Describe = Callable[[Desk, ApprovalRow, Sequence[Action]], Awaitable[Details]]


@dataclass(frozen=True, slots=True)
class ApprovalDetails:
    """How approvals of one decision type are shown in more detail."""

    decision_type: str
    describe: Describe


@cache
def find_details() -> Mapping[str, ApprovalDetails]:
    """By decision type: each `DETAILS` that a module of `handlers/` declares."""
    return {one.decision_type: one for one in declared("DETAILS", ApprovalDetails)}


async def details_of(desk: Desk, row: ApprovalRow, actions: Sequence[Action]) -> Details:
    """What this approval's decision type adds; nothing for most."""
    details = find_details().get(row.decision_type)
    return Details() if details is None else await details.describe(desk, row, actions)
