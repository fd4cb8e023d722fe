"""Notices: 'tell these people this', stored with what it is about and turned into a card when posted.

Rooms below `handlers/` cannot make cards; they write a notice in the transaction of what happened.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from storage.jobs import defer
from storage.schema import Base, TenantScoped


class NoticeRow(TenantScoped, Base):
    """One notice. `kind` chooses the card; `ids` say what it is about; `people` are told directly,
    `place` (a Place as JSON) is the thread it goes to; either may be empty."""

    __tablename__ = "notices"

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    ids: Mapped[dict[str, Any]]
    place: Mapped[dict[str, Any] | None]
    people: Mapped[list[Any]]
    turn: Mapped[str | None]
    created: Mapped[datetime] = mapped_column(server_default=text("now()"))
    posted: Mapped[datetime | None]


async def notify(
    tx: AsyncSession,
    kind: str,
    ids: Mapping[str, Any],
    *,
    place: Mapping[str, Any] | None = None,
    people: tuple[str, ...] = (),
    turn: str | None = None,
) -> str:
    """Store a notice and queue its posting, both for when `tx` commits. Returns its id."""
    notice = NoticeRow(
        id=f"no_{secrets.token_hex(6)}",
        kind=kind,
        ids=dict(ids),
        place=place and dict(place),
        people=list(people),
        turn=turn,
    )
    tx.add(notice)
    args = {"id": notice.id} | ({"turn": turn} if turn else {})
    await defer(tx, "post_notice", args, lock=f"notice:{ids.get('key', notice.id)}")
    return notice.id
