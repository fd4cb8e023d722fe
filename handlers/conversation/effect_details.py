"""What an action type adds to the message that says how its effect ended.

One module an action type, in its request's folder.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from governance.tables import EffectRow
from handlers.conversation.cards import Block, Button
from handlers.conversation.desk import Desk
from handlers.worlds import declared


@dataclass(frozen=True, slots=True)
class Ended:
    """`blocks` stand under what was done; `buttons` beside “Show the record”."""

    blocks: tuple[Block, ...] = ()
    buttons: tuple[Button, ...] = ()


Describe = Callable[[Desk, EffectRow, Any], Awaitable[Ended]]


@dataclass(frozen=True, slots=True)
class EffectDetails:
    """How effects of these action types are shown in more detail once they are done."""

    action_types: tuple[str, ...]
    describe: Describe


@cache
def find_details() -> Mapping[str, EffectDetails]:
    """By action type: each `DETAILS` that a module of `handlers/` declares."""
    return {kind: one for one in declared("DETAILS", EffectDetails) for kind in one.action_types}


async def details_of(desk: Desk, row: EffectRow, action: Any) -> Ended:
    """What this effect's action type adds; nothing for most, and nothing while it is not done."""
    details = find_details().get(row.action_type)
    return Ended() if details is None or row.state != "done" else await details.describe(desk, row, action)
