"""How customers and their requests are named."""

from __future__ import annotations

import re
from collections.abc import Sequence

from governance.visibility import Scope
from handlers.conversation.desk import Desk
from handlers.language.kinds import Kind, Thing


async def _accounts(desk: Desk, scope: Scope) -> Sequence[Thing]:
    return [Thing(one.id, one.name, one.aliases) for one in await desk.ports.customers.accounts(scope)]


async def _requests(desk: Desk, scope: Scope) -> Sequence[Thing]:
    return [Thing(one.id, one.what) for one in await desk.ports.customers.requests(scope)]


async def _request(desk: Desk, scope: Scope, id: str) -> Thing | None:
    return next((one for one in await _requests(desk, scope) if one.id == id.upper()), None)


ACCOUNT = Kind(
    "account",
    _accounts,
    missing="“{}” is no customer of ours.",
    missing_here="“{}” is no customer of yours.",
    before=("customer", "client", "account"),
    expected_after=("for", "from"),
)
REQUEST = Kind(
    "request",
    _requests,
    missing="There is no request “{}”.",
    missing_here="There is no request “{}” that you may see.",
    ids=re.compile(r"\bREQ-\d+\b", re.IGNORECASE),
    by_id=_request,
    crowded=True,
)
KINDS = (ACCOUNT, REQUEST)
