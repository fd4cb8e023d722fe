"""How customers and their requests are named."""

from __future__ import annotations

from collections.abc import Sequence

from governance.visibility import Scope
from handlers.conversation.desk import Desk
from handlers.language.kinds import Kind, Thing

_MOST = 50


async def _accounts(desk: Desk, scope: Scope, text: str) -> Sequence[Thing]:
    found = await desk.ports.customers.find(scope, text, _MOST)
    return [Thing(one.id, one.name, one.aliases) for one in found]


async def _requests(desk: Desk, scope: Scope, _text: str) -> Sequence[Thing]:
    return [Thing(one.id, one.what) for one in await desk.ports.customers.requests(scope)]


async def _request(desk: Desk, scope: Scope, id: str) -> Thing | None:
    return next((one for one in await _requests(desk, scope, id) if one.id == id), None)


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
    ids=lambda desk: desk.ports.customers.request_ids,
    by_id=_request,
    crowded=True,
)
KINDS = (ACCOUNT, REQUEST)
