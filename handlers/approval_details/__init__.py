"""What a decision type adds to its approval cards: blocks, facts, buttons. One module a decision type."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from governance.action import Action
from governance.facts import Fact
from governance.tables import ApprovalRow
from handlers.conversation.cards import Block, Button
from handlers.conversation.desk import Desk


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
    """By decision type: each `DETAILS` of this package's modules."""
    found: dict[str, ApprovalDetails] = {}
    for module in pkgutil.iter_modules(__path__, f"{__name__}."):
        details = getattr(importlib.import_module(module.name), "DETAILS", None)
        if isinstance(details, ApprovalDetails):
            found[details.decision_type] = details
    return found


async def details_of(desk: Desk, row: ApprovalRow, actions: Sequence[Action]) -> Details:
    """What this approval's decision type adds; nothing for most."""
    details = find_details().get(row.decision_type)
    return Details() if details is None else await details.describe(desk, row, actions)
