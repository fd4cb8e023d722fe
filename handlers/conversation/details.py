"""What a decision type adds to its approval cards, and an action type to the message that says how it ended.

One module a type, in its request's folder, which declares `DETAILS`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from governance.action import Action
from governance.facts import Fact
from governance.tables import ApprovalRow, EffectRow
from handlers.conversation.cards import Block, Button
from handlers.conversation.desk import Desk
from handlers.worlds import declared


@dataclass(frozen=True, slots=True)
class Details:
    """`blocks` stand under the list of actions; `buttons` beside Approve and Deny while it is open."""

    blocks: tuple[Block, ...] = ()
    facts: tuple[Fact, ...] = ()
    buttons: tuple[Button, ...] = ()


DescribeApproval = Callable[[Desk, ApprovalRow, Sequence[Action]], Awaitable[Details]]


@dataclass(frozen=True, slots=True)
class ApprovalDetails:
    """How approvals of one decision type are shown in more detail."""

    decision_type: str
    describe: DescribeApproval


@cache
def find_approval_details() -> Mapping[str, ApprovalDetails]:
    """By decision type: each `DETAILS` that a module of `handlers/` declares."""
    return {one.decision_type: one for one in declared("DETAILS", ApprovalDetails)}


async def approval_details_of(desk: Desk, row: ApprovalRow, actions: Sequence[Action]) -> Details:
    """What this approval's decision type adds; nothing for most."""
    details = find_approval_details().get(row.decision_type)
    return Details() if details is None else await details.describe(desk, row, actions)


@dataclass(frozen=True, slots=True)
class Ended:
    """`blocks` stand under what was done; `buttons` beside “Show the record”."""

    blocks: tuple[Block, ...] = ()
    buttons: tuple[Button, ...] = ()


DescribeEffect = Callable[[Desk, EffectRow, Any], Awaitable[Ended]]


@dataclass(frozen=True, slots=True)
class EffectDetails:
    """How effects of these action types are shown in more detail once they are done."""

    action_types: tuple[str, ...]
    describe: DescribeEffect


@cache
def find_effect_details() -> Mapping[str, EffectDetails]:
    """By action type: each `DETAILS` that a module of `handlers/` declares."""
    return {kind: one for one in declared("DETAILS", EffectDetails) for kind in one.action_types}


async def effect_details_of(desk: Desk, row: EffectRow, action: Any) -> Ended:
    """What this effect's action type adds; nothing for most, and nothing while it is not done."""
    details = find_effect_details().get(row.action_type)
    return Ended() if details is None or row.state != "done" else await details.describe(desk, row, action)
