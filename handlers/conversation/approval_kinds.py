"""How approvals are named: by their id or their title, while they wait."""

from __future__ import annotations

import re
from collections.abc import Sequence

from governance.approvals.store import NoSuchApproval, approval_row, open_approvals
from governance.visibility import Scope
from handlers.conversation.desk import Desk
from handlers.language.kinds import Kind, Thing
from integrations.written_ids import WrittenIds


async def _approvals(desk: Desk, scope: Scope, _text: str) -> Sequence[Thing]:
    """What waits; titles may name customers, so it is for those who see everything."""
    rows = await open_approvals(desk.tx) if scope.everything else []
    return [Thing(row.id, row.title) for row, _ in rows]


async def _approval(desk: Desk, scope: Scope, id: str) -> Thing | None:
    if not scope.everything:
        return None
    try:
        row = await approval_row(desk.tx, id)
    except NoSuchApproval:
        return None
    return Thing(row.id, row.title)


_IDS = WrittenIds(re.compile(r"\bap_[0-9a-f]{10}\b", re.IGNORECASE), "lower")

APPROVAL = Kind(
    "approval",
    _approvals,
    missing="There is no approval “{}”.",
    ids=lambda _: _IDS,
    by_id=_approval,
)
KINDS = (APPROVAL,)
