"""What an action type adds to the message that says how its effect ended. One module an action type."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from governance.tables import EffectRow
from handlers.conversation.cards import Block, Button
from handlers.conversation.desk import Desk


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
    """By action type: each `DETAILS` of this package's modules."""
    found: dict[str, EffectDetails] = {}
    for module in pkgutil.iter_modules(__path__, f"{__name__}."):
        details = getattr(importlib.import_module(module.name), "DETAILS", None)
        if isinstance(details, EffectDetails):
            found |= dict.fromkeys(details.action_types, details)
    return found


async def details_of(desk: Desk, row: EffectRow, action: Any) -> Ended:
    """What this effect's action type adds; nothing for most, and nothing while it is not done."""
    details = find_details().get(row.action_type)
    return Ended() if details is None or row.state != "done" else await details.describe(desk, row, action)
